"""What the parts of a catalog say of each other: names that must exist, keywords that must agree, limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from registry_constructs.catalog.contents import CatalogContents
from registry_constructs.catalog.description import Layer, RepositoryDescription
from registry_constructs.catalog.placement import REPOSITORIES_OF_A_STACK, TEMPLATE_BYTES, logical_id
from registry_constructs.catalog.problems import unknown
from registry_constructs.catalog.rendering import StackEnvironment, policy_length, template_size
from registry_constructs.catalog.schema import CatalogFile, Settings
from registry_constructs.catalog.source import PathInFile
from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import names_start

Where = Callable[[PathInFile], str]
_MUTABILITY: Final = ("image_tag_mutability", "immutable_except", "mutable_except")


class References:
    """Collects what is wrong between the parts of a catalog.

    Args:
        files: The files, each with what gives the place of a path in it.

    Attributes:
        problems: What was found.
    """

    def __init__(self, files: list[tuple[CatalogFile, Where]]) -> None:
        self._files = files
        self._place_of = {name: where for file, where in files for name in file.repositories}
        self.problems: list[InvalidInputError] = []

    def where(self, name: str, *path: str) -> str:
        """Where a repository, or a key of it, is written."""
        return self._place_of[name](("repositories", name, *path))

    def union(self, kind: str, parts: Iterable[tuple[Mapping[str, Any], Where]]) -> dict[str, Any]:
        """The entries of one kind of all files; a name that stands in two of them is a problem."""
        found: dict[str, Any] = {}
        first: dict[str, Where] = {}
        for entries, where in parts:
            for name in entries.keys() & found.keys():
                self._twice(f"The name {name}", where, first[name], (kind, name))
            found |= entries
            first |= dict.fromkeys(entries, where)
        return found

    def once(self, kind: str, parts: list[tuple[Any, Where]]) -> Any:  # noqa: ANN401 - one of several models
        """What one file says of a thing that the catalog has once; None where none does."""
        for _, where in parts[1:]:
            self._twice(f"The key {kind}", where, parts[0][1], (kind,))
        return parts[0][0] if parts else None

    def check(self, catalog: CatalogContents, *, allow_full: bool) -> None:
        """Check everything that one part says of another."""
        self._settings(catalog)
        self._replications(catalog)
        self._caches(catalog)
        self._pinned(catalog)
        self._allowed(catalog)
        self._logical_ids(catalog)
        for environment in catalog.environments or [""]:
            place = catalog.place(environment)
            for repository in catalog.repositories(environment):
                for problem in self._repository(catalog, repository, environment, place):
                    keys = problem.where.split(".") if problem.where else []
                    self.problems.append(problem.at(self.where(repository.name, *keys)))
            if not allow_full:
                self._sizes(catalog.by_stack(environment), environment, place)

    def _settings(self, catalog: CatalogContents) -> None:
        """Names that settings of any layer mention, and keywords of one layer that contradict each other."""
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
                said = settings.given()
                for keyword, entries in known.items():
                    value = said.get(keyword)
                    for name in (value,) if isinstance(value, str) else value or ():
                        if name not in entries:
                            what = keyword.removesuffix("s") if keyword != "team" else keyword
                            self.problems.append(unknown(what, name, entries, where=where((*path, keyword))))
                if "access" in said:
                    for name in said["access"].publishers:
                        if name not in publishers:
                            place = where((*path, "access", "publishers"))
                            self.problems.append(unknown("publisher", name, publishers, where=place))
                for problem in _contradictions(said):
                    self._add(problem, where(path))

    def _repository(
        self,
        catalog: CatalogContents,
        repository: RepositoryDescription,
        environment: str,
        place: StackEnvironment,
    ) -> Iterable[InvalidInputError]:
        """What is wrong with a repository once its layers are joined."""
        if repository.empty_on_delete and repository.removal_policy != "DESTROY":
            yield InvalidInputError(
                "empty_on_delete without a removal that deletes",
                got=repository.removal_policy,
                allowed="removal_policy: DESTROY beside it",
                fix="say that the repository and its images may be deleted, or leave empty_on_delete out",
            )
        key_region = repository.encryption_key.split(":")[3] if repository.encryption_key else place.region
        if place.region is not None and key_region != place.region:
            yield InvalidInputError(
                f"The key is in another Region than environment {environment}",
                got=repository.encryption_key,
                allowed=f"a key in {place.region}, where the images are",
                fix=f"write a key of that Region into environments.{environment}.defaults",
            )
        if repository.access.model_fields_set:
            try:
                length = policy_length(repository, place)
            except InvalidInputError as error:
                yield error
                length = 0
            if length > limits.REPOSITORY_POLICY_LENGTH:
                yield InvalidInputError(
                    f"The repository policy has {length:,} characters",
                    got=f"{len(repository.access.accounts)} accounts and more",
                    allowed=f"{limits.REPOSITORY_POLICY_LENGTH:,} characters",
                    fix="let an organization pull instead of many accounts",
                    where="access",
                )
        if len(repository.tags) > limits.RESOURCE_TAGS:
            yield InvalidInputError(
                f"The repository has {len(repository.tags)} tags with those of all layers",
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
                place = where(("replications", name))
                for end in (replication.source, *replication.destinations):
                    if end not in catalog.environments:
                        self.problems.append(unknown("environment", end, catalog.environments, where=place))
                if replication.source in replication.destinations:
                    self._add(
                        InvalidInputError(
                            "A registry can't replicate to itself",
                            got=replication.source,
                            allowed="other environments",
                            fix="take it out of destinations",
                        ),
                        place,
                    )
                if replication.profile and replication.profile not in catalog.profiles:
                    self.problems.append(
                        unknown("profile", replication.profile, catalog.profiles, where=place)
                    )

    def _caches(self, catalog: CatalogContents) -> None:
        seen: dict[str, str] = {}
        for file, where in self._files:
            for name, cache in file.caches.items():
                for environment in cache.environments:
                    if environment not in catalog.environments:
                        place = where(("caches", name, "environments"))
                        self.problems.append(
                            unknown("environment", environment, catalog.environments, where=place)
                        )
                other = seen.setdefault(cache.prefix, name)
                if other != name:
                    self._add(
                        InvalidInputError(
                            f"The cache {other} has this prefix already",
                            got=cache.prefix,
                            allowed="a prefix of its own for each cache",
                            fix="choose another one",
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
                        "The pinned stacks do not follow each other",
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
                            f"{name} stays in two places",
                            got=f"the stacks from {seen[name]} on, and those from {generation.first} on",
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
                            f"{name} may be removed, and is in the catalog",
                            got=self.where(name),
                            allowed="repositories that are not in the catalog",
                            fix="remove it there, or take it out here",
                        ),
                        where(("allow_removal",)),
                    )
            for name in file.allow_replacement:
                if name not in catalog:
                    place = where(("allow_replacement",))
                    self.problems.append(unknown("repository", name, catalog, where=place))

    def _logical_ids(self, catalog: CatalogContents) -> None:
        """Two names may have one logical id, as one of 4,294,967,296 hashes."""
        seen: dict[str, str] = {}
        for name in sorted(catalog):
            other = seen.setdefault(logical_id(name), name)
            if other != name:
                self._add(
                    InvalidInputError(
                        f"The name gives the same logical id as {other}",
                        got=name,
                        allowed="another name",
                        fix="rename the one that is not deployed yet",
                    ),
                    self.where(name),
                )

    def _sizes(
        self,
        stacks: Mapping[str, list[RepositoryDescription]],
        environment: str,
        place: StackEnvironment,
    ) -> None:
        for stack, repositories in stacks.items():
            count, size = len(repositories), template_size(repositories, place)
            if count > REPOSITORIES_OF_A_STACK or size > TEMPLATE_BYTES:
                at = f" in {environment}" if environment else ""
                length = f", {size:,} bytes" if size > TEMPLATE_BYTES else ""
                self.problems.append(
                    InvalidInputError(
                        f"The stack {stack} is full",
                        got=f"{count:,} repositories{length}{at}",
                        allowed=f"{REPOSITORIES_OF_A_STACK} repositories and {TEMPLATE_BYTES:,} bytes: "
                        "CloudFormation takes 500 resources and 1 MB",
                        fix="'registry-constructs catalog grow' plans more stacks; nothing that exists moves",
                        where=self._place("stacks", "count"),
                    )
                )

    def _place(self, kind: str, *path: str) -> str:
        """Where a thing stands that the catalog has once; its path alone where no file has it."""
        there = [where for file, where in self._files if kind in file.model_fields_set]
        return there[0]((kind, *path)) if there else ".".join([kind, *path])

    def _twice(self, what: str, where: Where, first: Where, path: PathInFile) -> None:
        self.problems.append(
            InvalidInputError(
                f"{what} stands twice in the catalog",
                got=f"the first is at {first(path)}",
                allowed="each once in all files",
                fix="remove or rename one of them",
                where=where(path),
            )
        )

    def _add(self, problem: InvalidInputError, where: str) -> None:
        self.problems.append(problem.at(f"{where}.{problem.where}" if problem.where else where))


def _layers(file: CatalogFile) -> Iterable[tuple[PathInFile, Settings]]:
    yield ("defaults",), file.defaults
    for name, environment in file.environments.items():
        yield ("environments", name, "defaults"), environment.defaults
    for kind in ("teams", "profiles", "repositories"):
        for name, settings in getattr(file, kind).items():
            yield (kind, name), settings


def _contradictions(said: Layer) -> Iterable[InvalidInputError]:
    mutability = [name for name in _MUTABILITY if name in said]
    if len(mutability) > 1:
        yield InvalidInputError(
            "Tag mutability is said more than once",
            got=mutability,
            allowed=f"one of {', '.join(_MUTABILITY)}",
            fix="keep the one that is meant",
        )
    if said.get("encryption") == "AES_256" and "encryption_key" in said:
        yield InvalidInputError(
            "AES_256 takes no key",
            got=["encryption", "encryption_key"],
            allowed="encryption_key with KMS or KMS_DSSE",
            fix="leave one of the two out",
        )


def _wrong_tags(tags: Mapping[str, str]) -> Iterable[InvalidInputError]:
    longest_key, longest_value = limits.TEMPLATE_TAG_LENGTHS
    for name, value in tags.items():
        fits = 1 <= len(name) <= longest_key and len(value) <= longest_value
        if not fits or name.startswith("aws:"):
            yield InvalidInputError(
                "A tag that AWS refuses",
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
                f"The cache {repository.cache} never fills this repository",
                got=repository.name,
                allowed=f"names that begin with {prefix}/",
                fix="rename the repository, or leave cache out",
                where="cache",
            )
    elif over and not repository.cache:
        [name] = sorted(over)[:1]
        yield InvalidInputError(
            f"The cache {name} fills this repository",
            got=repository.name,
            allowed=f"names that do not begin with {catalog.caches[name].prefix}/, or cache: {name}",
            fix=f"write cache: {name} if that is meant, else rename it",
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
                fix=f"add a prefix to replications.{name}, or take it out here",
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
