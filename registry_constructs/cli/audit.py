"""`registry-constructs audit`: evaluates the rules on live registries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry_constructs.cli.inputs import Regions, refusing
from registry_constructs.cli.output import counting, in_words, print_json, say
from registry_constructs.cli.report_output import deliver
from registry_constructs.cli.rule_options import RuleNames, RuleOptions, with_rule_options
from registry_constructs.rules.checks import drift
from registry_constructs.rules.judge import Judgment, judge
from registry_constructs.rules.packs import select
from registry_constructs.templates.app import read_templates
from registry_constructs.templates.assembly import stacks_of

if TYPE_CHECKING:
    from registry_constructs.live.audit.audit import Audit

# Looking for what runs takes rights in five more services.
_DEFAULT_RULES = ("recommended", "-floating-tag")


@refusing
@with_rule_options
def audit(
    *,
    rule: RuleNames = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A profile of the AWS configuration; may be repeated.",
            show_default="AWS_PROFILE",
        ),
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="An account in which --role is assumed; may be repeated."),
    ] = None,
    organization: Annotated[
        bool, typer.Option("--organization", help="All active accounts of the organization, by --role.")
    ] = False,
    role: Annotated[
        str, typer.Option(metavar="NAME", help="The role that reads in each account.", show_default="none")
    ] = "",
    region: Regions = None,
    all_regions: Annotated[
        bool, typer.Option("--all-regions", help="All Regions that an account has enabled.")
    ] = False,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="APP", help="Show also how this differs from what `cdk synth` wrote there."),
    ] = None,
    options: RuleOptions,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keep what is read there, and go on from there after an interruption."
        ),
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Requests at a time.")] = 8,
    policy: Annotated[
        bool, typer.Option("--policy", help="Print the IAM policy that this audit needs, and read nothing.")
    ] = False,
) -> None:
    """Evaluate the rules on live registries of one or many accounts and Regions. Changes nothing in AWS.

    What can't be read is listed as unknown, and the exit status shows it.
    """
    from registry_constructs.live.audit.accounts import Scope  # noqa: PLC0415 - boto3 is slow
    from registry_constructs.live.audit.audit import read_registries  # noqa: PLC0415
    from registry_constructs.live.audit.parts import actions_for, parts_of, policy_for  # noqa: PLC0415

    rules = select(rule or _DEFAULT_RULES)
    evaluated = (*rules, drift.RULE) if compare else rules
    scope = Scope(
        profiles=profile or (),
        accounts=account or (),
        organization=organization,
        role=role,
        regions=region or (),
        all_regions=all_regions,
        concurrency=concurrency,
    )
    scope.check()
    if policy:
        print_json(policy_for(actions_for(parts_of(evaluated), all_regions=all_regions)))
        if role:
            say(
                f"Whoever assumes {role} needs sts:AssumeRole for it, and for --organization:", style="yellow"
            )
            say("organizations:DescribeOrganization, organizations:ListAccounts.", style="yellow")
        return
    delivery, settings = options.delivery(), options.settings()
    declared = read_templates(stacks_of(compare)) if compare else []
    with counting("Reading repositories") as progress:
        found = read_registries(evaluated, scope, resume=resume, progress=progress)
    settings = replace(
        settings,
        organization=settings.organization or found.organization,
        accounts=settings.accounts | found.members,
    )
    judgment = judge(found.states, rules, settings)
    judgment.unjudged += found.unread
    if compare:
        judgment = _joined(judgment, drift.compare(declared, found.states))
    _report(found)
    deliver(judgment, delivery, judged=_judged(found))


def _joined(one: Judgment, other: Judgment) -> Judgment:
    return Judgment(
        rules=(*one.rules, *other.rules),
        passed=one.passed | other.passed,
        findings=one.findings + other.findings,
        unjudged=one.unjudged + other.unjudged,
    )


def _judged(found: Audit) -> str:
    accounts = len({account for account, _ in found.places})
    regions = len({region for _, region in found.places})
    return f"{in_words(accounts, 'account')}, {in_words(regions, 'Region')}"


def _report(found: Audit) -> None:
    for account, state in found.skipped:
        say(f"Note: account {account} of the organization is {state} and was not read.", style="yellow")
    if not found.places:
        say("No registry was read, so nothing is known.", style="red")
    if found.resumed:
        say(f"{in_words(found.resumed, 'repository')} had been read already by an interrupted run.")
