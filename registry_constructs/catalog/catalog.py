"""A whole catalog: its files as one, every repository described, everything wrong with it said at once."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from registry_constructs.catalog.description import Layer, RepositoryDescription, described, joined
from registry_constructs.catalog.loading import read_file
from registry_constructs.catalog.placement import Placement, stack_of
from registry_constructs.catalog.problems import InvalidCatalogError, in_order
from registry_constructs.catalog.references import References
from registry_constructs.catalog.rendered import Rendered, rendered
from registry_constructs.catalog.rendering import Place
from registry_constructs.catalog.schema import (
    Cache,
    CatalogFile,
    Environment,
    Meant,
    Publisher,
    Registry,
    Replication,
    Settings,
    Stacks,
    Team,
)
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
    """Let Python not look for garbage while a tree is built, all of which stays: a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Catalog:
    """The repositories of a platform, described in data.

    Args:
        files: What it says. In several files, each name, and each of `defaults`, `stacks` and `registry`,
            stands in one of them.

    Attributes:
        stacks: How repositories are split over stacks.
        registry: The settings of each registry.
        environments: The accounts and Regions, by name; empty where the app says where it deploys.
        teams: The teams.
        profiles: The profiles.
        replications: The replications.
        caches: The pull-through caches.
        publishers: The publishers.
        meant: What a plan may do although images are at stake.

    Raises:
        InvalidCatalogError: With everything that is wrong.
    """

    def __init__(self, *files: CatalogFile) -> None:
        self._build([(file, dotted) for file in files])

    @classmethod
    def load(cls, path: str | Path, *, allow_full: bool = False) -> Self:
        """Read a catalog from a YAML or JSON file, or from a folder of them.

        Args:
            path: The file or folder. Of a folder, every file that ends in .yaml, .yml or .json is read.
            allow_full: Read a catalog with more repositories in a stack than fit as well, to plan more.

        Raises:
            InvalidCatalogError: With everything that is wrong, each with file, line and path.
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
        """Read a catalog from the data that a file of it would hold.

        Raises:
            InvalidCatalogError: With everything that is wrong, each with its path.
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
        self.stacks: Stacks = once["stacks"] or Stacks()
        self.registry: Registry = once["registry"] or Registry()
        self._defaults: Settings = once["defaults"] or Settings()
        self.environments: dict[str, Environment] = merged["environments"]
        self.teams: dict[str, Team] = merged["teams"]
        self.profiles: dict[str, Settings] = merged["profiles"]
        self.replications: dict[str, Replication] = merged["replications"]
        self.caches: dict[str, Cache] = merged["caches"]
        self.publishers: dict[str, Publisher] = merged["publishers"]
        self.meant = Meant(
            removed=tuple(name for file, _ in files for name in file.meant.removed),
            replaced=tuple(name for file, _ in files for name in file.meant.replaced),
        )
        self.placement = Placement(self.stacks.planned, [one for file, _ in files for one in file.stayed])
        self._own: dict[str, Layer] = {}
        for file, _ in files:
            for name, repository in file.repositories.items():
                said = repository.given()
                if file.team and "team" not in said:
                    said = {"team": file.team, **said}
                self._own[name] = said
        self._layers: dict[tuple[str, str, str], Layer] = {}
        self._described: dict[str, list[RepositoryDescription]] = {}
        self._rendered: dict[tuple[str, Place], dict[str, Rendered]] = {}
        references.check(self, allow_full=allow_full)
        if problems or references.problems:
            raise InvalidCatalogError(in_order([*problems, *references.problems]))
        # The lines alone, so that the files' trees need not be kept.
        self._where = {name: references.where(name) for name in self._own}

    def __len__(self) -> int:
        return len(self._own)

    def __iter__(self) -> Iterator[str]:
        """The repositories' names, as they are written."""
        return iter(self._own)

    def __contains__(self, name: object) -> bool:
        return name in self._own

    def where(self, name: str) -> str:
        """Where a repository is written: file, line and path; in code the path alone."""
        return self._where[name]

    def place(self, environment: str = "") -> Place:
        """The account and Region of an environment; unknown ones for a catalog without environments."""
        found = self.environments.get(environment)
        return Place(found.account, found.region) if found else Place()

    def describe(self, name: str, environment: str = "") -> RepositoryDescription:
        """A repository as all layers describe it: defaults, environment, team, profile, itself.

        Raises:
            KeyError: There is no such repository.
        """
        own = self._own[name]
        said = joined(self.layer(environment, own.get("team", ""), own.get("profile", "")), own)
        return described(name, said)

    def repositories(self, environment: str = "") -> list[RepositoryDescription]:
        """The repositories of an environment, sorted by name."""
        if environment not in self._described:
            found = (self.describe(name, environment) for name in sorted(self._own))
            self._described[environment] = [
                one for one in found if not one.environments or environment in one.environments
            ]
        return list(self._described[environment])

    def by_stack(self, environment: str = "") -> dict[str, list[RepositoryDescription]]:
        """The repositories of an environment by the id of their stack, both sorted."""
        stacks: dict[str, list[RepositoryDescription]] = {}
        for repository in self.repositories(environment):
            stacks.setdefault(self.stack(repository), []).append(repository)
        return dict(sorted(stacks.items()))

    def rendered(self, environment: str = "", place: Place | None = None) -> dict[str, Rendered]:
        """The resources of each stack of an environment, by the stack's id.

        Args:
            environment: The environment.
            place: Where the stacks are. Default: where the catalog says.
        """
        place = place or self.place(environment)
        if (environment, place) not in self._rendered:
            self._rendered[environment, place] = {
                stack: rendered(found, place) for stack, found in self.by_stack(environment).items()
            }
        return self._rendered[environment, place]

    def stack(self, repository: RepositoryDescription) -> str:
        """The id of the stack that a repository stands in."""
        team = repository.team if self.stacks.by == "team" else ""
        return stack_of(self.placement.number(repository.name), team)

    def says_of_registry(self, environment: str) -> bool:
        """Whether it has settings, a cache or a replication for an environment's registry."""
        caches = any(not one.environments or environment in one.environments for one in self.caches.values())
        ends = {end for one in self.replications.values() for end in (one.source, *one.destinations)}
        return bool(self.registry.model_fields_set or caches or environment in ends)

    def layer(self, environment: str, team: str, profile: str) -> Layer:
        """What repositories of a team and profile get in an environment before they say anything."""
        key = (environment, team, profile)
        if key not in self._layers:
            layers: list[Layer] = [self._defaults.given()]
            if environment in self.environments:
                layers.append(self.environments[environment].defaults.given())
            if team in self.teams:
                layers.append(self.teams[team].given())
            if profile in self.profiles:
                layers.append(self.profiles[profile].given())
            found: Layer = {}
            for layer in layers:
                found = joined(found, layer)
            self._layers[key] = found
        return self._layers[key]
