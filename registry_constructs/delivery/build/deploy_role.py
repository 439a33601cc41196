"""What CodePipeline's action for ECS may do: to one service, with its two roles."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.consumers.ecs.ec2_service import Ec2Service
from registry_constructs.consumers.ecs.fargate_service import FargateService
from registry_constructs.delivery.build.artifacts import ArtifactBucket

DEPLOY_REASON: Final = (
    "ecs:DescribeTaskDefinition and ecs:RegisterTaskDefinition know no resource, and each deployment "
    "registers a revision of its own. What a task may do is bounded by the two roles that may be passed."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the role that deploys to ECS."""


def deploy_role(
    scope: Construct, service: FargateService | Ec2Service, pipeline: iam.IRole, artifacts: ArtifactBucket
) -> iam.Role:
    """The role of the deployment (CodePipeline user guide, action-reference-ECS)."""
    stack = cdk.Stack.of(service)
    role = iam.Role(
        scope,
        "DeployRole",
        description=f"Deploys to {service.node.path}",
        assumed_by=iam.ArnPrincipal(pipeline.role_arn),
    )
    revisions = stack.format_arn(
        service="ecs", resource="task-definition", resource_name=f"{service.task_definition.family}:*"
    )
    for statement in (
        iam.PolicyStatement(
            actions=["ecs:DescribeServices", "ecs:UpdateService"], resources=[service.service.service_arn]
        ),
        iam.PolicyStatement(
            actions=["ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition"], resources=["*"]
        ),
        iam.PolicyStatement(
            actions=["ecs:TagResource"],
            resources=[revisions],
            conditions={"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}},
        ),
        iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=[service.execution_role.role_arn, service.task_role.role_arn],
            conditions={
                "StringEquals": {"iam:PassedToService": ["ecs.amazonaws.com", "ecs-tasks.amazonaws.com"]}
            },
        ),
    ):
        role.add_to_policy(statement)
    artifacts.grant_read(role)
    acknowledge_wildcards(role, ["*", revisions], DEPLOY_REASON)
    return role
