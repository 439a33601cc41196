"""AWS's evaluation rules in their shortest form, to compare the simulator with: slow, and plain to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_constructs.ecr.lifecycle import Action, CountType, TagStatus
from registry_constructs.ecr.lifecycle.patterns import matches
from registry_constructs.simulation import ImageStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule
    from registry_constructs.simulation import SimulatedImage


def evaluate(policy: LifecyclePolicy, images: Iterable[SimulatedImage], now: float) -> dict[str, Action]:
    """What the policy does to images without manifest lists and subjects, by digest."""
    newest_first = sorted(images, key=lambda image: (image.counted_from, image.digest), reverse=True)
    marked: dict[str, Action] = {}
    seen: set[str] = set()
    for rule in policy.rules:
        identified = [image for image in newest_first if _stored(rule, image) and _selects(rule, image.tags)]
        for newer, image in enumerate(identified):
            if image.digest not in seen and _condition_holds(rule, image, newer, now):
                marked[image.digest] = rule.action
        seen.update(image.digest for image in identified)
    return marked


def _stored(rule: LifecycleRule, image: SimulatedImage) -> bool:
    status = {"standard": ImageStatus.ACTIVE, "archive": ImageStatus.ARCHIVED}
    return image.status is status[rule.effective_storage_class]


def _selects(rule: LifecycleRule, tags: tuple[str, ...]) -> bool:
    if rule.tag_status is not TagStatus.TAGGED:
        return rule.tag_status is TagStatus.ANY or not tags
    if rule.tag_prefix_list:
        return all(any(tag.startswith(prefix) for tag in tags) for prefix in rule.tag_prefix_list)
    return all(any(matches(pattern, tag) for tag in tags) for pattern in rule.tag_pattern_list or ())


def _condition_holds(rule: LifecycleRule, image: SimulatedImage, newer: int, now: float) -> bool:
    limit = now - rule.count_number * 86_400
    match rule.count_type:
        case CountType.IMAGE_COUNT_MORE_THAN:
            return newer >= rule.count_number
        case CountType.SINCE_IMAGE_PUSHED:
            return image.counted_from < limit
        case CountType.SINCE_IMAGE_PULLED:
            return max(image.activated_at or 0, image.pulled_at or 0) < limit and (
                image.pulled_at is not None or image.counted_from < limit
            )
        case CountType.SINCE_IMAGE_TRANSITIONED:
            return (image.archived_at or 0) < limit
