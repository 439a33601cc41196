"""A Kubernetes workload on an EKS cluster, with the IAM role of its pods."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.consumers.eks import manifests
from registry_constructs.consumers.eks.cluster import EksCluster
from registry_constructs.consumers.eks.manifests import Manifest
from registry_constructs.consumers.eks.pod_identity import AnyCluster, pod_identity_principal
from registry_constructs.consumers.eks.pulling import (
    needs_more_than_pull_only,
    statements_to_pull,
)
from registry_constructs.consumers.eks.workload_description import (
    DEFAULT_WRITABLE,
    Autoscaling,
    HealthChecks,
    SecretKey,
    Workload,
)
from registry_constructs.consumers.eks.workload_placement import (
    architectures,
    check_architecture,
    check_kubectl,
    check_namespace_fits,
)
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.images.image import Image, check_image
from registry_constructs.images.image_checks import Architecture

_IRSA = "eks.amazonaws.com/role-arn"


class KubernetesWorkload(Construct):
    """A stateless service or worker on EKS that meets the Pod Security Standard `restricted`.

    It creates a Deployment, a ServiceAccount, a Service and a PodDisruptionBudget, and optionally a
    HorizontalPodAutoscaler and a NetworkPolicy. The container runs as non-root, without capabilities,
    and can write only to `/tmp`. The pods get a role of their own by EKS Pod Identity, which may do nothing
    until it is granted something; nodes and Fargate, not the pods, pull the image.

    Changing the name, the namespace or the construct's id makes the workload anew. A HorizontalPodAutoscaler
    or NetworkPolicy that is no longer configured stays in the cluster, as `kubectl apply --prune` knows
    neither: delete it by hand.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id.
        cluster: An `EksCluster`, or any cluster of `aws_eks_v2`, also by
            `eks.Cluster.from_cluster_attributes`. That one needs the add-on `eks-pod-identity-agent` for the
            pods' role.
        image: What runs.
        name: As for `Workload`. Default: the construct's id in lower case, with `-` between its words.
        namespace: As for `Workload`. Default: the name.
        create_namespace: Apply the namespace, with the labels that refuse pods which aren't `restricted`. It
            stays when the stack goes, as others may be in it. Default: True.
        apply: Apply the manifests when the stack is deployed, which needs a cluster with kubectl; a stack
            that is destroyed deletes them. False for `to_yaml`. Default: True.
        pod_role: A role of yours, instead of one that is made. On Fargate, which Pod Identity does not reach,
            a role that trusts the cluster's OIDC provider: the service account is annotated with it.
        pull_role: The role that pulls on a cluster that is no `EksCluster`: that of its nodes, or the pod
            execution role of Fargate; it is granted the image. Default: what it must hold is in
            `required_elsewhere`.
        fargate: Whether the namespace is on Fargate. Default: what an `EksCluster` knows, otherwise False.
        architecture: As for `Workload`. Default: what the image was built for, if that is one.
        port, service_port, replicas, cpu, memory, cpu_limit, memory_limit, environment, secret_environment,
            command, arguments, writable_paths, health, autoscaling, allow_from, user_id,
            termination_seconds: As for `Workload`, with the same defaults.

    Attributes:
        description: The `Workload`.
        manifests: What is applied, as JSON-like data; the image may be a token in it.
        required_elsewhere: On a cluster that is no `EksCluster` and without `pull_role`: what the role that
            pulls, and the repository, must hold; None otherwise.

    Raises:
        InvalidInputError: For what Kubernetes would refuse, for an image that was not built for the nodes,
            and for a cluster without kubectl if `apply` is not False.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        cluster: AnyCluster,
        image: Image,
        name: str | None = None,
        namespace: str | None = None,
        create_namespace: bool = True,
        apply: bool = True,
        pod_role: iam.IRole | None = None,
        pull_role: iam.IRole | None = None,
        fargate: bool | None = None,
        architecture: Architecture | None = None,
        port: int | None = 8080,
        service_port: int = 80,
        replicas: int = 2,
        cpu: str = "250m",
        memory: str = "256Mi",
        cpu_limit: str | None = None,
        memory_limit: str | None = None,
        environment: Mapping[str, str] | None = None,
        secret_environment: Mapping[str, SecretKey] | None = None,
        command: Sequence[str] | None = None,
        arguments: Sequence[str] | None = None,
        writable_paths: Mapping[str, str] = DEFAULT_WRITABLE,
        health: HealthChecks = HealthChecks(),  # noqa: B008 - it is frozen
        autoscaling: Autoscaling | None = None,
        allow_from: Sequence[str] | None = None,
        user_id: int = 65532,
        termination_seconds: int = 30,
    ) -> None:
        super().__init__(scope, id)
        self._cluster = cast("eks.ICluster", cluster)
        self._image = image
        self._association: eks.CfnPodIdentityAssociation | None = None
        name = _from_id(id) if name is None else name
        namespace = name if namespace is None else namespace
        own = cluster if isinstance(cluster, EksCluster) else None
        if fargate is None:
            fargate = own is not None and namespace in own.fargate_namespaces
        with located(self):
            check_image(image)
            self.description = Workload(
                name=name,
                namespace=namespace,
                image=image.uri,
                port=port,
                service_port=service_port,
                replicas=replicas,
                cpu=cpu,
                memory=memory,
                cpu_limit=cpu_limit,
                memory_limit=memory_limit,
                environment=environment or {},
                secret_environment=secret_environment or {},
                command=command,
                arguments=arguments,
                writable_paths=writable_paths,
                health=health,
                architecture=architecture or _only(image),
                autoscaling=autoscaling,
                allow_from=allow_from,
                user_id=user_id,
                termination_seconds=termination_seconds,
                fargate=fargate,
                service_account_annotations={_IRSA: pod_role.role_arn} if fargate and pod_role else {},
            )
            check_namespace_fits(own, namespace, fargate=fargate, pull_role=pull_role)
            if own is not None:
                own.claim(namespace, name, self.node.path)
            check_architecture(image, architecture, architectures(own, namespace, fargate=fargate))
            check_kubectl(cluster, apply=apply)
            documents = manifests.manifests(self.description)
            self._namespace = [manifests.namespace(namespace)] if create_namespace else []
        image.warn_if_moving(self)
        self.required_elsewhere: dict[str, Any] | None = None
        self._allow_pull(own, pull_role)
        self._pod_role = pod_role
        if not fargate:
            self._pod_role = self._associate(pod_role)
        self.manifests: list[Manifest] = [*self._namespace, *documents]
        if apply:
            self._apply(own, documents)

    @property
    def pod_role(self) -> iam.IRole:
        """The IAM role of the pods; grant it the permissions that they need.

        Raises:
            InvalidInputError: On Fargate, if none was given.
        """
        if self._pod_role is None:
            raise InvalidInputError(
                "EKS Pod Identity does not reach pods on Fargate, so they have no role",
                got=self.description.namespace,
                allowed="a namespace on nodes, or a role that trusts the cluster's OIDC provider",
                fix="write pod_role=role with a principal of iam.OpenIdConnectPrincipal("
                "cluster.open_id_connect_provider)",
                where=self.node.path,
            )
        return self._pod_role

    def to_yaml(self) -> str:
        """The manifests as one YAML text, for a GitOps repository.

        The image is included as text, which needs an account and a Region for its stack, and a name for its
        repository. The pods' role is not included: the stack links it to the service account.

        Raises:
            InvalidInputError: If the image, or another value, is known only at deployment.
        """
        written = dataclasses.replace(self.description, image=self._image.plain_uri)
        with located(self):
            return manifests.to_yaml([*self._namespace, *manifests.manifests(written)])

    def _allow_pull(self, own: EksCluster | None, pull_role: iam.IRole | None) -> None:
        if own is not None:
            own.allow_pull(self._image, namespace=self.description.namespace)
        elif pull_role is not None:
            self._image.grant_pull(pull_role)
        else:
            self.required_elsewhere = statements_to_pull(self, self._image)
            if needs_more_than_pull_only(self, self._image):
                cdk.Annotations.of(self).add_info(
                    "The cluster is not of this app. To pull the image it needs more than "
                    "AmazonEC2ContainerRegistryPullOnly; pass pull_role, or add these statements elsewhere:\n"
                    + json.dumps(self.required_elsewhere, indent=2)
                )

    def _associate(self, role: iam.IRole | None) -> iam.IRole:
        """Link the role to the service account by Pod Identity."""
        workload = self.description
        if role is None:
            role = iam.Role(
                self,
                "PodRole",
                assumed_by=pod_identity_principal(self._cluster, workload.namespace, workload.name),
                description=f"What the pods of {workload.namespace}/{workload.name} may do",
            )
        self._association = eks.CfnPodIdentityAssociation(
            self,
            "PodIdentity",
            cluster_name=self._cluster.cluster_name,
            namespace=workload.namespace,
            service_account=workload.name,
            role_arn=role.role_arn,
        )
        return role

    def _apply(self, own: EksCluster | None, documents: list[Manifest]) -> None:
        objects = eks.KubernetesManifest(self, "Manifest", cluster=self._cluster, manifest=documents)
        if self._namespace:
            # With overwrite it may be there already; others may be in it, so that it is never taken away.
            namespace = eks.KubernetesManifest(
                self,
                "Namespace",
                cluster=self._cluster,
                manifest=self._namespace,
                overwrite=True,
                prune=False,
                removal_policy=cdk.RemovalPolicy.RETAIN,
            )
            objects.node.add_dependency(namespace)
        # A pod that starts before its association or its Fargate profile never gets it.
        if self._association is not None:
            objects.node.add_dependency(self._association, cast("iam.IRole", self._pod_role))
        if own is not None:
            objects.node.add_dependency(own.ready)


def _from_id(id: str) -> str:
    """`OrderService` as `order-service`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", id).replace("_", "-").lower()


def _only(image: Image) -> Architecture | None:
    found = image.architectures or ()
    return found[0] if len(found) == 1 else None
