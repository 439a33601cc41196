"""Reading a large JSON document piece by piece, with the place of every fault.

The standard library's decoder reads the values; here is only what it lacks: a document that is longer than
one wants to hold, lines and columns in it, and the path to a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NoReturn, TextIO

from registry_constructs.ecr.errors import InvalidInputError

_SPACE = re.compile(r"[ \t\n\r]*")
# Characters read at a time; they double while one value does not fit.
_CHUNK = 1 << 18
# A decoder's complaint this close to the end may only mean that the rest has not been read yet: the longest
# thing that it reads in one piece, apart from strings and numbers, is "-Infinity".
_MARGIN = 16


class JsonStream:
    """A JSON document that is read once, from front to back.

    Args:
        stream: Where the text comes from.
        name: What errors call it, mostly the file's path.
    """

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self._text = ""
        self._at = 0
        self._ended = False
        # The place of the text's first character; lines and columns count from 1.
        self._line = 1
        self._column = 1
        # Where the last value began in the text.
        self._value_at = 0
        self._path: list[str | int] = []
        self._decoder = json.JSONDecoder(parse_constant=_no_constant)

    @property
    def path(self) -> str:
        """The path to the value that is being read, such as `repositories[2].imageDetails`."""
        return join_path(*self._path)

    @property
    def next_character(self) -> str:
        """The character that the next value begins with; empty at the end of the document."""
        self._skip_space()
        return self._text[self._at : self._at + 1]

    def object_keys(self) -> Iterator[str]:
        """The keys of the object that comes next. The value of each has to be read before the next key.

        Raises:
            InvalidInputError: There is no object, it is broken, or a key stands in it twice.
        """
        seen = set()
        for _ in self._members("{", "}", "an object"):
            key = self._decode()
            if not isinstance(key, str):
                self.fail("The key of an object is not in quotes", got=key, fix="write it in quotes")
            if key in seen:
                self.fail(f"The key {key} stands twice in one object", got=key, fix="remove one of them")
            seen.add(key)
            self._expect(":")
            self._path.append(key)
            yield key
            self._path.pop()

    def list_indexes(self) -> Iterator[int]:
        """The indexes of the list that comes next. Each item has to be read before the next index.

        Raises:
            InvalidInputError: There is no list, or it is broken.
        """
        for index in self._members("[", "]", "a list"):
            self._path.append(index)
            yield index
            self._path.pop()

    def value(self) -> object:
        """The value that comes next, whole.

        Raises:
            InvalidInputError: It is not JSON.
        """
        return self._decode()

    def end(self) -> None:
        """Check that nothing follows.

        Raises:
            InvalidInputError: Something does.
        """
        if self.next_character:
            self.fail("The document goes on after its end", got=self._excerpt(), fix="remove the rest")

    def fail(self, problem: str, *, got: object, fix: str, allowed: str = "JSON") -> NoReturn:
        """Raise an error that says where reading has come to."""
        where = self._where(self._at, self.path)
        raise InvalidInputError(problem, got=got, allowed=allowed, fix=fix, where=where)

    def refuse(self, problem: str, *, got: object, fix: str, allowed: str) -> NoReturn:
        """Raise an error that says where the value began that was read last."""
        raise InvalidInputError(problem, got=got, allowed=allowed, fix=fix, where=self.value_place())

    def value_place(self, inside: str = "") -> str:
        """Where the last value began, and the path to it or to something inside it; ask before reading on."""
        path = ".".join(filter(None, (self.path, inside)))
        return self._where(self._value_at, path)

    def _members(self, opening: str, closing: str, kind: str) -> Iterator[int]:
        if self.next_character != opening:
            self.fail(
                f"This is not {kind}", got=self._excerpt(), allowed=kind, fix=f"write {opening} {closing}"
            )
        self._at += 1
        index = 0
        if self.next_character == closing:
            self._at += 1
            return
        while True:
            yield index
            index += 1
            character = self.next_character
            if character == closing:
                self._at += 1
                return
            self._expect(",")
            if self.next_character == closing:
                self.fail("A comma stands before the end", got=",", fix="remove it")

    def _expect(self, character: str) -> None:
        if self.next_character != character:
            problem = f"A {character!r} is missing" if self.next_character else "The document ends too early"
            self.fail(problem, got=self._excerpt(), fix="mend the text here; is the file complete?")
        self._at += 1

    def _decode(self) -> object:
        self._skip_space()
        size = _CHUNK
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                unfinished = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _MARGIN
                if not unfinished or self._ended:
                    self._broken(error)
            except RecursionError:
                self.fail(
                    "The document is nested too deeply", got=self._excerpt(), fix="is it the right file?"
                )
            except ValueError as error:
                self.fail("A number can't be read", got=str(error), fix="correct the number")
            else:
                # A number may go on in what has not been read yet: 1 was read, and "e+" is left.
                if end + 2 < len(self._text) or self._ended:
                    self._value_at, self._at = self._at, end
                    return value
            self._read(size)
            size *= 2

    def _broken(self, error: json.JSONDecodeError) -> NoReturn:
        self._at = error.pos
        if error.pos >= len(self._text) or error.msg.startswith("Unterminated"):
            self.fail("The document ends too early", got=self._excerpt(), fix="is the file complete?")
        self.fail(f"This is not JSON: {error.msg}", got=self._excerpt(), fix="mend the text here")

    def _skip_space(self) -> None:
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text) or self._ended:
                return
            self._read(_CHUNK)

    def _read(self, size: int) -> None:
        try:
            more = self._stream.read(size)
        except UnicodeDecodeError as error:
            self.fail("The file is not UTF-8 text", got=str(error), allowed="UTF-8", fix="save it as UTF-8")
        self._ended = not more
        self._line, self._column = self._place(self._at)
        self._text = self._text[self._at :] + more
        self._at = 0

    def _where(self, at: int, path: str) -> str:
        line, column = self._place(at)
        return f"{self._name}: line {line} column {column}" + (f" ({path})" if path else "")

    def _place(self, at: int) -> tuple[int, int]:
        lines = self._text.count("\n", 0, at)
        if not lines:
            return self._line, self._column + at
        return self._line + lines, at - self._text.rindex("\n", 0, at)

    def _excerpt(self) -> str:
        return self._text[self._at : self._at + 40]


def join_path(*parts: str | int) -> str:
    """A path such as `rules[2].selection` from its keys and indexes."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")
