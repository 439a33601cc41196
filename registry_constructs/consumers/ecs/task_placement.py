"""Where tasks run: a cluster, and private subnets of its network."""

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
    """A cluster and the private subnets in it.

    Attributes:
        cluster: The cluster.
        vpc: Its network.
        subnets: Private subnets, at least one.
    """

    cluster: ecs.ICluster
    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection


def check_place(vpc: ec2.IVpc | None, cluster: ecs.ICluster | None) -> None:
    """Refuse both and neither.

    Raises:
        InvalidInputError: If not exactly one is given.
    """
    if (vpc is None) == (cluster is None):
        raise InvalidInputError(
            "Tasks run in a cluster of your own, or in a new one in a VPC",
            got="neither" if vpc is None else "both vpc and cluster",
            allowed="one of the two",
            fix="write vpc=vpc for a new cluster, or cluster=cluster, which has its VPC",
        )


def place(
    scope: Construct,
    *,
    vpc: ec2.IVpc | None,
    cluster: ecs.ICluster | None,
    vpc_subnets: ec2.SubnetSelection | None,
) -> TaskPlacement:
    """The cluster, made if there is none, and private subnets.

    Raises:
        InvalidInputError: If not exactly one of VPC and cluster is given, or the subnets aren't private.
    """
    check_place(vpc, cluster)
    network = vpc or _network(cast("ecs.ICluster", cluster))
    subnets = private_subnets(network, vpc_subnets)
    if cluster is None:
        cluster = ecs.Cluster(
            scope, "Cluster", vpc=network, container_insights_v2=ecs.ContainerInsights.ENHANCED
        )
    return TaskPlacement(cluster=cluster, vpc=network, subnets=subnets)


def _network(cluster: ecs.ICluster) -> ec2.IVpc:
    try:
        return cluster.vpc
    except RuntimeError:  # what jsii makes of an error of the CDK
        raise InvalidInputError(
            "The imported cluster's VPC is not known",
            got=cluster.node.path,
            allowed="a cluster with its VPC",
            fix="import it with Cluster.from_cluster_attributes, which takes vpc",
        ) from None


class _Providers(Dependable):
    """What a cluster's capacity providers are written into; the CDK makes it when it synthesizes."""

    def __init__(self, cluster: ecs.Cluster) -> None:
        super().__init__()
        self._cluster = cluster

    @property
    def dependency_roots(self) -> list[IConstruct]:
        kind = ecs.CfnClusterCapacityProviderAssociations
        return [child for child in self._cluster.node.children if isinstance(child, kind)]


def use_providers(service: ecs.BaseService, cluster: ecs.Cluster) -> None:
    """Have a service made after its cluster's capacity providers, and deleted before: ECS demands both."""
    providers = DependencyGroup()
    Dependable.implement(providers, _Providers(cluster))
    service.node.add_dependency(providers)


def tasks_security_group(scope: Construct, vpc: ec2.IVpc) -> ec2.SecurityGroup:
    """A security group that lets everything out and nothing in."""
    return ec2.SecurityGroup(
        scope, "SecurityGroup", vpc=vpc, description=f"Tasks of {scope.node.path}", allow_all_outbound=True
    )


def tasks_connections(group: ec2.ISecurityGroup, port: int | None) -> ec2.Connections:
    """Who may connect to tasks, by default to their port."""
    return ec2.Connections(security_groups=[group], default_port=None if port is None else ec2.Port.tcp(port))
