"""Rule `retained`: CloudFormation keeps a repository that is deleted with its stack or replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from registry_constructs.rules.examples import repository
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import RepositoryState
from registry_constructs.rules.values import known


def _check(state: RepositoryState, _: RuleSettings) -> Iterator[str]:
    if not known(state.retained):
        yield "CloudFormation may delete it with its stack, or when something asks for another one"


def is_retained(resource: Mapping[str, Any]) -> bool:
    """Whether CloudFormation keeps a repository, by its resource in a template."""
    return (
        resource.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate")
        and resource.get("UpdateReplacePolicy") == "Retain"
        and (resource.get("Properties") or {}).get("EmptyOnDelete") not in (True, "true")
    )


RULE: Final = Rule(
    id="retained",
    demand="CloudFormation keeps a repository that is deleted with its stack or replaced",
    why="An empty repository is deleted for a renamed construct, one with EmptyOnDelete with all its "
    "images, those that run among them. CloudFormation's own default is to delete.",
    fix="Set removal_policy=cdk.RemovalPolicy.RETAIN (DeletionPolicy and UpdateReplacePolicy), and leave "
    "empty_on_delete out",
    severity=Severity.HIGH,
    judges=(RepositoryState,),
    check=_check,
    needs=frozenset({Part.RETENTION}),
    example=Example(
        compliant={
            "Example": {**repository(), "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"},
        },
        non_compliant={"Example": repository()},
    ),
)
