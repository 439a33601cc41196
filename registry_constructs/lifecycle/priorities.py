"""Numbers for the rules that state no priority."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from registry_constructs.lifecycle.grammar import TagStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry_constructs.lifecycle.rule import LifecycleRule


def number(rules: Iterable[LifecycleRule]) -> tuple[tuple[int, LifecycleRule], ...]:
    """Each rule with its priority, in ascending order.

    A rule that states none gets the first free number above all rules written before it. Rules for `any`
    image are treated as written last, because ECR wants them last.
    """
    ordered = sorted(rules, key=lambda rule: rule.tag_status is TagStatus.ANY)
    stated = {rule.priority for rule in ordered}
    numbered = []
    highest = 0
    for rule in ordered:
        priority = rule.priority or next(free for free in count(highest + 1) if free not in stated)
        highest = max(highest, priority)
        numbered.append((priority, replace(rule, priority=priority)))
    return tuple(sorted(numbered, key=lambda pair: pair[0]))
