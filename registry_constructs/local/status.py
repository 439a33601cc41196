"""What stands in the local AWS, read through the public APIs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registry_constructs.limits import PUBLIC_REPOSITORY_REGION
from registry_constructs.local import consumers
from registry_constructs.local.cdk import BOOTSTRAP_STACK
from registry_constructs.local.connection import Connection, Environment
from registry_constructs.local.consumers import Consumer

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
class Image:
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
    images: list[Image]


@dataclass(frozen=True)
class PublicRepository:
    """A repository in the public gallery."""

    account: str
    name: str
    uri: str


@dataclass(frozen=True, kw_only=True)
class Registry:
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
    """What stands, without what the CDK's bootstrap made; of registries those whose settings were changed."""

    stacks: list[Stack]
    registries: list[Registry]
    repositories: list[PrivateRepository]
    public_repositories: list[PublicRepository]
    consumers: list[Consumer]


def read(aws: Connection, environments: Iterable[Environment] | None = None) -> Status:
    """Read stacks, registries, repositories and what runs their images.

    Args:
        aws: The AWS to read.
        environments: The accounts and Regions to look at; by default all that hold anything.
    """
    places = list(aws.environments() if environments is None else environments)
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


def _stacks(aws: Connection, place: Environment) -> Iterator[Stack]:
    client = aws.client("cloudformation", account=place.account, region=place.region)
    for page in client.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if stack["StackName"] != BOOTSTRAP_STACK:
                yield Stack(*place, stack["StackName"], stack["StackStatus"])


def _registries(aws: Connection, place: Environment) -> Iterator[Registry]:
    """The registry of a place, unless it is as new."""
    ecr: ECRClient = aws.client("ecr", account=place.account, region=place.region)
    rules = ecr.describe_registry()["replicationConfiguration"]["rules"]
    destinations = {
        str(Environment(to["registryId"], to["region"])) for rule in rules for to in rule["destinations"]
    }
    scanning = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    registry = Registry(
        account=place.account,
        region=place.region,
        policy=_has_policy(ecr),
        replicates_to=sorted(destinations),
        scan_type=scanning["scanType"],
        scan_rules=len(scanning["rules"]),
        caches=len(ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]),
        templates=sum(
            len(page["repositoryCreationTemplates"])
            for page in ecr.get_paginator("describe_repository_creation_templates").paginate()
        ),
        signing_rules=_signing_rules(ecr),
        exclusions=len(ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]),
    )
    if registry != Registry(account=place.account, region=place.region):
        yield registry


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


def _repositories(aws: Connection, place: Environment) -> Iterator[PrivateRepository]:
    ecr: ECRClient = aws.client("ecr", account=place.account, region=place.region)
    aliases: dict[str, str] = {}
    kms = aws.client("kms", account=place.account, region=place.region)
    for page in kms.get_paginator("list_aliases").paginate():
        for alias in page["Aliases"]:
            aliases.setdefault(alias.get("TargetKeyId", ""), alias["AliasName"])
    for repositories in ecr.get_paginator("describe_repositories").paginate():
        for repository in repositories["repositories"]:
            if not _BOOTSTRAP_REPOSITORY.match(repository["repositoryName"]):
                yield _repository(ecr, place, repository, aliases)


def _repository(
    ecr: ECRClient, place: Environment, repository: RepositoryTypeDef, aliases: dict[str, str]
) -> PrivateRepository:
    name = repository["repositoryName"]
    encryption = repository["encryptionConfiguration"]
    key = encryption.get("kmsKey")
    images = [
        Image(image["imageDigest"], image.get("imageTags", []), image["imageManifestMediaType"])
        for page in ecr.get_paginator("describe_images").paginate(repositoryName=name)
        for image in page["imageDetails"]
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


def _public_repositories(aws: Connection, account: str) -> Iterator[PublicRepository]:
    client = aws.client("ecr-public", account=account, region=PUBLIC_REPOSITORY_REGION)
    for page in client.get_paginator("describe_repositories").paginate():
        for repository in page["repositories"]:
            yield PublicRepository(account, repository["repositoryName"], repository["repositoryUri"])
