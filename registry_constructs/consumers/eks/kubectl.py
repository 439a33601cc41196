"""Least-privilege permissions for the Lambda functions that apply a stack's manifests."""

from __future__ import annotations

from typing import Final, cast

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.consumers.eks.acknowledgments import acknowledge_managed_policies

_LOGS: Final = "service-role/AWSLambdaBasicExecutionRole"
_VPC: Final = "service-role/AWSLambdaVPCAccessExecutionRole"

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
    """Remove unneeded permissions from the two functions that apply manifests.

    The one that runs kubectl gets no right to read the account's images; the CDK gives it
    AmazonEC2ContainerRegistryReadOnly and the same for ECR Public, for Helm charts in ECR. Who applies such a
    chart grants it: `repository.grant_pull(cluster.kubectl_provider.role)`.

    The one that CloudFormation calls, and which calls the other, stays out of the VPC: it calls Lambda and
    answers into a bucket of CloudFormation, which isolated subnets would each need an endpoint for.
    """
    provider = cast("eks.KubectlProvider", cluster.kubectl_provider)
    handler = cast("lambda_.Function", provider.node.find_child("Handler"))
    caller = cast(
        "lambda_.Function", provider.node.find_child("Provider").node.find_child("framework-onEvent")
    )
    _hold_to(handler, _LOGS, _VPC)
    _hold_to(caller, _LOGS)
    cast("lambda_.CfnFunction", caller.node.default_child).vpc_config = None
    # The condition under which the policy for ECR Public was given; nothing asks for it any more.
    handler.node.try_remove_child("HasEcrPublic")
    acknowledge_wildcards(provider, [f"{handler.function_arn}:*"], VERSIONS_REASON)
    cdk.Validations.of(handler).acknowledge(cdk.Acknowledgment(id="AwsSolutions-L1", reason=RUNTIME_REASON))


def _hold_to(function: lambda_.Function, *policies: str) -> None:
    """Limit a function's role to these AWS managed policies."""
    role = cast("iam.CfnRole", cast("iam.Role", function.role).node.default_child)
    role.managed_policy_arns = [
        iam.ManagedPolicy.from_aws_managed_policy_name(name).managed_policy_arn for name in policies
    ]
    acknowledge_managed_policies(function, policies, POLICIES_REASON)
