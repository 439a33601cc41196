"""The stack and logical id of a repository, which depend only on its own name and never change."""

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
"""The most repositories of one stack. CloudFormation allows 500 resources (CloudFormation quotas); the rest
is for the key, its alias, the CDK's metadata and resources that you add."""

TEMPLATE_BYTES: Final = 1_000_000
"""The largest template in bytes (CloudFormation quotas: 1 MB for a template in S3)."""

_READABLE: Final = 200


@dataclass(frozen=True, kw_only=True)
class Generation:
    """A range of stacks that were added together.

    Attributes:
        first: The number of the first stack.
        count: The number of stacks.
        pinned: The repositories pinned to these stacks; None for the newest range, which has all others.
    """

    first: int
    count: int
    pinned: frozenset[str] | None = None


class Placement:
    """Places a repository by name: in the generation that pins it, else in the newest, there by a hash.

    The stack depends only on the repository's own name: adding, removing, renaming or reordering other
    repositories never moves it.

    Args:
        count: The number of stacks for repositories that are not pinned.
        pinned: Earlier stacks, in any order, with the repositories pinned to them.
    """

    def __init__(self, count: int, pinned: Sequence[PinnedStacks] = ()) -> None:
        self.generations = [
            Generation(first=one.first, count=one.count, pinned=frozenset(one.repositories))
            for one in sorted(pinned, key=lambda one: one.first)
        ]
        next_first = max((one.first + one.count for one in self.generations), default=0)
        self.generations.append(Generation(first=next_first, count=count))

    def number(self, name: str) -> int:
        """The number of the stack for a repository of this name."""
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


def stack_of(number: int, team: str) -> str:
    """The id of a stack of repositories: its number, and the team if teams have separate stacks."""
    return f"Repositories-{team}-{number}" if team else f"Repositories{number}"
