"""Every named variant of what publishes images from CI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from registry_constructs import (
    BitbucketPublisher,
    GitHubPublisher,
    GitLabPublisher,
    ManagedSigning,
    PublicRepository,
    Registry,
    Repository,
)

GITHUB = "acme@123456/checkout@456789"
WORKSPACE = "{680cb3e4-55d4-4f8b-9b8d-8f8d9ddbb4e1}"
SOURCE = "{437da666-7aab-4b60-a947-ec542536ca0d}"
PRODUCTION = "{03baea80-974f-432a-8d42-183fad107439}"


def repository(stack: cdk.Stack) -> Repository:
    return Repository(stack, "Repository", repository_name="shop/checkout")


def with_repository(stack: cdk.Stack, keywords: dict[str, Any]) -> dict[str, Any]:
    return keywords if "repositories" in keywords else {"repositories": [repository(stack)], **keywords}


def github(stack: cdk.Stack, **keywords: Any) -> GitHubPublisher:
    given = {"repository": GITHUB, "role_name": "publish-checkout"}
    if not keywords.keys() & {"tags", "environments", "any_job", "pull_requests"}:
        keywords.setdefault("branches", ["main"])
    return GitHubPublisher(stack, "Publisher", **(given | with_repository(stack, keywords)))


def gitlab(stack: cdk.Stack, **keywords: Any) -> GitLabPublisher:
    given = {
        "project": "acme/shop/checkout",
        "branches": ["main"],
        "role_name": "publish-checkout",
    }
    return GitLabPublisher(stack, "Publisher", **(given | with_repository(stack, keywords)))


def bitbucket(stack: cdk.Stack, **keywords: Any) -> BitbucketPublisher:
    given = {
        "workspace": "acme",
        "workspace_uuid": WORKSPACE,
        "repository_uuid": SOURCE,
        "environments": {"production": PRODUCTION},
        "role_name": "publish-checkout",
    }
    return BitbucketPublisher(stack, "Publisher", **(given | with_repository(stack, keywords)))


def _everything(stack: cdk.Stack) -> None:
    Registry(stack, "Registry")
    plain = ecr.Repository(
        stack,
        "Plain",
        encryption_key=kms.Key(stack, "Key", enable_key_rotation=True),
        image_scan_on_push=True,
        image_tag_mutability=ecr.TagMutability.IMMUTABLE,
        lifecycle_rules=[ecr.LifecycleRule(max_image_count=100)],
    )
    existing = iam.OidcProviderNative.from_oidc_provider_arn(
        stack, "GitHub", f"arn:aws:iam::{stack.account}:oidc-provider/token.actions.githubusercontent.com"
    )
    github(
        stack,
        repositories=[repository(stack), plain, Repository.from_repository_name(stack, "Old", "shop/old")],
        branches=["main"],
        tags=["stable"],
        environments=["production", "a:b"],
        branch_patterns=["release/*"],
        tag_patterns=["v*"],
        pull_requests=True,
        signing=ManagedSigning(stack, "Signing", repositories=["shop/*"]),
        provider=existing,
        max_session_duration=cdk.Duration.hours(2),
    )


def _public(stack: cdk.Stack) -> None:
    tool = PublicRepository(stack, "Tool", repository_name="shop-cli", tags={"owner": "platform"})
    GitHubPublisher(
        stack, "Publisher", repository=GITHUB, public_repositories=[tool], environments=["release"]
    )


VARIANTS: dict[str, Callable[[cdk.Stack], Any]] = {
    "publisher-github": github,
    "publisher-github-environment": lambda s: github(s, environments=["production"]),
    "publisher-github-any-job": lambda s: github(s, any_job=True),
    "publisher-github-with-everything": _everything,
    "publisher-github-public": _public,
    "publisher-gitlab": gitlab,
    "publisher-gitlab-self-managed": lambda s: gitlab(
        s, url="https://git.example.com", audience="aws", branches=[], tag_patterns=["v*"]
    ),
    "publisher-bitbucket": bitbucket,
}

ENVIRONMENTS: dict[str, cdk.Environment] = {
    "publisher-github-public": cdk.Environment(account="111122223333", region="us-east-1"),
    "publisher-github-with-everything": cdk.Environment(account="777788889999", region="eu-west-1"),
}
