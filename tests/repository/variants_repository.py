"""Every named variant of repositories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from registry_constructs import (
    LifecycleRule,
    PublicRepository,
    Repository,
    presets,
)

Variant = Callable[[cdk.Stack], Any]


def _own_key(stack: cdk.Stack) -> None:
    Repository(stack, "App", encryption_key=kms.Key(stack, "Key", enable_key_rotation=True))


def _all_grants(stack: cdk.Stack) -> None:
    repository = Repository(stack, "App", repository_name="team/app")
    role = iam.Role(stack, "Pipeline", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    repository.grant_pull_push(role)
    repository.grant_read(role)
    repository.grant_pull_to_accounts("222233334444")
    repository.grant_pull_to_organization("o-a1b2c3d4e5", units=["ou-ab12-11111111"])
    repository.grant_pull_to_lambda("checkout-*", "arn:aws:lambda:eu-west-1:444455556666:function:orders")


def _every_count_type(stack: cdk.Stack) -> None:
    Repository(
        stack,
        "App",
        lifecycle=[
            LifecycleRule.expire(any_of=["pr-*", "tmp-*"], days_since_pushed=14),
            LifecycleRule.expire(tag_prefix_list=["nightly-"], image_count_more_than=7),
            LifecycleRule.archive(tag_pattern_list=["v*"], days_since_pulled=180),
            LifecycleRule.archive(untagged=True, days_since_pushed=30),
            LifecycleRule.expire(days_since_transitioned=365, description="A year in the archive"),
        ],
    )


def _imported(stack: cdk.Stack) -> None:
    repository = Repository.from_repository_arn(
        stack,
        "App",
        "arn:aws:ecr:eu-west-1:222233334444:repository/team/app",
        policy_managed_elsewhere=True,
    )
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    repository.grant_pull(role)


def _public(stack: cdk.Stack) -> None:
    repository = PublicRepository(
        stack,
        "Tool",
        repository_name="shop/tool",
        repository_description="A tool",
        about_text="# About",
        usage_text="# Usage",
        architectures=["x86-64", "ARM 64"],
        operating_systems=["Linux"],
        tags={"owner": "platform"},
    )
    repository.grant_push(iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com")))
    repository.grant_push(iam.AccountPrincipal("222233334444"))
    cdk.CfnOutput(stack, "Name", value=repository.repository_name)


VARIANTS: dict[str, Variant] = {
    "defaults": lambda stack: Repository(stack, "App"),
    "encryption-own-key": _own_key,
    "encryption-aws-key": lambda s: Repository(s, "App", encryption=ecr.RepositoryEncryption.KMS),
    "encryption-aes-256": lambda s: Repository(s, "App", encryption=ecr.RepositoryEncryption.AES_256),
    "encryption-two-layers": lambda s: Repository(s, "App", encryption=ecr.RepositoryEncryption.KMS_DSSE),
    "tags-mutable": lambda s: Repository(s, "App", image_tag_mutability=ecr.TagMutability.MUTABLE),
    "tags-immutable-except": lambda s: Repository(s, "App", immutable_except=["latest", "cache-*"]),
    "tags-mutable-except": lambda s: Repository(s, "App", mutable_except=["v*"]),
    "scanning-left-to-the-registry": lambda s: Repository(s, "App", image_scan_on_push=False),
    "removed-with-its-images": lambda s: Repository(
        s, "App", removal_policy=cdk.RemovalPolicy.DESTROY, empty_on_delete=True
    ),
    "lifecycle-none": lambda s: Repository(s, "App", lifecycle=[]),
    "lifecycle-every-count-type": _every_count_type,
    "lifecycle-releases": lambda s: Repository(s, "App", lifecycle=presets.releases()),
    "lifecycle-continuous-delivery": lambda s: Repository(s, "App", lifecycle=presets.continuous_delivery()),
    "lifecycle-build-cache": lambda s: Repository(s, "App", lifecycle=presets.build_cache()),
    "lifecycle-development": lambda s: Repository(s, "App", lifecycle=presets.development()),
    "lifecycle-pull-through-mirror": lambda s: Repository(s, "App", lifecycle=presets.pull_through_mirror()),
    "lifecycle-long-term-archive": lambda s: Repository(s, "App", lifecycle=presets.long_term_archive()),
    "all-grants": _all_grants,
    "imported": _imported,
    "public": _public,
}

ENVIRONMENTS = {
    "encryption-two-layers": cdk.Environment(account="111122223333", region="us-gov-west-1"),
    "public": cdk.Environment(account="111122223333", region="us-east-1"),
}
