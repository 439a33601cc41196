"""What was read of registries, as the states that rules judge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from registry_constructs.ecr.names import names_start
from registry_constructs.ecr.references import parse_reference
from registry_constructs.ecr.regions import partition_of
from registry_constructs.rules.checks.retained import is_retained
from registry_constructs.rules.judge import Unjudged
from registry_constructs.rules.state import (
    CacheState,
    ConsumerState,
    Frequency,
    ImageState,
    Location,
    Policy,
    RegistryPolicyState,
    RegistryState,
    ReplicationDestination,
    ReplicationState,
    RepositoryState,
    ScanningRule,
    ScanningState,
    State,
    TemplateState,
)
from registry_constructs.rules.statements import read_policy
from registry_constructs.rules.values import Unknown, Value

_NOT_REPORTED: Final = Unknown("ECR did not report it")
NOT_REQUESTED: Final = Unknown("no rule needs it")
_STACK: Final = "aws:cloudformation:stack-name"
_LOGICAL_ID: Final = "aws:cloudformation:logical-id"
_DELETION: Final = ("DeletionPolicy", "UpdateReplacePolicy")
_PARTS: Final = ("lifecycle", "policy", "tags", "images")

Resources = Mapping[str, Any] | Unknown | None


class Raw(NamedTuple):
    """A repository as AWS answered; a part that no rule asks for is None.

    Attributes:
        described: Its entry in DescribeRepositories.
        lifecycle: The lifecycle policy's text; empty for none.
        policy: The repository policy's text; empty for none.
        tags: The AWS tags, all of them.
        images: What is needed of DescribeImages, in JSON's types.
        scan: How often its images are scanned.
    """

    described: Mapping[str, Any]
    lifecycle: str | Unknown | None = None
    policy: str | Unknown | None = None
    tags: dict[str, str] | Unknown | None = None
    images: list[dict[str, Any]] | Unknown | None = None
    scan: Frequency | Unknown | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.described["repositoryName"])

    @property
    def stack(self) -> str:
        """The stack that owns it; empty for none that is known."""
        return self.tags.get(_STACK, "") if isinstance(self.tags, dict) else ""

    @property
    def complete(self) -> bool:
        """Whether all was read that was requested."""
        return not any(isinstance(getattr(self, part), Unknown) for part in _PARTS)

    def dumped(self) -> dict[str, Any]:
        """Its parts in JSON's types."""
        return {part: getattr(self, part) for part in _PARTS}

    @classmethod
    def loaded(cls, described: Mapping[str, Any], parts: Mapping[str, Any]) -> Raw:
        """The repository whose parts were kept."""
        return cls(described, **parts)


class Read(NamedTuple):
    """What was read of a registry; a part that no rule asks for is None.

    Attributes:
        account: The account.
        region: The Region.
        repositories: Its repositories.
        caches: Its pull-through cache rules.
        templates: Its creation templates.
        policy: The registry policy's text; empty for none.
        replication: Its replication configuration.
        scanning: Its scanning configuration.
        own_key: The ARN of AWS's own key; empty if there is none.
        stacks: The resources of the stacks that own repositories.
    """

    account: str
    region: str
    repositories: list[Raw] | Unknown
    caches: list[dict[str, Any]] | Unknown
    templates: list[dict[str, Any]] | Unknown | None = None
    policy: str | Unknown | None = None
    replication: dict[str, Any] | Unknown | None = None
    scanning: dict[str, Any] | Unknown | None = None
    own_key: str | Unknown = NOT_REQUESTED
    stacks: Mapping[str, Resources] = {}


def states_of(reads: Iterable[Read]) -> tuple[list[State], list[Unjudged]]:
    """All that was read, and what was not read at all."""
    everything = list(reads)
    templates = {(read.account, read.region): _templates(read) for read in everything}
    states = [state for read in everything for state in _Registry(read, templates).states()]
    unread = [
        Unjudged(rule=None, where=f"the {what} of {read.account} in {read.region}", reason=found.reason)
        for read in everything
        for what, found in (
            ("repositories", read.repositories),
            # The caches are read for all, but only some rules are about them.
            ("pull-through caches", read.caches if read.scanning is not None else None),
            ("creation templates", read.templates),
        )
        if isinstance(found, Unknown)
    ]
    return states, unread


class _Registry(NamedTuple):
    read: Read
    templates: Mapping[tuple[str, str], tuple[TemplateState, ...] | Unknown]

    def states(self) -> Iterator[State]:
        read = self.read
        repositories = read.repositories
        if not isinstance(repositories, Unknown):
            yield from map(self._repository, repositories)
        yield self._registry()
        if not isinstance(read.caches, Unknown):
            yield from map(self._cache, read.caches)
        if read.policy is not None:
            yield RegistryPolicyState(
                name="registry policy",
                place=_settings(read, "registry-policy"),
                policy=_policy(read.policy),
                policy_length=read.policy if isinstance(read.policy, Unknown) else len(read.policy),
            )
        if read.scanning is not None:
            yield self._scanning(read.scanning)
        if read.replication is not None:
            yield self._replication(read.replication)
        own = self.templates[read.account, read.region]
        if not isinstance(own, Unknown):
            yield from own

    def _repository(self, raw: Raw) -> RepositoryState:
        described = raw.described
        encryption = described.get("encryptionConfiguration", {})
        kind = encryption.get("encryptionType") or _NOT_REPORTED
        mutability = described.get("imageTagMutability") or _NOT_REPORTED
        return RepositoryState(
            name=raw.name,
            place=Location(
                account=self.read.account, region=self.read.region, address=described["repositoryArn"]
            ),
            encryption=kind,
            key=self._key(kind, encryption.get("kmsKey")),
            mutability=mutability,
            exclusions=_exclusions(mutability, described.get("imageTagMutabilityExclusionFilters")),
            scan=_requested(raw.scan),
            lifecycle=_requested(raw.lifecycle),
            policy=_policy(raw.policy),
            policy_length=len(raw.policy) if isinstance(raw.policy, str) else _requested(raw.policy),
            tags=own_tags(raw.tags) if isinstance(raw.tags, dict) else _requested(raw.tags),
            cached=self._cached(raw.name),
            retained=self._retained(raw),
            images=_requested(
                raw.images if not isinstance(raw.images, list) else tuple(map(_image, raw.images))
            ),
            created=described.get("createdAt") or _NOT_REPORTED,
        )

    def _key(self, kind: str | Unknown, key: str | None) -> str | Unknown:
        """The customer's key; empty for AWS's own, and for the keys of Amazon S3, which ECR does not name."""
        if not key:
            return kind if isinstance(kind, Unknown) else ""
        if isinstance(self.read.own_key, Unknown):
            return self.read.own_key
        return "" if key == self.read.own_key else key

    def _cached(self, name: str) -> bool | Unknown:
        if isinstance(self.read.caches, Unknown):
            return self.read.caches
        starts = {names_start(one["ecrRepositoryPrefix"]) for one in self.read.caches}
        if any(start and name.startswith(start) for start in starts):
            return True
        return Unknown("the cache for ROOT may have made it") if "" in starts else False

    def _retained(self, raw: Raw) -> bool | Unknown:
        if not isinstance(raw.tags, dict):
            return NOT_REQUESTED if raw.tags is None else raw.tags
        if not raw.stack:
            return True
        resources = self.read.stacks.get(raw.stack, NOT_REQUESTED)
        if isinstance(resources, Unknown):
            return resources
        if resources is None:
            # The stack is gone and the repository is not.
            return True
        logical_id = raw.tags.get(_LOGICAL_ID)
        resource = resources.get(logical_id) if logical_id else None
        if resource is None:
            return Unknown(f"the template of {raw.stack} does not have it")
        if not _readable(resource):
            return Unknown(f"the template of {raw.stack} leaves it to the deployment")
        return is_retained(resource)

    def _registry(self) -> RegistryState:
        read = self.read
        return RegistryState(
            name="registry",
            place=_settings(read, "registry"),
            repositories=read.repositories
            if isinstance(read.repositories, Unknown)
            else len(read.repositories),
            caches=read.caches if isinstance(read.caches, Unknown) else len(read.caches),
        )

    def _cache(self, one: Mapping[str, Any]) -> CacheState:
        prefix = one["ecrRepositoryPrefix"]
        return CacheState(
            name=prefix,
            place=_settings(self.read, f"pull-through-cache-rule/{prefix}"),
            upstream=one["upstreamRegistryUrl"],
            credential=one.get("credentialArn", ""),
            role=one.get("customRoleArn", ""),
            templates=self.templates[self.read.account, self.read.region],
        )

    def _scanning(self, scanning: Mapping[str, Any] | Unknown) -> ScanningState:
        place = _settings(self.read, "scanning-configuration")
        if isinstance(scanning, Unknown):
            return ScanningState(name="scanning configuration", place=place, type=scanning, rules=scanning)
        names = self.read.repositories
        return ScanningState(
            name="scanning configuration",
            place=place,
            type=scanning["scanType"],
            rules=tuple(
                ScanningRule(
                    frequency=rule["scanFrequency"],
                    filters=tuple(one["filter"] for one in rule["repositoryFilters"]),
                )
                for rule in scanning["rules"]
            ),
            repositories=names if isinstance(names, Unknown) else tuple(raw.name for raw in names),
        )

    def _replication(self, replication: Mapping[str, Any] | Unknown) -> ReplicationState:
        name, place = "replication configuration", _settings(self.read, "replication-configuration")
        if isinstance(replication, Unknown):
            return ReplicationState(name=name, place=place, rules=replication, destinations=replication)
        rules = replication["rules"]
        destinations = tuple(
            ReplicationDestination(
                account=one["registryId"],
                region=one["region"],
                prefixes=tuple(given["filter"] for given in rule.get("repositoryFilters", [])),
                templates=self.templates.get(
                    (one["registryId"], one["region"]),
                    Unknown(f"{one['registryId']} {one['region']} was not read"),
                ),
            )
            for rule in rules
            for one in rule["destinations"]
        )
        return ReplicationState(name=name, place=place, rules=len(rules), destinations=destinations)


def consumers_of(
    uses: Iterable[tuple[str, str]], place: Location, repositories: Iterable[RepositoryState]
) -> Iterator[State]:
    """What runs images, by the places that run them.

    Args:
        uses: The place, for people, and the reference of an image that it runs.
        place: Where that is.
        repositories: The repositories of the registry.
    """
    images: defaultdict[str, list[str]] = defaultdict(list)
    for where, reference in uses:
        images[where].append(reference)
    mutability: dict[str, str] = {}
    exclusions: dict[str, tuple[str, ...]] = {}
    not_reported = set()
    for one in repositories:
        if isinstance(one.mutability, Unknown) or isinstance(one.exclusions, Unknown):
            not_reported.add(one.name)
        else:
            mutability[one.name], exclusions[one.name] = one.mutability, one.exclusions
    for where, references in sorted(images.items()):
        by_tag = {one.repository for one in map(parse_reference, references) if one and not one.digest}
        yield ConsumerState(
            name=where,
            place=Location(account=place.account, region=place.region, address=where),
            images=_NOT_REPORTED if by_tag & not_reported else tuple(references),
            mutability=mutability,
            exclusions=exclusions,
        )


def _templates(read: Read) -> tuple[TemplateState, ...] | Unknown:
    if not isinstance(read.templates, list):
        return NOT_REQUESTED if read.templates is None else read.templates
    return tuple(
        TemplateState(
            name=one["prefix"],
            place=_settings(read, f"repository-creation-template/{one['prefix']}"),
            applied_for=tuple(one.get("appliedFor", [])),
            policy=_policy(one.get("repositoryPolicy", "")),
        )
        for one in read.templates
    )


def _exclusions(mutability: str | Unknown, filters: list[dict[str, Any]] | None) -> tuple[str, ...] | Unknown:
    """The patterns that a mutability with exclusions has; ECR sends none with the others."""
    if filters is None:
        if isinstance(mutability, Unknown):
            return mutability
        return _NOT_REPORTED if mutability.endswith("_WITH_EXCLUSION") else ()
    return tuple(one["filter"] for one in filters)


def _readable(resource: object) -> bool:
    """Whether a resource of a template can be read, with deletion policies that are written out."""
    return (
        isinstance(resource, Mapping)
        and all(isinstance(resource.get(key, ""), str) for key in _DELETION)
        and isinstance(resource.get("Properties") or {}, Mapping)
    )


def _image(one: Mapping[str, Any]) -> ImageState:
    return ImageState(
        digest=one["imageDigest"],
        tags=tuple(one.get("imageTags", [])),
        pushed=datetime.fromisoformat(one["imagePushedAt"]),
        pulled=_time(one.get("lastRecordedPullTime")),
        scan=one["scan"],
        scanned=_time(one.get("scanned")),
    )


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags without those that AWS sets itself."""
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _policy(text: str | Unknown | None) -> Policy:
    return read_policy(text) if isinstance(text, str) else _requested(text)


def _requested(value: Value | None) -> Value | Unknown:
    """A part, or Unknown if it was not requested: no rule may use it then."""
    return NOT_REQUESTED if value is None else value


def _settings(read: Read, what: str) -> Location:
    """Where a setting of a registry is; ECR gives it no ARN of its own."""
    return Location(
        account=read.account,
        region=read.region,
        address=f"arn:{partition_of(read.region).name}:ecr:{read.region}:{read.account}:{what}",
    )
