"""Validates the data of a catalog file, and turns pydantic's errors into this library's."""

from __future__ import annotations

import copy
import difflib
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ValidationError

from registry_constructs.catalog.problems import unknown
from registry_constructs.catalog.schema import CatalogFile
from registry_constructs.catalog.source import PathInFile
from registry_constructs.ecr.errors import InvalidInputError

_WANTED: Final = {
    "string_type": ("text", "write it as text"),
    "int_type": ("a whole number", "write the number without quotes"),
    "bool_type": ("true or false", "write true or false, without quotes"),
    "tuple_type": ("a list", "write [ ] around it, or '- ' before each entry"),
    "list_type": ("a list", "write [ ] around it, or '- ' before each entry"),
    "dict_type": ("keys with values", "write 'key: value' below it"),
    "model_type": ("keys with values", "write 'key: value' below it"),
    "model_attributes_type": ("keys with values", "write 'key: value' below it"),
}

_BOUNDS: Final = {"greater_than_equal": "at least", "less_than_equal": "at most"}
_ROUNDS: Final = 5
"""Number of times that invalid values are removed and the rest is validated: one may hide another."""

Where = Callable[[PathInFile], str]


def read_file(data: object, where: Where) -> tuple[CatalogFile | None, list[InvalidInputError]]:
    """Validate the data of a catalog file; returns the file and all errors of its schema.

    Invalid values are left out of the returned file, so that its references to other parts can be
    checked too; it is None if nothing in it is valid.

    Args:
        data: The data of the file.
        where: Returns the location of a path in it.
    """
    problems: list[InvalidInputError] = []
    if data is None:
        data = {}
    if isinstance(data, dict):
        data = {key: value for key, value in data.items() if key != "$schema"}  # for editors
    for _ in range(_ROUNDS):
        try:
            return CatalogFile.model_validate(data), problems
        except ValidationError as error:
            found = error.errors(include_url=False)
        if not problems:
            problems = [_problem(one, data, where) for one in found]
        data = copy.deepcopy(data)
        for one in found:
            _leave_out(data, _path(one["loc"], data), whole=one["type"] == "missing")
    return None, problems


def _leave_out(data: Any, path: PathInFile, *, whole: bool) -> None:
    """Remove an invalid value from the data, or the mapping in which a required key is missing."""
    path = path[:-1] if whole else path
    for part in path[:-1]:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(data, dict) and path:
        data.pop(path[-1], None)
    elif isinstance(data, list):
        data.clear()


def _problem(error: Any, data: object, where: Where) -> InvalidInputError:
    kind, got, loc = error["type"], error["input"], error["loc"]
    path = _path(loc, data)
    context = error.get("ctx", {})
    location = where(path)
    if isinstance(inner := context.get("error"), InvalidInputError):
        return inner.at(f"{location}.{inner.where}" if inner.where else location)
    if kind == "extra_forbidden":
        return unknown("key", path[-1], _keys(loc[:-1]), where=location)
    if got is None:
        return _error("The value is empty", "nothing", "a value", "write one, or leave the key out", location)
    if kind == "missing":
        return _error(
            f"The key {loc[-1]} is missing",
            "no such key",
            ", ".join(_keys(loc[:-1])),
            f"add {loc[-1]}",
            location,
        )
    if kind == "literal_error":
        allowed = [one.strip(" '") for one in context["expected"].replace(" or ", ",").split(",")]
        return _error("There is no such value", got, ", ".join(allowed), _nearest(got, allowed), location)
    if kind == "union_tag_invalid":
        allowed = [one.strip(" '") for one in context["expected_tags"].split(",")]
        tag = context["tag"].strip("()")
        return _error(
            "There is no such value",
            tag,
            ", ".join(allowed).replace("(", "").replace(")", ""),
            _nearest(tag, [one.strip("()") for one in allowed]),
            location,
        )
    if kind == "invalid_lifecycle":
        problem, allowed_text, fix = error["msg"].split("; ", 2)
        return _error(problem, got, allowed_text, fix, location)
    if kind in _WANTED:
        wanted, fix = _WANTED[kind]
        if kind == "string_type" and isinstance(got, int | float):
            fix = f"write it in quotes: '{got}'" + (
                ", with its leading zeros" if isinstance(got, int) else ""
            )
        return _error(f"The value is not {wanted}", got, wanted, fix, location)
    if kind == "string_pattern_mismatch":
        return _error(
            "Not a valid name in a catalog", got, "a letter, then up to 62 letters, digits and '-'",
            "choose a valid name", location,
        )  # fmt: skip
    if kind in _BOUNDS:
        bound = f"{_BOUNDS[kind]} {next(iter(context.values()))}"
        return _error("The number is out of range", got, bound, "write a number in this range", location)
    if kind == "too_short":
        return _error("The list is empty", got, "at least one entry", "name one", location)
    return _error("The value is not valid", got, error["msg"], "write a valid value", location)


def _error(problem: str, got: object, allowed: str, fix: str, where: str) -> InvalidInputError:
    return InvalidInputError(problem, got=got, allowed=allowed, fix=fix, where=where)


def _nearest(got: object, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(str(got), allowed, n=1)
    return f"write {near[0]}" if near else "write one of them"


def _path(loc: Sequence[str | int], data: object) -> PathInFile:
    """The path of an error, without the names of alternatives that pydantic adds to it."""
    path: list[str | int] = []
    found: Any = data
    for index, part in enumerate(loc):
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            # The last part may be a key that is missing or unknown; "(rules)" and "[key]" are pydantic's.
            last = index == len(loc) - 1 and isinstance(found, dict)
            if not last or str(part).startswith(("(", "[")):
                continue
        path.append(part)
    return tuple(path)


def _keys(loc: Sequence[str | int]) -> list[str]:
    """The keys that the schema allows at a path."""
    found: Any = CatalogFile
    for part in loc:
        found = next(_below(found, part), found)
    models = [one for one in _alternatives(found) if _is_model(one)]
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The types that an annotation allows, without their metadata."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(typing.get_args(annotation)[0])
    elif origin in (typing.Union, types.UnionType):
        for one in typing.get_args(annotation):
            yield from _alternatives(one)
    else:
        yield annotation


def _below(annotation: Any, part: str | int) -> Iterator[Any]:
    for one in _alternatives(annotation):
        if _is_model(one):
            for name, field in one.model_fields.items():
                if part in (name, field.alias):
                    yield field.annotation
            preset = one.model_fields.get("preset")
            if preset is not None and part in typing.get_args(preset.annotation):
                yield one
        elif typing.get_origin(one) is (dict if isinstance(part, str) else tuple):
            yield typing.get_args(one)[-1 if isinstance(part, str) else 0]
        elif typing.get_origin(one) is list and isinstance(part, int):
            yield typing.get_args(one)[0]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
