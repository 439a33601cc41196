"""Values that may not be known: an unknown one is never taken for a good one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that could not be read.

    Attributes:
        reason: Why, as half a sentence, such as `AWS does not allow GetRepositoryPolicy`.
    """

    reason: str


class UnknownValueError(Exception):
    """A rule needs a value that is not known.

    Attributes:
        reason: Why it is not.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def known(value: Value | Unknown) -> Value:
    """The value.

    Raises:
        UnknownValueError: It is not known, and so is what the rule asks.
    """
    if isinstance(value, Unknown):
        raise UnknownValueError(value.reason)
    return value
