"""The EKS add-ons that a cluster needs to run pods."""

from __future__ import annotations

from typing import Final, cast

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs.consumers.eks.acknowledgments import acknowledge_managed_policies
from registry_constructs.consumers.eks.pod_identity import pod_identity_principal

CNI_POLICY_REASON: Final = (
    "AWS keeps this policy for the VPC CNI, whose needs change with its versions. It is on the add-on's own "
    "role, so that the nodes and their other pods go without it."
)
"""Why cdk-nag's AwsSolutions-IAM4 is acknowledged on the VPC CNI's role."""

_CNI_POLICY: Final = "AmazonEKS_CNI_Policy"
_CNI_SERVICE_ACCOUNT: Final = "aws-node"


def add_add_ons(cluster: eks.Cluster, nodes: eks.Nodegroup | None, runs_system_pods: Construct) -> None:
    """Add the EKS add-ons to a cluster.

    Args:
        cluster: The cluster.
        nodes: Its nodes, which need a network before they count as ready.
        runs_system_pods: The compute that CoreDNS runs on and depends on.
    """
    if nodes is not None:
        nodes.node.add_dependency(cluster.eks_pod_identity_agent)
        nodes.node.add_dependency(_vpc_cni(cluster))
        nodes.node.add_dependency(_add_on(cluster, "KubeProxy", "kube-proxy"))
    settings = None if nodes is not None else {"computeType": "Fargate"}
    _add_on(cluster, "CoreDns", "coredns", settings).node.add_dependency(runs_system_pods)


def _vpc_cni(cluster: eks.Cluster) -> eks.Addon:
    add_on = _add_on(cluster, "VpcCni", "vpc-cni", {"enableNetworkPolicy": "true"})
    role = iam.Role(
        cluster,
        "VpcCniRole",
        assumed_by=pod_identity_principal(cluster, "kube-system", _CNI_SERVICE_ACCOUNT),
        description="Lets the VPC CNI give pods addresses of the VPC",
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_CNI_POLICY)],
    )
    acknowledge_managed_policies(role, [_CNI_POLICY], CNI_POLICY_REASON)
    resource = cast("eks.CfnAddon", add_on.node.default_child)
    resource.pod_identity_associations = [
        eks.CfnAddon.PodIdentityAssociationProperty(
            role_arn=role.role_arn, service_account=_CNI_SERVICE_ACCOUNT
        )
    ]
    return add_on


def _add_on(cluster: eks.Cluster, id: str, name: str, settings: dict[str, str] | None = None) -> eks.Addon:
    return eks.Addon(
        cluster, id, addon_name=name, cluster=cast("eks.ICluster", cluster), configuration_values=settings
    )
