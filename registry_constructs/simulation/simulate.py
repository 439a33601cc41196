"""What a lifecycle policy does to a repository's images at a given time.

By AWS's documentation (UG LifecyclePolicies, "Lifecycle policy evaluation rules"), in its own order:

- All rules identify their images at once; then they are applied by priority, the lowest number first.
- An image is expired or archived by one rule at most. One that has the tags a rule asks for is out of reach
  for every later rule of its storage class, even if the first rule leaves it alone.
- A rule counts images that earlier rules have marked as if they were still there.
- The patterns or prefixes of a rule are AND. Images are ordered by their push, restored ones by their
  restoration.

What the documentation leaves open, and the reading taken here:

- "Older than N days" is more than N times 24 hours before the given time; exactly N days is not older. AWS's
  example "all images B" keeps an image pushed 1 day ago from a rule of 1 day.
- Of images pushed at the same instant the one with the greater digest counts as newer. The same example has
  two images of the same day, and its result needs the second to be the newer one.
- The age since the push (`sinceImagePushed`) counts from the restoration too, as the order does.
- An image that is being restored (ACTIVATING) is in neither storage class: no rule selects or counts it.
- An image of a manifest list is identified, counted and marked like any other. What is marked stays as long
  as one manifest list stays that contains it. A list that goes, or is archived, in the same run is no
  obstacle, and it takes nothing along: each platform needs a rule of its own (aws/containers-roadmap #1466).
- A referrer (a signature, an SBOM) whose subject is in the repository is not selected and not counted by any
  rule; it goes the way that its subject goes. Without its subject it is an image like any other.
- A date in the future makes an image the newest, and never old enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from operator import attrgetter, eq
from typing import Final

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import CountType, LifecyclePolicy, LifecycleRule, StorageClass
from registry_constructs.simulation.dependencies import Dependencies
from registry_constructs.simulation.image import ImageStatus, SimulatedImage
from registry_constructs.simulation.outcome import NO_RULE, RuleCount, Simulation
from registry_constructs.simulation.selection import select

DAY: Final = 86_400
"""Seconds of a day."""

_STATUSES: Final = {
    StorageClass.STANDARD: ImageStatus.ACTIVE,
    StorageClass.ARCHIVE: ImageStatus.ARCHIVED,
}


def simulate(policy: LifecyclePolicy, images: Iterable[SimulatedImage], *, now: datetime) -> Simulation:
    """Apply a policy to the images of one repository.

    Args:
        policy: The policy.
        images: All images of the repository, in any order; each digest once.
        now: The time at which ECR would look, with its offset from UTC.

    Raises:
        InvalidInputError: The time has no offset, or an archived image does not say since when.
    """
    if now.tzinfo is None:
        raise InvalidInputError(
            "The time is ambiguous: it has no offset from UTC",
            got=now.isoformat(),
            allowed="a datetime with a time zone",
            fix="write datetime.now(UTC), or add a tzinfo",
            where="now",
        )
    return _Run(policy, tuple(images), now.timestamp()).simulation()


class _Run:
    """One evaluation. Images are known by their place in the order given, rules by their index.

    The images are never put into another order: passes over objects that lie side by side in memory take a
    quarter of the time.
    """

    def __init__(self, policy: LifecyclePolicy, images: Sequence[SimulatedImage], now: float) -> None:
        self._rules = policy.rules
        self._policy = policy
        self._images = images
        self._now = now
        restored = any(map(attrgetter("activated_at"), images))
        self._ages = list(map(attrgetter("counted_from" if restored else "pushed_at"), images))
        self._statuses = list(map(attrgetter("status"), images))
        self._dependencies = Dependencies(images)
        self._order: list[int] | None = None
        # For each image a rule: the first that selects it, the one that takes it, and the first later one
        # that would have taken it.
        self._first = [NO_RULE] * len(images)
        self._taker = [NO_RULE] * len(images)
        self._spared: dict[int, int] = {}
        # How many newer images the rule counted that takes an image.
        self._newer: dict[int, int] = {}

    def simulation(self) -> Simulation:
        tags = list(map(attrgetter("tags"), self._images))
        stored = {kind: self._places(status) for kind, status in _STATUSES.items()}
        selected = [select(rule, stored[rule.effective_storage_class], tags) for rule in self._rules]
        for index, (rule, places) in enumerate(zip(self._rules, selected, strict=True)):
            self._apply(index, rule, places)
        held = self._dependencies.hold(self._taker, self._rules)
        return Simulation(
            policy=self._policy,
            images=self._images,
            now=self._now,
            first=self._first,
            taker=self._taker,
            spared=self._spared,
            newer=self._newer,
            held=held,
            subjects=self._dependencies.subjects,
            counts=self._counts(selected),
        )

    def _places(self, status: ImageStatus) -> Sequence[int]:
        """The images that the rules of a storage class look at."""
        follows = self._dependencies.subjects
        if not follows and self._statuses.count(status) == len(self._statuses):
            return range(len(self._statuses))
        return [
            place for place, found in enumerate(self._statuses) if found is status and place not in follows
        ]

    def _apply(self, index: int, rule: LifecycleRule, selected: Sequence[int]) -> None:
        first, taker = self._first, self._taker
        candidates = self._candidates(rule, selected)
        counts = rule.count_type is CountType.IMAGE_COUNT_MORE_THAN
        last = len(selected) - 1
        for order, place in enumerate(candidates):
            if first[place] == NO_RULE:
                taker[place] = index
                if counts:
                    self._newer[place] = last - order
            elif taker[place] == NO_RULE:
                self._spared.setdefault(place, index)
        for place in selected:
            if first[place] == NO_RULE:
                first[place] = index

    def _candidates(self, rule: LifecycleRule, selected: Sequence[int]) -> Sequence[int]:
        """The images for which the rule's condition holds; earlier rules are not asked here."""
        if rule.count_type is CountType.IMAGE_COUNT_MORE_THAN:
            surplus = len(selected) - rule.count_number
            return self._oldest_first(selected)[:surplus] if surplus > 0 else ()
        limit = self._now - rule.count_number * DAY
        images, ages = self._images, self._ages
        if rule.count_type is CountType.SINCE_IMAGE_PUSHED:
            return [place for place in selected if ages[place] < limit]
        if rule.count_type is CountType.SINCE_IMAGE_PULLED:
            return [place for place in selected if images[place].last_use < limit]
        return [place for place in selected if _archived_at(images[place]) < limit]

    def _oldest_first(self, places: Sequence[int]) -> list[int]:
        """The images in the order in which ECR expires them; equally old ones by their digests."""
        if 4 * len(places) < len(self._ages):
            return self._sorted(places)
        # Several rules may select most images, which are put into order only once.
        if self._order is None:
            self._order = self._sorted(range(len(self._ages)))
        return list(filter(set(places).__contains__, self._order))

    def _sorted(self, places: Iterable[int]) -> list[int]:
        ages, images = self._ages, self._images
        ordered = sorted(places, key=ages.__getitem__)
        times = list(map(ages.__getitem__, ordered))
        # Equal times are rare, so digests are compared only there.
        if any(map(eq, times, islice(times, 1, None))):
            ordered.sort(key=lambda place: (ages[place], images[place].digest))
        return ordered

    def _counts(self, selected: list[Sequence[int]]) -> list[RuleCount]:
        taken = Counter(self._taker)
        return [
            RuleCount(rule, len(places), taken[index])
            for index, (rule, places) in enumerate(zip(self._rules, selected, strict=True))
        ]


def _archived_at(image: SimulatedImage) -> float:
    if image.archived_at is None:
        raise InvalidInputError(
            "An archived image does not say since when",
            got=image.digest,
            allowed="an image with archived_at",
            fix="say when it was archived: a rule counts the days since",
        )
    return image.archived_at
