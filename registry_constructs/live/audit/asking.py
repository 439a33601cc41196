"""Requests of which each may fail by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from registry_constructs.live.errors import AwsError
from registry_constructs.rules.values import Unknown

Value = TypeVar("Value")


class Asking:
    """Asks AWS for one thing after another. What fails is unknown, and the rest is asked all the same.

    Attributes:
        lost: What can't be fixed by asking on, such as credentials that are not valid any more; from then on
            nothing is asked, and everything is unknown. None while there was no such thing.
    """

    def __init__(self) -> None:
        self.lost: AwsError | None = None

    def __call__(self, read: Callable[[], Value], *, gone: frozenset[str] = frozenset()) -> Value | Unknown:
        """What a reading gives, or why it gave nothing.

        Args:
            read: The reading.
            gone: The error codes that mean that there is nothing to read any more.

        Raises:
            AwsError: One with such a code.
        """
        if self.lost is not None:
            return reason(self.lost)
        try:
            return read()
        except AwsError as error:
            if error.code in gone:
                raise
            if error.hopeless:
                self.lost = error
            return reason(error)


def reason(error: AwsError) -> Unknown:
    """An error as the reason for something unknown."""
    return Unknown(f"{error.problem} ({error.code})" if error.code else f"{error.problem}: {error.got}")
