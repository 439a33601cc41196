"""Inventories as files: what `aws ecr describe-images` prints, and our own format for a whole registry.

Both are read as a stream, one repository at a time, so a registry of a million images costs as much memory as
its largest repository.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.simulation.details import read_detail, write_detail
from registry_constructs.simulation.image import Image, Inventory, Use
from registry_constructs.simulation.json_stream import JsonStream, join_path

VERSION: Final = 1
"""The version of our own format that is written and read."""

_REPOSITORY_KEYS: Final = ("registryId", "region", "repositoryName", "imageDetails", "inUse", "unknown")
_USE_KEYS: Final = ("imageDigest", "imageTag", "where")


def read_inventories(
    path: str | Path, *, progress: Callable[[int], None] | None = None
) -> Iterator[Inventory]:
    """The repositories of an inventory file, each as soon as it has been read.

    Faults further down are found only when one gets there: use the results after the last one.

    Args:
        path: The output of `aws ecr describe-images`, or an inventory with `version` and `repositories`.
        progress: Called with the number of images read so far, after every 1,000. Default: nobody.

    Raises:
        InvalidInputError: The file can't be read; `where` has its name, line, column and the path in it.
    """
    with _opened(path) as stream:
        reader = _Reader(JsonStream(stream, str(path)), progress)
        yield from reader.inventories()


def write_inventories(path: str | Path, inventories: Iterable[Inventory]) -> None:
    """Write our own format, one repository at a time; the file appears whole or not at all.

    Until the last repository is written, the text goes to a file beside it with `.part` at its end.
    """
    target = Path(path)
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("w", encoding="utf-8") as stream:
            stream.write(f'{{"version": {VERSION}, "repositories": [')
            for index, inventory in enumerate(inventories):
                stream.write(",\n" if index else "\n")
                _write(inventory, stream)
            stream.write("\n]}\n")
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def _opened(path: str | Path) -> Iterator[TextIO]:
    try:
        # With a mark at its beginning, as some editors write it, or without.
        stream = Path(path).open(encoding="utf-8-sig")  # noqa: SIM115 - closed below, opened here for its errors
    except OSError as error:
        raise InvalidInputError(
            "The file can't be opened",
            got=error.strerror,
            allowed="a readable file",
            fix="check the path",
            where=str(path),
        ) from None
    with stream:
        yield stream


class _Reader:
    """Walks through a document; the errors of single values get their place here."""

    def __init__(self, stream: JsonStream, progress: Callable[[int], None] | None) -> None:
        self._json = stream
        self._progress = progress
        self._read = 0
        # The same few media types stand in every image: one string for all of them.
        self._shared: dict[str, str] = {}

    def inventories(self) -> Iterator[Inventory]:
        found: Inventory | None = None
        version: object = None
        ours = False
        for key in self._json.object_keys():
            if key == "imageDetails":
                images, name, account = self._images()
                found = Inventory(images, name, account)
            elif key in ("nextToken", "NextToken"):
                self._not_whole()
            elif key == "version":
                ours, version = True, self._json.value()
                self._check_version(version)
            elif key == "repositories":
                ours = True
                yield from self._repositories()
            elif found is None:
                # describe-images has no other key today; the CLI may add some behind.
                self._unknown(key, ("version", "repositories", "imageDetails"))
            else:
                self._json.value()
        self._json.end()
        if ours and found is not None:
            self._json.fail(
                "The file is both an inventory and the output of describe-images",
                got=["version", "repositories", "imageDetails"],
                allowed="one of the two",
                fix="put imageDetails into a repository",
            )
        if found is not None:
            yield found
        elif version is None:
            self._json.fail(
                "The file says neither imageDetails nor version"
                if not ours
                else "The key version is missing",
                got=sorted({"repositories"} if ours else set()),
                allowed=f"imageDetails, or version {VERSION} with repositories",
                fix=f'add "version": {VERSION}' if ours else "give what aws ecr describe-images prints",
            )

    def _repositories(self) -> Iterator[Inventory]:
        names: dict[tuple[str, str, str], int] = {}
        for index in self._json.list_indexes():
            inventory = self._repository()
            identity = (inventory.account, inventory.region, inventory.repository_name)
            if identity in names:
                self._json.fail(
                    f"The repository {inventory.repository_name} stands twice",
                    got=[join_path("repositories", number) for number in (names[identity], index)],
                    allowed="each repository of an account and Region once",
                    fix="remove one, or say the region and registryId of both",
                )
            names[identity] = index
            yield inventory

    def _repository(self) -> Inventory:
        texts = dict.fromkeys(("registryId", "region", "repositoryName"), "")
        images: list[Image] | None = None
        in_use: tuple[Use, ...] | None = None
        unknown: tuple[str, ...] = ()
        for key in self._json.object_keys():
            if key == "imageDetails":
                images, name, account = self._images()
                texts = {"registryId": account, "region": "", "repositoryName": name} | {
                    key: text for key, text in texts.items() if text
                }
            elif key == "inUse":
                in_use = tuple(self._use() for _ in self._json.list_indexes())
            elif key == "unknown":
                unknown = tuple(self._text() for _ in self._json.list_indexes())
            elif key in texts:
                texts[key] = self._text()
            else:
                self._unknown(key, _REPOSITORY_KEYS)
        if images is None or not texts["repositoryName"]:
            self._json.fail(
                "The repository is incomplete",
                got=[key for key, text in texts.items() if text],
                allowed="repositoryName and imageDetails at least",
                fix="add what is missing; imageDetails may be an empty list",
            )
        return Inventory(
            images, texts["repositoryName"], texts["registryId"], texts["region"], in_use, unknown
        )

    def _images(self) -> tuple[list[Image], str, str]:
        """The images of a list, and the repository and account that they name."""
        images: list[Image] = []
        places: dict[str, int] = {}
        name = account = ""
        for index in self._json.list_indexes():
            detail = self._json.value()
            try:
                image = read_detail(detail)
            except InvalidInputError as error:
                raise error.at(self._json.value_place(error.where)) from None
            if places.setdefault(image.digest, index) != index:
                self._json.refuse(
                    "Two images have the same digest",
                    got=image.digest,
                    allowed="each image once",
                    fix=f"remove one; the other stands at [{places[image.digest]}]",
                )
            if isinstance(detail, dict):
                named = detail.get("repositoryName") or name
                if name and named != name:
                    self._json.refuse(
                        "The images are those of two repositories",
                        got=[name, named],
                        allowed="the images of one repository in one list",
                        fix="split them: a policy acts on one repository",
                    )
                name, account = str(named), str(detail.get("registryId") or account)
            images.append(
                image._replace(
                    media_type=self._shared.setdefault(image.media_type, image.media_type),
                    artifact_type=self._shared.setdefault(image.artifact_type, image.artifact_type),
                )
                if image.media_type or image.artifact_type
                else image
            )
            self._read += 1
            if self._progress and self._read % 1000 == 0:
                self._progress(self._read)
        return images, name, account

    def _use(self) -> Use:
        found: dict[str, str] = {}
        for key in self._json.object_keys():
            if key not in _USE_KEYS:
                self._unknown(key, _USE_KEYS)
            found[key] = self._text()
        if "where" not in found or len(found) != 2:
            self._json.fail(
                "A use has a place and one image",
                got=found,
                allowed="where, and one of imageDigest and imageTag",
                fix="add what is missing, or write two uses",
            )
        return Use(found["where"], found.get("imageDigest", ""), found.get("imageTag", ""))

    def _text(self) -> str:
        value = self._json.value()
        if not isinstance(value, str):
            self._json.refuse("The value is not text", got=value, allowed="text", fix="write it in quotes")
        return value

    def _check_version(self, version: object) -> None:
        if version != VERSION or isinstance(version, bool):
            self._json.refuse(
                "The inventory has another version",
                got=version,
                allowed=str(VERSION),
                fix="write it anew with this version of registry-constructs",
            )

    def _unknown(self, key: str, known: tuple[str, ...]) -> None:
        self._json.fail("The format has no such key", got=key, allowed=", ".join(known), fix="remove it")

    def _not_whole(self) -> None:
        self._json.fail(
            "The file has only a part of the images",
            got="nextToken",
            allowed="all images of the repository",
            fix="leave out --max-items and --no-paginate: a rule that counts needs all images",
        )


def _write(inventory: Inventory, stream: TextIO) -> None:
    head: dict[str, Any] = {
        "registryId": inventory.account or None,
        "region": inventory.region or None,
        "repositoryName": inventory.repository_name,
        "inUse": None if inventory.in_use is None else [_written_use(use) for use in inventory.in_use],
        "unknown": list(inventory.unknown) or None,
    }
    text = json.dumps({key: value for key, value in head.items() if value is not None}, ensure_ascii=False)
    stream.write(f'{text[:-1]}, "imageDetails": [')
    for index, image in enumerate(inventory.images):
        stream.write(",\n  " if index else "\n  ")
        stream.write(json.dumps(write_detail(image), ensure_ascii=False))
    stream.write("]}")


def _written_use(use: Use) -> dict[str, str]:
    image = {"imageDigest": use.digest} if use.digest else {"imageTag": use.tag}
    return {**image, "where": use.where}
