"""Rule `untagged-images`: a lifecycle rule removes untagged images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.ecr.lifecycle import LifecyclePolicy, StorageClass, TagStatus
from registry_constructs.rules.examples import UNTAGGED_FOR_A_WEEK, lifecycle, repository
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import RepositoryState, policy_of
from registry_constructs.rules.values import known


def _check(state: RepositoryState, _: RuleSettings) -> Iterator[str]:
    if _removed(known(state.lifecycle)):
        return
    there = ""
    if isinstance(state.images, tuple):
        untagged = sum(not image.tags for image in state.images)
        there = f"; it has {untagged:,} of them among {len(state.images):,}"
    yield f"No lifecycle rule removes images without a tag{there}"


def _removed(text: str) -> bool:
    policy = policy_of(text) if text else None
    # Of one that ECR's rules refuse, lifecycle-sane says what is wrong.
    return isinstance(policy, LifecyclePolicy) and any(
        rule.tag_status is not TagStatus.TAGGED and rule.effective_storage_class is StorageClass.STANDARD
        for rule in policy.rules
    )


RULE: Final = Rule(
    id="untagged-images",
    demand="A lifecycle rule removes untagged images",
    why="Each push to a tag that moves leaves an image without one, and so does each build that is pushed "
    "by digest. Nobody can name them, and they are paid for by the month.",
    fix="Add a rule for untagged images: LifecycleRule.expire(untagged=True, days_since_pushed=14). Parts "
    "of images for several platforms have no tag either; ECR keeps them while their index is there",
    severity=Severity.LOW,
    judges=(RepositoryState,),
    check=_check,
    needs=frozenset({Part.LIFECYCLE}),
    example=Example(
        compliant={"Example": repository(LifecyclePolicy=lifecycle(UNTAGGED_FOR_A_WEEK))},
        non_compliant={"Example": repository()},
    ),
)
