"""What has been read so far, kept in a file so that an interrupted reading goes on where it was.

A file of lines: the question first, then one line for each repository, complete when its line break is there.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.live.errors import AwsError

HOURS: Final = 6
"""What was read longer ago is read again."""


class Key(NamedTuple):
    """A repository as it is now: one that was deleted and made anew is another one."""

    region: str
    name: str
    created: float


class Journal:
    """The repositories that have been read, on disk. A `with` block holds it; it stays until `remove`.

    Args:
        path: The file. It is begun anew if it answers another question.
        question: What is requested, in JSON's types.
        output: The finished file. What is older than that has been used already. None: there is none.
        option: The option that named the file.

    Attributes:
        resumed: How many repositories were there when it was opened.
    """

    def __init__(
        self, path: Path, question: Mapping[str, Any], output: Path | None = None, *, option: str = "--output"
    ) -> None:
        self._path = path
        self._question = json.dumps({"question": question}, sort_keys=True)
        self._output = output
        self._option = option
        self._places: dict[Key, tuple[int, int]] = {}
        self.resumed = 0

    def __enter__(self) -> Self:
        import fcntl  # noqa: PLC0415 - not on Windows, where only this is missing

        try:
            # Without a buffer: what the disk did not take would be tried again when it closes.
            self._file: FileIO = self._path.open("a+b", buffering=0)
        except OSError as error:
            raise cannot_write(self._output or self._path, error) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise InvalidInputError(
                "Somebody else is writing to this file",
                got=str(self._output or self._path),
                allowed="one at a time",
                fix=f"wait for it, or give another {self._option}",
                where=self._option,
            ) from None
        self._open()
        self.resumed = len(self._places)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __contains__(self, key: Key) -> bool:
        return key in self._places

    def count(self, key: Key) -> int:
        """How many parts of a repository are kept, such as its images."""
        return self._places[key][1]

    def add(self, key: Key, parts: Sequence[Any]) -> None:
        """Keep a repository.

        Args:
            key: Which.
            parts: What it has, in JSON's types.

        Raises:
            InvalidInputError: The disk does not take it.
        """
        head = {**key._asdict(), "read": time.time(), "count": len(parts)}
        place = self._file.seek(0, os.SEEK_END)
        self._append(f"[{json.dumps(head)}, {json.dumps(parts)}]\n")
        self._places[key] = (place, len(parts))

    def read(self, key: Key) -> list[Any]:
        """What is kept of a repository.

        Raises:
            AwsError: The file was changed by somebody else.
        """
        with self._path.open("rb") as file:
            file.seek(self._places[key][0])
            line = file.readline()
        try:
            _, parts = json.loads(line)
            return list(parts)
        except (ValueError, TypeError) as error:
            raise self.broken(error) from error

    def broken(self, error: Exception) -> AwsError:
        """The error for a file that was changed by somebody else."""
        return AwsError(
            "What was kept of the interrupted reading is broken",
            got=str(error),
            fix="remove the file and run it again",
            where=str(self._path),
        )

    def remove(self) -> None:
        """Remove the file: all is read."""
        self._path.unlink(missing_ok=True)

    def _open(self) -> None:
        oldest = time.time() - HOURS * 3600
        with self._path.open("rb") as file:
            if self._used() or file.readline() != f"{self._question}\n".encode():
                self._file.truncate(0)
                self._append(f"{self._question}\n")
                return
            end = file.tell()
            for line in file:
                head = _head(line)
                if head is None:
                    # Whoever wrote this was ended in the middle of it.
                    self._file.truncate(end)
                    return
                if oldest < head["read"] <= time.time():
                    self._places[Key(head["region"], head["name"], head["created"])] = (end, head["count"])
                end += len(line)

    def _append(self, text: str) -> None:
        rest = memoryview(text.encode())
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise cannot_write(self._path, error) from None

    def _used(self) -> bool:
        return (
            self._output is not None
            and self._output.exists()
            and self._output.stat().st_mtime_ns > os.fstat(self._file.fileno()).st_mtime_ns
        )


def cannot_write(path: Path, error: OSError) -> InvalidInputError:
    """The error for a file that the disk does not take."""
    return InvalidInputError(
        "The file can't be written",
        got=error.strerror or str(error),
        allowed="a file in a folder that exists, with room on the disk",
        fix="check the path and the disk",
        where=str(path),
    )


def _head(line: bytes) -> dict[str, Any] | None:
    """The repository of a line; None if it is not complete."""
    if not line.endswith(b"]\n"):
        return None
    try:
        head, _ = json.JSONDecoder().raw_decode(line.decode(), 1)
        return head if {"region", "name", "created", "read", "count"} <= set(head) else None
    except (ValueError, TypeError):
        return None
