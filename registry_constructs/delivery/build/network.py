"""Builds in a VPC: security groups of the Docker server, and permissions of the build role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.wildcards import acknowledge_wildcards

VPC_ACTIONS: Final = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
"""What CodeBuild does on any resource for a build in a VPC (CodeBuild guide, customer-managed-policies)."""

VPC_REASON: Final = (
    "CodeBuild makes and deletes a build's network interfaces with the role, on any resource (CodeBuild "
    "guide, auth-and-access-control-iam-identity-based-access-control); it may hand them to itself alone, in "
    "the build's subnets."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the role of a build in a VPC."""

_DOCKER_SERVER_PORT: Final = 9876  # CodeBuild API reference, DockerServer


@dataclass(frozen=True, kw_only=True)
class BuildNetwork:
    """The VPC, subnets and security groups of builds.

    Attributes:
        vpc: The VPC.
        subnets: Its subnets for builds.
        builds: The security group of the builds.
        server: The security group of their Docker server.
    """

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection
    builds: ec2.ISecurityGroup
    server: ec2.ISecurityGroup


def build_network(
    scope: Construct, vpc: ec2.IVpc, subnets: ec2.SubnetSelection | None, role: iam.Role
) -> BuildNetwork:
    """Create the security groups of builds in a VPC, and grant the role its permissions there."""
    chosen = subnets or ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
    builds = ec2.SecurityGroup(scope, "SecurityGroup", vpc=vpc, description="Builds of images")
    server = ec2.SecurityGroup(scope, "DockerServerSecurityGroup", vpc=vpc, description="Their Docker server")
    server.connections.allow_from(builds, ec2.Port.tcp(_DOCKER_SERVER_PORT), "Builds")
    stack = cdk.Stack.of(scope)
    interfaces = stack.format_arn(service="ec2", resource="network-interface", resource_name="*")
    role.add_to_policy(iam.PolicyStatement(actions=list(VPC_ACTIONS), resources=["*"]))
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["ec2:CreateNetworkInterfacePermission"],
            resources=[interfaces],
            conditions={
                "StringEquals": {
                    "ec2:AuthorizedService": "codebuild.amazonaws.com",
                    "ec2:Subnet": [
                        stack.format_arn(service="ec2", resource="subnet", resource_name=subnet)
                        for subnet in vpc.select_subnets(
                            subnet_type=chosen.subnet_type,
                            subnets=chosen.subnets,
                            subnet_group_name=chosen.subnet_group_name,
                            availability_zones=chosen.availability_zones,
                            one_per_az=chosen.one_per_az,
                            subnet_filters=chosen.subnet_filters,
                        ).subnet_ids
                    ],
                }
            },
        )
    )
    acknowledge_wildcards(role, [interfaces], VPC_REASON)
    return BuildNetwork(vpc=vpc, subnets=chosen, builds=builds, server=server)
