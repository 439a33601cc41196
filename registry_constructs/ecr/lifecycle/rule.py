"""One rule of a lifecycle policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import values
from registry_constructs.ecr.lifecycle.grammar import CONDITIONS, Action, CountType, StorageClass, TagStatus

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class LifecycleRule:
    """Expires or archives the images that it selects, once a condition holds.

    `LifecycleRule.expire` and `LifecycleRule.archive` are the short way to write one; this constructor has
    ECR's whole grammar (UG lifecycle-policy-parameters). A rule checks itself; what concerns several rules
    is checked by `LifecyclePolicy`.

    Attributes:
        tag_status: Tagged images, untagged ones or any.
        count_type: What is counted.
        count_number: Images to keep, or days; at least 1, and at least 90 for days in the archive.
        action: Expire, or transition to the archive. By last pull ECR only archives; from the archive it
            only expires.
        tag_pattern_list: Patterns with up to four `*`. An image is selected if each pattern matches at least
            one of its tags: AND, not OR.
        tag_prefix_list: The same with prefixes, in which `*` is no wildcard.
        any_of: Patterns of which one is enough. ECR has no OR, so a policy makes one rule for each
            (`expand`), and "the 10 newest" then means 10 for each pattern on its own.
        storage_class: Which images are looked at. None leaves it out, which ECR reads as standard; days in
            the archive need archive, everything else standard.
        priority: The lowest number is applied first. None lets the policy number the rule.
        description: Free text for readers of the policy.

    Raises:
        InvalidInputError: ECR would refuse the rule, or a value is a CDK token.
    """

    tag_status: TagStatus
    count_type: CountType
    count_number: int
    action: Action
    tag_pattern_list: tuple[str, ...] | None = None
    tag_prefix_list: tuple[str, ...] | None = None
    any_of: tuple[str, ...] | None = None
    storage_class: StorageClass | None = None
    priority: int | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        checked: dict[str, object] = {
            "tag_status": values.word(self.tag_status, TagStatus, where="tag_status"),
            "count_type": values.word(self.count_type, CountType, where="count_type"),
            "count_number": values.whole_number(self.count_number, where="count_number"),
            "action": values.word(self.action, Action, where="action"),
        }
        if self.tag_pattern_list is not None:
            checked["tag_pattern_list"] = values.patterns(self.tag_pattern_list, where="tag_pattern_list")
        if self.tag_prefix_list is not None:
            checked["tag_prefix_list"] = values.prefixes(self.tag_prefix_list, where="tag_prefix_list")
        if self.any_of is not None:
            checked["any_of"] = values.patterns(self.any_of, where="any_of")
        if self.storage_class is not None:
            checked["storage_class"] = values.word(self.storage_class, StorageClass, where="storage_class")
        if self.priority is not None:
            values.whole_number(self.priority, where="priority")
        if self.description is not None:
            values.text(self.description, where="description")
        for name, value in checked.items():
            # Lists become tuples and plain text becomes the enumeration's member, in a frozen object.
            object.__setattr__(self, name, value)
        self._check_tags()
        self._check_condition()

    @classmethod
    def expire(
        cls,
        *,
        tag_pattern_list: Sequence[str] | None = None,
        tag_prefix_list: Sequence[str] | None = None,
        any_of: Sequence[str] | None = None,
        untagged: bool = False,
        image_count_more_than: int | None = None,
        days_since_pushed: int | None = None,
        days_since_transitioned: int | None = None,
        priority: int | None = None,
        description: str | None = None,
    ) -> Self:
        """Delete images within 24 hours after the condition has come true.

        At most one of the first four arguments says which images; without them it is all images. Exactly
        one of the next three is the condition.

        Args:
            tag_pattern_list: Patterns with up to four `*`, all of which must match a tag of the image.
            tag_prefix_list: Prefixes, each of which must begin a tag of the image.
            any_of: Patterns of which one is enough. The policy gets one rule for each, and
                `image_count_more_than` keeps that many images for each pattern on its own. An image with
                tags of several patterns is left to the first of them.
            untagged: Images without a tag. One that a manifest list refers to stays as long as the list.
            image_count_more_than: Keep this many images, the last pushed, and delete the rest.
            days_since_pushed: Delete images pushed longer ago than this.
            days_since_transitioned: Delete images archived longer ago than this, at least 90. The rule
                then looks at archived images only; otherwise it never does.
            priority: The lowest number is applied first. Default: numbered by the policy.
            description: Free text. Default: none.

        Raises:
            InvalidInputError: Not exactly one condition, two ways to say which images, or a value that ECR
                would refuse.
        """
        return cls._from_arguments(
            Action.EXPIRE,
            {"tag_pattern_list": tag_pattern_list, "tag_prefix_list": tag_prefix_list, "any_of": any_of},
            {
                CountType.IMAGE_COUNT_MORE_THAN: image_count_more_than,
                CountType.SINCE_IMAGE_PUSHED: days_since_pushed,
                CountType.SINCE_IMAGE_TRANSITIONED: days_since_transitioned,
            },
            untagged=untagged,
            priority=priority,
            description=description,
        )

    @classmethod
    def archive(
        cls,
        *,
        tag_pattern_list: Sequence[str] | None = None,
        tag_prefix_list: Sequence[str] | None = None,
        any_of: Sequence[str] | None = None,
        untagged: bool = False,
        image_count_more_than: int | None = None,
        days_since_pushed: int | None = None,
        days_since_pulled: int | None = None,
        priority: int | None = None,
        description: str | None = None,
    ) -> Self:
        """Archive images: a pull fails with 404 until the image is restored; 90 days at least are charged.

        The arguments are those of `expire`, with one condition of its own: `days_since_pulled` archives
        images last pulled longer ago than this. An image that was never pulled counts from its push, one
        restored and not pulled since from its restoration (UG lifecyclepolicies). `image_count_more_than`
        leaves that many images, the last pushed, and archives the rest.

        Raises:
            InvalidInputError: As for `expire`.
        """
        return cls._from_arguments(
            Action.TRANSITION,
            {"tag_pattern_list": tag_pattern_list, "tag_prefix_list": tag_prefix_list, "any_of": any_of},
            {
                CountType.IMAGE_COUNT_MORE_THAN: image_count_more_than,
                CountType.SINCE_IMAGE_PUSHED: days_since_pushed,
                CountType.SINCE_IMAGE_PULLED: days_since_pulled,
            },
            untagged=untagged,
            priority=priority,
            description=description,
        )

    @property
    def effective_storage_class(self) -> StorageClass:
        """The storage class that ECR selects from: standard where the rule names none."""
        return self.storage_class or StorageClass.STANDARD

    def expand(self) -> tuple[Self, ...]:
        """The rules that ECR gets: one for each pattern of `any_of`, or this one.

        A stated priority is that of the first pattern; the others get the numbers that follow it.
        """
        if self.any_of is None:
            return (self,)
        return tuple(
            replace(
                self,
                any_of=None,
                tag_pattern_list=(pattern,),
                priority=None if self.priority is None else self.priority + index,
            )
            for index, pattern in enumerate(self.any_of)
        )

    def __str__(self) -> str:
        tags = " or ".join(self.any_of or ()) or " and ".join(
            self.tag_pattern_list or [f"{prefix}..." for prefix in self.tag_prefix_list or ()]
        )
        images = f"images tagged {tags}" if tags else f"{self.tag_status} images"
        verb = "expire" if self.action is Action.EXPIRE else "archive"
        return f"{verb} {images} {CONDITIONS[self.count_type].in_words.format(self.count_number)}"

    @classmethod
    def _from_arguments(
        cls,
        action: Action,
        tag_lists: dict[str, Sequence[str] | None],
        conditions: dict[CountType, int | None],
        *,
        untagged: bool,
        priority: int | None,
        description: str | None,
    ) -> Self:
        stated = {count_type: number for count_type, number in conditions.items() if number is not None}
        if len(stated) != 1:
            raise InvalidInputError(
                "A rule has exactly one condition",
                got=[CONDITIONS[count_type].keyword for count_type in stated],
                allowed="one of " + ", ".join(CONDITIONS[count_type].keyword for count_type in conditions),
                fix="state one condition; for another one write another rule",
            )
        lists: dict[str, Any] = {name: value for name, value in tag_lists.items() if value is not None}
        selectors = [*lists, "untagged"] if untagged else [*lists]
        if len(selectors) > 1:
            raise InvalidInputError(
                "A rule says in one way which images it selects",
                got=selectors,
                allowed=f"one of {', '.join(tag_lists)}, untagged=True, or none of them for all images",
                fix="write one rule for each",
            )
        [(count_type, number)] = stated.items()
        condition = CONDITIONS[count_type]
        # Left out where it is standard, as the CDK does.
        archived = condition.storage_class is StorageClass.ARCHIVE
        storage_class = StorageClass.ARCHIVE if archived else None
        status = TagStatus.TAGGED if lists else TagStatus.UNTAGGED if untagged else TagStatus.ANY
        try:
            return cls(
                tag_status=status,
                **lists,
                storage_class=storage_class,
                count_type=count_type,
                count_number=number,
                action=action,
                priority=priority,
                description=description,
            )
        except InvalidInputError as error:
            if error.where == "count_number":
                raise error.at(condition.keyword) from None
            raise

    def _check_tags(self) -> None:
        lists = [
            name
            for name in ("tag_pattern_list", "tag_prefix_list", "any_of")
            if getattr(self, name) is not None
        ]
        if self.tag_status is TagStatus.TAGGED and len(lists) != 1:
            raise InvalidInputError(
                "A rule for tagged images needs exactly one list of tags",
                got=lists,
                allowed="one of tag_pattern_list, tag_prefix_list, any_of",
                fix='name the tags; ["*"] is every tagged image',
                where="tag_status",
            )
        if self.tag_status is not TagStatus.TAGGED and lists:
            raise InvalidInputError(
                f"A rule for {self.tag_status} images takes no tags",
                got=lists,
                allowed="a list of tags only where tag_status is tagged",
                fix=f"remove {lists[0]}, or make tag_status tagged",
                where="tag_status",
            )

    def _check_condition(self) -> None:
        condition = CONDITIONS[self.count_type]
        if self.effective_storage_class is not condition.storage_class:
            raise InvalidInputError(
                f"The count type {self.count_type} does not go with this storage class",
                got=self.storage_class,
                allowed=condition.storage_class.value,
                fix=f"set the storage class to {condition.storage_class}, or count something else",
                where="storage_class",
            )
        if self.action not in condition.actions:
            raise InvalidInputError(
                f"ECR does not {self.action} images by {self.count_type}",
                got=self.action.value,
                allowed=" or ".join(condition.actions),
                fix="archive images by last pull, and expire them by the days they have been archived",
                where="action",
            )
        least = limits.LIFECYCLE_ARCHIVE_DAYS
        if self.count_type is CountType.SINCE_IMAGE_TRANSITIONED and self.count_number < least:
            raise InvalidInputError(
                "Archived images can't be expired so early",
                got=self.count_number,
                allowed=f"{least} days or more",
                fix=f"write at least {least}: ECR charges for that long in any case",
                where="count_number",
            )
