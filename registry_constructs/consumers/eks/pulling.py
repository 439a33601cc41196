"""Permissions that a cluster needs to pull an image."""

from __future__ import annotations

from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.ecr.actions import PULL_ACTIONS
from registry_constructs.ecr.tokens import known_to_differ
from registry_constructs.images.image import Image

TOKEN_REASON: Final = "ecr:GetAuthorizationToken supports no resource-level permissions."  # noqa: S105 - a sentence
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the role that pulls for Fargate."""


def grant_image(role: iam.Role, image: Image) -> None:
    """Allow a role to pull only one image, including the first pull through a cache."""
    if image.first_pull_actions and _is_of_the_same_account(role, image):
        role.add_to_policy(
            iam.PolicyStatement(actions=_pull_actions(image), resources=[image.repository_arn])
        )
        ecr.AuthorizationToken.grant_read(role)
    else:
        image.grant_pull(role)
    acknowledge_wildcards(role, ["*"], TOKEN_REASON)


def grant_what_nodes_lack(role: iam.Role, image: Image) -> None:
    """Grant nodes what AmazonEC2ContainerRegistryPullOnly lacks to pull an image."""
    if not _is_of_the_same_account(role, image):
        image.grant_pull(role)
    elif image.first_pull_actions:
        role.add_to_policy(
            iam.PolicyStatement(actions=["ecr:CreateRepository"], resources=[image.repository_arn])
        )


def statements_to_pull(scope: IConstruct, image: Image) -> dict[str, Any]:
    """Policy statements for the pulling role and for another account's repository, as JSON-like data."""
    stack = cdk.Stack.of(scope)
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": _pull_actions(image),
            "Resource": stack.resolve(image.repository_arn),
        },
    ]
    found: dict[str, Any] = {"statements of the role that pulls": statements}
    owner = image.account
    if known_to_differ(owner, stack.account):
        puller = f"arn:{stack.partition}:iam::{stack.account}:root"
        found["statement of the repository policy"] = {
            "Effect": "Allow",
            "Principal": {"AWS": stack.resolve(puller)},
            "Action": list(PULL_ACTIONS),
        }
    return found


def needs_more_than_pull_only(scope: IConstruct, image: Image) -> bool:
    """Whether nodes need more than AmazonEC2ContainerRegistryPullOnly to pull an image."""
    return bool(image.first_pull_actions) or not _is_of_the_same_account(scope, image)


def _is_of_the_same_account(scope: IConstruct, image: Image) -> bool:
    return image.account == cdk.Stack.of(scope).account


def _pull_actions(image: Image) -> list[str]:
    return sorted({*PULL_ACTIONS, *image.first_pull_actions})
