"""Numbers for the rules that state no priority."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from registry_constructs.ecr.lifecycle.grammar import TagStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry_constructs.ecr.lifecycle.rule import LifecycleRule


def number(rules: Iterable[LifecycleRule]) -> tuple[tuple[int, LifecycleRule], ...]:
    """Each rule with its priority, in ascending order.

    As in the CDK, rules that state none are numbered in the order written, above all priorities stated for
    other than `any` images; those for `any` image get their numbers last, because ECR wants them last.
    """
    ordered = sorted(rules, key=lambda rule: rule.tag_status is TagStatus.ANY)
    stated = {rule.priority for rule in ordered}
    highest = max((rule.priority or 0 for rule in ordered if rule.tag_status is not TagStatus.ANY), default=0)
    # Only a stated `any` can be in the way; the CDK refuses it beside rules that state no priority.
    free = (priority for priority in count(highest + 1) if priority not in stated)
    numbered = [(rule.priority or next(free), rule) for rule in ordered]
    return tuple(
        (priority, replace(rule, priority=priority))
        for priority, rule in sorted(numbered, key=lambda pair: pair[0])
    )
