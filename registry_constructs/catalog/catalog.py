"""The class `Catalog`: repositories described in files, read and checked as a whole."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from registry_constructs.catalog.contents import CatalogContents
from registry_constructs.catalog.loading import read_file
from registry_constructs.catalog.problems import InvalidCatalogError, in_order
from registry_constructs.catalog.references import References
from registry_constructs.catalog.schema import CatalogFile
from registry_constructs.catalog.source import PathInFile, Source, catalog_files, dotted
from registry_constructs.ecr.errors import InvalidInputError

_BY_NAME = (
    "environments",
    "teams",
    "profiles",
    "replications",
    "caches",
    "publishers",
    "repositories",
)
_ONCE = ("defaults", "stacks", "registry")


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Turn garbage collection off while a tree is built, which saves a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Catalog(CatalogContents):
    """The repositories of a platform, described in files or data.

    Args:
        files: The files. Each name, and each of `defaults`, `stacks` and `registry`, may be in only one
            of them.

    Attributes:
        stacks: How repositories are split over stacks.
        registry: The settings of each registry.
        environments: The accounts and Regions, by name; empty if the app sets account and Region.
        teams: The teams.
        profiles: The profiles.
        replications: The replications.
        caches: The pull-through caches.
        publishers: The publishers.
        allow_removal: Repositories that a plan may remove although they hold images.
        allow_replacement: Repositories that a plan may replace although they hold images.

    Raises:
        InvalidCatalogError: With all errors.
    """

    def __init__(self, *files: CatalogFile) -> None:
        self._build([(file, dotted) for file in files])

    @classmethod
    def load(cls, path: str | Path, *, allow_full: bool = False) -> Self:
        """Read a catalog from a YAML or JSON file, or from a folder of them.

        Args:
            path: The file or folder. In a folder, every file that ends in .yaml, .yml or .json is read.
            allow_full: Accept stacks with more repositories than fit, to plan more stacks.

        Raises:
            InvalidCatalogError: With all errors, each with file, line and path.
        """
        files = catalog_files(Path(path))
        with _no_collection():
            sources = [Source.read(file) for file in files]
            return cls._of(
                [(source.data, source.where) for source in sources],
                [problem for source in sources for problem in source.problems],
                allow_full=allow_full,
            )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a catalog from the data of a catalog file.

        Raises:
            InvalidCatalogError: With all errors, each with its path.
        """
        return cls._of([(dict(data), dotted)], [])

    @classmethod
    def _of(
        cls,
        read: list[tuple[Any, Callable[[PathInFile], str]]],
        problems: list[InvalidInputError],
        *,
        allow_full: bool = False,
    ) -> Self:
        files = []
        for data, where in read:
            file, found = read_file(data, where)
            problems += found
            if file is not None:
                files.append((file, where))
        catalog = cls.__new__(cls)
        catalog._build(files, problems, allow_full=allow_full)
        return catalog

    def _build(
        self,
        files: list[tuple[CatalogFile, Callable[[PathInFile], str]]],
        problems: Sequence[InvalidInputError] = (),
        *,
        allow_full: bool = False,
    ) -> None:
        references = References(files)
        merged: dict[str, dict[str, Any]] = {
            kind: references.union(kind, [(getattr(file, kind), where) for file, where in files])
            for kind in _BY_NAME
        }
        once: dict[str, Any] = {
            kind: references.once(
                kind,
                [(getattr(file, kind), where) for file, where in files if kind in file.model_fields_set],
            )
            for kind in _ONCE
        }
        super().__init__(files, merged, once)
        references.check(self, allow_full=allow_full)
        if problems or references.problems:
            raise InvalidCatalogError(in_order([*problems, *references.problems]))
        # Only the lines, so that the files' trees need not be kept.
        self._where = {name: references.where(name) for name in self}

    def where(self, name: str) -> str:
        """The location of a repository: file, line and path; only the path for a catalog created in code."""
        return self._where[name]
