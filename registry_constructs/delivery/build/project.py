"""A CodeBuild project and its role, with only the permissions listed here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from registry_constructs.delivery.build.network import BuildNetwork
from registry_constructs.images.image_checks import Architecture

PRIVILEGED_REASON: Final = (
    "privileged=True is set: the Docker daemon runs in the build's own container, instead of on a Docker "
    "server beside it."
)
"""Why cdk-nag's AwsSolutions-CB3 is acknowledged on a project."""

KEY_ACTIONS: Final = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
"""What reads and writes artifacts does with their key (CodePipeline user guide, security-iam)."""

# Both bring Docker with buildx and version 2 of the AWS CLI (aws/aws-codebuild-docker-images).
_MACHINES: Final = {
    "amd64": codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5,
    "arm64": codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0,
}


def build_role(
    scope: Construct, id: str, description: str, *, log_group: logs.LogGroup, key: kms.IKey
) -> iam.Role:
    """Create a role that only this account's CodeBuild projects can assume, and that can write logs."""
    stack = cdk.Stack.of(scope)
    role = iam.Role(
        scope,
        id,
        description=description,
        role_name=cdk.PhysicalName.GENERATE_IF_NEEDED,
        # Against a confused deputy (CodeBuild guide, cross-service-confused-deputy-prevention).
        assumed_by=iam.ServicePrincipal(
            "codebuild.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
        ),
    )
    log_group.grant_write(role)
    role.add_to_policy(iam.PolicyStatement(actions=list(KEY_ACTIONS), resources=[key.key_arn]))
    return role


def build_project(
    scope: Construct,
    id: str,
    *,
    role: iam.Role,
    log_group: logs.LogGroup,
    key: kms.IKey,
    build_spec: dict[str, Any],
    variables: Mapping[str, str],
    secrets: Mapping[str, secretsmanager.ISecret] | None = None,
    description: str,
    architecture: Architecture = "amd64",
    compute_type: codebuild.ComputeType = codebuild.ComputeType.SMALL,
    docker_server: codebuild.DockerServerComputeType | None = None,
    privileged: bool = False,
    source: codebuild.ISource | None = None,
    network: BuildNetwork | None = None,
) -> codebuild.Project:
    """Create a project with a given role, log group and key; without a source, for a pipeline."""
    where: dict[str, Any] = {}
    if network is not None:
        where = {
            "vpc": network.vpc,
            "subnet_selection": network.subnets,
            "security_groups": [network.builds],
        }
    server = None
    if docker_server is not None:
        server = codebuild.DockerServerOptions(
            compute_type=docker_server, security_groups=None if network is None else [network.server]
        )
    settings: dict[str, Any] = {
        "description": description,
        # The CDK would add rights to a second log group, to reports, and actions with a wildcard.
        "role": role.without_policy_updates(),
        "build_spec": codebuild.BuildSpec.from_object(build_spec),
        "encryption_key": key,
        "environment": codebuild.BuildEnvironment(
            build_image=_MACHINES[architecture],
            compute_type=compute_type,
            docker_server=server,
            privileged=privileged,
        ),
        "environment_variables": {
            name: codebuild.BuildEnvironmentVariable(value=value) for name, value in variables.items()
        }
        | {
            name: codebuild.BuildEnvironmentVariable(
                type=codebuild.BuildEnvironmentVariableType.SECRETS_MANAGER, value=secret.secret_arn
            )
            for name, secret in (secrets or {}).items()
        },
        "logging": codebuild.LoggingOptions(
            cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log_group)
        ),
        "grant_report_group_permissions": False,
        **where,
    }
    if source is None:
        project: codebuild.Project = codebuild.PipelineProject(scope, id, **settings)
    else:
        project = codebuild.Project(scope, id, source=source, **settings)
    # For a VPC the CDK makes a policy, attaches it to nothing, and writes it into no template.
    project.node.try_remove_child("PolicyDocument")
    # What a build starts with must be allowed before the first one starts.
    project.node.add_dependency(role)
    if privileged:
        cdk.Validations.of(project).acknowledge(
            cdk.Acknowledgment(id="AwsSolutions-CB3", reason=PRIVILEGED_REASON)
        )
    return project
