"""The CDK's own lifecycle rules, read into this library's."""

from __future__ import annotations

import inspect
from typing import Any

from aws_cdk import aws_ecr as ecr

from registry_constructs.errors import InvalidInputError
from registry_constructs.lifecycle import LifecycleRule


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
