"""What rules judge: repositories, registries and consumers, as an app declares them or as they are deployed.

The same classes describe both. A part that is not known, because only the deployment knows it or AWS did not
say it, is `Unknown`, never a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import ClassVar, Literal, TypeAlias

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy
from registry_constructs.rules.statements import Statement
from registry_constructs.rules.values import Unknown

Frequency = Literal["MANUAL", "SCAN_ON_PUSH", "CONTINUOUS_SCAN"]
"""How often ECR scans a repository's images, in ECR's words."""

Policy: TypeAlias = tuple[Statement, ...] | Unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """Where something is.

    Attributes:
        account: Its account; empty if the app leaves it open.
        region: Its Region; empty if the app leaves it open.
        address: Its ARN, or in an app the stack and logical id, such as `Images.Checkout1A2B3C4D`.
        template: The template's file; empty for what is live.
        logical_id: The logical id in the template; empty for what is live.
        path: The path of the construct; empty if none is known.
        source: The file and line that made it, such as `app.py:12`; empty if it is not known.
    """

    account: str
    region: str
    address: str
    template: str = ""
    logical_id: str = ""
    path: str = ""
    source: str = ""

    @property
    def live(self) -> bool:
        """Whether it exists in AWS, and is not only declared."""
        return not self.template


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What all have in common.

    Attributes:
        name: Its name, or one that CloudFormation will make up, as `${LogicalId}`.
        place: Where it is.
        kind: What it is, for people.
    """

    name: str
    place: Location
    kind: ClassVar[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageState:
    """An image of a live repository.

    Attributes:
        digest: Its digest.
        tags: Its tags; none for an untagged image.
        pushed: When it was pushed.
        pulled: When it was last pulled; None for never, or not for 24 hours after the first pull.
        scan: The status of its scan, such as `COMPLETE`, `ACTIVE` or `FAILED`; empty for none.
        scanned: When its last scan was complete; None for never.
    """

    digest: str
    tags: tuple[str, ...] = ()
    pushed: datetime
    pulled: datetime | None = None
    scan: str = ""
    scanned: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryState(State):
    """A private repository.

    Attributes:
        encryption: `AES256`, `KMS` or `KMS_DSSE`.
        key: The customer's key; empty for AWS's own.
        mutability: ECR's word, such as `IMMUTABLE_WITH_EXCLUSION`.
        exclusions: The patterns of tags that are excepted from it.
        scan: How often its images are scanned, by the registry's rules or its own setting.
        lifecycle: The lifecycle policy's text; empty for none.
        policy: The repository policy.
        policy_length: Characters of the repository policy.
        tags: The AWS tags, without those that AWS sets itself (`aws:`).
        cached: Whether a pull-through cache fills it, which needs tags that can be moved.
        retained: Whether it and its images outlive its stack.
        images: Its images; None for a repository that is only declared.
        created: When it was made; None for a repository that is only declared.
    """

    kind: ClassVar[str] = "repository"
    encryption: str | Unknown = "AES256"
    key: str | Unknown = ""
    mutability: str | Unknown = "MUTABLE"
    exclusions: tuple[str, ...] | Unknown = ()
    scan: Frequency | Unknown = "MANUAL"
    lifecycle: str | Unknown = ""
    policy: Policy = ()
    policy_length: int | Unknown = 0
    tags: Mapping[str, str] | Unknown = field(default_factory=dict)
    cached: bool | Unknown = False
    retained: bool | Unknown = True
    images: tuple[ImageState, ...] | Unknown | None = None
    created: datetime | Unknown | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicRepositoryState(State):
    """A public repository.

    Attributes:
        tags: The AWS tags, without those that AWS sets itself (`aws:`).
        policy: The repository policy, which is about pushing: everybody may pull.
    """

    kind: ClassVar[str] = "public repository"
    tags: Mapping[str, str] | Unknown = field(default_factory=dict)
    policy: Policy = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateState(State):
    """A repository creation template; its name is its prefix.

    Attributes:
        applied_for: What it is for: `REPLICATION`, `PULL_THROUGH_CACHE`, `CREATE_ON_PUSH`.
        policy: The policy of the repositories that it makes.
    """

    kind: ClassVar[str] = "creation template"
    applied_for: tuple[str, ...] | Unknown = ()
    policy: Policy = ()

    def covers(self, prefix: str) -> bool:
        """Whether every repository whose name begins with a prefix is made by this or a narrower template."""
        return self.name == "ROOT" or f"{prefix.rstrip('/')}/".startswith(f"{self.name.rstrip('/')}/")


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheState(State):
    """A pull-through cache rule; its name is its prefix.

    Attributes:
        upstream: The upstream registry's host, such as `registry-1.docker.io`.
        credential: The ARN of the secret; empty for none.
        role: The ARN of the role for a cache of another account's ECR; empty for none.
        templates: The registry's creation templates.
    """

    kind: ClassVar[str] = "pull-through cache"
    upstream: str | Unknown = ""
    credential: str | Unknown = ""
    role: str | Unknown = ""
    templates: tuple[TemplateState, ...] | Unknown = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicationDestination:
    """Where a replication rule sends images.

    Attributes:
        account: The account of the registry.
        region: Its Region.
        prefixes: Which repositories are sent; none for all.
        templates: Its creation templates.
    """

    account: str
    region: str
    prefixes: tuple[str, ...]
    templates: tuple[TemplateState, ...] | Unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicationState(State):
    """A registry's replication configuration.

    Attributes:
        rules: How many rules it has.
        destinations: Where they send images.
    """

    kind: ClassVar[str] = "replication configuration"
    rules: int | Unknown = 0
    destinations: tuple[ReplicationDestination, ...] | Unknown = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanningRule:
    """A rule of a registry's scanning configuration.

    Attributes:
        frequency: How often it has images scanned.
        filters: Of which repositories; `*` matches any characters.
    """

    frequency: Frequency
    filters: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanningState(State):
    """A registry's scanning configuration.

    Attributes:
        type: `BASIC` or `ENHANCED`.
        rules: Its rules.
        repositories: The names of the registry's repositories that are known.
    """

    kind: ClassVar[str] = "scanning configuration"
    type: str | Unknown = "BASIC"
    rules: tuple[ScanningRule, ...] | Unknown = ()
    repositories: tuple[str, ...] | Unknown = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryPolicyState(State):
    """A registry's policy.

    Attributes:
        policy: Its statements.
        policy_length: Its characters.
    """

    kind: ClassVar[str] = "registry policy"
    policy: Policy = ()
    policy_length: int | Unknown = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryState(State):
    """A registry as a whole.

    Attributes:
        repositories: How many private repositories it has.
        caches: How many pull-through cache rules.
    """

    kind: ClassVar[str] = "registry"
    repositories: int | Unknown = 0
    caches: int | Unknown = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsumerState(State):
    """What runs images: a task definition, a service, a function.

    Attributes:
        images: The references of its images, as they are written.
        mutability: Of each repository it takes an image from by tag, how its tags are kept; a repository
            that is not known is not among them.
        exclusions: The patterns of tags that are excepted from that.
    """

    kind: ClassVar[str] = "consumer"
    images: tuple[str, ...] | Unknown = ()
    mutability: Mapping[str, str] = field(default_factory=dict)
    exclusions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@lru_cache(maxsize=4096)
def policy_of(text: str) -> LifecyclePolicy | InvalidInputError:
    """The policy that a text says, or why ECR's rules refuse it; many repositories have the same text."""
    try:
        return LifecyclePolicy.from_json(text)
    except InvalidInputError as error:
        return error
