"""Live repositories with everything that a catalog describes; all of it, or an error."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from registry_constructs.live.aws import Aws, required
from registry_constructs.live.errors import AwsError, reading
from registry_constructs.live.live_repository import LiveRepository
from registry_constructs.live.repositories import describe_repositories

if TYPE_CHECKING:
    from mypy_boto3_ecr.client import ECRClient

_MOST_FAILURES: Final = 10
_OF_THE_CDK: Final = re.compile(r"cdk-[a-z0-9]{1,10}-container-assets-[0-9]{12}-[a-z0-9-]+")
"""The repositories that `cdk bootstrap` makes: the stack CDKToolkit owns them."""

_OWN_KEY: Final = "alias/aws/ecr"
"""The key that AWS keeps for ECR in each account and Region (UG encryption-at-rest)."""


class IncompleteReadError(AwsError):
    """Some repositories could not be read.

    Attributes:
        failures: The error of each that was tried.
    """

    def __init__(self, failures: Sequence[AwsError]) -> None:
        self.failures = tuple(failures)
        reasons = "\n".join(f"  {line}" for failure in failures for line in str(failure).splitlines())
        super().__init__(
            "Not everything could be read, so nothing was written",
            got=f"{len(failures):,} of the repositories can't be read\n{reasons}",
            fix="correct that and run it again",
            where="the registry",
        )


@dataclass(frozen=True)
class ReadRegistry:
    """Repositories that were read.

    Attributes:
        account: The registry's account.
        repositories: The repositories, sorted by Region and name.
        gone: Repositories that were deleted between the listing and the reading.
        missing: Named repositories that a Region does not have.
        of_the_cdk: Repositories that `cdk bootstrap` made, which were not read because nobody named them.
    """

    account: str
    repositories: tuple[LiveRepository, ...]
    gone: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    of_the_cdk: tuple[str, ...] = ()


def read_repositories(
    aws: Aws,
    *,
    repositories: Sequence[str] | None = None,
    regions: Sequence[str] = (),
    progress: Callable[[int], None] | None = None,
) -> ReadRegistry:
    """Read live repositories with their policies and tags. Changes nothing in AWS.

    Args:
        aws: Where to read.
        repositories: The names to read. Default: all but those of `cdk bootstrap`.
        regions: Where. Default: the Region of the configuration.
        progress: Called with the number of repositories read. Default: nobody.

    Raises:
        InvalidInputError: A name is wrong, or a named repository is in no Region.
        AwsError: Something of one of them could not be read.
    """
    places = aws.regions(regions)
    account = aws.account(places[0])
    described = describe_repositories(aws, places, repositories)
    left = [
        one
        for one in described.repositories
        if repositories is None and _OF_THE_CDK.fullmatch(one[1]["repositoryName"])
    ]
    todo = [one for one in described.repositories if one not in left]
    # Made here: boto3 does not make clients in several threads at once.
    clients = {region: aws.client("ecr", region) for region in places}
    own_keys = {
        region: own_key(aws, region)
        for region in {region for region, one in todo if _encryption(one).get("kmsKey")}
    }

    def read(one: tuple[str, dict[str, Any]]) -> LiveRepository | AwsError:
        region, description = one
        try:
            return _read(clients[region], description, account, region, own_keys.get(region))
        except AwsError as error:
            return error

    found: list[LiveRepository] = []
    gone: list[str] = []
    failures: list[AwsError] = []
    with contextlib.closing(aws.each(read, todo)) as results:  # type: ignore[type-var]
        for number, result in enumerate(results, 1):
            if isinstance(result, LiveRepository):
                found.append(result)
            elif result.code == "RepositoryNotFoundException":
                gone.append(result.where)
            else:
                failures.append(result)
                if result.hopeless or len(failures) >= _MOST_FAILURES:
                    break
            if progress:
                progress(number)
    if failures:
        raise IncompleteReadError(failures)
    return ReadRegistry(
        account,
        tuple(found),
        tuple(gone),
        described.missing,
        tuple(f"{one['repositoryName']} in {region}" for region, one in left),
    )


def _read(
    ecr: ECRClient, description: dict[str, Any], account: str, region: str, own_key: str | None
) -> LiveRepository:
    name = description["repositoryName"]
    where = f"{name} in {region}"
    key = _encryption(description).get("kmsKey")
    mutability = required(description, "imageTagMutability", where)
    filters = description.get("imageTagMutabilityExclusionFilters", [])
    if mutability.endswith("_WITH_EXCLUSION"):
        filters = required(description, "imageTagMutabilityExclusionFilters", where)
    scanning = required(description, "imageScanningConfiguration", where)
    with reading(where):
        tags = ecr.list_tags_for_resource(resourceArn=description["repositoryArn"])
    return LiveRepository(
        name=name,
        account=account,
        region=region,
        encryption=required(_encryption(description), "encryptionType", where),
        key=key if key and key != own_key else "",
        mutability=mutability,
        filters=tuple((one["filterType"], one["filter"]) for one in filters),
        scan_on_push=required(scanning, "scanOnPush", where),
        lifecycle=policy_text(ecr.get_lifecycle_policy, "lifecyclePolicyText", name, where),
        policy=policy_text(ecr.get_repository_policy, "policyText", name, where),
        tags={tag["Key"]: tag["Value"] for tag in required(tags, "tags", where)},
    )


def policy_text(operation: Callable[..., Any], key: str, name: str, where: str) -> str:
    """The text of a policy; empty if ECR reports that there is none."""
    try:
        with reading(where):
            answer = operation(repositoryName=name)
    except AwsError as error:
        if error.code in ("LifecyclePolicyNotFoundException", "RepositoryPolicyNotFoundException"):
            return ""
        raise
    return str(required(answer, key, where))


def own_key(aws: Aws, region: str) -> str:
    """The ARN of AWS's own key for ECR; empty where there is none yet."""
    kms, where = aws.client("kms", region), f"{_OWN_KEY} in {region}"
    try:
        with reading(where):
            answer = kms.describe_key(KeyId=_OWN_KEY)
    except AwsError as error:
        if error.code == "NotFoundException":
            return ""
        raise
    return str(required(answer, "KeyMetadata", where)["Arn"])


def _encryption(description: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = description.get("encryptionConfiguration", {})
    return found
