"""The result of a simulation: for every image what happens to it, by which rule, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from registry_constructs.ecr.lifecycle import Action, CountType, LifecyclePolicy, LifecycleRule
from registry_constructs.simulation.image import ImageStatus, SimulatedImage

NO_RULE: Final = -1
"""Where an index of a rule is asked for and there is none."""

_DAY: Final = 86_400


class Reason(StrEnum):
    """Why an image goes or stays."""

    TAKEN = "taken"
    """A rule expires or archives it."""
    FOLLOWS = "follows"
    """It is a referrer and does what its subject does."""
    LEFT = "left"
    """The first rule that selects it leaves it alone, and no later rule may take it."""
    HELD = "held"
    """A rule would take it, but a manifest list contains it that stays."""
    RESTORING = "restoring"
    """It is on its way back from the archive, where no rule looks."""
    UNSELECTED = "unselected"
    """No rule selects it."""


class RuleCount(NamedTuple):
    """What one rule did.

    Attributes:
        rule: The rule.
        selected: Images with the tags that it asks for, also those that earlier rules had.
        taken: Images that it expires or archives, referrers that follow them included.
    """

    rule: LifecycleRule
    selected: int
    taken: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happens to one image: a view into a simulation, which has made up its mind.

    Attributes:
        simulation: Where it belongs.
        place: The image's place among the simulation's images.
    """

    simulation: Simulation
    place: int

    @property
    def image(self) -> SimulatedImage:
        """The image."""
        return self.simulation.images[self.place]

    @property
    def action(self) -> Action | None:
        """Expire, transition (to the archive), or None: it stays as it is."""
        return self.simulation.action(self.place)

    @property
    def rule(self) -> LifecycleRule | None:
        """The rule that takes it, which for a referrer is the one that takes its subject.

        If the image stays, the first rule that selects it and so shields it from all later ones; None if no
        rule selects it.
        """
        taker, first = self.simulation.taker[self.place], self.simulation.first[self.place]
        index = first if taker == NO_RULE else taker
        return None if index == NO_RULE else self.simulation.policy.rules[index]

    @property
    def spared_from(self) -> LifecycleRule | None:
        """The first later rule that would have taken it, had the first one not shielded it."""
        index = self.simulation.spared.get(self.place)
        return None if index is None else self.simulation.policy.rules[index]

    @property
    def held_by(self) -> SimulatedImage | None:
        """The manifest list for whose sake it stays although a rule would take it."""
        place = self.simulation.held.get(self.place)
        return None if place is None else self.simulation.images[place]

    @property
    def follows(self) -> SimulatedImage | None:
        """The image that it belongs to, if it is a signature, an SBOM or another referrer."""
        place = self.simulation.subjects.get(self.place)
        return None if place is None else self.simulation.images[place]

    @property
    def reason(self) -> Reason:
        """Why, in one word."""
        if self.place in self.simulation.subjects:
            return Reason.FOLLOWS
        if self.simulation.taker[self.place] != NO_RULE:
            return Reason.TAKEN
        if self.place in self.simulation.held:
            return Reason.HELD
        if self.simulation.first[self.place] != NO_RULE:
            return Reason.LEFT
        restoring = self.image.status is ImageStatus.ACTIVATING
        return Reason.RESTORING if restoring else Reason.UNSELECTED

    @property
    def why(self) -> str:
        """The reason as one sentence."""
        named = f"ule {self.rule.priority} ({self.rule})" if self.rule else ""
        match self.reason:
            case Reason.TAKEN:
                verb = "expires" if self.action is Action.EXPIRE else "archives"
                return f"R{named} {verb} it: {self._evidence()}."
            case Reason.FOLLOWS:
                does = f"goes the same way, by r{named}" if self.action else "stays"
                return f"It belongs to {_short(self.follows)}, which {does}."
            case Reason.HELD:
                held_by = _short(self.held_by)
                return f"R{named} selects it, but it is part of manifest list {held_by}, which stays."
            case Reason.RESTORING:
                return "It is being restored from the archive, where no rule looks."
            case Reason.UNSELECTED:
                return "No rule selects it."
            case Reason.LEFT:
                spared = (
                    f", which spares it from rule {self.spared_from.priority}" if self.spared_from else ""
                )
                return f"R{named} selects it and leaves it{spared}."

    def _evidence(self) -> str:
        """Why the condition of the rule holds that takes it."""
        image = self.image
        count_type = self.rule and self.rule.count_type
        if count_type is CountType.SINCE_IMAGE_TRANSITIONED:
            return f"archived {self._ago(image.archived_at)}"
        if count_type is CountType.SINCE_IMAGE_PULLED:
            since = image.last_use
            what = (
                "pulled" if since == image.pulled_at else "pushed" if since == image.pushed_at else "restored"
            )
            return f"{what} {self._ago(since)}" + (", not pulled since" if what != "pulled" else "")
        if count_type is CountType.SINCE_IMAGE_PUSHED:
            what = "pushed" if image.activated_at is None else "restored"
            return f"{what} {self._ago(image.counted_from)}"
        newer = self.simulation.newer[self.place]
        return f"{newer} newer image{' is' if newer == 1 else 's are'} selected"

    def _ago(self, time: float | None) -> str:
        days = f"{(self.simulation.now - (time or 0)) / _DAY:.1f}".removesuffix(".0")
        return f"{days} day{'' if days == '1' else 's'} ago"


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a policy does to a repository at a given time. Iterating gives an `Outcome` for each image.

    Attributes:
        policy: The policy.
        images: The images, in the order given.
        now: The time, in seconds since 1970.
        first: For each image, the index of the first rule that selects it, or `NO_RULE`.
        taker: For each image, the index of the rule that takes it, or `NO_RULE`.
        spared: By place among the images, the index of the first later rule that would have taken one.
        newer: By place, how many newer images a rule counted.
        held: By place, the place of a manifest list that holds the image.
        subjects: By place, the place of the image that a referrer follows.
        counts: What each rule did, by priority.
    """

    policy: LifecyclePolicy
    images: Sequence[SimulatedImage]
    now: float
    first: Sequence[int]
    taker: Sequence[int]
    spared: Mapping[int, int]
    newer: Mapping[int, int]
    held: Mapping[int, int]
    subjects: Mapping[int, int]
    counts: Sequence[RuleCount]

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[Outcome]:
        """The outcomes in the order in which the images were given."""
        return (Outcome(self, place) for place in range(len(self.images)))

    def action(self, place: int) -> Action | None:
        """What happens to the image at a place among `images`; None if it stays as it is."""
        taker = self.taker[place]
        return None if taker == NO_RULE else self.policy.rules[taker].action

    def going(self) -> list[Outcome]:
        """The outcomes of the images that go, oldest first; equally old ones by digest."""
        return _by_age(Outcome(self, place) for place, taker in enumerate(self.taker) if taker != NO_RULE)

    def oldest_first(self) -> list[Outcome]:
        """All outcomes, the oldest image first; equally old ones by digest."""
        return _by_age(self)

    def total(self, action: Action) -> int:
        """How many images an action takes."""
        return sum(count.taken for count in self.counts if count.rule.action is action)

    @property
    def future(self) -> int:
        """Images with a push or restoration after the time of the simulation."""
        return sum(image.counted_from > self.now for image in self.images)

    @property
    def lists_without_children(self) -> int:
        """Manifest lists of which the inventory does not say what they contain: they hold nothing here."""
        return sum(image.is_manifest_list and image.children is None for image in self.images)


def _short(image: SimulatedImage | None) -> str:
    """The beginning of a digest, which is enough for people."""
    return image.digest[:19] if image else ""


def _by_age(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return sorted(outcomes, key=lambda outcome: (outcome.image.counted_from, outcome.image.digest))
