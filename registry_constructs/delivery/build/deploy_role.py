"""The role of CodePipeline's ECS deploy action, limited to one service and its two roles."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs.consumers.ecs.ec2_service import Ec2Service
from registry_constructs.consumers.ecs.fargate_service import FargateService
from registry_constructs.delivery.build.artifacts import ArtifactBucket
from registry_constructs.delivery.ecs_rollout import acknowledge_rollout, rollout_statements


def deploy_role(
    scope: Construct, service: FargateService | Ec2Service, pipeline: iam.IRole, artifacts: ArtifactBucket
) -> iam.Role:
    """The role of the deployment (CodePipeline user guide, action-reference-ECS)."""
    role = iam.Role(
        scope,
        "DeployRole",
        description=f"Deploys to {service.node.path}",
        assumed_by=iam.ArnPrincipal(pipeline.role_arn),
    )
    passed_to = ["ecs.amazonaws.com", "ecs-tasks.amazonaws.com"]
    for statement in rollout_statements(service.service, passed_to=passed_to):
        role.add_to_policy(statement)
    artifacts.grant_read(role)
    acknowledge_rollout(role, service.service)
    return role
