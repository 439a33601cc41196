"""The CDK's own lifecycle rules, read into this library's, and the way back."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import Action, CountType, LifecyclePolicy, LifecycleRule


def from_cdk_rule(rule: ecr.LifecycleRule | dict[str, Any]) -> LifecycleRule:
    """The same rule; as in the CDK, one without a tag status means tagged images if it lists tags, else any.

    Raises:
        InvalidInputError: If ECR would refuse the rule.
    """
    cdk_rule = _cdk_rule(rule)
    age, status = cdk_rule.max_image_age, cdk_rule.tag_status
    lists = (cdk_rule.tag_pattern_list, cdk_rule.tag_prefix_list)
    if status is ecr.TagStatus.TAGGED and lists == (None, None):
        raise InvalidInputError(
            "A lifecycle rule for tagged images names no tags",
            got=cdk_rule,
            allowed="tag_pattern_list or tag_prefix_list with TagStatus.TAGGED",
            fix="tag_pattern_list=['*'] takes every tagged image",
        )
    if status in (ecr.TagStatus.ANY, ecr.TagStatus.UNTAGGED) and lists != (None, None):
        raise InvalidInputError(
            f"A lifecycle rule for {status.value.lower()} images names tags",
            got=cdk_rule,
            allowed="tag_pattern_list and tag_prefix_list with TagStatus.TAGGED only",
            fix="leave out tag_status or the list",
        )
    return LifecycleRule.expire(
        tag_pattern_list=cdk_rule.tag_pattern_list,
        tag_prefix_list=cdk_rule.tag_prefix_list,
        untagged=status is ecr.TagStatus.UNTAGGED,
        image_count_more_than=_whole(cdk_rule.max_image_count),
        days_since_pushed=None if age is None else _whole(age.to_days()),
        priority=_whole(cdk_rule.rule_priority),
        description=cdk_rule.description,
    )


@lru_cache
def to_cdk_rules(policy: LifecyclePolicy) -> list[ecr.LifecycleRule] | None:
    """The CDK's rules that make the same text; None if the CDK has no words for one of them.

    The repositories of an app have few policies, and each age of a rule is a call to Node: so it is cached.
    """
    if not all(map(_is_of_the_cdk, policy.rules)):
        return None
    return [_to_cdk_rule(rule) for rule in policy.rules]


def _is_of_the_cdk(rule: LifecycleRule) -> bool:
    counts = (CountType.IMAGE_COUNT_MORE_THAN, CountType.SINCE_IMAGE_PUSHED)
    return rule.action is Action.EXPIRE and rule.count_type in counts and rule.storage_class is None


def _to_cdk_rule(rule: LifecycleRule) -> ecr.LifecycleRule:
    counts_images = rule.count_type is CountType.IMAGE_COUNT_MORE_THAN
    return ecr.LifecycleRule(
        description=rule.description,
        max_image_age=None if counts_images else cdk.Duration.days(rule.count_number),
        max_image_count=rule.count_number if counts_images else None,
        rule_priority=rule.priority,
        tag_pattern_list=rule.tag_pattern_list and list(rule.tag_pattern_list),
        tag_prefix_list=rule.tag_prefix_list and list(rule.tag_prefix_list),
        tag_status=ecr.TagStatus[rule.tag_status.name],
    )


def _cdk_rule(rule: object) -> ecr.LifecycleRule:
    if isinstance(rule, ecr.LifecycleRule):
        return rule
    keywords = ", ".join(inspect.signature(ecr.LifecycleRule).parameters)
    if isinstance(rule, dict) and all(key in keywords.split(", ") for key in rule):
        return ecr.LifecycleRule(**rule)
    raise InvalidInputError(
        "lifecycle_rules has something that is no rule of the CDK",
        got=rule,
        allowed=f"aws_ecr.LifecycleRule, or a dictionary of its keywords {keywords}",
        fix="put rules of this library into lifecycle=[...]",
    )


def _whole(number: float | None) -> int | None:
    """JavaScript knows one kind of number: 5.0 is 5, and 5.5 is left for the rule to refuse."""
    return int(number) if number is not None and float(number).is_integer() else number  # type: ignore[return-value]
