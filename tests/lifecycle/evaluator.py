"""What ECR would do: the algorithm of its documentation's evaluation rules, in its shortest form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry_constructs.lifecycle import Action, CountType, StorageClass, TagStatus
from registry_constructs.lifecycle.patterns import matches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry_constructs.lifecycle import LifecyclePolicy, LifecycleRule


@dataclass(frozen=True)
class Image:
    """An image; `name` serves the test, ages are in days."""

    name: str
    tags: tuple[str, ...] = ()
    pushed: float = 0
    pulled: float | None = None
    archived: float | None = None

    @property
    def storage_class(self) -> StorageClass:
        return StorageClass.STANDARD if self.archived is None else StorageClass.ARCHIVE


def evaluate(policy: LifecyclePolicy, images: Iterable[Image]) -> dict[str, Action]:
    """The images that the policy acts on, by name."""
    by_age = sorted(images, key=lambda image: image.pushed)
    marked: dict[str, Action] = {}
    seen: set[str] = set()
    for rule in policy.rules:
        identified = [
            image
            for image in by_age
            if image.storage_class is rule.effective_storage_class and selects(rule, image.tags)
        ]
        for rank, image in enumerate(identified):
            if image.name not in seen and _condition_holds(rule, image, rank):
                marked[image.name] = rule.action
        seen.update(image.name for image in identified)
    return marked


def selects(rule: LifecycleRule, tags: tuple[str, ...]) -> bool:
    if rule.tag_status is not TagStatus.TAGGED:
        return rule.tag_status is TagStatus.ANY or not tags
    if rule.tag_prefix_list:
        return all(any(tag.startswith(prefix) for tag in tags) for prefix in rule.tag_prefix_list)
    return all(any(matches(pattern, tag) for tag in tags) for pattern in rule.tag_pattern_list or ())


def _condition_holds(rule: LifecycleRule, image: Image, rank: int) -> bool:
    match rule.count_type:
        case CountType.IMAGE_COUNT_MORE_THAN:
            return rank >= rule.count_number
        case CountType.SINCE_IMAGE_PUSHED:
            return image.pushed > rule.count_number
        case CountType.SINCE_IMAGE_PULLED:
            return (image.pushed if image.pulled is None else image.pulled) > rule.count_number
        case CountType.SINCE_IMAGE_TRANSITIONED:
            return (image.archived or 0) > rule.count_number
