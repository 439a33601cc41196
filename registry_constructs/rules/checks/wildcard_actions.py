"""Rule `wildcard-actions`: policies allow actions by their full names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.rules.examples import allowing, repository
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import (
    PublicRepositoryState,
    RegistryPolicyState,
    RepositoryState,
    TemplateState,
)
from registry_constructs.rules.values import known


def _check(
    state: RepositoryState | PublicRepositoryState | RegistryPolicyState | TemplateState, _: RuleSettings
) -> Iterator[str]:
    for statement in known(state.policy):
        if not statement.allows:
            continue
        if statement.excluded_actions:
            yield f"{statement.label} allows all actions but some (NotAction)"
            continue
        wild = sorted(action for action in statement.actions if "*" in action or "?" in action)
        if wild:
            yield f"{statement.label} allows {', '.join(wild)}"


_ACCOUNT: Final = {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}

RULE: Final = Rule(
    id="wildcard-actions",
    demand="Policies allow actions by their full names",
    why="A wildcard allows more than intended, such as deleting images or the policy itself, and every "
    "action that AWS adds later.",
    fix="List the actions that are needed; grant_pull, grant_push and their kin write them",
    severity=Severity.MEDIUM,
    judges=(RepositoryState, PublicRepositoryState, RegistryPolicyState, TemplateState),
    check=_check,
    needs=frozenset({Part.POLICY, Part.REGISTRY, Part.PUBLIC}),
    example=Example(
        compliant={"Example": repository(RepositoryPolicyText=allowing(_ACCOUNT))},
        non_compliant={"Example": repository(RepositoryPolicyText=allowing(_ACCOUNT, "ecr:*"))},
    ),
)
