"""What a cluster must be allowed before it can pull an image, and the image's name in plain text."""

from __future__ import annotations

from typing import Any, Final, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk.region_info import RegionInfo
from constructs import IConstruct

from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.ecr.actions import IMPORT_ACTIONS, PULL_ACTIONS
from registry_constructs.ecr.tokens import is_token
from registry_constructs.images.image import Image

TOKEN_REASON: Final = "A token is asked for on *: its action knows no resource."  # noqa: S105 - a sentence
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the role that pulls for Fargate."""


def grant_image(role: iam.Role, image: Image) -> None:
    """Let a role pull one image and no other, the first time included."""
    if image.cache is None or not _is_of_the_same_account(role, image):
        image.grant_pull(role)
    else:
        actions = sorted({*PULL_ACTIONS, *IMPORT_ACTIONS})
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[image.repository_arn]))
        ecr.AuthorizationToken.grant_read(role)
    acknowledge_wildcards(role, ["*"], TOKEN_REASON)


def grant_what_nodes_lack(role: iam.Role, image: Image) -> None:
    """Let nodes with AmazonEC2ContainerRegistryPullOnly pull an image."""
    if not _is_of_the_same_account(role, image):
        image.grant_pull(role)
    elif image.cache is not None:
        role.add_to_policy(
            iam.PolicyStatement(actions=["ecr:CreateRepository"], resources=[image.repository_arn])
        )


def statements_to_pull(scope: IConstruct, image: Image) -> dict[str, Any]:
    """What the role that pulls, and another account's repository, must hold, as JSON-like data."""
    stack = cdk.Stack.of(scope)
    first_pull = IMPORT_ACTIONS if image.cache is not None else ()
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": sorted({*PULL_ACTIONS, *first_pull}),
            "Resource": stack.resolve(image.repository_arn),
        },
    ]
    found: dict[str, Any] = {"statements of the role that pulls": statements}
    owner = owner_of(image)
    if owner != stack.account and not is_token(owner) and not is_token(stack.account):
        puller = f"arn:{stack.partition}:iam::{stack.account}:root"
        found["statement of the repository policy"] = {
            "Effect": "Allow",
            "Principal": {"AWS": stack.resolve(puller)},
            "Action": list(PULL_ACTIONS),
        }
    return found


def needs_more_than_pull_only(scope: IConstruct, image: Image) -> bool:
    """Whether nodes with AmazonEC2ContainerRegistryPullOnly can't pull an image for want of something."""
    return image.cache is not None or not _is_of_the_same_account(scope, image)


def _is_of_the_same_account(scope: IConstruct, image: Image) -> bool:
    return owner_of(image) == cdk.Stack.of(scope).account


def owner_of(image: Image) -> str:
    """The account that an image's repository is in."""
    if image.repository is not None:
        return image.repository.env.account
    return cdk.Stack.of(cast("IConstruct", image.cache)).account


def plain_uri(image: Image) -> str:
    """The image's URI without references, where account, Region and name are known; otherwise as it is.

    A template refers to a repository, so that it is made before its image is used; a file can't.
    """
    if image.repository is not None:
        region = image.repository.env.region
        resource = image.repository.node.default_child
        said = resource.repository_name if isinstance(resource, ecr.CfnRepository) else None
        name = said or image.repository_name
    else:
        region = cdk.Stack.of(cast("IConstruct", image.cache)).region
        name = image.repository_name
    reference = f"@{image.digest}" if image.digest else f":{image.tag}"
    suffix = RegionInfo.get(region).domain_suffix if not is_token(region) else None
    uri = f"{owner_of(image)}.dkr.ecr.{region}.{suffix}/{name}{reference}"
    return image.uri if suffix is None or is_token(uri) else uri
