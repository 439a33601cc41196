"""Inventories as files: what `aws ecr describe-images` prints, and our own format for a whole registry.

Ours has one repository a line and is read line by line, so a registry of a million images costs as much
memory as its largest repository.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO, TypeVar

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.simulation.details import read_detail, text_of, texts_of, write_detail
from registry_constructs.simulation.image import Inventory, Use

Value = TypeVar("Value")

VERSION: Final = 1
"""The version of our own format that is written and read."""

_HEAD: Final = re.compile(r'\s*\{\s*"version"')
_REPOSITORY_KEYS: Final = ("registryId", "region", "repositoryName", "imageDetails", "inUse", "unknown")
_USE_KEYS: Final = ("imageDigest", "imageTag", "where")


def read_inventories(
    path: str | Path, *, progress: Callable[[int], None] | None = None
) -> Iterator[Inventory]:
    """The repositories of an inventory file, each as soon as it has been read.

    Faults further down are found only when one gets there: use the results after the last one.

    Args:
        path: An inventory, or one JSON document: the output of `aws ecr describe-images`.
        progress: Called with the number of images read so far, after every repository. Default: nobody.

    Raises:
        InvalidInputError: The file can't be read; `where` has its name, the line and the path in it.
    """
    read = 0
    with _opened(path) as stream:
        first = stream.readline()
        if _HEAD.match(first):
            inventories = _lines(first, stream)
        else:
            inventories = iter([_repository(_parsed(first + stream.read()))])
        for inventory in inventories:
            read += len(inventory.images)
            if progress is not None:
                progress(read)
            yield inventory


def write_inventories(path: str | Path, inventories: Iterable[Inventory]) -> None:
    """Write our own format, one repository at a time; the file appears whole or not at all.

    Until the last repository is written, the text goes to a file beside it with `.part` at its end.
    """
    target = Path(path)
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("w", encoding="utf-8") as stream:
            count = 0
            stream.write(_line({"version": VERSION}))
            for inventory in inventories:
                stream.write(_line(_written(inventory)))
                count += 1
            stream.write(_line({"repositories": count}))
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def _opened(path: str | Path) -> Iterator[TextIO]:
    """A file's text; errors about what it says get its name."""
    try:
        # With a mark at its beginning, as some editors write it, or without.
        with Path(path).open(encoding="utf-8-sig") as stream:
            yield stream
    except OSError as error:
        raise InvalidInputError(
            "The file can't be opened",
            got=error.strerror,
            allowed="a readable file",
            fix="check the path",
            where=str(path),
        ) from None
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            "The file is not UTF-8 text",
            got=str(error),
            allowed="UTF-8",
            fix="save it as UTF-8",
            where=str(path),
        ) from None
    except InvalidInputError as error:
        raise error.within(str(path)) from None


def _lines(head: str, stream: TextIO) -> Iterator[Inventory]:
    """The repositories of a file in our own format, after its first line."""
    version = _members(_parsed(head), ("version",))["version"]
    if version != VERSION or isinstance(version, bool):
        raise InvalidInputError(
            "The inventory has another version",
            got=version,
            allowed=str(VERSION),
            fix="write it anew with this version of registry-constructs",
            where="line 1: version",
        )
    numbers: dict[tuple[str, str, str], int] = {}
    for number, text in enumerate(stream, 2):
        data = _parsed(text, number)
        if isinstance(data, dict) and "repositories" in data:
            if data != {"repositories": len(numbers)} or stream.read().strip():
                raise InvalidInputError(
                    "The last line counts other repositories than there are",
                    got=data,
                    allowed=f'{{"repositories": {len(numbers)}}} as the last line',
                    fix="is the file complete? Make the inventory anew, or correct the last line",
                    where=f"line {number}",
                )
            return
        try:
            inventory = _repository(data)
            identity = (inventory.account, inventory.region, inventory.repository_name)
            if not inventory.repository_name:
                raise InvalidInputError(
                    "The repository has no name", got=None, allowed="repositoryName", fix="add it"
                )
            if identity in numbers:
                raise InvalidInputError(
                    f"The repository {inventory.repository_name} is listed twice",
                    got=f"lines {numbers[identity]} and {number}",
                    allowed="each repository of an account and Region once",
                    fix="remove one, or say the region and registryId of both",
                )
        except InvalidInputError as error:
            raise error.within(f"line {number}") from None
        numbers[identity] = number
        yield inventory
    raise InvalidInputError(
        "The file ends too early",
        got=f"{len(numbers):,} repositories and no last line",
        allowed='a last line that counts the repositories, such as {"repositories": 3}',
        fix="is the file complete? Make the inventory anew",
        where=f"line {len(numbers) + 2}",
    )


def _parsed(text: str, line: int = 1) -> object:
    """A JSON document that begins in this line."""
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        problem, got = f"This is not JSON: {error.msg}", text[error.pos : error.pos + 40]
        where = f"line {line + error.lineno - 1} column {error.colno}"
    except RecursionError:
        problem, got, where = "The document is nested too deeply", text[:40], f"line {line}"
    except InvalidInputError as error:
        raise error.within(f"line {line}") if line > 1 else error from None
    except ValueError as error:
        problem, got, where = "A number can't be read", str(error), f"line {line}"
    raise InvalidInputError(
        problem, got=got, allowed="JSON", fix="correct the text here; is the file complete?", where=where
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise InvalidInputError(
            f"Duplicate key {twice} in one object",
            got=twice,
            allowed="each key once",
            fix="remove one of them",
        )
    return found


def _repository(data: object) -> Inventory:
    """A repository; the places of errors are paths in it."""
    if isinstance(data, dict) and data.keys() & {"nextToken", "NextToken"}:
        raise InvalidInputError(
            "The file has only a part of the images",
            got="nextToken",
            allowed="all images of the repository",
            fix="leave out --max-items and --no-paginate: a rule that counts needs all images",
        )
    entry = _members(data, _REPOSITORY_KEYS)
    if entry.get("imageDetails") is None:
        raise InvalidInputError(
            "There are no imageDetails",
            got=list(entry),
            allowed="imageDetails, which may be an empty list",
            fix="give what aws ecr describe-images prints, or registry-constructs inventory writes",
        )
    images = list(_each(entry, "imageDetails", read_detail))
    places: dict[str, int] = {}
    for index, image in enumerate(images):
        if places.setdefault(image.digest, index) != index:
            raise InvalidInputError(
                "Two images have the same digest",
                got=image.digest,
                allowed="each image once",
                fix=f"remove one; the other is at [{places[image.digest]}]",
                where=f"imageDetails[{index}]",
            )
    return Inventory(
        images,
        text_of(entry, "repositoryName") or _named_by_images(entry, "repositoryName"),
        text_of(entry, "registryId") or _named_by_images(entry, "registryId"),
        text_of(entry, "region"),
        None if entry.get("inUse") is None else tuple(_each(entry, "inUse", _use)),
        texts_of(entry, "unknown"),
    )


def _named_by_images(entry: Mapping[str, Any], key: str) -> str:
    """What all images of a repository say of it; empty if they say nothing."""
    found = {str(detail[key]) for detail in entry["imageDetails"] if detail.get(key)}
    if len(found) > 1:
        raise InvalidInputError(
            "The images are those of two repositories",
            got=sorted(found),
            allowed="the images of one repository in one list",
            fix="split them: a policy acts on one repository",
            where="imageDetails",
        )
    return "".join(found)


def _use(data: object) -> Use:
    found = _members(data, _USE_KEYS)
    if "where" not in found or len(found) != 2:
        raise InvalidInputError(
            "A use has a place and one image",
            got=found,
            allowed="where, and one of imageDigest and imageTag",
            fix="add what is missing, or write two uses",
        )
    return Use(text_of(found, "where"), text_of(found, "imageDigest"), text_of(found, "imageTag"))


def _each(entry: Mapping[str, Any], key: str, read: Callable[[object], Value]) -> Iterator[Value]:
    """The items of a list, read; errors get their place in it."""
    if not isinstance(entry[key], list):
        raise InvalidInputError(
            "This is not a list", got=type(entry[key]).__name__, allowed="a list", fix="write [ ]", where=key
        )
    for index, item in enumerate(entry[key]):
        try:
            yield read(item)
        except InvalidInputError as error:
            raise error.at(f"{key}[{index}].{error.where}".removesuffix(".")) from None


def _members(data: object, known: tuple[str, ...]) -> Mapping[str, Any]:
    """An object that has no other keys than these."""
    if not isinstance(data, dict):
        raise InvalidInputError(
            "This is not an object", got=type(data).__name__, allowed="an object", fix="write { }"
        )
    for key in data:
        if key not in known:
            raise InvalidInputError(
                "The format has no such key", got=key, allowed=", ".join(known), fix="remove it", where=key
            )
    return data


def _line(entry: Mapping[str, Any]) -> str:
    return f"{json.dumps(entry, ensure_ascii=False)}\n"


def _written(inventory: Inventory) -> dict[str, Any]:
    entry = {
        "registryId": inventory.account or None,
        "region": inventory.region or None,
        "repositoryName": inventory.repository_name,
        "inUse": None if inventory.in_use is None else [_written_use(use) for use in inventory.in_use],
        "unknown": list(inventory.unknown) or None,
        "imageDetails": [write_detail(image) for image in inventory.images],
    }
    return {key: value for key, value in entry.items() if value is not None}


def _written_use(use: Use) -> dict[str, str]:
    image = {"imageDigest": use.digest} if use.digest else {"imageTag": use.tag}
    return {**image, "where": use.where}
