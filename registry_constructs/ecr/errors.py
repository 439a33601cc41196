"""The errors of this library.

All that a user can meet have one base:

    RegistryConstructsError
    ├── InvalidInputError              a value that can't work
    ├── InvalidCatalogError            everything that is wrong with a catalog
    ├── AwsError                       AWS could not be read, or refused
    │   ├── IncompleteInventoryError   some repositories of an inventory could not be read
    │   └── IncompleteReadError        some repositories of a registry could not be read
    ├── LocalAwsError                  the local AWS, or a tool that talks to it, failed
    │   └── CommandError               a command ended with a status other than 0
    └── MissingExtraError              a package is not installed that an extra brings

The command line prints them without a traceback and ends with status 1.
"""

from __future__ import annotations

from typing import Self


class RegistryConstructsError(Exception):
    """The base of this library's errors; the message is all that a user needs."""


class MissingExtraError(RegistryConstructsError, ImportError):
    """A package is not installed; the message has the command that installs it."""


class InvalidInputError(RegistryConstructsError, ValueError):
    """A value that can't work, found before anything is deployed.

    The message names the location, what is wrong, what was given, what is allowed and how to fix it.

    Attributes:
        problem: What is wrong, as a sentence without a full stop.
        got: The value that was given.
        allowed: What would have been accepted.
        fix: What to do about it.
        where: The construct path or the place in a file; empty in plain Python that knows of neither.
    """

    def __init__(self, problem: str, *, got: object, allowed: str, fix: str, where: str = "") -> None:
        self.problem = problem
        self.got = got
        self.allowed = allowed
        self.fix = fix
        self.where = where
        place = f"{where}: " if where else ""
        super().__init__(f"{place}{problem}.\n  Got: {got!r}\n  Allowed: {allowed}\n  Fix: {fix}")

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self.problem, self.got, self.allowed, self.fix, self.where)

    def at(self, where: str) -> Self:
        """The same error at another place; raise it `from None` so that the reader sees one message."""
        return type(self)(self.problem, got=self.got, allowed=self.allowed, fix=self.fix, where=where)

    def within(self, place: str) -> Self:
        """The same error inside a larger place, such as a construct that was given the faulty value."""
        return self.at(f"{place}: {self.where}" if self.where else place)


def _again(
    kind: type[InvalidInputError], problem: str, got: object, allowed: str, fix: str, where: str
) -> InvalidInputError:
    """An error with keyword-only arguments, made anew where it was pickled or copied."""
    return kind(problem, got=got, allowed=allowed, fix=fix, where=where)
