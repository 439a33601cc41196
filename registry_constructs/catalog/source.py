"""Reads the files of a catalog: their data, and the line of each value. JSON is read as YAML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from registry_constructs.catalog.problems import InvalidCatalogError
from registry_constructs.ecr.errors import InvalidInputError

# libyaml where the wheel has it: the same grammar, ten times as fast.
_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG: Final = "tag:yaml.org,2002:"
SUFFIXES: Final = (".yaml", ".yml", ".json")
_SCHEMA: Final = ".schema.json"

PathInFile = tuple[str | int, ...]


class Source:
    """One file of a catalog, parsed.

    Attributes:
        name: The path of the file.
        data: The data of the file; None for an empty file.
        problems: Errors in the file's YAML, such as a duplicate key.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.problems: list[InvalidInputError] = []
        self._root: Any = None
        self._scalars = yaml.constructor.SafeConstructor()
        self._built: dict[int, Any] = {}
        self._known: dict[int, dict[str | int, tuple[Any, Any]]] = {}
        self._building: set[int] = set()
        try:
            self._root = yaml.compose(text, Loader=_Loader)
            self.data = self._value(self._root, ()) if self._root is not None else None
        except yaml.YAMLError as error:
            self.data = None
            self._refuse(error)
        except RecursionError:
            self.data = None
            self._add("The file is nested too deeply", "...", "a catalog", "write the catalog flat", line=1)

    @classmethod
    def read(cls, path: Path) -> Source:
        """Read a file in UTF-8.

        Raises:
            InvalidCatalogError: It can't be read.
        """
        try:
            return cls(str(path), path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidCatalogError(
                [
                    InvalidInputError(
                        "The file can't be read",
                        got=f"{type(error).__name__}: {error}",
                        allowed="a text file in UTF-8",
                        fix="check the path and the file",
                        where=str(path),
                    )
                ]
            ) from None

    def where(self, path: PathInFile) -> str:
        """The location of a value: file, line and path, such as `shop.yaml:12 repositories.shop/cart`."""
        return self._where(self.line(path), path)

    def line(self, path: PathInFile) -> int:
        """The line of a value's key, or of the nearest enclosing key that is in the file."""
        node, line = self._root, 1
        for part in path:
            if part not in (entries := self._entries(node)):
                break
            key, node = entries[part]
            line = key.start_mark.line + 1
        return line

    def _entries(self, node: Any) -> dict[str | int, tuple[Any, Any]]:
        """The entries of a node: for each key or index the node with its location, and the value's node."""
        if id(node) not in self._known:
            found: dict[str | int, tuple[Any, Any]] = {}
            if isinstance(node, yaml.SequenceNode):
                found = {index: (item, item) for index, item in enumerate(node.value)}
            elif isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if isinstance(key, yaml.ScalarNode) and key.tag != _TAG + "merge":
                        found.setdefault(key.value, (key, value))
                for parent in _merged(node):
                    found = self._entries(parent) | found
            self._known[id(node)] = found
        return self._known[id(node)]

    def _value(self, node: Any, path: PathInFile) -> Any:
        """The value of a node; each node is built once, so that an alias gives the same object."""
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._built:
            return self._built[id(node)]
        if id(node) in self._building:
            self._add(
                "The value contains itself", "an alias", "a value without a cycle", "write it out", path
            )
            return None
        self._building.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            built: Any = [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
        else:
            built = self._mapping(node, path)
        self._building.discard(id(node))
        self._built[id(node)] = built
        return built

    def _scalar(self, node: Any, path: PathInFile) -> Any:
        if node.tag == _TAG + "str" or node.tag == _TAG + "value":
            return node.value
        if not node.tag.startswith(_TAG):
            self._add("Custom YAML tags are not supported", node.tag, "plain values", "remove it", path)
            return None
        try:
            return self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            self._add("The value can't be read", node.value, "a plain value", f"fix it: {error}", path)
            return None

    def _mapping(self, node: Any, path: PathInFile) -> dict[Any, Any]:
        merged: dict[Any, Any] = {}
        own: dict[Any, Any] = {}
        for parent in _merged(node):
            found = self._value(parent, path)
            if isinstance(found, dict):
                merged = found | merged
            else:
                self._add("'<<' is not followed by a mapping", found, "an alias of a mapping", "fix it", path)
        for key_node, value_node in node.value:
            if key_node.tag == _TAG + "merge":
                continue
            key = self._value(key_node, path)
            if isinstance(key, dict | list):
                self._add("A key is not text", key, "text", "write a name", path)
            elif key in own:
                first = next(one for one, _ in node.value if self._value(one, path) == key)
                self._add(
                    f"Duplicate key {key}",
                    f"lines {first.start_mark.line + 1} and {key_node.start_mark.line + 1}",
                    "each key once: a YAML parser would use the last and drop the others",
                    "remove or rename one of them",
                    (*path, key),
                    line=key_node.start_mark.line + 1,
                )
            else:
                own[key] = self._value(value_node, (*path, key))
        return merged | own if merged else own

    def _refuse(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        self._add(
            "The file is not YAML",
            getattr(error, "problem", None) or str(error),
            "one YAML or JSON document",
            "fix the file at this line",
            line=mark.line + 1 if mark else 1,
        )

    def _add(
        self,
        problem: str,
        got: object,
        allowed: str,
        fix: str,
        path: PathInFile = (),
        *,
        line: int | None = None,
    ) -> None:
        where = self._where(line or self.line(path), path)
        self.problems.append(InvalidInputError(problem, got=got, allowed=allowed, fix=fix, where=where))

    def _where(self, line: int, path: PathInFile) -> str:
        return f"{self.name}:{line} {dotted(path)}".rstrip()


def dotted(path: Sequence[str | int]) -> str:
    """A path in dotted notation: `repositories.shop/cart.tags`, `lifecycle[1]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def catalog_files(path: Path) -> list[Path]:
    """The file, or the files in a folder and its subfolders, sorted; without hidden files and JSON Schemas.

    Raises:
        InvalidCatalogError: There is no such file or folder, or the folder has no catalog in it.
    """
    if path.is_dir():
        found = sorted(
            file
            for file in path.rglob("*")
            if file.suffix in SUFFIXES
            and not file.name.endswith(_SCHEMA)
            and file.is_file()
            and not any(part.startswith(".") for part in file.relative_to(path).parts)
        )
    else:
        found = [path] if path.is_file() else []
    if found:
        return found
    raise InvalidCatalogError(
        [
            InvalidInputError(
                "The folder has no catalog file" if path.is_dir() else "There is no such catalog",
                got=str(path),
                allowed=f"a file, or a folder with files that end in {', '.join(SUFFIXES)}",
                fix="check the path; 'registry-constructs catalog import' describes existing repositories",
            )
        ]
    )


def _merged(node: Any) -> list[Any]:
    """The mappings that a mapping merges with '<<'; the first one takes precedence."""
    found = [value for key, value in node.value if key.tag == _TAG + "merge"]
    return [
        one for value in found for one in (value.value if isinstance(value, yaml.SequenceNode) else [value])
    ]
