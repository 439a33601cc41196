"""ARNs of the repositories that consumers pull from, for endpoint policies."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import IConstruct

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import check_account_id
from registry_constructs.ecr.tokens import known_to_differ
from registry_constructs.images.image import Image, check_image
from registry_constructs.images.origins import arn_of_cached
from registry_constructs.registry import PullThroughCache


def repository_arns(
    scope: IConstruct,
    *,
    images: Sequence[Image],
    repositories: Sequence[ecr.IRepository],
    caches: Sequence[PullThroughCache],
    accounts: Sequence[str],
) -> tuple[list[str], list[str]]:
    """ARNs of repositories to pull from, and of those that ECR can create for a cache on the first pull.

    Args:
        scope: A construct in the consumers' stack.
        images: Images, of which only the repository is allowed, also for a cache's image.
        repositories: Repositories of any account.
        caches: Caches, of which every repository under the prefix is allowed.
        accounts: Accounts, of which every repository in the Region is allowed.

    Raises:
        InvalidInputError: If nothing is listed, one is in another Region, or an image or account is invalid.
    """
    stack = cdk.Stack.of(scope)
    pulled, imported = [], []
    for image in images:
        check_image(image)
        _check_region(stack, image.source, image.region)
        pulled.append(image.repository_arn)
        if image.first_pull_actions:
            imported.append(image.repository_arn)
    for repository in repositories:
        _check_region(stack, repository, repository.env.region)
        pulled.append(repository.repository_arn)
    for cache in caches:
        _check_region(stack, cache, cdk.Stack.of(cache).region)
        arn = arn_of_cached(cache)
        pulled.append(arn)
        imported.append(arn)
    pulled += [
        stack.format_arn(service="ecr", account=account, resource="repository", resource_name="*")
        for account in check_accounts(accounts)
    ]
    if not pulled:
        raise InvalidInputError(
            "Nothing is listed that may be pulled",
            got={"images": images, "repositories": repositories, "caches": caches, "accounts": accounts},
            allowed="at least one image, repository, cache or account",
            fix="list what the consumers run, such as images=[Image.of(repository, digest=...)]",
        )
    return list(dict.fromkeys(pulled)), list(dict.fromkeys(imported))


def check_accounts(accounts: Sequence[str]) -> list[str]:
    """The account ids, sorted and without duplicates.

    Raises:
        InvalidInputError: If one is not an account id, or `accounts` is not a list.
    """
    if isinstance(accounts, str):
        raise InvalidInputError(
            "A single text is not a list of accounts",
            got=accounts,
            allowed="a list of account ids",
            fix=f"write [{accounts!r}]",
        )
    for account in accounts:
        check_account_id(account)
    return sorted(set(accounts))


def _check_region(stack: cdk.Stack, source: IConstruct, there: str) -> None:
    if known_to_differ(there, stack.region):
        raise InvalidInputError(
            "The VPC's endpoints reach ECR only in their own Region",
            got=f"{source.node.path} in {there}",
            allowed=f"repositories in {stack.region}",
            fix="replicate the images into the VPC's Region and use the replica",
        )
