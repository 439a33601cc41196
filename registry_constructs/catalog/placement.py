"""Which stack a repository stands in, and under which logical id: by its own name alone, for ever."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from registry_constructs.catalog.schema import PinnedStacks

REPOSITORIES_OF_A_STACK: Final = 490
"""Repositories that one stack holds. CloudFormation takes 500 resources (CloudFormation quotas); the rest is
for the key, its alias, the CDK's metadata and what you add."""

TEMPLATE_BYTES: Final = 1_000_000
"""The longest template that is written (CloudFormation quotas: 1 MB for a template in S3)."""

_READABLE: Final = 200


@dataclass(frozen=True, kw_only=True)
class Generation:
    """Stacks that were added at one time.

    Attributes:
        first: The number of the first of them.
        count: How many they are.
        pinned: The repositories that stay in them for good; None for the newest, which takes all others.
    """

    first: int
    count: int
    pinned: frozenset[str] | None = None


class Placement:
    """The rule for names: the generation that kept a name, else the newest, and in it the name's hash.

    No other repository has a say, so adding, removing, renaming or reordering some never moves another.

    Args:
        count: The number of stacks for all other repositories.
        pinned: The stacks of earlier times, in any order, with the repositories that stay there.
    """

    def __init__(self, count: int, pinned: Sequence[PinnedStacks] = ()) -> None:
        self.generations = [
            Generation(first=one.first, count=one.count, pinned=frozenset(one.repositories))
            for one in sorted(pinned, key=lambda one: one.first)
        ]
        next_first = max((one.first + one.count for one in self.generations), default=0)
        self.generations.append(Generation(first=next_first, count=count))

    def number(self, name: str) -> int:
        """The number of the stack that a repository of this name stands in."""
        for generation in self.generations:
            if generation.pinned is None or name in generation.pinned:
                return generation.first + _hash(name) % generation.count
        raise AssertionError("the newest generation takes every name")


@cache
def logical_id(name: str) -> str:
    """The logical id of a repository's resource: its name in letters and digits, and a hash of it."""
    readable = "".join(part.capitalize() for part in re.split(r"[^a-z0-9]+", name))[:_READABLE]
    return f"{readable}{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])


def stack_of(number: int, team: str = "") -> str:
    """The id of a stack of repositories: its number, and the team where each has stacks of its own."""
    return f"Repositories-{team}-{number}" if team else f"Repositories{number}"
