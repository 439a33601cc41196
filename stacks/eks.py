"""The shop's checkout on Kubernetes."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk.lambda_layer_kubectl_v36 import KubectlV36Layer
from constructs import Construct

from registry_constructs import Autoscaling, EksCluster, HealthChecks, Image, KubernetesWorkload

ISOLATED_REASON = (
    "the network has an endpoint for EKS, which is all that kubectl's function calls beside the cluster; the "
    "CDK can't see it from here"
)
"""Why the CDK's warning of isolated subnets is acknowledged."""


class EksStack(cdk.Stack):
    """A cluster with two nodes, and the checkout on it.

    Args:
        scope: The app.
        id: The stack's id.
        env: The account and Region.
        vpc: A VPC with private subnets in two Availability Zones.
        image: What runs.
    """

    def __init__(
        self, scope: Construct, id: str, *, env: cdk.Environment, vpc: ec2.IVpc, image: Image
    ) -> None:
        super().__init__(scope, id, env=env, description="The shop's checkout on Kubernetes")

        self.cluster = EksCluster(
            self,
            "Cluster",
            vpc=vpc,
            version=eks.KubernetesVersion.V1_36,
            kubectl_layer=KubectlV36Layer(self, "Kubectl"),
        )
        cdk.Validations.of(self.cluster).acknowledge(
            cdk.Acknowledgment(
                id="@aws-cdk/aws-eks:isolatedSubnetsForKubectlPrivateSubnets",
                reason=ISOLATED_REASON,
            )
        )
        metrics = eks.Addon(self, "Metrics", addon_name="metrics-server", cluster=self.cluster)  # type: ignore[arg-type]
        if self.cluster.node_group is not None:
            metrics.node.add_dependency(self.cluster.node_group)
        self.checkout = KubernetesWorkload(
            self,
            "Checkout",
            cluster=self.cluster,
            image=image,
            namespace="shop",
            allow_from=["shop"],
            autoscaling=Autoscaling(max_replicas=6),
            health=HealthChecks(ready_path="/readyz", live_path="/livez"),
        )
        cdk.CfnOutput(self, "ClusterName", value=self.cluster.cluster_name)
