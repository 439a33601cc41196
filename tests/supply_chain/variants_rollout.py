"""Every named variant of what follows pushed images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ssm as ssm

from registry_constructs import DeployOnPush, FargateService, Image, Repository
from tests.consumers import variants_ecs


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
    repository = Repository.from_repository_name(stack, "Repository", "shop/web")
    web = service_of(
        stack, repository, digest=ssm.StringParameter.value_for_string_parameter(stack, "/shop/web")
    )
    parameter = ssm.StringParameter.from_string_parameter_name(stack, "Digest", "/shop/web")
    return DeployOnPush(
        stack,
        "Deploy",
        repository=repository,
        tags=["production"],
        service=web.service,
        digest_parameter=parameter,
    )


VARIANTS: dict[str, Callable[[cdk.Stack], Any]] = {
    "deploy-on-push-of-versions": _rolled,
    "deploy-on-push-of-a-moving-tag": _told,
}

ENVIRONMENTS: dict[str, cdk.Environment] = {}
