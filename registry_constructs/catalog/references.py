"""Checks between the parts of a catalog: names that must exist, keywords that must agree, limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from registry_constructs.catalog.contents import CatalogContents
from registry_constructs.catalog.description import Layer, RepositoryDescription
from registry_constructs.catalog.placement import REPOSITORIES_OF_A_STACK, TEMPLATE_BYTES, logical_id
from registry_constructs.catalog.problems import unknown
from registry_constructs.catalog.rendering import StackEnvironment, policy_length, template_size
from registry_constructs.catalog.schema import CatalogFile, LayerSettings
from registry_constructs.catalog.source import PathInFile
from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import names_start

Where = Callable[[PathInFile], str]
_MUTABILITY: Final = ("image_tag_mutability", "immutable_except", "mutable_except")


class References:
    """Checks the parts of a catalog against each other and collects the errors.

    Args:
        files: The files, each with a function that gives the location of a path in it.

    Attributes:
        problems: The errors found.
    """

    def __init__(self, files: list[tuple[CatalogFile, Where]]) -> None:
        self._files = files
        self._location_of = {name: where for file, where in files for name in file.repositories}
        self.problems: list[InvalidInputError] = []

    def where(self, name: str, *path: str) -> str:
        """The location of a repository, or of a key of it."""
        return self._location_of[name](("repositories", name, *path))

    def union(self, kind: str, parts: Iterable[tuple[Mapping[str, Any], Where]]) -> dict[str, Any]:
        """The entries of one kind in all files; a name defined in two files is an error."""
        found: dict[str, Any] = {}
        first: dict[str, Where] = {}
        for entries, where in parts:
            for name in entries.keys() & found.keys():
                self._twice(f"The name {name}", where, first[name], (kind, name))
            found |= entries
            first |= dict.fromkeys(entries, where)
        return found

    def once(self, kind: str, parts: list[tuple[Any, Where]]) -> Any:  # noqa: ANN401 - one of several models
        """The value of a key that only one file may have; None if no file has it."""
        for _, where in parts[1:]:
            self._twice(f"The key {kind}", where, parts[0][1], (kind,))
        return parts[0][0] if parts else None

    def check(self, catalog: CatalogContents, *, allow_full: bool) -> None:
        """Check all references between parts, and the limits."""
        self._settings(catalog)
        self._replications(catalog)
        self._caches(catalog)
        self._pinned(catalog)
        self._allowed(catalog)
        self._logical_ids(catalog)
        for environment in catalog.environments or [""]:
            stack_environment = catalog.stack_environment(environment)
            for repository in catalog.repositories(environment):
                for problem in self._repository(catalog, repository, environment, stack_environment):
                    keys = problem.where.split(".") if problem.where else []
                    self.problems.append(problem.at(self.where(repository.name, *keys)))
            if not allow_full:
                self._sizes(catalog.by_stack(environment), environment, stack_environment)

    def _settings(self, catalog: CatalogContents) -> None:
        """Check the names that settings refer to, and keywords of one layer that contradict each other."""
        known: dict[str, Mapping[str, Any]] = {
            "team": catalog.teams,
            "profile": catalog.profiles,
            "cache": catalog.caches,
            "environments": catalog.environments,
            "replications": catalog.replications,
        }
        publishers = catalog.publishers
        for file, where in self._files:
            if file.team and file.team not in catalog.teams:
                self.problems.append(unknown("team", file.team, catalog.teams, where=where(("team",))))
            for path, settings in _layers(file):
                given = settings.given()
                for keyword, entries in known.items():
                    value = given.get(keyword)
                    for name in (value,) if isinstance(value, str) else value or ():
                        if name not in entries:
                            what = keyword.removesuffix("s") if keyword != "team" else keyword
                            self.problems.append(unknown(what, name, entries, where=where((*path, keyword))))
                if "access" in given:
                    for name in given["access"].publishers:
                        if name not in publishers:
                            location = where((*path, "access", "publishers"))
                            self.problems.append(unknown("publisher", name, publishers, where=location))
                for problem in _contradictions(given):
                    self._add(problem, where(path))

    def _repository(
        self,
        catalog: CatalogContents,
        repository: RepositoryDescription,
        environment: str,
        stack_environment: StackEnvironment,
    ) -> Iterable[InvalidInputError]:
        """The errors of a repository after its layers are merged."""
        if repository.empty_on_delete and repository.removal_policy != "DESTROY":
            yield InvalidInputError(
                "empty_on_delete without removal_policy: DESTROY",
                got=repository.removal_policy,
                allowed="removal_policy: DESTROY with empty_on_delete",
                fix="add removal_policy: DESTROY if the repository may be deleted, or remove empty_on_delete",
            )
        region = stack_environment.region
        key_region = repository.encryption_key.split(":")[3] if repository.encryption_key else region
        if region is not None and key_region != region:
            yield InvalidInputError(
                f"The key is in another Region than environment {environment}",
                got=repository.encryption_key,
                allowed=f"a key in {region}, the Region of the repository",
                fix=f"set encryption_key in environments.{environment}.defaults to a key of that Region",
            )
        if repository.access.model_fields_set:
            try:
                length = policy_length(repository, stack_environment)
            except InvalidInputError as error:
                yield error
                length = 0
            if length > limits.REPOSITORY_POLICY_LENGTH:
                yield InvalidInputError(
                    f"The repository policy has {length:,} characters",
                    got=f"access for {len(repository.access.accounts)} accounts and other principals",
                    allowed=f"{limits.REPOSITORY_POLICY_LENGTH:,} characters",
                    fix="allow an organization to pull instead of many accounts",
                    where="access",
                )
        if len(repository.tags) > limits.RESOURCE_TAGS:
            yield InvalidInputError(
                f"The repository has {len(repository.tags)} tags, including those of all layers",
                got=sorted(repository.tags),
                allowed=f"{limits.RESOURCE_TAGS} tags",
                fix="remove some",
                where="tags",
            )
        yield from _wrong_tags(repository.tags)
        if catalog.caches:
            yield from _wrong_cache(catalog, repository)
        if repository.replications is not None:
            yield from _wrong_replications(catalog, repository, repository.replications)

    def _replications(self, catalog: CatalogContents) -> None:
        for file, where in self._files:
            for name, replication in file.replications.items():
                location = where(("replications", name))
                for end in (replication.source, *replication.destinations):
                    if end not in catalog.environments:
                        self.problems.append(
                            unknown("environment", end, catalog.environments, where=location)
                        )
                if replication.source in replication.destinations:
                    self._add(
                        InvalidInputError(
                            "A registry can't replicate to itself",
                            got=replication.source,
                            allowed="other environments",
                            fix="remove it from destinations",
                        ),
                        location,
                    )
                if replication.profile and replication.profile not in catalog.profiles:
                    self.problems.append(
                        unknown("profile", replication.profile, catalog.profiles, where=location)
                    )

    def _caches(self, catalog: CatalogContents) -> None:
        seen: dict[str, str] = {}
        for file, where in self._files:
            for name, cache in file.caches.items():
                for environment in cache.environments:
                    if environment not in catalog.environments:
                        location = where(("caches", name, "environments"))
                        self.problems.append(
                            unknown("environment", environment, catalog.environments, where=location)
                        )
                other = seen.setdefault(cache.prefix, name)
                if other != name:
                    self._add(
                        InvalidInputError(
                            f"The cache {other} already has this prefix",
                            got=cache.prefix,
                            allowed="a different prefix for each cache",
                            fix="choose another prefix",
                            where="prefix",
                        ),
                        where(("caches", name)),
                    )

    def _pinned(self, catalog: CatalogContents) -> None:
        seen: dict[str, int] = {}
        last = 0
        for generation in catalog.placement.generations[:-1]:
            if generation.first != last:
                self._add(
                    InvalidInputError(
                        "The numbers of pinned stacks have a gap or overlap",
                        got=f"stacks from {generation.first} on, after {last - 1}",
                        allowed=f"stacks from {last} on",
                        fix="restore what 'catalog grow' wrote",
                    ),
                    "pinned",
                )
            last = generation.first + generation.count
            for name in sorted(generation.pinned or ()):
                if seen.setdefault(name, generation.first) != generation.first:
                    self._add(
                        InvalidInputError(
                            f"{name} is pinned twice",
                            got=f"to the stacks from {seen[name]} on and to those from {generation.first} on",
                            allowed="one of them",
                            fix="restore what 'catalog grow' wrote",
                        ),
                        "pinned",
                    )

    def _allowed(self, catalog: CatalogContents) -> None:
        for file, where in self._files:
            for name in file.allow_removal:
                if name in catalog:
                    self._add(
                        InvalidInputError(
                            f"{name} is in allow_removal and in the catalog",
                            got=self.where(name),
                            allowed="repositories that are not in the catalog",
                            fix="remove the repository from the catalog, or its name from allow_removal",
                        ),
                        where(("allow_removal",)),
                    )
            for name in file.allow_replacement:
                if name not in catalog:
                    location = where(("allow_replacement",))
                    self.problems.append(unknown("repository", name, catalog, where=location))

    def _logical_ids(self, catalog: CatalogContents) -> None:
        """Check that no two names share a logical id: it contains one of 4,294,967,296 hashes."""
        seen: dict[str, str] = {}
        for name in sorted(catalog):
            other = seen.setdefault(logical_id(name), name)
            if other != name:
                self._add(
                    InvalidInputError(
                        f"The name has the same logical id as {other}",
                        got=name,
                        allowed="another name",
                        fix="rename the repository that is not deployed yet",
                    ),
                    self.where(name),
                )

    def _sizes(
        self,
        stacks: Mapping[str, list[RepositoryDescription]],
        environment: str,
        stack_environment: StackEnvironment,
    ) -> None:
        for stack, repositories in stacks.items():
            count, size = len(repositories), template_size(repositories, stack_environment)
            if count > REPOSITORIES_OF_A_STACK or size > TEMPLATE_BYTES:
                at = f" in {environment}" if environment else ""
                length = f", {size:,} bytes" if size > TEMPLATE_BYTES else ""
                self.problems.append(
                    InvalidInputError(
                        f"The stack {stack} is full",
                        got=f"{count:,} repositories{length}{at}",
                        allowed=f"{REPOSITORIES_OF_A_STACK} repositories and {TEMPLATE_BYTES:,} bytes: "
                        "CloudFormation allows 500 resources and 1 MB",
                        fix="'registry-constructs catalog grow' plans more stacks; no repository moves",
                        where=self._location("stacks", "count"),
                    )
                )

    def _location(self, kind: str, *path: str) -> str:
        """The location of a key that only one file may have; its path if no file has it."""
        there = [where for file, where in self._files if kind in file.model_fields_set]
        return there[0]((kind, *path)) if there else ".".join([kind, *path])

    def _twice(self, what: str, where: Where, first: Where, path: PathInFile) -> None:
        self.problems.append(
            InvalidInputError(
                f"{what} is defined twice in the catalog",
                got=f"first defined at {first(path)}",
                allowed="one definition in all files",
                fix="remove or rename one of them",
                where=where(path),
            )
        )

    def _add(self, problem: InvalidInputError, where: str) -> None:
        self.problems.append(problem.at(f"{where}.{problem.where}" if problem.where else where))


def _layers(file: CatalogFile) -> Iterable[tuple[PathInFile, LayerSettings]]:
    yield ("defaults",), file.defaults
    for name, environment in file.environments.items():
        yield ("environments", name, "defaults"), environment.defaults
    for kind in ("teams", "profiles", "repositories"):
        for name, settings in getattr(file, kind).items():
            yield (kind, name), settings


def _contradictions(given: Layer) -> Iterable[InvalidInputError]:
    mutability = [name for name in _MUTABILITY if name in given]
    if len(mutability) > 1:
        yield InvalidInputError(
            "Tag mutability is set more than once",
            got=mutability,
            allowed=f"one of {', '.join(_MUTABILITY)}",
            fix="keep the intended one",
        )
    if given.get("encryption") == "AES_256" and "encryption_key" in given:
        yield InvalidInputError(
            "AES_256 does not use a KMS key",
            got=["encryption", "encryption_key"],
            allowed="encryption_key with KMS or KMS_DSSE",
            fix="remove one of the two",
        )


def _wrong_tags(tags: Mapping[str, str]) -> Iterable[InvalidInputError]:
    longest_key, longest_value = limits.TEMPLATE_TAG_LENGTHS
    for name, value in tags.items():
        fits = 1 <= len(name) <= longest_key and len(value) <= longest_value
        if not fits or name.startswith("aws:"):
            yield InvalidInputError(
                "AWS does not accept this tag",
                got={name: value},
                allowed=f"a key of 1 to {longest_key} characters that does not begin with aws:, and a value "
                f"of up to {longest_value}",
                fix="shorten or rename it",
                where="tags",
            )


def _wrong_cache(catalog: CatalogContents, repository: RepositoryDescription) -> Iterable[InvalidInputError]:
    over = {
        name
        for name, cache in catalog.caches.items()
        if cache.prefix != limits.ROOT_PREFIX and repository.name.startswith(names_start(cache.prefix))
    }
    if repository.cache and repository.cache not in over and repository.cache in catalog.caches:
        prefix = catalog.caches[repository.cache].prefix
        if prefix != limits.ROOT_PREFIX:
            yield InvalidInputError(
                f"The cache {repository.cache} does not cover this repository",
                got=repository.name,
                allowed=f"names that begin with {prefix}/",
                fix="rename the repository, or remove cache",
                where="cache",
            )
    elif over and not repository.cache:
        [name] = sorted(over)[:1]
        yield InvalidInputError(
            f"The cache {name} covers this repository, which does not name it",
            got=repository.name,
            allowed=f"names that do not begin with {catalog.caches[name].prefix}/, or cache: {name}",
            fix=f"write cache: {name} if this is intended, or rename the repository",
        )


def _wrong_replications(
    catalog: CatalogContents, repository: RepositoryDescription, wanted: tuple[str, ...]
) -> Iterable[InvalidInputError]:
    covering = {
        name
        for name, replication in catalog.replications.items()
        if any(repository.name.startswith(prefix) for prefix in replication.prefixes)
    }
    for name in wanted:
        if name in catalog.replications and name not in covering:
            yield InvalidInputError(
                f"The replication {name} does not cover this repository",
                got=repository.name,
                allowed=f"names that begin with {', '.join(catalog.replications[name].prefixes)}",
                fix=f"add a prefix to replications.{name}, or remove {name} here",
                where="replications",
            )
    for name in sorted(covering - set(wanted)):
        yield InvalidInputError(
            f"The replication {name} covers this repository, which does not name it",
            got=list(wanted),
            allowed="all replications whose prefixes its name begins with",
            fix=f"add {name}, or choose other prefixes",
            where="replications",
        )
