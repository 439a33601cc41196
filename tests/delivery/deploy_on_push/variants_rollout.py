"""Every named variant of what follows pushed images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

from registry_constructs import (
    DeployedImage,
    DeployOnPush,
    FargateService,
    Image,
    PipelineOnPush,
    Repository,
)
from tests.consumers.ecs import variants_ecs
from tests.synthesis import ENV, new_stack

NO_LOOP = "it pushes no base image"


def service_of(stack: cdk.Stack, repository: ecr.IRepository, *, digest: str) -> FargateService:
    """A service that runs an image of the repository, in a cluster from elsewhere."""
    vpc = variants_ecs.vpc(stack)
    cluster = ecs.Cluster.from_cluster_attributes(stack, "Cluster", cluster_name="shop", vpc=vpc)
    return FargateService(stack, "Web", image=Image.of(repository, digest=digest), cluster=cluster, port=8080)


def _rolled(stack: cdk.Stack) -> DeployOnPush:
    repository = Repository(stack, "Repository")
    web = service_of(stack, repository, digest=variants_ecs.DIGEST)
    return DeployOnPush(stack, "Deploy", repository=repository, tags=["v*"], service=web.service)


def _told(stack: cdk.Stack) -> DeployOnPush:
    images = new_stack(f"{stack.stack_name}-images", env=ENV, app=cast("cdk.App", stack.node.root))
    repository = Repository(images, "Repository", repository_name="shop/web")
    deployed = DeployedImage(images, "Deployed", repository=repository, first_digest=variants_ecs.DIGEST)
    vpc = variants_ecs.vpc(stack)
    cluster = ecs.Cluster.from_cluster_attributes(stack, "Cluster", cluster_name="shop", vpc=vpc)
    web = FargateService(stack, "Web", image=deployed.image_for(stack), cluster=cluster, port=8080)
    return DeployOnPush(
        stack,
        "Deploy",
        repository=repository,
        tags=["production"],
        service=web.service,
        deployed=deployed,
    )


def pipeline_on_push(stack: cdk.Stack) -> PipelineOnPush:
    base = Repository(stack, "Base", repository_name="platform/base")
    pipeline = codepipeline.Pipeline.from_pipeline_arn(
        stack, "Pipeline", "arn:aws:codepipeline:eu-west-1:111122223333:checkout"
    )
    return PipelineOnPush(stack, "Start", repository=base, tags=["v*"], pipeline=pipeline)


def _acknowledged_pipeline(stack: cdk.Stack) -> None:
    cdk.Validations.of(pipeline_on_push(stack)).acknowledge(
        cdk.Acknowledgment(id="Annotation::registry-constructs:pipeline-may-push", reason=NO_LOOP)
    )


VARIANTS: dict[str, Callable[[cdk.Stack], Any]] = {
    "deploy-on-push-of-versions": _rolled,
    "deploy-on-push-of-a-moving-tag": _told,
    "pipeline-on-push": _acknowledged_pipeline,
}

ENVIRONMENTS: dict[str, cdk.Environment] = {}
