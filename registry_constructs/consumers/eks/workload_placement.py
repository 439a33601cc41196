"""Checks that a cluster can run a workload: namespace, architecture and kubectl."""

from __future__ import annotations

from aws_cdk import aws_iam as iam

from registry_constructs.consumers.eks.cluster import EksCluster
from registry_constructs.consumers.eks.pod_identity import AnyCluster
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.images.image import Image
from registry_constructs.images.image_checks import Architecture


def architectures(
    own: EksCluster | None, namespace: str, *, fargate: bool
) -> tuple[Architecture, ...] | None:
    """The image architectures that a namespace can run; None if unknown."""
    if fargate:
        return ("amd64",)
    return own.architectures_of(namespace) if own is not None else None


def check_namespace_fits(
    own: EksCluster | None, namespace: str, *, fargate: bool, pull_role: iam.IRole | None
) -> None:
    """Check that the settings agree with an `EksCluster` and that the namespace can run pods.

    Raises:
        InvalidInputError: If it does.
    """
    if own is None:
        return
    on_fargate = namespace in own.fargate_namespaces
    if fargate != on_fargate:
        raise InvalidInputError(
            "The cluster is configured differently for this namespace",
            got=f"fargate={fargate}",
            allowed=f"fargate={on_fargate} for {namespace}",
            fix="leave fargate out, or change the cluster's fargate_namespaces",
        )
    if pull_role is not None:
        raise InvalidInputError(
            "An EksCluster pulls with roles of its own",
            got=pull_role.node.path,
            allowed="pull_role for other clusters",
            fix="leave pull_role out",
        )
    if not on_fargate and own.architectures_of(namespace) == ():
        raise InvalidInputError(
            "The cluster has no nodes, and the namespace is not on Fargate",
            got=namespace,
            allowed=", ".join(own.fargate_namespaces),
            fix="name one of these, add it to the cluster's fargate_namespaces, or give the cluster nodes",
        )


def check_architecture(
    image: Image, architecture: Architecture | None, available: tuple[Architecture, ...] | None
) -> None:
    """Check that the cluster can run the image and its architecture.

    Raises:
        InvalidInputError: If nothing can.
    """
    if architecture is not None:
        image.check_architecture(architecture)
        if available is not None and architecture not in available:
            raise InvalidInputError(
                "Nothing in the cluster has this architecture",
                got=architecture,
                allowed=" or ".join(available),
                fix="add such nodes to the cluster before the workload, or run it on what is there",
            )
    elif available is not None and not set(available) & set(image.architectures or available):
        image.check_architecture(available[0])


def check_kubectl(cluster: AnyCluster, *, apply: bool) -> None:
    """Check that a cluster has kubectl if manifests are applied.

    Raises:
        InvalidInputError: If it has none.
    """
    if apply and cluster.kubectl_provider is None:
        raise InvalidInputError(
            "The cluster has no kubectl to apply manifests with",
            got=cluster.node.path,
            allowed="a cluster with a kubectl layer, or apply=False",
            fix="give the cluster a kubectl_layer (from_cluster_attributes: kubectl_provider), or write "
            "apply=False and apply the output of to_yaml() with another tool",
        )
