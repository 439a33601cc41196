"""`registry-constructs check`: the rules asked about a synthesized app, in any language."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Annotated

import typer

from registry_constructs.cli.inputs import refusing
from registry_constructs.cli.report_output import deliver
from registry_constructs.cli.rule_options import RuleNames, RuleOptions, with_rule_options
from registry_constructs.reports.acknowledgments import Acknowledgment
from registry_constructs.rules.judge import judge
from registry_constructs.rules.packs import select
from registry_constructs.rules.rule import NAMESPACE, Rule
from registry_constructs.templates.app import read_templates
from registry_constructs.templates.assembly import StackTemplate, stacks_of


@refusing
@with_rule_options
def check(
    app: Annotated[Path, typer.Argument(metavar="APP", help="What `cdk synth` wrote.")] = Path("cdk.out"),
    *,
    rule: RuleNames = None,
    options: RuleOptions,
) -> None:
    """Evaluate the rules on a synthesized app, written in any language; for CI, before `cdk deploy`.

    What the app acknowledges with Validations.of(construct).acknowledge counts as in the app itself.
    """
    rules = select(rule or ["recommended"])
    delivery, settings = options.delivery(), options.settings()
    stacks = stacks_of(app)
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
