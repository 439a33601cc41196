"""What the schema finds wrong, in the words of this library."""

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
"""Times that faulty values are left out: one may hide another."""

Where = Callable[[PathInFile], str]


def read_file(data: object, where: Where) -> tuple[CatalogFile | None, list[InvalidInputError]]:
    """The catalog file that the data is, and everything that its schema finds wrong with it.

    What is wrong is left out of the file that is returned, so that what it says of other parts can be
    checked too; None if nothing of it can be read.

    Args:
        data: What the file says.
        where: Gives the place of a path in it.
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
    """Take a faulty value out of the data, or what has to have one that is missing."""
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
    place = where(path)
    if isinstance(inner := context.get("error"), InvalidInputError):
        return inner.at(f"{place}.{inner.where}" if inner.where else place)
    if kind == "extra_forbidden":
        return unknown("key", path[-1], _keys(loc[:-1]), where=place)
    if got is None:
        return _error("The value is empty", "nothing", "a value", "write one, or leave the key out", place)
    if kind == "missing":
        return _error(
            f"The key {loc[-1]} is missing",
            "no such key",
            ", ".join(_keys(loc[:-1])),
            f"add {loc[-1]}",
            place,
        )
    if kind == "literal_error":
        allowed = [one.strip(" '") for one in context["expected"].replace(" or ", ",").split(",")]
        return _error("There is no such value", got, ", ".join(allowed), _nearest(got, allowed), place)
    if kind == "union_tag_invalid":
        allowed = [one.strip(" '") for one in context["expected_tags"].split(",")]
        tag = context["tag"].strip("()")
        return _error(
            "There is no such value",
            tag,
            ", ".join(allowed).replace("(", "").replace(")", ""),
            _nearest(tag, [one.strip("()") for one in allowed]),
            place,
        )
    if kind == "said":
        problem, allowed_text, fix = error["msg"].split("; ", 2)
        return _error(problem, got, allowed_text, fix, place)
    if kind in _WANTED:
        wanted, fix = _WANTED[kind]
        if kind == "string_type" and isinstance(got, int | float):
            fix = f"write it in quotes: '{got}'" + (
                ", with its leading zeros" if isinstance(got, int) else ""
            )
        return _error(f"The value is not {wanted}", got, wanted, fix, place)
    if kind == "string_pattern_mismatch":
        return _error(
            "Not a name that a catalog takes", got, "a letter, then up to 62 letters, digits and '-'",
            "choose such a name", place,
        )  # fmt: skip
    if kind in _BOUNDS:
        bound = f"{_BOUNDS[kind]} {next(iter(context.values()))}"
        return _error("The number is out of bounds", got, bound, "write such a number", place)
    if kind == "too_short":
        return _error("The list is empty", got, "at least one entry", "name one", place)
    return _error("The value does not fit", got, error["msg"], "write such a value", place)


def _error(problem: str, got: object, allowed: str, fix: str, where: str) -> InvalidInputError:
    return InvalidInputError(problem, got=got, allowed=allowed, fix=fix, where=where)


def _nearest(got: object, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(str(got), allowed, n=1)
    return f"write {near[0]}" if near else "write one of them"


def _path(loc: Sequence[str | int], data: object) -> PathInFile:
    """The error's place without the names of alternatives that pydantic puts into it."""
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
    """The keys that the schema knows at a place."""
    found: Any = CatalogFile
    for part in loc:
        found = next(_below(found, part), found)
    models = [one for one in _alternatives(found) if _is_model(one)]
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The types that an annotation allows, without what is said about them."""
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
