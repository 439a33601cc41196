"""Rule `lifecycle-sane`: a lifecycle policy has no rule that never acts, or that deletes images in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy
from registry_constructs.rules.examples import KEEP_THE_NEWEST, lifecycle, repository
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import RepositoryState, policy_of
from registry_constructs.rules.values import known


def _check(state: RepositoryState, _: RuleSettings) -> Iterator[str]:
    text = known(state.lifecycle)
    if not text:
        return
    match policy_of(text):
        case InvalidInputError() as error:
            place = f" at {error.where}" if error.where else ""
            yield f"ECR's rules refuse its lifecycle policy{place}: {error.problem}; got {error.got!r}"
        case LifecyclePolicy() as policy:
            yield from (warning.message.removesuffix(".") for warning in policy.warnings())


_ALL_TAGS_AT_ONCE: Final = {
    "tagStatus": "tagged",
    "tagPrefixList": ["prod", "staging"],
    "countType": "imageCountMoreThan",
    "countNumber": 10,
}

RULE: Final = Rule(
    id="lifecycle-sane",
    demand="A lifecycle policy has no rule that never acts, or that deletes images in use",
    why="ECR takes rules that hardly anybody wants: a list of prefixes that an image must have all at once, "
    "a rule behind another one that takes all its images, an age rule that empties a repository in which "
    "nothing is pushed. What they delete is gone.",
    fix="Do what the message says; registry-constructs lifecycle explain shows what each rule takes",
    severity=Severity.MEDIUM,
    judges=(RepositoryState,),
    check=_check,
    needs=frozenset({Part.LIFECYCLE}),
    example=Example(
        compliant={"Example": repository(LifecyclePolicy=lifecycle(KEEP_THE_NEWEST))},
        non_compliant={"Example": repository(LifecyclePolicy=lifecycle(_ALL_TAGS_AT_ONCE, KEEP_THE_NEWEST))},
    ),
)
