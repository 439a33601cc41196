"""What is deployed in the local AWS, read through the public APIs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registry_constructs.ecr.limits import PUBLIC_REPOSITORY_REGION
from registry_constructs.live.answers import AnswerError, pages
from registry_constructs.local import consumers
from registry_constructs.local.cdk import BOOTSTRAP_STACK
from registry_constructs.local.connection import Connection, LocalEnvironment
from registry_constructs.local.consumers import Consumer
from registry_constructs.local.errors import LocalAwsError

if TYPE_CHECKING:
    from mypy_boto3_ecr.client import ECRClient
    from mypy_boto3_ecr.type_defs import RepositoryTypeDef

_BOOTSTRAP_REPOSITORY = re.compile(r"cdk-\w+-container-assets-")


@dataclass(frozen=True)
class Stack:
    """A CloudFormation stack; `status` is CloudFormation's word."""

    account: str
    region: str
    name: str
    status: str


@dataclass(frozen=True)
class ImageStatusLine:
    """An image in a repository."""

    digest: str
    tags: list[str]
    media_type: str


@dataclass(frozen=True)
class PrivateRepository:
    """A private repository.

    Attributes:
        kms_key: The key's ARN, or whatever the template named it by; None without one.
        kms_alias: The key's first alias.
        lifecycle_rules: How many rules its lifecycle policy has.
        policy_principals: Whom the `Allow` statements of its policy name: ARNs, accounts, services or `*`.
    """

    account: str
    region: str
    name: str
    uri: str
    tag_mutability: str
    encryption: str
    kms_key: str | None
    kms_alias: str | None
    scan_on_push: bool
    lifecycle_rules: int
    policy_principals: list[str]
    images: list[ImageStatusLine]


@dataclass(frozen=True)
class PublicRepositoryStatus:
    """A repository in the public gallery."""

    account: str
    name: str
    uri: str


@dataclass(frozen=True, kw_only=True)
class RegistryStatus:
    """The settings of a private registry; a new one's are the defaults.

    Attributes:
        policy: Whether it has one.
        replicates_to: The destinations of all rules, such as `aws://111122223333/eu-west-1`.
        scan_type: Basic or enhanced.
        scan_rules: How many rules its scanning has.
        caches: How many pull-through cache rules there are.
        templates: How many repository creation templates there are.
        signing_rules: How many rules its signing has.
        exclusions: How many principals' pulls don't count.
    """

    account: str
    region: str
    policy: bool = False
    replicates_to: list[str] = field(default_factory=list)
    scan_type: str = "BASIC"
    scan_rules: int = 0
    caches: int = 0
    templates: int = 0
    signing_rules: int = 0
    exclusions: int = 0


@dataclass(frozen=True)
class Status:
    """What is deployed, without the CDK's bootstrap; of registries those whose settings were changed."""

    stacks: list[Stack]
    registries: list[RegistryStatus]
    repositories: list[PrivateRepository]
    public_repositories: list[PublicRepositoryStatus]
    consumers: list[Consumer]


def read(aws: Connection, environments: Iterable[LocalEnvironment] | None = None) -> Status:
    """Read stacks, registries, repositories and what runs their images.

    Args:
        aws: The AWS to read.
        environments: The accounts and Regions to look at; by default all that hold anything.

    Raises:
        LocalAwsError: A list can't be read to its end.
    """
    places = list(aws.environments() if environments is None else environments)
    try:
        return _read(aws, places)
    except AnswerError as error:
        raise LocalAwsError(f"The local AWS can't be read: it gave {error}") from error


def _read(aws: Connection, places: list[LocalEnvironment]) -> Status:
    return Status(
        stacks=[stack for place in places for stack in _stacks(aws, place)],
        registries=[registry for place in places for registry in _registries(aws, place)],
        repositories=[repository for place in places for repository in _repositories(aws, place)],
        public_repositories=[
            repository
            for account in sorted({place.account for place in places})
            for repository in _public_repositories(aws, account)
        ],
        consumers=consumers.read(aws, places),
    )


def _stacks(aws: Connection, place: LocalEnvironment) -> Iterator[Stack]:
    client = aws.client("cloudformation", account=place.account, region=place.region)
    for stack in pages(client, "describe_stacks", "Stacks", identity=("StackName",)):
        if stack["StackName"] != BOOTSTRAP_STACK:
            yield Stack(*place, stack["StackName"], stack["StackStatus"])


def _registries(aws: Connection, place: LocalEnvironment) -> Iterator[RegistryStatus]:
    """The registry of a place, unless it is as new."""
    ecr: ECRClient = aws.client("ecr", account=place.account, region=place.region)
    rules = ecr.describe_registry()["replicationConfiguration"]["rules"]
    destinations = {
        str(LocalEnvironment(to["registryId"], to["region"])) for rule in rules for to in rule["destinations"]
    }
    scanning = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    registry = RegistryStatus(
        account=place.account,
        region=place.region,
        policy=_has_policy(ecr),
        replicates_to=sorted(destinations),
        scan_type=scanning["scanType"],
        scan_rules=len(scanning["rules"]),
        caches=_count(
            ecr, "describe_pull_through_cache_rules", "pullThroughCacheRules", "ecrRepositoryPrefix"
        ),
        templates=_count(
            ecr, "describe_repository_creation_templates", "repositoryCreationTemplates", "prefix"
        ),
        signing_rules=_signing_rules(ecr),
        exclusions=_count(ecr, "list_pull_time_update_exclusions", "pullTimeUpdateExclusions"),
    )
    if registry != RegistryStatus(account=place.account, region=place.region):
        yield registry


def _count(ecr: ECRClient, operation: str, key: str, *identity: str) -> int:
    return len(pages(ecr, operation, key, identity=identity))


def _has_policy(ecr: ECRClient) -> bool:
    try:
        ecr.get_registry_policy()
    except ecr.exceptions.RegistryPolicyNotFoundException:
        return False
    return True


def _signing_rules(ecr: ECRClient) -> int:
    try:
        return len(ecr.get_signing_configuration()["signingConfiguration"]["rules"])
    except ecr.exceptions.SigningConfigurationNotFoundException:
        return 0


def _repositories(aws: Connection, place: LocalEnvironment) -> Iterator[PrivateRepository]:
    ecr: ECRClient = aws.client("ecr", account=place.account, region=place.region)
    aliases: dict[str, str] = {}
    kms = aws.client("kms", account=place.account, region=place.region)
    for alias in pages(kms, "list_aliases", "Aliases", identity=("AliasName",)):
        aliases.setdefault(alias.get("TargetKeyId", ""), alias["AliasName"])
    for repository in pages(ecr, "describe_repositories", "repositories", identity=("repositoryName",)):
        if not _BOOTSTRAP_REPOSITORY.match(repository["repositoryName"]):
            yield _repository(ecr, place, repository, aliases)


def _repository(
    ecr: ECRClient, place: LocalEnvironment, repository: RepositoryTypeDef, aliases: dict[str, str]
) -> PrivateRepository:
    name = repository["repositoryName"]
    encryption = repository["encryptionConfiguration"]
    key = encryption.get("kmsKey")
    images = [
        ImageStatusLine(image["imageDigest"], image.get("imageTags", []), image["imageManifestMediaType"])
        for image in pages(
            ecr, "describe_images", "imageDetails", identity=("imageDigest",), repositoryName=name
        )
    ]
    return PrivateRepository(
        *place,
        name=name,
        uri=repository["repositoryUri"],
        tag_mutability=repository["imageTagMutability"],
        encryption=encryption["encryptionType"],
        kms_key=key,
        kms_alias=aliases.get(key.rpartition("/")[2]) if key else None,
        scan_on_push=repository["imageScanningConfiguration"]["scanOnPush"],
        lifecycle_rules=_lifecycle_rules(ecr, name),
        policy_principals=_principals(ecr, name),
        images=images,
    )


def _lifecycle_rules(ecr: ECRClient, name: str) -> int:
    try:
        policy = ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
    except ecr.exceptions.LifecyclePolicyNotFoundException:
        return 0
    return len(json.loads(policy)["rules"])


def _principals(ecr: ECRClient, name: str) -> list[str]:
    try:
        policy = json.loads(ecr.get_repository_policy(repositoryName=name)["policyText"])
    except ecr.exceptions.RepositoryPolicyNotFoundException:
        return []
    found: set[str] = set()
    for statement in policy["Statement"]:
        if statement["Effect"] == "Allow":
            principal = statement.get("Principal", [])
            for value in principal.values() if isinstance(principal, dict) else [principal]:
                found.update([value] if isinstance(value, str) else value)
    return sorted(found)


def _public_repositories(aws: Connection, account: str) -> Iterator[PublicRepositoryStatus]:
    client = aws.client("ecr-public", account=account, region=PUBLIC_REPOSITORY_REGION)
    for repository in pages(client, "describe_repositories", "repositories", identity=("repositoryName",)):
        yield PublicRepositoryStatus(account, repository["repositoryName"], repository["repositoryUri"])
