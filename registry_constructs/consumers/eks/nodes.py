"""The managed node group of a cluster and its role."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs.consumers.eks.acknowledgments import acknowledge_managed_policies
from registry_constructs.consumers.eks.kubernetes_names import check_number
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.images.image_checks import Architecture

NODE_POLICIES: Final = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
"""What a node's role holds: joining the cluster and handing out Pod Identity credentials, and pulling."""

NODE_POLICIES_REASON: Final = (
    "AWS keeps these policies for EKS nodes. The pull goes to every repository, as nodes also pull the "
    "images of EKS itself, from accounts of AWS that differ by Region; it can't list images or change any."
)
"""Why cdk-nag's AwsSolutions-IAM4 is acknowledged on the nodes' role."""

_INSTANCE_TYPE: Final = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
_ROOT_DEVICE: Final = "/dev/xvda"


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """A managed node group of Amazon Linux 2023; AWS replaces its instances when you update it.

    Attributes:
        instance_types: One or more, of one architecture; without GPU. Changing them replaces the group, new
            nodes first. Default: `m6i.large`.
        min_size: The fewest instances, and how many there are at first. Default: 2.
        max_size: The most. Nothing adds instances by itself: for that the cluster needs an autoscaler.
            Default: 4.
        disk_gib: The size of an instance's encrypted disk in GiB, 20 to 16,384: images, logs and writable
            paths of all its pods. Default: 50.
    """

    instance_types: Sequence[str] = ("m6i.large",)
    min_size: int = 2
    max_size: int = 4
    disk_gib: int = 50

    def __post_init__(self) -> None:
        given = self.instance_types
        if isinstance(given, str) or not given or not all(_is_instance_type(one) for one in given):
            raise InvalidInputError(
                "instance_types is not a list of instance types",
                got=given,
                allowed="one or more such as 'm6i.large'",
                fix="write instance_types=['m6i.large']",
            )
        check_number("min_size", self.min_size, 0, 450)
        check_number("max_size", self.max_size, max(self.min_size, 1), 450)
        check_number("disk_gib", self.disk_gib, 20, 16_384)

    def architecture(self) -> Architecture:
        """The instances' architecture.

        Raises:
            InvalidInputError: If they have more than one.
        """
        found = {one: ec2.InstanceType(one).architecture for one in self.instance_types}
        if len(set(found.values())) > 1:
            raise InvalidInputError(
                "The instance types have different architectures",
                got={name: architecture.value for name, architecture in found.items()},
                allowed="one architecture in a node group",
                fix="keep those of one, and add another group with cluster.add_nodegroup_capacity",
            )
        return "arm64" if ec2.InstanceArchitecture.ARM_64 in found.values() else "amd64"


def add_nodes(
    cluster: eks.Cluster, nodes: Nodes, subnets: ec2.SubnetSelection
) -> tuple[eks.Nodegroup, iam.Role]:
    """Add the node group to a cluster, with the role that pulls images."""
    role = iam.Role(
        cluster,
        "NodeRole",
        assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
        description="What the cluster's nodes may do: join it and pull images",
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(name) for name in NODE_POLICIES],
    )
    acknowledge_managed_policies(role, NODE_POLICIES, NODE_POLICIES_REASON)
    template = _launch_template(cluster, nodes)
    arm = nodes.architecture() == "arm64"
    group = cluster.add_nodegroup_capacity(
        "Nodes",
        ami_type=eks.NodegroupAmiType.AL2023_ARM_64_STANDARD
        if arm
        else eks.NodegroupAmiType.AL2023_X86_64_STANDARD,
        instance_types=[ec2.InstanceType(one) for one in nodes.instance_types],
        launch_template_spec=eks.LaunchTemplateSpec(
            id=str(template.launch_template_id), version=template.latest_version_number
        ),
        max_unavailable=1,
        min_size=nodes.min_size,
        desired_size=nodes.min_size,
        max_size=nodes.max_size,
        node_role=role,
        subnets=subnets,
    )
    return group, role


def _launch_template(scope: Construct, nodes: Nodes) -> ec2.LaunchTemplate:
    disk = ec2.BlockDeviceVolume.ebs(
        nodes.disk_gib, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3, delete_on_termination=True
    )
    return ec2.LaunchTemplate(
        scope,
        "NodeTemplate",
        block_devices=[ec2.BlockDevice(device_name=_ROOT_DEVICE, volume=disk)],
        # One hop ends at the node: pods get credentials of their own, from the Pod Identity agent.
        http_put_response_hop_limit=1,
        http_tokens=ec2.LaunchTemplateHttpTokens.REQUIRED,
    )


def _is_instance_type(given: object) -> bool:
    return isinstance(given, str) and bool(_INSTANCE_TYPE.fullmatch(given))
