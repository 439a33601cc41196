"""Every named variant of what runs images on ECS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

from registry_constructs import (
    CapacityMix,
    Ec2Capacity,
    Ec2Service,
    FargateService,
    FargateTask,
    Image,
    LoadBalancer,
    PullThroughCache,
    Repository,
    Scaling,
    Upstream,
)

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"
OTHER_ACCOUNT = "arn:aws:ecr:eu-west-1:222233334444:repository/shop/checkout"


def vpc(stack: cdk.Stack) -> ec2.IVpc:
    """An imported VPC of two zones, with public and private subnets."""
    numbers = range(2)
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        vpc_cidr_block="10.0.0.0/16",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        public_subnet_ids=[f"subnet-0a{number:015x}" for number in numbers],
        public_subnet_route_table_ids=[f"rtb-0a{number:015x}" for number in numbers],
        private_subnet_ids=[f"subnet-0b{number:015x}" for number in numbers],
        private_subnet_route_table_ids=[f"rtb-0b{number:015x}" for number in numbers],
    )


def named(stack: cdk.Stack) -> Image:
    """An image of a repository of the same account, by its digest."""
    return Image.of(Repository.from_repository_name(stack, "Repository", "shop/checkout"), digest=DIGEST)


def own(stack: cdk.Stack) -> Image:
    return Image.of(Repository(stack, "Repository"), tag="v1.4.2")


def of_another_account(stack: cdk.Stack) -> Image:
    repository = Repository.from_repository_arn(
        stack, "Repository", OTHER_ACCOUNT, policy_managed_elsewhere=True
    )
    return Image.of(repository, digest=DIGEST)


def cached(stack: cdk.Stack) -> Image:
    cache = PullThroughCache(stack, "Cache", upstream=Upstream.quay(), prefix=stack.stack_name)
    return Image.cached(cache, f"quay.io/prometheus/prometheus@{DIGEST}")


IMAGES: dict[str, Callable[[cdk.Stack], Image]] = {
    "own": own,
    "plain": lambda s: Image.of(
        ecr.Repository(
            s,
            "Repository",
            encryption_key=kms.Key(s, "Key", enable_key_rotation=True),
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
        ),
        digest=DIGEST,
    ),
    "imported": named,
    "of-another-account": of_another_account,
    "cached": cached,
    "replica": lambda s: Image.replica(s, "Repository", "shop/checkout", digest=DIGEST),
}
"""An image of every kind that consumers take."""


def service(stack: cdk.Stack, image: Image | None = None, **keywords: Any) -> FargateService:
    return FargateService(stack, "Checkout", image=image or named(stack), vpc=vpc(stack), **keywords)


def certificate(stack: cdk.Stack) -> acm.ICertificate:
    arn = "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
    return acm.Certificate.from_certificate_arn(stack, "Certificate", arn)


def secrets(stack: cdk.Stack) -> dict[str, Any]:
    """A secret, one field of another, and a parameter."""
    database = secretsmanager.Secret.from_secret_attributes(
        stack,
        "Database",
        secret_complete_arn="arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf",
        encryption_key=kms.Key.from_key_arn(
            stack,
            "DatabaseKey",
            KEY,
        ),
    )
    parameter = ssm.StringParameter.from_secure_string_parameter_attributes(
        stack, "ApiKey", parameter_name="/shop/api-key"
    )
    return {
        "DATABASE": database,
        "DATABASE_PASSWORD": ecs.Secret.from_secrets_manager(database, "password"),
        "API_KEY": parameter,
    }


def _fargate_with_everything(stack: cdk.Stack) -> None:
    network = vpc(stack)
    given = FargateService(
        stack,
        "Checkout",
        image=Image.of(
            Repository.from_repository_name(stack, "Repository", "shop/checkout"),
            digest=DIGEST,
            architectures=["amd64", "arm64"],
        ),
        cluster=ecs.Cluster(
            stack, "Cluster", vpc=network, container_insights_v2=ecs.ContainerInsights.ENHANCED
        ),
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
        security_group=ec2.SecurityGroup(
            stack, "Tasks", vpc=network, description="Checkout", allow_all_outbound=False
        ),
        architecture="arm64",
        cpu=1024,
        memory_limit_mib=3072,
        port=8443,
        environment={"LOG_LEVEL": "info"},
        secrets=secrets(stack),
        command=["serve"],
        entry_point=["/checkout"],
        user="1000",
        writable_paths={"/run": 128, "/var/cache/checkout": 256},
        health_check_command=["/checkout", "healthy"],
        load_balancer=LoadBalancer(
            internal=False,
            certificate=certificate(stack),
            health_check_path="/healthz",
            health_check_codes="200-204",
        ),
        scaling=Scaling(min=2, max=20, cpu_percent=50, memory_percent=70, requests_per_target=600),
        capacity=CapacityMix(base=2, on_demand=1, spot=3),
    )
    given.task_role.add_to_policy(
        iam.PolicyStatement(
            actions=["dynamodb:GetItem"],
            resources=["arn:aws:dynamodb:eu-west-1:111122223333:table/orders"],
        )
    )


def _ec2(stack: cdk.Stack, image: Image | None = None) -> Ec2Service:
    capacity = Ec2Capacity(stack, "Capacity", vpc=vpc(stack))
    return Ec2Service(stack, "Checkout", image=image or named(stack), capacity=capacity)


def _ec2_with_everything(stack: cdk.Stack) -> None:
    network = vpc(stack)
    capacity = Ec2Capacity(
        stack,
        "Capacity",
        cluster=ecs.Cluster(
            stack, "Cluster", vpc=network, container_insights_v2=ecs.ContainerInsights.ENHANCED
        ),
        instance_type=ec2.InstanceType("m7g.xlarge"),
        min_capacity=1,
        max_capacity=10,
        volume_size_gib=60,
        managed_termination_protection=False,
    )
    Ec2Service(
        stack,
        "Checkout",
        image=named(stack),
        capacity=capacity,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
        cpu=512,
        memory_limit_mib=1024,
        port=8080,
        environment={"LOG_LEVEL": "info"},
        secrets=secrets(stack),
        health_check_command="wget -q -O /dev/null http://localhost:8080/",
        load_balancer=LoadBalancer(
            certificate=certificate(stack), peers=[ec2.Peer.ipv4("10.1.0.0/16")], deletion_protection=False
        ),
        scaling=Scaling(min=1, max=4),
    )


def task(stack: cdk.Stack, image: Image | None = None, **keywords: Any) -> FargateTask:
    return FargateTask(stack, "Migration", image=image or named(stack), vpc=vpc(stack), **keywords)


def _granted_task(stack: cdk.Stack) -> None:
    migration = task(stack, command=["migrate"], environment={"LOG_LEVEL": "info"}, secrets=secrets(stack))
    pipeline = iam.Role(stack, "Pipeline", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    migration.grant_run(pipeline)
    cdk.CfnOutput(stack, "Run", value=migration.run_command)


VARIANTS: dict[str, Callable[[cdk.Stack], Any]] = {
    "ecs-fargate-defaults": service,
    "ecs-fargate-with-everything": _fargate_with_everything,
    "ecs-fargate-internal-http": lambda s: service(s, port=8080, load_balancer=LoadBalancer()),
    "ecs-fargate-internal-https": lambda s: service(
        s, port=8080, load_balancer=LoadBalancer(certificate=certificate(s))
    ),
    "ecs-fargate-spot": lambda s: service(s, capacity="FARGATE_SPOT"),
    "ecs-fargate-with-a-shell": lambda s: service(s, execute_command=True, readonly_root_filesystem=False),
    "ecs-fargate-of-another-account": lambda s: service(s, of_another_account(s)),
    "ecs-fargate-cached": lambda s: service(s, cached(s)),
    "ecs-fargate-own-repository": lambda s: service(s, own(s)),
    "ecs-ec2-defaults": _ec2,
    "ecs-ec2-with-everything": _ec2_with_everything,
    "ecs-ec2-cached": lambda s: _ec2(s, cached(s)),
    "ecs-task-granted": _granted_task,
    "ecs-task-scheduled": lambda s: task(
        s,
        schedule=scheduler.ScheduleExpression.cron(
            hour="3", minute="0", time_zone=cdk.TimeZone.EUROPE_BERLIN
        ),
    ),
    "ecs-task-cached": lambda s: task(s, cached(s)),
}

ENVIRONMENTS: dict[str, cdk.Environment] = {
    name: cdk.Environment(account="555566667777", region="eu-west-1")
    for name in VARIANTS
    if name.endswith("-cached")
}
