"""A policy in plain sentences."""

from __future__ import annotations

from typing import NamedTuple

from registry_constructs.ecr.lifecycle import (
    Action,
    CountType,
    LifecyclePolicy,
    LifecycleRule,
    LifecycleWarning,
    StorageClass,
    TagStatus,
)


class Explanation(NamedTuple):
    """What one rule does.

    Attributes:
        rule: The rule.
        sentences: What it does, sentence by sentence.
        warnings: What is odd about it.
    """

    rule: LifecycleRule
    sentences: tuple[str, ...]
    warnings: tuple[LifecycleWarning, ...]


def explain(policy: LifecyclePolicy) -> list[Explanation]:
    """The rules in the order in which ECR applies them."""
    warnings = policy.warnings()
    return [
        Explanation(
            rule,
            (_what(rule), *_when(rule), *_shield(rule, policy)),
            tuple(warning for warning in warnings if warning.priority == rule.priority),
        )
        for rule in policy.rules
    ]


def _what(rule: LifecycleRule) -> str:
    verb = "Deletes" if rule.action is Action.EXPIRE else "Archives"
    stored = "archived " if rule.effective_storage_class is StorageClass.ARCHIVE else ""
    return f"{verb} {stored}{_images(rule)} {_condition(rule)}."


def _images(rule: LifecycleRule) -> str:
    if rule.tag_status is TagStatus.UNTAGGED:
        return "images without a tag"
    if rule.tag_status is TagStatus.ANY:
        return "images, tagged or not,"
    entries = rule.tag_pattern_list or tuple(f"{prefix}..." for prefix in rule.tag_prefix_list or ())
    if len(entries) == 1:
        return f"images with a tag {entries[0]}"
    return f"images that have all of these tags at once: {', '.join(entries)},"


def _condition(rule: LifecycleRule) -> str:
    number = rule.count_number
    days = f"{number:,} day{'' if number == 1 else 's'}"
    match rule.count_type:
        case CountType.IMAGE_COUNT_MORE_THAN:
            return f"except the {number:,} pushed last" if number > 1 else "except the one pushed last"
        case CountType.SINCE_IMAGE_PUSHED:
            return f"pushed more than {days} ago"
        case CountType.SINCE_IMAGE_PULLED:
            return f"last pulled more than {days} ago; if never pulled, pushed more than {days} ago"
        case CountType.SINCE_IMAGE_TRANSITIONED:
            return f"that went to the archive more than {days} ago"


def _when(rule: LifecycleRule) -> tuple[str, ...]:
    if rule.action is Action.TRANSITION:
        return ("An archived image can't be pulled until it is restored.",)
    return ()


def _shield(rule: LifecycleRule, policy: LifecyclePolicy) -> tuple[str, ...]:
    later = [
        other
        for other in policy.rules
        if (other.priority or 0) > (rule.priority or 0)
        and other.effective_storage_class is rule.effective_storage_class
        # No image is both.
        and {rule.tag_status, other.tag_status} != {TagStatus.TAGGED, TagStatus.UNTAGGED}
    ]
    if not later:
        return ()
    return ("Later rules leave all images alone that this one selects, also those that it keeps.",)
