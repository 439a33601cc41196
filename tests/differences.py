"""What one template has otherwise than another, in a form that people can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def differences(base: Any, other: Any) -> dict[str, Any]:
    """How `other` differs from `base`, by path: each place once, the added, the removed and the changed."""
    found = list(_walk(base, other, ""))
    return {kind: {path: value for one, path, value in found if one == kind} for kind, *_ in sorted(found)}


def _walk(base: Any, other: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    match base, other:
        case dict(), dict():
            for key in [*base, *(key for key in other if key not in base)]:
                place = f"{path} / {key}".removeprefix(" / ")
                if key not in other:
                    yield "removed", place, base[key]
                elif key not in base:
                    yield "added", place, other[key]
                else:
                    yield from _walk(base[key], other[key], place)
        case list(), list() if len(base) == len(other):
            for number, (before, after) in enumerate(zip(base, other, strict=True)):
                yield from _walk(before, after, f"{path} / {number}")
        case _ if base != other or type(base) is not type(other):
            yield "changed", path, {"from": base, "to": other}
