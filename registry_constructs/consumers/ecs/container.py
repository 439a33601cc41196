"""The hardened container of an ECS task on Fargate or EC2, with its roles and log group."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from registry_constructs._cdk.logs import encrypted_log_group
from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.consumers.environment_variables import (
    SecretValue,
    as_ecs_secrets,
    check_environment,
    grant_imported_keys,
)
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token
from registry_constructs.images.image import Image, check_image
from registry_constructs.images.image_checks import Architecture

DEFAULT_USER: Final = "65532:65532"
"""The user and group `nonroot` of distroless images; a number needs no entry in the image."""

DEFAULT_WRITABLE_PATHS: Final[Mapping[str, int]] = MappingProxyType({"/tmp": 64})  # noqa: S108 - in a container
"""Paths kept in memory, with their size in MiB."""

PULL_REASON: Final = "ecr:GetAuthorizationToken supports no resource-level permissions."
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on an execution role."""

ENVIRONMENT_REASON: Final = (
    "Plain-text variables are checked at synthesis: names and values that look like a secret are an error. "
    "Secrets are read from Secrets Manager or Systems Manager when a task starts."
)
"""Why cdk-nag's AwsSolutions-ECS2 is acknowledged on a task definition with plain variables."""

EXEC_REASON: Final = (
    "ECS Exec is enabled explicitly (execute_command=True), and the actions of ssmmessages and "
    "logs:DescribeLogGroups support no resource-level permissions."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on a task role when ECS Exec is on."""

_SECRETS_FIX: Final = (
    "store it in Secrets Manager and write secrets={'NAME': secret}; what is no secret goes in by "
    "container.add_environment"
)
_USER: Final = re.compile(r"[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?")
_PATH: Final = re.compile(r"(/[A-Za-z0-9_.@-]+)+")


@dataclass(frozen=True, kw_only=True)
class ContainerSettings:
    """Container settings that the ECS constructs share; see `FargateService` for their descriptions."""

    image: Image
    port: int | None = None
    environment: Mapping[str, str] | None = None
    secrets: Mapping[str, SecretValue] | None = None
    command: Sequence[str] | None = None
    entry_point: Sequence[str] | None = None
    user: str | None = DEFAULT_USER
    readonly_root_filesystem: bool = True
    writable_paths: Mapping[str, int] | None = None
    health_check_command: Sequence[str] | None = None
    execute_command: bool = False
    paths: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        paths = DEFAULT_WRITABLE_PATHS if self.writable_paths is None else self.writable_paths
        object.__setattr__(self, "paths", paths)

    def check(self, scope: Construct, *, memory: int) -> None:
        """Check for settings that ECS refuses, or that fail only when a task starts.

        Raises:
            InvalidInputError: For a value that is not an image, a port out of range, a secret in plain text,
                paths that don't fit into the memory, and ECS Exec without a writable root file system.
        """
        check_image(self.image)
        _check_port(self.port)
        check_environment(scope, self.environment or {}, self.secrets or {}, fix=_SECRETS_FIX)
        for name in ("command", "entry_point"):
            _check_arguments(name, getattr(self, name))
        if self.user is not None and not _USER.fullmatch(self.user):
            raise InvalidInputError(
                "Not a container user",
                got=self.user,
                allowed="'<user>' or '<user>:<group>', as ids or names",
                fix=f"write user='{DEFAULT_USER}', or None for the image's own",
            )
        self._check_paths(memory)
        if self.execute_command and self.readonly_root_filesystem:
            raise InvalidInputError(
                "ECS Exec needs a writable root file system, because its agent runs in the container",
                got="execute_command=True",
                allowed="execute_command=True with readonly_root_filesystem=False",
                fix="set both while you debug, then remove both again",
            )

    def _check_paths(self, memory: int) -> None:
        for path, size in self.paths.items():
            if not _PATH.fullmatch(path) or not isinstance(size, int) or (not is_token(size) and size < 1):
                raise InvalidInputError(
                    "Not a writable path that is kept in memory",
                    got={path: size},
                    allowed="absolute paths, each with a size of 1 MiB or more",
                    fix="write writable_paths={'/tmp': 64}",
                )
        total = sum(self.paths.values())
        if not is_token(memory) and not any(map(is_token, self.paths.values())) and total >= memory:
            raise InvalidInputError(
                f"The writable paths take {total} MiB of the task's memory",
                got=dict(self.paths),
                allowed=f"less than its {memory} MiB",
                fix="reduce the sizes of the paths, or increase the task's memory",
            )


@dataclass(frozen=True, kw_only=True)
class TaskParts:
    """The roles and the log group of a task.

    Attributes:
        execution_role: The role that pulls the image, writes the logs and reads the secrets.
        task_role: The role of the application in the container.
        log_group: The log group of the container's output.
    """

    execution_role: iam.Role
    task_role: iam.Role
    log_group: logs.LogGroup


def task_parts(scope: Construct) -> TaskParts:
    """Create the roles and the log group of a task; the roles have no permissions yet."""
    stack = cdk.Stack.of(scope)
    tasks = iam.ServicePrincipal(
        "ecs-tasks.amazonaws.com",
        # Confused deputy prevention for task roles (ECS Developer Guide, task-iam-roles).
        conditions={
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnLike": {
                "aws:SourceArn": stack.format_arn(
                    service="ecs", resource="*", arn_format=cdk.ArnFormat.NO_RESOURCE_NAME
                )
            },
        },
    )
    return TaskParts(
        execution_role=iam.Role(
            scope,
            "ExecutionRole",
            assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
            role_name=cdk.PhysicalName.GENERATE_IF_NEEDED,
            description="Pulls the image, writes the logs and reads the secrets of one task",
        ),
        task_role=iam.Role(
            scope,
            "TaskRole",
            assumed_by=tasks,
            role_name=cdk.PhysicalName.GENERATE_IF_NEEDED,
            description="What the program of one task may do",
        ),
        log_group=encrypted_log_group(scope, "Logs"),
    )


def fargate_definition(
    scope: Construct, parts: TaskParts, *, architecture: Architecture, cpu: int, memory_limit_mib: int
) -> ecs.FargateTaskDefinition:
    """Create a task definition for Linux on Fargate, without its container."""
    processors = {"amd64": ecs.CpuArchitecture.X86_64, "arm64": ecs.CpuArchitecture.ARM64}
    return ecs.FargateTaskDefinition(
        scope,
        "TaskDefinition",
        cpu=cpu,
        memory_limit_mib=memory_limit_mib,
        execution_role=parts.execution_role,
        task_role=parts.task_role,
        runtime_platform=ecs.RuntimePlatform(
            cpu_architecture=processors[architecture],
            operating_system_family=ecs.OperatingSystemFamily.LINUX,
        ),
    )


def add_container(
    definition: ecs.TaskDefinition,
    settings: ContainerSettings,
    parts: TaskParts,
    **size: Any,  # noqa: ANN401 - CPU and memory, on EC2
) -> ecs.ContainerDefinition:
    """Add the container to a task definition, and its permissions to the execution role.

    Raises:
        InvalidInputError: For a value in `secrets` that is not a secret.
    """
    linux = ecs.LinuxParameters(definition, "Linux", init_process_enabled=True)
    linux.drop_capabilities(ecs.Capability.ALL)
    options = [ecs.TmpfsMountOption.NODEV, ecs.TmpfsMountOption.NOEXEC, ecs.TmpfsMountOption.NOSUID]
    for path, mebibytes in settings.paths.items():
        linux.add_tmpfs(ecs.Tmpfs(container_path=path, size=mebibytes, mount_options=options))
    container = definition.add_container(
        "Container",
        image=settings.image.for_ecs(),
        command=None if settings.command is None else list(settings.command),
        entry_point=None if settings.entry_point is None else list(settings.entry_point),
        environment=dict(settings.environment or {}),
        secrets=as_ecs_secrets(settings.secrets or {}),
        user=settings.user,
        readonly_root_filesystem=settings.readonly_root_filesystem,
        privileged=False,
        linux_parameters=linux,
        logging=ecs.LogDrivers.aws_logs(stream_prefix="task", log_group=parts.log_group),
        health_check=_health_check(settings.health_check_command),
        port_mappings=None if settings.port is None else [ecs.PortMapping(container_port=settings.port)],
        **size,
    )
    grant_imported_keys(parts.execution_role, settings.secrets or {})
    _acknowledge(definition, settings, parts)
    _warn_of_privileged_port(definition, settings)
    return container


def _acknowledge(definition: ecs.TaskDefinition, settings: ContainerSettings, parts: TaskParts) -> None:
    acknowledge_wildcards(parts.execution_role, ["*"], PULL_REASON)
    if settings.execute_command:
        acknowledge_wildcards(parts.task_role, ["*"], EXEC_REASON)
    if settings.environment or not definition.is_fargate_compatible:  # on EC2, the CDK adds AWS_REGION
        cdk.Validations.of(definition).acknowledge(
            cdk.Acknowledgment(id="AwsSolutions-ECS2", reason=ENVIRONMENT_REASON)
        )


def _warn_of_privileged_port(definition: ecs.TaskDefinition, settings: ContainerSettings) -> None:
    root = settings.user is not None and settings.user.partition(":")[0] in {"0", "root"}
    port = settings.port
    if port is not None and not is_token(port) and port < 1_024 and not root:
        cdk.Validations.of(definition).add_warning(
            "registry-constructs:port-privileged",
            f"On ECS only root can listen on port {port}. Use a container port of 1024 or higher; a load "
            "balancer in front of the container can keep its own port.",
        )


def _health_check(command: Sequence[str] | None) -> ecs.HealthCheck | None:
    if command is None:
        return None
    return ecs.HealthCheck(command=["CMD-SHELL", command] if isinstance(command, str) else ["CMD", *command])


def _check_port(port: int | None) -> None:
    if port is None or is_token(port):
        return
    if not isinstance(port, int) or not 1 <= port <= 65_535:
        raise InvalidInputError(
            "Not a port", got=port, allowed="1 to 65535", fix="write the port that the container listens on"
        )


def _check_arguments(name: str, arguments: Sequence[str] | None) -> None:
    if isinstance(arguments, str):
        raise InvalidInputError(
            f"{name} is text, and ECS takes a list of arguments",
            got=arguments,
            allowed="a list of texts",
            fix=f"write {name}={arguments.split()!r}",
        )
