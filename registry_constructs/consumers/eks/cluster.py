"""An EKS cluster whose nodes have least-privilege permissions to pull images."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, cast

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.interfaces.aws_kms import IKeyRef
from constructs import Construct, DependencyGroup

from registry_constructs._cdk.located import located
from registry_constructs._cdk.logs import encrypted_log_group
from registry_constructs.consumers.eks.acknowledgments import acknowledge_managed_policies
from registry_constructs.consumers.eks.add_ons import add_add_ons
from registry_constructs.consumers.eks.fargate_profiles import (
    add_fargate,
    add_fargate_for_the_system,
    check_fargate_namespaces,
)
from registry_constructs.consumers.eks.kubectl import restrict_kubectl
from registry_constructs.consumers.eks.nodes import Nodes, add_nodes
from registry_constructs.consumers.eks.pulling import grant_image, grant_what_nodes_lack
from registry_constructs.consumers.eks.secrets_key import secrets_key
from registry_constructs.consumers.network.subnets import private_subnets
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token
from registry_constructs.images.image import Image
from registry_constructs.images.image_checks import Architecture

CLUSTER_POLICY_REASON: Final = (
    "EKS asks for this policy on a cluster's role and keeps it up to date with what its control plane does."
)
"""Why cdk-nag's AwsSolutions-IAM4 is acknowledged on the cluster's role."""

_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")
_ALL_LOGS: Final = [
    eks.ClusterLoggingTypes.API,
    eks.ClusterLoggingTypes.AUDIT,
    eks.ClusterLoggingTypes.AUTHENTICATOR,
    eks.ClusterLoggingTypes.CONTROLLER_MANAGER,
    eks.ClusterLoggingTypes.SCHEDULER,
]


class EksCluster(eks.Cluster):
    """An EKS cluster in private subnets, with nodes, with Fargate, or with both.

    It is an `eks.Cluster` of `aws_eks_v2`. By default, with only a VPC and a version

    - its API has a private endpoint only, and all five logs of its control plane are written,
    - Kubernetes Secrets are encrypted with a customer-managed key that the stack's clusters share and that
      stays,
    - access entries control who can use it; its creator gets no access entry,
    - two nodes of Amazon Linux 2023 run in private subnets, with encrypted disks and IMDSv2 of one hop; their
      role holds AmazonEKSWorkerNodePolicy and AmazonEC2ContainerRegistryPullOnly and nothing else,
    - add-ons: VPC CNI with network policies and a role of its own, kube-proxy, CoreDNS, Pod Identity Agent.

    The control plane costs about 0.10 USD an hour (0.60 when AWS's standard support for the Kubernetes
    version has ended), and nodes, Fargate, endpoints and logs beside it.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id. Changing it replaces the cluster.
        vpc: The VPC; instances and pods need a way to ECR, S3, EC2, STS, EKS and EKS Auth from its private
            subnets: endpoints or NAT.
        version: The Kubernetes version, such as `eks.KubernetesVersion.V1_36`. One step at a time upwards.
        nodes: The nodes; None for none. Default: `Nodes()`.
        fargate_namespaces: 1 to 5 namespaces whose pods run on Fargate: those of amd64 only, without
            network policies and Pod Identity. Changing it replaces the profile. Default: none.
        kubectl_layer: A Lambda layer with kubectl of the cluster's version, give or take one: with it the
            stack applies manifests (`KubernetesWorkload`, `add_manifest`). Default: none; manifests are
            applied by another tool.
        cluster_name: Up to 100 letters, digits, `-` and `_`. With a name, the control plane's log group is
            made here, encrypted and kept for a year; without one EKS makes it, kept for ever. Changing it
            replaces the cluster. Default: a generated name.
        secrets_encryption_key: A key in the cluster's Region. Changing it replaces the cluster. Default: one
            key for the stack, rotated every year, with the alias `eks/<stack name>`.
        endpoint_access: Who reaches the API. Default: `eks.EndpointAccess.PRIVATE`.
        subnets: Private subnets in two Availability Zones at least. Default: those with a way out, or else
            the isolated ones.
        deletion_protection: Refuse to delete the cluster until this is False. A first deployment that fails
            leaves the cluster behind then. Default: True.

    Attributes:
        node_role: The role that the nodes pull with; None without nodes.
        node_group: The nodes; None without.
        pod_execution_role: The role that Fargate pulls with; None without Fargate.
        fargate_namespaces: The namespaces whose pods run on Fargate.
        ready: What must be there before pods start: depend on it.

    Raises:
        InvalidInputError: Without private subnets in two zones, without anything to run on, and for names and
            numbers that EKS would refuse.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        version: eks.KubernetesVersion,
        nodes: Nodes | None = Nodes(),  # noqa: B008 - it is frozen
        fargate_namespaces: Sequence[str] | None = None,
        kubectl_layer: lambda_.ILayerVersion | None = None,
        cluster_name: str | None = None,
        secrets_encryption_key: IKeyRef | None = None,
        endpoint_access: eks.EndpointAccess | None = None,
        subnets: ec2.SubnetSelection | None = None,
        deletion_protection: bool = True,
    ) -> None:
        with located(scope, id):
            _check_cluster_name(cluster_name)
            chosen = private_subnets(vpc, subnets)
            _check_zones(chosen)
            _check_compute(nodes, fargate_namespaces)
            if nodes is not None:
                nodes.architecture()
            namespaces = (
                check_fargate_namespaces(fargate_namespaces) if fargate_namespaces is not None else []
            )
        super().__init__(
            scope,
            id,
            bootstrap_cluster_creator_admin_permissions=False,
            bootstrap_self_managed_addons=False,
            cluster_logging=_ALL_LOGS,
            cluster_name=cluster_name,
            default_capacity=0,
            default_capacity_type=eks.DefaultCapacityType.NODEGROUP,
            endpoint_access=endpoint_access or eks.EndpointAccess.PRIVATE,
            kubectl_provider_options=eks.KubectlProviderOptions(kubectl_layer=kubectl_layer)
            if kubectl_layer is not None
            else None,
            secrets_encryption_key=secrets_encryption_key or secrets_key(scope),
            version=version,
            vpc=vpc,
            vpc_subnets=[chosen],
        )
        resource = cast("eks.CfnCluster", self.node.default_child)
        resource.deletion_protection = deletion_protection
        acknowledge_managed_policies(self.role, ["AmazonEKSClusterPolicy"], CLUSTER_POLICY_REASON)
        if kubectl_layer is not None:
            restrict_kubectl(self)
        if cluster_name is not None:
            resource.add_resource_dependency(self._control_plane_logs(cluster_name))
        self.fargate_namespaces = tuple(namespaces)
        self.node_group: eks.Nodegroup | None = None
        self.node_role: iam.Role | None = None
        self.pod_execution_role: iam.Role | None = None
        self.ready = DependencyGroup()
        self._claimed: dict[tuple[str, str], str] = {}
        self._add_compute(nodes, chosen)

    def architectures_of(self, namespace: str) -> tuple[Architecture, ...] | None:
        """The image architectures that a namespace can run, by the node groups added so far.

        None if a node group's architecture is unknown, empty if nothing runs pods there.
        """
        if namespace in self.fargate_namespaces:
            return ("amd64",)
        groups = [child for child in self.node.find_all() if isinstance(child, eks.CfnNodegroup)]
        images = {group.ami_type for group in groups}
        if None in images or "CUSTOM" in images:
            return None
        return tuple(sorted({"arm64" if "ARM_64" in str(image).upper() else "amd64" for image in images}))

    def allow_pull(self, image: Image, *, namespace: str | None = None) -> None:
        """Allow the cluster to pull an image; `KubernetesWorkload` calls this for its own image.

        Fargate is granted this image. Nodes can pull from every repository of their account already; they are
        granted what is missing: making the repository of a cached image at its first pull, and an image of
        another account, whose repository must allow it as well.

        Args:
            image: The image.
            namespace: The namespace of the pods. Default: any that the cluster runs pods in.
        """
        if self.pod_execution_role is not None and namespace in (None, *self.fargate_namespaces):
            grant_image(self.pod_execution_role, image)
        if self.node_role is not None and namespace not in self.fargate_namespaces:
            grant_what_nodes_lack(self.node_role, image)

    def claim(self, namespace: str, name: str, path: str) -> None:
        """Reserve a name in a namespace for one workload, identified by its construct's path.

        Raises:
            InvalidInputError: If another has it: they would overwrite each other.
        """
        other = self._claimed.setdefault((namespace, name), path)
        if other != path:
            raise InvalidInputError(
                "Another workload has this name in this namespace",
                got=f"{namespace}/{name}, the name of {other}",
                allowed="each name once in a namespace of the cluster",
                fix="give one of them another name, or another namespace",
            )

    def _add_compute(self, nodes: Nodes | None, subnets: ec2.SubnetSelection) -> None:
        if self.fargate_namespaces:
            self.pod_execution_role = add_fargate(self, self.fargate_namespaces, subnets, self.ready)
        if nodes is not None:
            self.node_group, self.node_role = add_nodes(self, nodes, subnets)
            self.ready.add(self.node_group, self.node_role)
            runs_system_pods: Construct = self.node_group
        else:
            runs_system_pods = add_fargate_for_the_system(self, subnets)
        add_add_ons(self, self.node_group, runs_system_pods)

    def _control_plane_logs(self, cluster_name: str) -> logs.CfnLogGroup:
        group = encrypted_log_group(self, "ControlPlaneLogs")
        resource = cast("logs.CfnLogGroup", group.node.default_child)
        resource.log_group_name = f"/aws/eks/{cluster_name}/cluster"  # where EKS writes
        return resource


def _check_cluster_name(name: str | None) -> None:
    if name is None or is_token(name) or (isinstance(name, str) and _NAME.fullmatch(name)):
        return
    raise InvalidInputError(
        "Not a cluster's name",
        got=name,
        allowed="1 to 100 letters, digits, '-' and '_', the first a letter or digit",
        fix="write cluster_name='shop', or leave it out",
    )


def _check_zones(chosen: ec2.SubnetSelection) -> None:
    try:
        zones = {subnet.availability_zone for subnet in chosen.subnets or []}
    except RuntimeError:  # the CDK knows no zone of a subnet that was imported by its id
        return
    if len(zones) < 2 and not any(map(is_token, zones)):
        raise InvalidInputError(
            "EKS needs subnets in two Availability Zones",
            got=", ".join(zones),
            allowed="private subnets in two Availability Zones at least",
            fix="give the VPC max_azs=2 or more",
        )


def _check_compute(nodes: Nodes | None, fargate_namespaces: Sequence[str] | None) -> None:
    if nodes is not None and not isinstance(nodes, Nodes):
        raise InvalidInputError(
            "Not nodes", got=nodes, allowed="Nodes, or None for none", fix="write nodes=Nodes(max_size=6)"
        )
    if nodes is None and fargate_namespaces is None:
        raise InvalidInputError(
            "The cluster has nothing to run pods on",
            got="nodes=None without fargate_namespaces",
            allowed="nodes, namespaces on Fargate, or both",
            fix="leave nodes out for the default, or write fargate_namespaces=['checkout']",
        )
