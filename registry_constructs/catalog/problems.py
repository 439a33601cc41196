"""The errors of a catalog, reported together."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Final

from registry_constructs.ecr.errors import InvalidInputError, RegistryConstructsError

_LINE: Final = re.compile(r"(?P<file>.+?):(?P<line>[0-9]+)( |$)")


class InvalidCatalogError(RegistryConstructsError, ValueError):
    """An invalid catalog, reported before anything is synthesized.

    Attributes:
        problems: Each error, with its file, line and path in `where`.
    """

    def __init__(self, problems: Sequence[InvalidInputError]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems):,} problems"
        super().__init__("\n\n".join([f"The catalog has {count}.", *map(str, self.problems)]))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.problems,)


def in_order(problems: Iterable[InvalidInputError]) -> list[InvalidInputError]:
    """The problems sorted by file and line; one that several environments have is reported once."""

    def location(problem: InvalidInputError) -> tuple[str, int]:
        found = _LINE.match(problem.where)
        return (found["file"], int(found["line"])) if found else ("", 0)

    return sorted({str(problem): problem for problem in problems}.values(), key=location)


def unknown(what: str, got: object, known: Iterable[str], *, where: str) -> InvalidInputError:
    """The error for an unknown name or key, with the most similar known one as the fix."""
    names = sorted(known)
    near = difflib.get_close_matches(str(got), names, n=1)
    return InvalidInputError(
        f"There is no such {what}",
        got=got,
        allowed=_listed(names) or f"nothing: the catalog has no {what}",
        fix=f"write {near[0]}" if near else f"name one of them, or add this {what}" if names else "remove it",
        where=where,
    )


def _listed(names: Sequence[str], most: int = 30) -> str:
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
