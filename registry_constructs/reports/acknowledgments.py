"""Accepted findings, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import yaml

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.rules.judge import Finding
from registry_constructs.rules.rule import NAMESPACE

_KEYS: Final = ("id", "where", "reason", "until")
_EXAMPLE: Final = '{id: tags-immutable, where: "shop/*", reason: moved every night, until: 2027-01-31}'


@dataclass(frozen=True, kw_only=True)
class Acknowledgment:
    """Why findings of a rule are accepted somewhere.

    Attributes:
        id: The rule's id, with or without `registry-constructs::` before it.
        where: Which things: their address, name or construct path, with `*` and `?`. A construct's path
            applies also to all beneath it.
        reason: Why they are accepted.
        until: The last day on which they may. None: for ever.
        source: The file and line of it; empty for what is recorded in an app.
    """

    id: str
    where: str
    reason: str
    until: date | None = None
    source: str = ""

    @property
    def rule(self) -> str:
        """The rule's id, with nothing before it."""
        return self.id.removeprefix(f"{NAMESPACE}::")

    def covers(self, finding: Finding) -> bool:
        """Whether it is about a finding, on whatever day."""
        if finding.rule.id != self.rule:
            return False
        place = finding.state.place
        return any(
            fnmatchcase(text, self.where) for text in (place.address, place.path, finding.state.name) if text
        ) or fnmatchcase(place.path, f"{self.where}/*")

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.until is not None and self.until < today


def read_acknowledgments(path: Path) -> tuple[Acknowledgment, ...]:
    """What a file in YAML or JSON acknowledges: a list of objects with the keys of `Acknowledgment`.

    All but `until` are required; an empty file acknowledges nothing.

    Raises:
        InvalidInputError: It can't be read, or an entry is wrong; with the line.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _refused(f"{path}:{line}", "The file is not YAML", str(error.problem)) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        got = f"{type(error).__name__}: {error}"
        raise _refused(str(path), "The acknowledgments can't be read", got) from None
    if root is None:
        return ()
    if not isinstance(root, yaml.SequenceNode):
        raise _refused(f"{path}:{_line(root)}", "The acknowledgments are no list", _got(root))
    return tuple(_entry(path, node) for node in root.value)


def _entry(path: Path, node: yaml.Node) -> Acknowledgment:
    where = f"{path}:{_line(node)}"
    if not isinstance(node, yaml.MappingNode):
        raise _refused(where, "An acknowledgment is no object", _got(node))
    values = dict(_values(path, node))
    for key in _KEYS[:3]:
        if not values.get(key):
            raise _refused(where, f"An acknowledgment has no {key}", ", ".join(values) or "no keys")
    until = values.get("until")
    try:
        day = date.fromisoformat(until) if until else None
    except ValueError:
        raise _refused(where, "The day until which an acknowledgment holds is no date", until) from None
    return Acknowledgment(
        id=values["id"], where=values["where"], reason=values["reason"], until=day, source=where
    )


def _values(path: Path, node: yaml.MappingNode) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for key, value in node.value:
        where = f"{path}:{_line(key)}"
        name = _got(key)
        if name not in _KEYS:
            raise _refused(where, "An acknowledgment has a key that means nothing", name)
        if name in seen:
            raise _refused(where, "An acknowledgment has a key twice", name)
        if not isinstance(value, yaml.ScalarNode):
            raise _refused(where, f"The {name} of an acknowledgment is no text", _got(value))
        seen.add(name)
        yield name, "" if value.tag.endswith(":null") else _joined(value.value).strip()


def _joined(text: str) -> str:
    r"""The text with the two halves made one of what JSON writes as two, such as `\ud83d\ude00`."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _got(node: yaml.Node) -> str:
    return (
        str(node.value)
        if isinstance(node, yaml.ScalarNode)
        else ("an object" if isinstance(node, yaml.MappingNode) else "a list")
    )


def _refused(where: str, problem: str, got: object) -> InvalidInputError:
    return InvalidInputError(
        problem,
        got=got,
        allowed=f"a list of objects with the keys {', '.join(_KEYS)}; all but the last are required",
        fix=f"write {_EXAMPLE}",
        where=where,
    )
