"""The Lambda functions with which a stack applies manifests, with less rights than the CDK gives them."""

from __future__ import annotations

from typing import Final, cast

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from registry_constructs.consumers.kubernetes.findings import acknowledge_managed_policies
from registry_constructs.registry.creation_template import acknowledge_wildcards

_POLICIES: Final = (
    "service-role/AWSLambdaBasicExecutionRole",
    "service-role/AWSLambdaVPCAccessExecutionRole",
)
POLICIES_REASON: Final = (
    "The CDK gives its own functions AWS's policies for writing logs and for running in a VPC; the network "
    "interfaces that the second one is for have no names before they are made."
)
"""Why cdk-nag's AwsSolutions-IAM4 is acknowledged on the CDK's functions."""

VERSIONS_REASON: Final = "The CDK's provider may call any version of the one function that runs kubectl."
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the CDK's functions."""

RUNTIME_REASON: Final = "The CDK sets the runtime of its own function, which its two layers were built for."
"""Why cdk-nag's AwsSolutions-L1 is acknowledged on the function that runs kubectl."""


def restrict_kubectl(cluster: eks.Cluster) -> None:
    """Take from the function that runs kubectl the right to read all of the account's images.

    The CDK gives it AmazonEC2ContainerRegistryReadOnly and the same for ECR Public, for Helm charts in ECR.
    Who applies such a chart grants it: `repository.grant_pull(cluster.kubectl_provider.role)`.
    """
    provider = cast("eks.KubectlProvider", cluster.kubectl_provider)
    role = cast("iam.Role", provider.role)
    resource = cast("iam.CfnRole", role.node.default_child)
    resource.managed_policy_arns = [
        iam.ManagedPolicy.from_aws_managed_policy_name(name).managed_policy_arn for name in _POLICIES
    ]
    # The condition under which the second policy was given; nothing asks for it any more.
    handler = cast("lambda_.Function", provider.node.find_child("Handler"))
    handler.node.try_remove_child("HasEcrPublic")
    acknowledge_managed_policies(provider, _POLICIES, POLICIES_REASON)
    acknowledge_wildcards(provider, [f"{handler.function_arn}:*"], VERSIONS_REASON)
    cdk.Validations.of(handler).acknowledge(cdk.Acknowledgment(id="AwsSolutions-L1", reason=RUNTIME_REASON))
