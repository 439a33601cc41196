"""Every named variant of private access and of Lambda functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from registry_constructs import (
    Image,
    ImageFunction,
    PrivateRegistryAccess,
    PullThroughCache,
    Repository,
    Upstream,
)

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
OTHER_ACCOUNT = "arn:aws:ecr:eu-west-1:222233334444:repository/shop/checkout"
EKS_IMAGES = "602401143452"


def isolated_vpc(stack: Construct) -> ec2.IVpc:
    """An imported VPC of two zones without a way out."""
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        isolated_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        isolated_subnet_route_table_ids=["rtb-0123456789abcdef0", "rtb-0123456789abcdef1"],
    )


def vpc_with_a_way_out(stack: cdk.Stack) -> ec2.IVpc:
    """An imported VPC of two zones whose private subnets have a way out."""
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        private_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        private_subnet_route_table_ids=["rtb-0123456789abcdef0", "rtb-0123456789abcdef1"],
    )


def group(stack: cdk.Stack, vpc: ec2.IVpc, **keywords: Any) -> ec2.SecurityGroup:
    """The security group of a consumer."""
    return ec2.SecurityGroup(stack, "Consumer", vpc=vpc, description="A consumer", **keywords)


def plain(stack: cdk.Stack) -> ecr.Repository:
    """The CDK's own repository."""
    return ecr.Repository(
        stack,
        "Repository",
        encryption_key=kms.Key(stack, "Key", enable_key_rotation=True),
        image_scan_on_push=True,
        image_tag_mutability=ecr.TagMutability.IMMUTABLE,
    )


def of_another_account(stack: cdk.Stack) -> ecr.IRepository:
    """A repository whose owner has granted what this app needs."""
    return Repository.from_repository_arn(stack, "Repository", OTHER_ACCOUNT, policy_managed_elsewhere=True)


def _fargate(stack: cdk.Stack) -> None:
    vpc = isolated_vpc(stack)
    image = Image.of(Repository(stack, "Repository"), digest=DIGEST)
    PrivateRegistryAccess(stack, "Access", vpc=vpc, images=[image], consumers=[group(stack, vpc)])


def _ecs_ec2(stack: cdk.Stack) -> None:
    vpc = isolated_vpc(stack)
    PrivateRegistryAccess(
        stack,
        "Access",
        vpc=vpc,
        repositories=[plain(stack)],
        workloads=["ecs-ec2"],
        also=["kms", "secretsmanager", "ssm", "ssmmessages"],
        consumers=[group(stack, vpc)],
    )


def _eks(stack: cdk.Stack) -> None:
    vpc = isolated_vpc(stack)
    PrivateRegistryAccess(
        stack,
        "Access",
        vpc=vpc,
        repositories=[of_another_account(stack)],
        accounts=[EKS_IMAGES],
        workloads=["eks"],
        also=["eks", "elasticloadbalancing"],
        consumers=[group(stack, vpc)],
    )


def _cached(stack: cdk.Stack) -> None:
    vpc = vpc_with_a_way_out(stack)
    quay = PullThroughCache(stack, "Quay", upstream=Upstream.quay(), prefix="quay", settings=None)
    public = PullThroughCache(stack, "Public", upstream=Upstream.ecr_public(), prefix="public", settings=None)
    PrivateRegistryAccess(
        stack,
        "Access",
        vpc=vpc,
        images=[Image.cached(quay, f"quay.io/prometheus/prometheus@{DIGEST}")],
        caches=[public],
        consumers=[group(stack, vpc)],
    )


def _restricted_consumer(stack: cdk.Stack) -> None:
    vpc = isolated_vpc(stack)
    PrivateRegistryAccess(
        stack,
        "Access",
        vpc=vpc,
        repositories=[Repository.from_repository_name(stack, "Repository", "shop/checkout")],
        consumers=[group(stack, vpc, allow_all_outbound=False)],
        s3_prefix_list="pl-6da54004",
    )


def _existing(stack: cdk.Stack) -> None:
    vpc = isolated_vpc(stack)
    there = ec2.SecurityGroup.from_security_group_id(stack, "Endpoints", "sg-0123456789abcdef0")
    logs = ec2.InterfaceVpcEndpoint.from_interface_vpc_endpoint_attributes(
        stack, "Logs", vpc_endpoint_id="vpce-0123456789abcdef0", port=443, security_groups=[there]
    )
    s3 = ec2.GatewayVpcEndpoint.from_gateway_vpc_endpoint_id(stack, "S3", "vpce-0123456789abcdef1")
    PrivateRegistryAccess(
        stack,
        "Access",
        vpc=vpc,
        repositories=[Repository.from_repository_name(stack, "Repository", "shop/checkout")],
        existing={"logs": logs, "s3": s3},
        consumers=[group(stack, vpc)],
    )


def _shared_vpc(stack: cdk.Stack) -> None:
    PrivateRegistryAccess(
        stack,
        "Access",
        vpc=isolated_vpc(stack),
        accounts=["111122223333"],
        consumer_accounts=["222233334444", "333344445555"],
        consumers=[ec2.Peer.ipv4("10.0.0.0/17")],
    )


def _everything(stack: cdk.Stack) -> None:
    image = Image.of(Repository(stack, "Repository"), digest=DIGEST, architectures=["arm64"])
    ImageFunction(
        stack,
        "Resize",
        image=image,
        function_name="resize",
        description="Makes thumbnails",
        cmd=["app.handler"],
        entrypoint=["/usr/bin/python3", "-m", "awslambdaric"],
        memory_size=1024,
        timeout=cdk.Duration.minutes(5),
        environment={"LOG_LEVEL": "info"},
        environment_encryption=kms.Key(stack, "Key", enable_key_rotation=True),
        vpc=isolated_vpc(stack),
        reserved_concurrent_executions=10,
        dead_letter_queue_enabled=True,
        tracing=lambda_.Tracing.ACTIVE,
    )


def _function(repository: ecr.IRepository, stack: cdk.Stack, **keywords: Any) -> None:
    ImageFunction(stack, "Resize", image=Image.of(repository, digest=DIGEST), **keywords)


VARIANTS: dict[str, Callable[[cdk.Stack], Any]] = {
    "access-fargate": _fargate,
    "access-ecs-ec2": _ecs_ec2,
    "access-eks": _eks,
    "access-caches": _cached,
    "access-restricted-consumer": _restricted_consumer,
    "access-existing-endpoints": _existing,
    "access-shared-vpc": _shared_vpc,
    "lambda-defaults": lambda s: _function(Repository(s, "Repository"), s),
    "lambda-everything": _everything,
    "lambda-plain-repository": lambda s: _function(plain(s), s, environment={"LOG_LEVEL": "info"}),
    "lambda-another-account": lambda s: _function(of_another_account(s), s),
}

ENVIRONMENTS: dict[str, cdk.Environment] = {}
