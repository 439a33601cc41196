"""ECR's words for lifecycle rules, and which of them go together (UG lifecycle-policy-parameters)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class TagStatus(StrEnum):
    """Which images a rule looks at; `any` means tagged and untagged alike."""

    TAGGED = "tagged"
    UNTAGGED = "untagged"
    ANY = "any"


class StorageClass(StrEnum):
    """Where an image lies; an archived one can't be pulled until it is restored."""

    STANDARD = "standard"
    ARCHIVE = "archive"


class CountType(StrEnum):
    """What a rule counts: images from the newest down, or days since something happened."""

    IMAGE_COUNT_MORE_THAN = "imageCountMoreThan"
    SINCE_IMAGE_PUSHED = "sinceImagePushed"
    SINCE_IMAGE_PULLED = "sinceImagePulled"
    SINCE_IMAGE_TRANSITIONED = "sinceImageTransitioned"


class Action(StrEnum):
    """What happens to the image; `transition` archives it, as ECR has no other target."""

    EXPIRE = "expire"
    TRANSITION = "transition"


class Condition(NamedTuple):
    """How one count type may be used, and how it is called outside ECR's JSON."""

    keyword: str
    storage_class: StorageClass
    actions: tuple[Action, ...]
    in_words: str


CONDITIONS: Final = {
    CountType.IMAGE_COUNT_MORE_THAN: Condition(
        "image_count_more_than",
        StorageClass.STANDARD,
        (Action.EXPIRE, Action.TRANSITION),
        "beyond the {} newest",
    ),
    CountType.SINCE_IMAGE_PUSHED: Condition(
        "days_since_pushed",
        StorageClass.STANDARD,
        (Action.EXPIRE, Action.TRANSITION),
        "{} days after the push",
    ),
    CountType.SINCE_IMAGE_PULLED: Condition(
        "days_since_pulled", StorageClass.STANDARD, (Action.TRANSITION,), "{} days after the last pull"
    ),
    CountType.SINCE_IMAGE_TRANSITIONED: Condition(
        "days_since_transitioned", StorageClass.ARCHIVE, (Action.EXPIRE,), "{} days after the archiving"
    ),
}
