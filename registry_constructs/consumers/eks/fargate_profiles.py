"""Fargate profiles of a cluster and their pod execution roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import DependencyGroup

from registry_constructs._cdk.logs import encrypted_log_group
from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.consumers.eks.workload_description import check_namespace
from registry_constructs.ecr.actions import PULL_ACTIONS
from registry_constructs.ecr.errors import InvalidInputError

SELECTORS: Final = 5
"""Selectors of one Fargate profile (EKS guide, service-quotas)."""

SYSTEM_IMAGES_REASON: Final = (
    "CoreDNS is an image of EKS itself. Its repositories begin with eks/ in every Region, in accounts of AWS "
    "that differ by Region. ecr:GetAuthorizationToken supports only *."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the role of the system's own pods."""


def check_fargate_namespaces(namespaces: Sequence[str]) -> list[str]:
    """Check the namespaces whose pods run on Fargate, and return them in order.

    Raises:
        InvalidInputError: If they are no list of 1 to 5 names, or one is named twice.
    """
    given = [] if isinstance(namespaces, str) else list(namespaces)
    if not given or len(given) > SELECTORS or len(set(given)) < len(given):
        raise InvalidInputError(
            "fargate_namespaces is not a list of namespaces",
            got=namespaces,
            allowed=f"1 to {SELECTORS} names, each once: a Fargate profile takes no more",
            fix="write fargate_namespaces=['checkout'], or leave it out",
        )
    for namespace in given:
        check_namespace(namespace)
    return given


def add_fargate(
    cluster: eks.Cluster,
    namespaces: Sequence[str],
    subnets: ec2.SubnetSelection,
    ready: DependencyGroup,
) -> iam.Role:
    """Add a Fargate profile for namespaces; its role can write logs, and has no pull permissions yet.

    Args:
        cluster: The cluster.
        namespaces: The namespaces.
        subnets: Private subnets.
        ready: What pods wait for; it gets what these do.
    """
    role = _role(cluster, "PodExecutionRole", "What Fargate may do for the pods: pull and write logs")
    profile = cluster.add_fargate_profile(
        "Workloads",
        selectors=[eks.Selector(namespace=namespace) for namespace in namespaces],
        pod_execution_role=role,
        subnet_selection=subnets,
        vpc=cluster.vpc,
    )
    group = encrypted_log_group(cluster, "FargateLogs")
    group.grant(role, "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
    if cluster.kubectl_provider is not None:
        logging = eks.KubernetesManifest(
            cluster,
            "FargateLogging",
            cluster=cast("eks.ICluster", cluster),
            manifest=logging_manifests(group.log_group_name, cluster.stack.region),
        )
        ready.add(logging)  # it is read when a pod starts
    ready.add(profile, role)
    return role


def add_fargate_for_the_system(cluster: eks.Cluster, subnets: ec2.SubnetSelection) -> eks.FargateProfile:
    """Add a Fargate profile for CoreDNS, for a cluster without nodes."""
    role = _role(cluster, "SystemPodExecutionRole", "What Fargate may do for CoreDNS: pull its image")
    images = cluster.stack.format_arn(
        service="ecr", account="*", resource="repository", resource_name="eks/*"
    )
    role.add_to_policy(iam.PolicyStatement(actions=list(PULL_ACTIONS), resources=[images]))
    ecr.AuthorizationToken.grant_read(role)
    acknowledge_wildcards(role, [images, "*"], SYSTEM_IMAGES_REASON)
    return cluster.add_fargate_profile(
        "System",
        selectors=[eks.Selector(namespace="kube-system", labels={"k8s-app": "kube-dns"})],
        pod_execution_role=role,
        subnet_selection=subnets,
        vpc=cluster.vpc,
    )


def logging_manifests(log_group: str, region: str) -> list[dict[str, object]]:
    """Manifests that send the output of Fargate pods to a log group (EKS guide, fargate-logging)."""
    name = "aws-observability"
    output = f"""[OUTPUT]
    Name cloudwatch_logs
    Match *
    region {region}
    log_group_name {log_group}
    log_stream_prefix pod-
    auto_create_group false
"""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {name: "enabled"}}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "aws-logging", "namespace": name},
            "data": {"output.conf": output},
        },
    ]


def _role(cluster: eks.Cluster, id: str, description: str) -> iam.Role:
    """Create a pod execution role that only this cluster's Fargate profiles can use (confused deputy)."""
    profiles = cluster.stack.format_arn(
        service="eks", resource="fargateprofile", resource_name=f"{cluster.cluster_name}/*"
    )
    fargate = iam.ServicePrincipal(
        "eks-fargate-pods.amazonaws.com", conditions={"ArnLike": {"aws:SourceArn": profiles}}
    )
    return iam.Role(cluster, id, assumed_by=fargate, description=description)
