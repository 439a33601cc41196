"""Every named variant of what builds images and brings them to ECS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

from registry_constructs import (
    DeliveryPipeline,
    DeployedImage,
    Ec2Capacity,
    Ec2Service,
    FargateService,
    Image,
    ImageBuild,
    ManagedSigning,
    PullThroughCache,
    Registry,
    Repository,
    Upstream,
    presets,
)
from tests.consumers.ecs.variants_ecs import DIGEST, vpc

CONNECTION = "arn:aws:codeconnections:eu-west-1:111122223333:connection/12345678-1234-1234-1234-123456789012"
OTHER_ACCOUNT = "arn:aws:ecr:eu-west-1:222233334444:repository/shop/checkout"


def repository(scope: Construct) -> ecr.IRepository:
    """An imported repository."""
    return Repository.from_repository_name(scope, "Repository", "shop/checkout")


def cache(scope: Construct) -> Repository:
    """A repository that a build can write its layers to."""
    return Repository(
        scope,
        "Cache",
        lifecycle=presets.build_cache(),
        image_tag_mutability=ecr.TagMutability.MUTABLE,
    )


def build(scope: Construct, **keywords: Any) -> ImageBuild:
    return ImageBuild(
        scope, "Build", repository=keywords.pop("repository", None) or repository(scope), **keywords
    )


def source() -> actions.CodeStarConnectionsSourceAction:
    return actions.CodeStarConnectionsSourceAction(
        action_name="Source",
        connection_arn=CONNECTION,
        owner="shop",
        repo="checkout",
        branch="main",
        output=codepipeline.Artifact(),
    )


def deployed(scope: Construct, repository: ecr.IRepository) -> DeployedImage:
    return DeployedImage(scope, "Deployed", repository=repository, first_digest=DIGEST)


def images_of(stack: cdk.Stack, **keywords: Any) -> tuple[ImageBuild, DeployedImage]:
    """A build and what remembers its image, in a stack that stands before `stack`."""
    environment = cdk.Environment(account=stack.account, region=stack.region)
    images = cdk.Stack(
        cast("cdk.App", stack.node.root),
        f"{stack.stack_name}-images",
        env=environment,
        synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
    )
    made = build(images, **keywords)
    return made, deployed(images, made.repository)


def delivery(stack: cdk.Stack, **keywords: Any) -> DeliveryPipeline:
    """To a service on Fargate."""
    made, remembered = images_of(stack, **keywords)
    checkout = FargateService(stack, "Checkout", image=remembered.image_for(stack), vpc=vpc(stack))
    return DeliveryPipeline(
        stack, "Delivery", source=source(), build=made, service=checkout, deployed=remembered
    )


def _with_everything(stack: cdk.Stack) -> None:
    Registry(stack, "Registry")
    quay = PullThroughCache(stack, "Quay", upstream=Upstream.quay(), prefix="quay", settings=None)
    cdk.Validations.of(quay).acknowledge(
        cdk.Acknowledgment(
            id="registry-constructs:signing-cached-images", reason="Nothing verifies signatures of tools."
        )
    )
    arn = f"arn:aws:secretsmanager:eu-west-1:{stack.account}:secret:npm-token-AbCdEf"
    made = build(
        stack,
        repository=Repository(stack, "Own"),
        dockerfile="services/checkout/Dockerfile",
        context="services/checkout",
        architectures=["arm64"],
        build_args={"BASE": "python:3.14-slim", "VERSION": 'it\'s "1"'},
        secrets={"NPM_TOKEN": secretsmanager.Secret.from_secret_complete_arn(stack, "Npm", arn)},
        cache_repository=cache(stack),
        signing=ManagedSigning(stack, "Signing"),
        buildkit=Image.cached(quay, f"quay.io/builders/buildkit@{DIGEST}"),
        compute_type=codebuild.ComputeType.MEDIUM,
        docker_server_compute_type=codebuild.DockerServerComputeType.LARGE,
        vpc=vpc(stack),
        encryption_key=kms.Key(stack, "ArtifactKey", enable_key_rotation=True),
    )
    made.image(tag="0123456789abcdef0123456789abcdef01234567")


def _to_another_account(stack: cdk.Stack) -> None:
    there = Repository.from_repository_arn(stack, "Repository", OTHER_ACCOUNT, policy_managed_elsewhere=True)
    build(stack, repository=there)


def _delivery_with_everything(stack: cdk.Stack) -> None:
    made, remembered = images_of(stack, architectures=["amd64", "arm64"])
    checkout = Ec2Service(
        stack,
        "Checkout",
        image=remembered.image_for(stack),
        capacity=Ec2Capacity(stack, "Capacity", vpc=vpc(stack)),
    )
    topic = sns.Topic.from_topic_arn(stack, "Approvals", f"arn:aws:sns:eu-west-1:{stack.account}:approvals")
    check = actions.ManualApprovalAction(
        action_name="LookAtFindings", additional_information=DeliveryPipeline.IMAGE_URI
    )
    DeliveryPipeline(
        stack,
        "Delivery",
        source=source(),
        build=made,
        checks=[check],
        service=checkout,
        deployed=remembered,
        approval_topic=topic,
    )


VARIANTS: dict[str, Callable[[cdk.Stack], Any]] = {
    "build-defaults": build,
    "build-both-architectures": lambda s: build(s, architectures=["amd64", "arm64"]),
    "build-privileged": lambda s: build(s, privileged=True),
    "build-from-git": lambda s: build(s, source=codebuild.Source.git_hub(owner="shop", repo="checkout")),
    "build-to-another-account": _to_another_account,
    "build-with-everything": _with_everything,
    "delivery-of-an-image": lambda s: DeliveryPipeline(
        s, "Delivery", source=source(), build=build(s, architectures=["amd64", "arm64"])
    ),
    "delivery-to-fargate": delivery,
    "delivery-with-everything": _delivery_with_everything,
}

ENVIRONMENTS: dict[str, cdk.Environment] = {
    "build-with-everything": cdk.Environment(account="666677778888", region="eu-west-1")
}
