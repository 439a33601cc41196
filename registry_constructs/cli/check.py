"""`registry-constructs check`: the rules asked about a synthesized app, in any language."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Annotated

import typer

from registry_constructs.cli.inputs import refusing
from registry_constructs.cli.report_output import (
    AcknowledgmentsFile,
    BaselineFile,
    FailOn,
    FailOnOption,
    ReportFile,
    ReportFormat,
    ReportFormatOption,
    deliver,
    prepare,
)
from registry_constructs.cli.rule_options import (
    OrganizationId,
    PublicRepositories,
    RequiredTags,
    RuleNames,
    TrustedAccounts,
    settings_of,
)
from registry_constructs.reports.acknowledgments import Acknowledgment
from registry_constructs.rules.judge import judge
from registry_constructs.rules.packs import select
from registry_constructs.rules.rule import NAMESPACE, Rule
from registry_constructs.templates.app import read_templates
from registry_constructs.templates.assembly import StackTemplate, stacks_of


@refusing
def check(
    app: Annotated[Path, typer.Argument(metavar="APP", help="What `cdk synth` wrote.")] = Path("cdk.out"),
    *,
    rule: RuleNames = None,
    fail_on: FailOnOption = FailOn.MEDIUM,
    organization_id: OrganizationId = None,
    trusted_account: TrustedAccounts = None,
    required_tag: RequiredTags = None,
    public_repository: PublicRepositories = None,
    acknowledgments: AcknowledgmentsFile = None,
    baseline: BaselineFile = None,
    format: ReportFormatOption = ReportFormat.TABLE,
    output: ReportFile = None,
) -> None:
    """Ask the rules about a synthesized app, written in any language; made for CI, before `cdk deploy`.

    What the app acknowledges with Validations.of(construct).acknowledge counts as in the app itself.
    """
    rules = select(rule or ["recommended"])
    delivery = prepare(
        format=format, output=output, fail_on=fail_on, baseline=baseline, acknowledgments=acknowledgments
    )
    stacks = stacks_of(app)
    settings = settings_of(
        organization_id=organization_id,
        trusted_account=trusted_account,
        required_tag=required_tag,
        public_repository=public_repository,
    )
    judgment = judge(read_templates(stacks), rules, settings)
    deliver(judgment, delivery, judged=f"the app in {app}", recorded=_recorded(stacks, rules))


def _recorded(stacks: list[StackTemplate], rules: tuple[Rule, ...]) -> list[Acknowledgment]:
    """What the app acknowledges of these rules; there may be more of others, such as cdk-nag's."""
    ids = {f"{NAMESPACE}::{rule.id}" for rule in rules}
    return [
        Acknowledgment(id=one.id, where=glob.escape(one.path), reason=one.reason)
        for one in dict.fromkeys(one for stack in stacks for one in stack.acknowledged)
        if one.id in ids
    ]
