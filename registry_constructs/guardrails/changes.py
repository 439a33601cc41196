"""What was changed in a construct that somebody else wrote, and what was left as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, kw_only=True)
class ConstructChange:
    """A value that was set.

    Attributes:
        path: The path of the construct.
        property: CloudFormation's name of it, such as `ImageTagMutability`.
        before: What it was; None for nothing.
        after: What it is now.
        replaces: Whether CloudFormation makes another resource for it.
    """

    path: str
    property: str
    before: object
    after: object
    replaces: bool = False

    def __str__(self) -> str:
        before = "" if self.before is None else f" from {self.before}"
        replaced = ", which makes another resource" if self.replaces else ""
        return f"{self.path}: {self.property}{before} to {self.after}{replaced}"


@dataclass(frozen=True, kw_only=True)
class Left:
    """Something that was left as it is.

    Attributes:
        path: The path of the construct.
        property: CloudFormation's name of the property; empty for the construct as a whole.
        value: What it is.
        reason: Why it was left.
    """

    path: str
    property: str = ""
    value: object = None
    reason: str

    def __str__(self) -> str:
        what = f": {self.property} is {self.value}" if self.property else ""
        return f"{self.path}{what}, left: {self.reason}"


def chosen_by(path: str, patterns: Mapping[str, str] | tuple[str, ...]) -> str | None:
    """The first pattern that is the path of a construct or of one above it, with `*`; None for no such."""
    parts = path.split("/")
    above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    return next((one for one in patterns if any(fnmatchcase(each, one) for each in above)), None)


def summary(changes: list[ConstructChange], left: list[Left]) -> Iterator[str]:
    """Lines for people: how much was changed, and each change and each thing that was left."""
    touched = len({change.path for change in changes})
    yield f"{len(changes)} values set in {touched} constructs, {len(left)} left alone"
    yield from map(str, changes)
    yield from map(str, left)
