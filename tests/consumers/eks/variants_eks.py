"""Clusters and workloads on EKS, each in a stack of its own, in the form of tests/variants.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_

from registry_constructs import (
    Autoscaling,
    EksCluster,
    HealthChecks,
    Image,
    KubernetesWorkload,
    Nodes,
    PullThroughCache,
    Repository,
    RepositorySettings,
    SecretKey,
    Upstream,
)

Variant = Callable[[cdk.Stack], Any]
DIGEST = "sha256:" + "0123456789abcdef" * 4
TAGGED_REASON = "the VPC is somebody else's, who tags its subnets"
VERSION = eks.KubernetesVersion.V1_36


def vpc(stack: cdk.Stack) -> ec2.IVpc:
    """Somebody else's VPC, with private subnets in two zones."""
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        private_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        private_subnet_route_table_ids=["rtb-0123456789abcdef0", "rtb-0123456789abcdef1"],
    )


def layer(stack: cdk.Stack) -> lambda_.ILayerVersion:
    """Somebody else's layer with kubectl."""
    arn = f"arn:aws:lambda:eu-west-1:{stack.account}:layer:kubectl:1"
    return lambda_.LayerVersion.from_layer_version_arn(stack, "Kubectl", arn)


def cluster(stack: cdk.Stack, **keywords: Any) -> EksCluster:
    """A cluster, with the defaults unless arguments override them."""
    made = EksCluster(stack, "Cluster", **{"vpc": vpc(stack), "version": VERSION, **keywords})
    cdk.Validations.of(made).acknowledge(
        cdk.Acknowledgment(id="@aws-cdk/aws-eks:clusterMustManuallyTagSubnet", reason=TAGGED_REASON)
    )
    return made


def image(stack: cdk.Stack, **keywords: Any) -> Image:
    """The image of a repository that this stack looks up."""
    repository = Repository.from_repository_name(stack, "App", "shop/checkout")
    return Image.of(repository, digest=DIGEST, **keywords)


def cached_image(stack: cdk.Stack) -> Image:
    """An image of a pull-through cache, with settings that need no role."""
    settings = RepositorySettings(encryption=ecr.RepositoryEncryption.AES_256)
    quay = PullThroughCache(stack, "Quay", upstream=Upstream.quay(), prefix="quay-eks", settings=settings)
    return Image.cached(quay, "quay.io/prometheus/prometheus:v3.1.0")


def imported(stack: cdk.Stack) -> eks.ICluster:
    """Somebody else's cluster, by its name."""
    return eks.Cluster.from_cluster_attributes(stack, "Cluster", cluster_name="platform")


def _named(stack: cdk.Stack) -> None:
    cluster(
        stack,
        cluster_name="shop",
        deletion_protection=False,
        endpoint_access=eks.EndpointAccess.PRIVATE,
        fargate_namespaces=["batch"],
        nodes=Nodes(instance_types=["m7g.large", "m6g.large"], min_size=3, max_size=9, disk_gib=100),
        secrets_encryption_key=kms.Key(stack, "Key", enable_key_rotation=True),
    )


def _workload(stack: cdk.Stack) -> None:
    KubernetesWorkload(
        stack, "Checkout", cluster=cluster(stack, kubectl_layer=layer(stack)), image=image(stack)
    )


def _workload_with_everything(stack: cdk.Stack) -> None:
    KubernetesWorkload(
        stack,
        "OrderService",
        cluster=cluster(stack, kubectl_layer=layer(stack)),
        image=image(stack, architectures=["amd64"]),
        namespace="orders",
        allow_from=["ingress", "monitoring"],
        arguments=["--verbose"],
        autoscaling=Autoscaling(min_replicas=3, max_replicas=12, cpu_percent=60),
        command=["/orders"],
        cpu="500m",
        cpu_limit="1",
        environment={"LOG_LEVEL": "info", "TOKEN_URL": "https://example.com/token"},
        health=HealthChecks(ready_path="/readyz", live_path="/livez", startup_seconds=120),
        memory="512Mi",
        memory_limit="1Gi",
        port=8443,
        secret_environment={"DB_PASSWORD": SecretKey(secret="database", key="password")},
        service_port=443,
        termination_seconds=60,
        user_id=1000,
        writable_paths={"/run/orders": "64Mi", "/var/cache/orders": "1Gi"},
    )


def _fargate(stack: cdk.Stack) -> None:
    running = cluster(stack, nodes=None, fargate_namespaces=["checkout"], kubectl_layer=layer(stack))
    KubernetesWorkload(stack, "Checkout", cluster=running, image=image(stack))


def _cached(stack: cdk.Stack) -> None:
    KubernetesWorkload(
        stack,
        "Prometheus",
        cluster=cluster(stack),
        image=cached_image(stack),
        apply=False,
        port=None,
        replicas=1,
        writable_paths={},
    )


def _imported(stack: cdk.Stack) -> None:
    nodes = iam.Role.from_role_name(stack, "Nodes", "platform-nodes")
    workload = KubernetesWorkload(
        stack, "Checkout", cluster=imported(stack), image=image(stack), apply=False, pull_role=nodes
    )
    workload.pod_role.add_managed_policy(iam.ManagedPolicy.from_managed_policy_name(stack, "Own", "checkout"))


VARIANTS: dict[str, Variant] = {
    "eks-defaults": cluster,
    "eks-nodes-and-fargate": _named,
    "eks-workload": _workload,
    "eks-workload-with-everything": _workload_with_everything,
    "eks-fargate": _fargate,
    "eks-cached-image": _cached,
    "eks-imported-cluster": _imported,
}

ENVIRONMENTS: dict[str, cdk.Environment] = {
    "eks-cached-image": cdk.Environment(account="666677778888", region="eu-west-1")
}
