"""Which repositories consumers pull from, as policies name them."""

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
    """ARNs of what is pulled from, and of what ECR may make for a cache with the first pull.

    Args:
        scope: A construct where the consumers are.
        images: Of these, the repository alone; of a cache's image too.
        repositories: Of any account.
        caches: Every repository under their prefixes.
        accounts: Every repository of theirs in the Region.

    Raises:
        InvalidInputError: If nothing is named, one is in another Region, or an image or an account is none.
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
            "Nothing is named that may be pulled",
            got={"images": images, "repositories": repositories, "caches": caches, "accounts": accounts},
            allowed="at least one image, repository, cache or account",
            fix="name what the consumers run, such as images=[Image.of(repository, digest=...)]",
        )
    return list(dict.fromkeys(pulled)), list(dict.fromkeys(imported))


def check_accounts(accounts: Sequence[str]) -> list[str]:
    """Account ids, each once and sorted.

    Raises:
        InvalidInputError: If one is not an account id, or they are no list.
    """
    if isinstance(accounts, str):
        raise InvalidInputError(
            "A single text is no list of accounts",
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
            "The VPC's endpoints reach ECR in their own Region only",
            got=f"{source.node.path} in {there}",
            allowed=f"repositories in {stack.region}",
            fix="replicate the images into the VPC's Region and name the replica",
        )
