"""Compares the mutants that live with those that are known to change nothing."""

from __future__ import annotations

import textwrap
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tests.mutation.running import MutationError, Outcome, Survivor

ALLOWED: Final = 0.05
"""The part of a module's mutants that may live."""
_KEYS: Final = {"target", "function", "change", "reason"}


def known_survivors(file: Path, names: Iterable[str]) -> dict[str, list[Survivor]]:
    """The survivors of each target that have a reason.

    Raises:
        MutationError: An entry lacks a key or has another, or names no target.
    """
    known: dict[str, list[Survivor]] = {name: [] for name in names}
    for number, entry in enumerate(tomllib.loads(file.read_text()).get("survivor", []), 1):
        place = f"{file.name}, survivor {number}"
        if set(entry) != _KEYS or not all(isinstance(text, str) and text.strip() for text in entry.values()):
            raise MutationError(f"{place}: it has to have exactly the texts {', '.join(sorted(_KEYS))}")
        if entry["target"] not in known:
            raise MutationError(f"{place}: no target {entry['target']}. Allowed: {', '.join(known)}")
        change = "\n".join(line.strip() for line in entry["change"].strip().splitlines())
        known[entry["target"]].append(Survivor(function=entry["function"], change=change))
    return known


def problems_of_sample(outcome: Outcome, known: Iterable[Survivor]) -> Iterator[str]:
    """What a sample found wrong: more survivors without a reason than `ALLOWED`."""
    found = Counter(survivor for survivors in outcome.alive.values() for survivor in survivors)
    without = sorted((found - Counter(known)).elements())
    number = sum(outcome.mutants.values())
    if len(without) > number * ALLOWED:
        yield f"more than {ALLOWED:.0%} of {number} mutants are alive:"
        yield from (f"No test notices this change of {one.function}:\n{_indented(one)}" for one in without)


def problems(outcome: Outcome, known: Iterable[Survivor]) -> Iterator[str]:
    """What a run found wrong: too many alive, survivors without a reason, reasons without a survivor."""
    for module, number in sorted(outcome.mutants.items()):
        alive = len(outcome.alive.get(module, ()))
        if alive > number * ALLOWED:
            yield f"{module}: more than {ALLOWED:.0%} of the mutants are alive"
    found = Counter(survivor for survivors in outcome.alive.values() for survivor in survivors)
    listed = Counter(known)
    for survivor in sorted((found - listed).elements()):
        yield f"No test notices this change of {survivor.function}:\n{_indented(survivor)}"
    for survivor in sorted((listed - found).elements()):
        place = f"survivors.toml lists a change of {survivor.function} that is killed or gone; remove it"
        yield f"{place}:\n{_indented(survivor)}"


def _indented(survivor: Survivor) -> str:
    return textwrap.indent(survivor.change, "    ")
