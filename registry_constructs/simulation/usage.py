"""Which images are in use, and what of it a policy would take away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from registry_constructs.simulation.image import Inventory, Use
from registry_constructs.simulation.outcome import Outcome, Simulation


class Loss(NamedTuple):
    """An image in use that a policy takes away.

    Attributes:
        outcome: What happens to it. An archived image can't be pulled either.
        places: What runs it.
    """

    outcome: Outcome
    places: tuple[str, ...]


def used(inventory: Inventory) -> Mapping[str, tuple[str, ...]]:
    """What runs each image, by digest.

    Whoever runs a manifest list by its digest or tag runs one of its platforms, so all of them are in use.
    """
    digests = {tag: image.digest for image in inventory.images for tag in image.tags}
    children = {image.digest: image.children for image in inventory.images if image.children}
    places: dict[str, list[str]] = defaultdict(list)
    for use in inventory.in_use or ():
        waiting, seen = [use.digest or digests.get(use.tag, "")], set()
        while waiting:
            digest = waiting.pop()
            if digest and digest not in seen:
                seen.add(digest)
                places[digest].append(use.where)
                waiting += children.get(digest, ())
    return {digest: tuple(dict.fromkeys(found)) for digest, found in places.items()}


def losses(simulation: Simulation, inventory: Inventory) -> list[Loss]:
    """The images in use that would go, oldest first."""
    places = used(inventory)
    return [
        Loss(outcome, places[outcome.image.digest])
        for outcome in simulation.going()
        if outcome.image.digest in places
    ]


def missing(inventory: Inventory) -> Iterator[Use]:
    """Uses of images that are not in the inventory: whatever runs them could not pull them again."""
    tags = {tag for image in inventory.images for tag in image.tags}
    digests = {image.digest for image in inventory.images}
    return (
        use
        for use in inventory.in_use or ()
        if (use.digest and use.digest not in digests) or (use.tag and use.tag not in tags)
    )
