"""The contents of a catalog: its parts, and the merged settings of each repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from registry_constructs.catalog.description import Layer, RepositoryDescription, described, joined
from registry_constructs.catalog.placement import Placement, stack_of
from registry_constructs.catalog.rendered import Rendered, rendered
from registry_constructs.catalog.rendering import StackEnvironment
from registry_constructs.catalog.schema import (
    Cache,
    CatalogFile,
    Environment,
    LayerSettings,
    Publisher,
    Registry,
    Replication,
    Stacks,
    Team,
)
from registry_constructs.catalog.source import PathInFile


class CatalogContents:
    """The parts of a catalog, merged from its files.

    Args:
        files: The files, each with a function that gives the location of a path in it.
        named: The parts that have a name, by kind and name.
        single: The parts that exist once, by kind; None for one that no file has.

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
    """

    def __init__(
        self,
        files: list[tuple[CatalogFile, Callable[[PathInFile], str]]],
        named: dict[str, dict[str, Any]],
        single: dict[str, Any],
    ) -> None:
        self.stacks: Stacks = single["stacks"] or Stacks()
        self.registry: Registry = single["registry"] or Registry()
        self._defaults: LayerSettings = single["defaults"] or LayerSettings()
        self.environments: dict[str, Environment] = named["environments"]
        self.teams: dict[str, Team] = named["teams"]
        self.profiles: dict[str, LayerSettings] = named["profiles"]
        self.replications: dict[str, Replication] = named["replications"]
        self.caches: dict[str, Cache] = named["caches"]
        self.publishers: dict[str, Publisher] = named["publishers"]
        self.allow_removal = frozenset(name for file, _ in files for name in file.allow_removal)
        self.allow_replacement = frozenset(name for file, _ in files for name in file.allow_replacement)
        self.placement = Placement(self.stacks.count, [one for file, _ in files for one in file.pinned])
        self._own: dict[str, Layer] = {}
        for file, _ in files:
            for name, repository in file.repositories.items():
                settings = repository.given()
                if file.team and "team" not in settings:
                    settings = {"team": file.team, **settings}
                self._own[name] = settings
        self._layers: dict[tuple[str, str, str], Layer] = {}
        self._described: dict[str, list[RepositoryDescription]] = {}
        self._rendered: dict[tuple[str, StackEnvironment], dict[str, Rendered]] = {}

    def __len__(self) -> int:
        return len(self._own)

    def __iter__(self) -> Iterator[str]:
        """The repositories' names, in the order of the files."""
        return iter(self._own)

    def __contains__(self, name: object) -> bool:
        return name in self._own

    def stack_environment(self, environment: str = "") -> StackEnvironment:
        """The account and Region of an environment; both None for a catalog without environments."""
        found = self.environments.get(environment)
        return StackEnvironment(found.account, found.region) if found else StackEnvironment()

    def describe(self, name: str, environment: str = "") -> RepositoryDescription:
        """Describe a repository by all its layers: defaults, environment, team, profile, its own settings.

        Raises:
            KeyError: There is no such repository.
        """
        own = self._own[name]
        settings = joined(self.layer(environment, own.get("team", ""), own.get("profile", "")), own)
        return described(name, settings)

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

    def rendered(
        self, environment: str = "", stack_environment: StackEnvironment | None = None
    ) -> dict[str, Rendered]:
        """The rendered resources of each stack of an environment, by the stack's id.

        Args:
            environment: The environment.
            stack_environment: The account and Region of the stacks. Default: those in the catalog.
        """
        stack_environment = stack_environment or self.stack_environment(environment)
        if (environment, stack_environment) not in self._rendered:
            self._rendered[environment, stack_environment] = {
                stack: rendered(found, stack_environment)
                for stack, found in self.by_stack(environment).items()
            }
        return self._rendered[environment, stack_environment]

    def stack(self, repository: RepositoryDescription) -> str:
        """The id of the stack that a repository belongs to."""
        team = repository.team if self.stacks.by == "team" else ""
        return stack_of(self.placement.number(repository.name), team)

    def has_registry_settings(self, environment: str) -> bool:
        """Whether the catalog has settings, a cache or a replication for an environment's registry."""
        caches = any(not one.environments or environment in one.environments for one in self.caches.values())
        ends = {end for one in self.replications.values() for end in (one.source, *one.destinations)}
        return bool(self.registry.model_fields_set or caches or environment in ends)

    def layer(self, environment: str, team: str, profile: str) -> Layer:
        """The merged settings that repositories of a team and profile inherit in an environment."""
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
