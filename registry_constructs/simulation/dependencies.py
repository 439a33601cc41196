"""What ties images together: manifest lists hold their platforms, subjects lead their referrers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress, count
from operator import attrgetter

from registry_constructs.ecr.lifecycle import Action, LifecycleRule
from registry_constructs.simulation.image import ImageStatus, SimulatedImage
from registry_constructs.simulation.outcome import NO_RULE


class Dependencies:
    """The ties between the images of one repository, by their places.

    Attributes:
        subjects: Of each referrer, the place of the image that it follows: the last of a chain, where a
            signature belongs to an SBOM and that to an image.
    """

    def __init__(self, images: Sequence[SimulatedImage]) -> None:
        self._images = images
        self.subjects: dict[int, int] = {}
        self._lists_of: dict[int, list[int]] = {}
        referrers = list(compress(count(), map(attrgetter("subject"), images)))
        lists = list(compress(count(), map(attrgetter("children"), images)))
        if not referrers and not lists:
            return
        places = {image.digest: place for place, image in enumerate(images)}
        for place in lists:
            for digest in images[place].children or ():
                child = places.get(digest, place)
                if child != place:
                    self._lists_of.setdefault(child, []).append(place)
        for place in referrers:
            last = self._end_of_chain(place, places)
            if last != place:
                self.subjects[place] = last

    def hold(self, taker: list[int], rules: Sequence[LifecycleRule]) -> dict[int, int]:
        """Take back what may not go, and let referrers follow; changes `taker`.

        Args:
            taker: By place, the index of the rule that takes the image, or `NO_RULE`.
            rules: The policy's rules.

        Returns:
            Of each image taken back, the place of a manifest list that holds it.
        """
        for place, subject in self.subjects.items():
            rule = taker[subject]
            archives = rule != NO_RULE and rules[rule].action is Action.TRANSITION
            # What is archived already, or on its way back, is not archived once more.
            stays = archives and self._images[place].status is not ImageStatus.ACTIVE
            taker[place] = NO_RULE if stays else rule
        held: dict[int, int] = {}
        # Taking one back may hold others: its platforms, if it is a list itself, and its referrers.
        while fresh := self._held_now(taker):
            held |= fresh
            for place in fresh:
                taker[place] = NO_RULE
            for place, subject in self.subjects.items():
                if subject in fresh:
                    taker[place] = NO_RULE
        return held

    def _held_now(self, taker: Sequence[int]) -> dict[int, int]:
        held = {}
        for place, lists in self._lists_of.items():
            if taker[place] != NO_RULE:
                staying = next((parent for parent in lists if self._stays(parent, taker)), None)
                if staying is not None:
                    held[place] = staying
        return held

    def _stays(self, place: int, taker: Sequence[int]) -> bool:
        return taker[place] == NO_RULE and self._images[place].status is not ImageStatus.ARCHIVED

    def _end_of_chain(self, place: int, places: dict[str, int]) -> int:
        passed = {place}
        while (subject := self._images[place].subject) and (found := places.get(subject)) is not None:
            if found in passed:
                # Digests can't form a circle; a file can. Nobody leads in it, and each leads who follows it.
                return found
            passed.add(found)
            place = found
        return place
