"""Placement of ECS tasks: the cluster, its VPC, private subnets and security groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct, Dependable, DependencyGroup, IConstruct

from registry_constructs.consumers.network.subnets import private_subnets
from registry_constructs.ecr.errors import InvalidInputError


@dataclass(frozen=True, kw_only=True)
class TaskPlacement:
    """The cluster, VPC and private subnets that tasks run in.

    Attributes:
        cluster: The cluster.
        vpc: The cluster's VPC.
        subnets: Private subnets, at least one.
    """

    cluster: ecs.ICluster
    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection


def check_vpc_or_cluster(vpc: ec2.IVpc | None, cluster: ecs.ICluster | None) -> None:
    """Check that either a VPC or a cluster is passed.

    Raises:
        InvalidInputError: If both or neither are passed.
    """
    if (vpc is None) == (cluster is None):
        raise InvalidInputError(
            "Tasks run in an existing cluster, or in a new one in a VPC",
            got="neither vpc nor cluster" if vpc is None else "both vpc and cluster",
            allowed="either vpc or cluster",
            fix="write vpc=vpc for a new cluster, or cluster=cluster for an existing one in its VPC",
        )


def place_tasks(
    scope: Construct,
    *,
    vpc: ec2.IVpc | None,
    cluster: ecs.ICluster | None,
    vpc_subnets: ec2.SubnetSelection | None,
) -> TaskPlacement:
    """The placement of tasks in a cluster, which is created if none is passed.

    Raises:
        InvalidInputError: If both or neither of VPC and cluster are passed, or the subnets aren't private.
    """
    check_vpc_or_cluster(vpc, cluster)
    network = vpc or _vpc_of(cast("ecs.ICluster", cluster))
    subnets = private_subnets(network, vpc_subnets)
    if cluster is None:
        cluster = ecs.Cluster(
            scope, "Cluster", vpc=network, container_insights_v2=ecs.ContainerInsights.ENHANCED
        )
    return TaskPlacement(cluster=cluster, vpc=network, subnets=subnets)


def _vpc_of(cluster: ecs.ICluster) -> ec2.IVpc:
    try:
        return cluster.vpc
    except RuntimeError:  # jsii raises this for an error of the CDK
        raise InvalidInputError(
            "The imported cluster's VPC is not known",
            got=cluster.node.path,
            allowed="a cluster with its VPC",
            fix="import it with Cluster.from_cluster_attributes, which takes vpc",
        ) from None


class _Providers(Dependable):
    """The resource of a cluster's capacity providers, which the CDK creates at synthesis."""

    def __init__(self, cluster: ecs.Cluster) -> None:
        super().__init__()
        self._cluster = cluster

    @property
    def dependency_roots(self) -> list[IConstruct]:
        kind = ecs.CfnClusterCapacityProviderAssociations
        return [child for child in self._cluster.node.children if isinstance(child, kind)]


def use_providers(service: ecs.BaseService, cluster: ecs.Cluster) -> None:
    """Create a service after its cluster's capacity providers and delete it before them, as ECS requires."""
    providers = DependencyGroup()
    Dependable.implement(providers, _Providers(cluster))
    service.node.add_dependency(providers)


def tasks_security_group(scope: Construct, vpc: ec2.IVpc) -> ec2.SecurityGroup:
    """Create a security group that allows all outbound and no inbound traffic."""
    return ec2.SecurityGroup(
        scope, "SecurityGroup", vpc=vpc, description=f"Tasks of {scope.node.path}", allow_all_outbound=True
    )


def tasks_connections(group: ec2.ISecurityGroup, port: int | None) -> ec2.Connections:
    """Network connections of tasks, with the container's port as the default port."""
    return ec2.Connections(security_groups=[group], default_port=None if port is None else ec2.Port.tcp(port))
