"""An app of many repositories, written with `ecr.Repository` or with this library's `Repository`.

    python repository_app.py plain|ours defaults|rich <repositories> <folder for the cloud assembly>

The two make the same templates: "plain" is what a user writes to get with the CDK alone what "ours" gives.
`rich` sets more of every repository. Only what is measured is imported.
"""

from __future__ import annotations

import sys

import aws_cdk as cdk
from constructs import Construct

PER_STACK = 250
PULL_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
READERS = ("222233334444", "333344445555")


def plain_stack(app: cdk.App, name: str, ids: range, *, rich: bool) -> None:
    from aws_cdk import aws_ecr as ecr  # noqa: PLC0415 - only what is measured
    from aws_cdk import aws_iam as iam  # noqa: PLC0415
    from aws_cdk import aws_kms as kms  # noqa: PLC0415

    stack = _stack(app, name)
    key = kms.Key(
        stack,
        "RegistryConstructsKey",
        alias=f"ecr/{name}",
        description=f"Encrypts the container images of stack {name}",
        enable_key_rotation=True,
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
    untagged = ecr.LifecycleRule(tag_status=ecr.TagStatus.UNTAGGED, max_image_age=cdk.Duration.days(30))
    delivery = [
        *(
            ecr.LifecycleRule(
                tag_pattern_list=[tag],
                max_image_count=1_000_000,
                description="Keep all images with this tag",
            )
            for tag in ("latest", "prod", "production", "staging")
        ),
        *(
            ecr.LifecycleRule(tag_pattern_list=[pattern], max_image_count=50)
            for pattern in ("v*", "release-*", "main-*")
        ),
        *(
            ecr.LifecycleRule(tag_pattern_list=[pattern], max_image_age=cdk.Duration.days(14))
            for pattern in ("feature-*", "pr-*")
        ),
        untagged,
    ]
    for number in ids:
        if not rich:
            ecr.Repository(
                stack,
                f"Repository{number}",
                encryption_key=key,
                image_scan_on_push=True,
                image_tag_mutability=ecr.TagMutability.IMMUTABLE,
                lifecycle_rules=[untagged],
            )
            continue
        repository = ecr.Repository(
            stack,
            f"Repository{number}",
            repository_name=f"team-{number % 20:02}/service-{number:04}",
            encryption_key=key,
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
            image_tag_mutability_exclusion_filters=[
                ecr.ImageTagMutabilityExclusionFilter.wildcard("latest"),
                ecr.ImageTagMutabilityExclusionFilter.wildcard("cache-*"),
            ],
            lifecycle_rules=delivery,
        )
        readers = iam.CompositePrincipal(*(iam.AccountPrincipal(reader) for reader in READERS))
        repository.grant(readers, *PULL_ACTIONS)
        _tag(repository, number)


def our_stack(app: cdk.App, name: str, ids: range, *, rich: bool) -> None:
    from registry_constructs import Repository, presets  # noqa: PLC0415 - only what is measured

    stack = _stack(app, name)
    delivery = presets.continuous_delivery()
    for number in ids:
        if not rich:
            Repository(stack, f"Repository{number}")
            continue
        repository = Repository(
            stack,
            f"Repository{number}",
            repository_name=f"team-{number % 20:02}/service-{number:04}",
            immutable_except=["latest", "cache-*"],
            lifecycle=delivery,
        )
        repository.grant_pull_to_accounts(*READERS)
        _tag(repository, number)


def _stack(app: cdk.App, name: str) -> cdk.Stack:
    return cdk.Stack(app, name, env=cdk.Environment(account="111122223333", region="eu-west-1"))


def _tag(repository: Construct, number: int) -> None:
    cdk.Tags.of(repository).add("owner", "platform")
    cdk.Tags.of(repository).add("team", f"team-{number % 20:02}")


def main() -> None:
    side, kind, repositories, folder = sys.argv[1:]
    make = {"plain": plain_stack, "ours": our_stack}[side]
    app = cdk.App(outdir=folder)
    for start in range(0, int(repositories), PER_STACK):
        ids = range(start, min(start + PER_STACK, int(repositories)))
        make(app, f"Repositories{start // PER_STACK}", ids, rich=kind == "rich")
    app.synth()


if __name__ == "__main__":
    main()
