"""Permissions to deploy a new task definition revision to an ECS service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam

from registry_constructs._cdk.wildcards import acknowledge_wildcards

ANY_DEFINITION_REASON: Final = (
    "ecs:DescribeTaskDefinition and ecs:RegisterTaskDefinition support no resource-level permissions, and a "
    "revision's number is known only when it is registered. iam:PassRole limits the roles of a revision."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on a role that rolls a service."""


def rollout_statements(
    service: ecs.FargateService | ecs.Ec2Service, *, passed_to: str | Sequence[str]
) -> list[iam.PolicyStatement]:
    """Policy statements to register a revision with another image and deploy it.

    Args:
        service: The service.
        passed_to: The services that the task's roles may be passed to.
    """
    definition = service.task_definition
    roles = [role for role in (definition.execution_role, definition.task_role) if role is not None]
    return [
        iam.PolicyStatement(
            actions=["ecs:DescribeServices", "ecs:UpdateService"], resources=[service.service_arn]
        ),
        iam.PolicyStatement(
            actions=["ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition"], resources=["*"]
        ),
        # A revision keeps the tags of the one before.
        iam.PolicyStatement(
            actions=["ecs:TagResource"],
            resources=[_revisions(service)],
            conditions={"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}},
        ),
        iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=[role.role_arn for role in roles],
            conditions={"StringEquals": {"iam:PassedToService": passed_to}},
        ),
    ]


def acknowledge_rollout(role: iam.Role, service: ecs.FargateService | ecs.Ec2Service) -> None:
    """Acknowledge the wildcards of these statements on a role."""
    acknowledge_wildcards(role, ["*", _revisions(service)], ANY_DEFINITION_REASON)


def _revisions(service: ecs.FargateService | ecs.Ec2Service) -> str:
    return cdk.Stack.of(service).format_arn(
        service="ecs", resource="task-definition", resource_name=f"{service.task_definition.family}:*"
    )
