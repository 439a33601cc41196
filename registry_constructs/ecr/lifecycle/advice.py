"""What ECR accepts in a lifecycle policy and hardly anybody wants."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

from registry_constructs.ecr.lifecycle import patterns
from registry_constructs.ecr.lifecycle.grammar import Action, CountType, StorageClass, TagStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry_constructs.ecr.lifecycle.checks import Numbered
    from registry_constructs.ecr.lifecycle.rule import LifecycleRule


@dataclass(frozen=True)
class LifecycleWarning:
    """A flaw of a policy that ECR would accept.

    Attributes:
        id: Which flaw, such as `lifecycle-shadowed-rule`; it never changes, so that it can be acknowledged.
        priority: The rule that has it.
        message: What will happen, and how to fix it.
    """

    id: str
    priority: int
    message: str


@lru_cache  # many repositories have the same policy
def find(numbered: Numbered) -> tuple[LifecycleWarning, ...]:
    """All warnings, by the priority of the rule that they are about."""
    archives = any(rule.action is Action.TRANSITION for _, rule in numbered)
    found = []
    for index, (priority, rule) in enumerate(numbered):
        storage_class = rule.effective_storage_class
        earlier = [pair for pair in numbered[:index] if pair[1].effective_storage_class is storage_class]
        for warning_id, flaw in _flaws(rule, earlier, archives=archives):
            found.append(LifecycleWarning(warning_id, priority, f"Rule {priority} ({rule}) {flaw}"))
    return tuple(found)


def _flaws(rule: LifecycleRule, earlier: Numbered, *, archives: bool) -> Iterator[tuple[str, str]]:
    if flaw := _never_matches(rule):
        # Nothing else matters in a rule without images.
        yield "lifecycle-never-matches", flaw
        return
    flaws = {
        "lifecycle-shadowed-rule": _shadowed(rule, earlier),
        "lifecycle-all-tags-required": _all_tags_required(rule),
        "lifecycle-keep-requires-all-tags": _keep_requires_all_tags(rule),
        "lifecycle-can-empty-repository": _can_empty(rule, earlier),
        "lifecycle-nothing-archived": _nothing_archived(rule, archives=archives),
    }
    yield from ((warning_id, flaw) for warning_id, flaw in flaws.items() if flaw)


def _never_matches(rule: LifecycleRule) -> str | None:
    if all(patterns.can_match(pattern) for pattern in _patterns(rule)):
        return None
    return (
        "never acts: no tag can match. A tag has at most 128 letters, digits, '_', '.' and '-' and does not "
        "begin with '.' or '-'; a prefix has no wildcards. Correct the pattern or prefix, or drop the rule."
    )


def _shadowed(rule: LifecycleRule, earlier: Numbered) -> str | None:
    if rule.tag_status is TagStatus.UNTAGGED:
        return None
    tagged = [
        pair for pair in earlier if pair[1].tag_status is TagStatus.TAGGED and _selects_all_of(pair[1], rule)
    ]
    if rule.tag_status is TagStatus.TAGGED:
        shields, advice = tagged[:1], "Give it a lower number than that rule"
    else:
        untagged = [pair for pair in earlier if pair[1].tag_status is TagStatus.UNTAGGED]
        shields, advice = tagged[:1] + untagged if tagged and untagged else [], "Narrow those rules"
    if not shields:
        return None
    if rule.action is Action.EXPIRE and shields[0][1].action is Action.TRANSITION:
        advice = "To delete what was archived use days_since_transitioned"
    named = " and ".join(f"rule {priority} ({shield})" for priority, shield in shields)
    return (
        f"never acts: all its images also have what {named} asks for, and ECR leaves an image to the first "
        f"rule that selects it. {advice}, or drop it."
    )


def _all_tags_required(rule: LifecycleRule) -> str | None:
    if rule.count_type is CountType.IMAGE_COUNT_MORE_THAN or not _has_unrelated_tags(rule):
        return None
    return (
        "acts only on images that have all of these tags at once: ECR joins the list with AND. If one tag is "
        "enough, use any_of."
    )


def _keep_requires_all_tags(rule: LifecycleRule) -> str | None:
    if rule.count_type is not CountType.IMAGE_COUNT_MORE_THAN or not _has_unrelated_tags(rule):
        return None
    return (
        "counts, and keeps from later rules, only images that have all of these tags at once: ECR joins "
        "the list with AND. A later rule may delete what this one seems to keep. If one tag is "
        "enough, use any_of."
    )


def _can_empty(rule: LifecycleRule, earlier: Numbered) -> str | None:
    if rule.action is not Action.EXPIRE or rule.count_type is not CountType.SINCE_IMAGE_PUSHED:
        return None
    selects_every_tag = all(patterns.covers(pattern, "*") for pattern in _patterns(rule))
    if rule.tag_status is TagStatus.UNTAGGED or not selects_every_tag:
        return None
    for _, shield in earlier:
        keeps_some = shield.count_type is CountType.IMAGE_COUNT_MORE_THAN
        if keeps_some and shield.tag_status is TagStatus.TAGGED and not _has_unrelated_tags(shield):
            return None
    return (
        f"deletes even images in use once nothing is pushed for {rule.count_number} days. Use "
        "image_count_more_than, or put a rule with it before this one for the tags to keep."
    )


def _nothing_archived(rule: LifecycleRule, *, archives: bool) -> str | None:
    if archives or rule.effective_storage_class is StorageClass.STANDARD:
        return None
    return (
        "acts only on images that were archived by hand: no rule of this policy archives any. If one should, "
        "add LifecycleRule.archive."
    )


def _patterns(rule: LifecycleRule) -> tuple[str, ...]:
    """The patterns that an image's tags must all match; none for a rule that asks for no tags."""
    return rule.tag_pattern_list or tuple(map(patterns.of_prefix, rule.tag_prefix_list or ()))


def _selects_all_of(wide: LifecycleRule, narrow: LifecycleRule) -> bool:
    """Whether the wide rule surely selects each tagged image that the narrow one selects."""
    # Each thing that the wide rule asks for must follow from something that the narrow one asks for.
    given = _patterns(narrow) or ("*",)
    return all(any(patterns.covers(pattern, has) for has in given) for pattern in _patterns(wide))


def _has_unrelated_tags(rule: LifecycleRule) -> bool:
    """Whether two entries of its list require different tags, so that OR may have been intended."""
    return any(
        not patterns.covers(one, other) and not patterns.covers(other, one)
        for one, other in combinations(_patterns(rule), 2)
    )
