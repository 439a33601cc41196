"""Rule `lifecycle-policy`: a repository has a lifecycle policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.rules.examples import KEEP_THE_NEWEST, lifecycle, repository
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import RepositoryState
from registry_constructs.rules.values import known


def _check(state: RepositoryState, _: RuleSettings) -> Iterator[str]:
    if not known(state.lifecycle):
        yield "It has no lifecycle policy, so that it keeps every image for ever"


RULE: Final = Rule(
    id="lifecycle-policy",
    demand="A repository has a lifecycle policy",
    why="Without one every image stays and is paid for by the month, those of each build and branch too.",
    fix="Give it a policy, such as lifecycle.presets.continuous_delivery(); registry-constructs lifecycle "
    "simulate shows what it would delete before it does",
    severity=Severity.MEDIUM,
    controls=("securityhub-ecr-3", "config-lifecycle"),
    judges=(RepositoryState,),
    check=_check,
    needs=frozenset({Part.LIFECYCLE}),
    example=Example(
        compliant={"Example": repository(LifecyclePolicy=lifecycle(KEEP_THE_NEWEST))},
        non_compliant={"Example": repository()},
    ),
)
