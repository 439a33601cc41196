"""An ECS service on Fargate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.consumers.ecs.container import (
    DEFAULT_USER,
    ContainerSettings,
    add_container,
    fargate_definition,
    task_parts,
)
from registry_constructs.consumers.ecs.fargate_size import check_size
from registry_constructs.consumers.ecs.load_balancer import LoadBalancer, balance
from registry_constructs.consumers.ecs.scaling import Scaling, desired_count_of, scale
from registry_constructs.consumers.ecs.task_placement import (
    check_vpc_or_cluster,
    place_tasks,
    tasks_connections,
    tasks_security_group,
    use_providers,
)
from registry_constructs.consumers.environment_variables import SecretValue
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.images.image import Image
from registry_constructs.images.image_checks import Architecture


@dataclass(frozen=True, kw_only=True)
class CapacityMix:
    """A mix of on-demand Fargate tasks and Fargate Spot tasks, which AWS stops with a two-minute warning.

    Attributes:
        base: Number of tasks that always run on demand, 0 to 100,000.
        on_demand: Weight of on-demand tasks beyond `base`, 0 to 1,000.
        spot: Weight of Fargate Spot tasks beyond `base`, 1 to 1,000.
    """

    base: int = 1
    on_demand: int = 1
    spot: int = 1


Capacity = Literal["FARGATE", "FARGATE_SPOT"] | CapacityMix
"""Capacity of a service's tasks: on demand, Fargate Spot, or a mix."""


@jsii.implements(ec2.IConnectable)
class FargateService(Construct):
    """An ECS service on Fargate that runs one image with least privilege.

    With only an image and a VPC

    - two tasks run in private subnets, without public addresses, in a new cluster with enhanced Container
      Insights,
    - the execution role is allowed to pull from this repository (or this cache), write to this log group and
      read these secrets; the task role has no permissions until you grant some,
    - the container runs as user 65532 with a read-only root file system, an init process and no Linux
      capabilities; `/tmp` is kept in memory,
    - logs are encrypted and kept for a year,
    - a deployment starts new tasks before it stops old ones; a failed deployment is rolled back,
    - ECS Exec is disabled.

    It passes Security Hub ECS.2, ECS.4, ECS.5, ECS.8, ECS.9, ECS.10, ECS.12 and ECS.20. To pull images, the
    subnets need a NAT gateway, or VPC endpoints for ecr.api, ecr.dkr, logs and S3.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`.
        image: The image. A mutable tag is a warning.
        vpc: The VPC of a new cluster. Pass either `vpc` or `cluster`.
        cluster: An existing cluster. For Fargate Spot it needs Fargate capacity providers, which are added
            to a cluster of this app.
        vpc_subnets: Private subnets. Default: private subnets with egress, otherwise isolated ones.
        security_group: Default: a new one that allows all outbound and no inbound traffic.
        architecture: The processor, `amd64` or `arm64`. The image must be built for it.
        cpu: CPU units, 256 to 16,384; 1,024 units are one vCPU. Charged per second.
        memory_limit_mib: Memory in MiB; the CPU decides which values are possible. Charged per second.
        port: The port that the container listens on, 1,024 or higher unless it runs as root. Default: none.
        environment: Variables in plain text. A value that looks like a secret is an error. Default: none.
        secrets: Variables from Secrets Manager or SecureString parameters, read when a task starts.
            Default: none.
        command: Default: the image's.
        entry_point: Default: the image's.
        user: User and group, as ids or names; None for the image's user. Security Hub ECS.20 requires one.
        readonly_root_filesystem: Whether the container's root file system is read-only.
        writable_paths: Writable directories, with their size in MiB. They are kept in the task's memory, and
            files in them can't be executed. Default: `{"/tmp": 64}`.
        health_check_command: The command of the container health check: a list of arguments, or text for the
            image's shell. Default: only the load balancer checks health, if there is one.
        execute_command: Whether ECS Exec can open shells in the container; it needs
            `readonly_root_filesystem=False`.
        load_balancer: Default: none.
        desired_count: Number of tasks. Default: 2, or what `scaling` sets.
        scaling: Default: none.
        capacity: `FARGATE`, `FARGATE_SPOT`, or a `CapacityMix`. Changing from or to `FARGATE` replaces the
            service.

    Attributes:
        service: The ECS service.
        cluster: The cluster, created or passed.
        task_definition: The task definition.
        container: The container.
        execution_role: The role with which ECS starts a task.
        task_role: The role of the application; grant permissions to this role.
        log_group: The log group of the tasks.
        security_group: The tasks' security group.
        connections: Network connections of the tasks; the default port is the container's.
        load_balancer: The load balancer; None without one.
        target_group: The load balancer's target group; None without one.
        scalable_task_count: The scalable target; None without scaling.

    Raises:
        InvalidInputError: For settings that ECS refuses, and settings that weaken the defaults implicitly.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        image: Image,
        vpc: ec2.IVpc | None = None,
        cluster: ecs.ICluster | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_group: ec2.ISecurityGroup | None = None,
        architecture: Architecture = "amd64",
        cpu: int = 256,
        memory_limit_mib: int = 512,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
        secrets: Mapping[str, SecretValue] | None = None,
        command: Sequence[str] | None = None,
        entry_point: Sequence[str] | None = None,
        user: str | None = DEFAULT_USER,
        readonly_root_filesystem: bool = True,
        writable_paths: Mapping[str, int] | None = None,
        health_check_command: Sequence[str] | None = None,
        execute_command: bool = False,
        load_balancer: LoadBalancer | None = None,
        desired_count: int | None = None,
        scaling: Scaling | None = None,
        capacity: Capacity = "FARGATE",
    ) -> None:
        super().__init__(scope, id)
        settings = ContainerSettings(
            image=image,
            port=port,
            environment=environment,
            secrets=secrets,
            command=command,
            entry_point=entry_point,
            user=user,
            readonly_root_filesystem=readonly_root_filesystem,
            writable_paths=writable_paths,
            health_check_command=health_check_command,
            execute_command=execute_command,
        )
        self.load_balancer: elbv2.ApplicationLoadBalancer | None = None
        self.target_group: elbv2.ApplicationTargetGroup | None = None
        self.scalable_task_count: ecs.ScalableTaskCount | None = None
        with located(self):
            check_vpc_or_cluster(vpc, cluster)
            settings.check(self, memory=memory_limit_mib)
            check_size(cpu, memory_limit_mib)
            image.check_architecture(architecture)
            _check_capacity(capacity)
            count = desired_count_of(desired_count, scaling, load_balanced=load_balancer is not None)
            if load_balancer is not None:
                load_balancer.check(self, port=port)
            placement = place_tasks(self, vpc=vpc, cluster=cluster, vpc_subnets=vpc_subnets)
        self.cluster = placement.cluster
        parts = task_parts(self)
        self.execution_role, self.task_role, self.log_group = (
            parts.execution_role,
            parts.task_role,
            parts.log_group,
        )
        self.task_definition = fargate_definition(
            self, parts, architecture=architecture, cpu=cpu, memory_limit_mib=memory_limit_mib
        )
        with located(self):
            self.container = add_container(self.task_definition, settings, parts)
        self.security_group = security_group or tasks_security_group(self, placement.vpc)
        self._connections = tasks_connections(self.security_group, port)
        self.service = ecs.FargateService(
            self,
            "Service",
            cluster=self.cluster,
            task_definition=self.task_definition,
            vpc_subnets=placement.subnets,
            security_groups=[self.security_group],
            assign_public_ip=False,
            platform_version=ecs.FargatePlatformVersion.LATEST,
            desired_count=count,
            capacity_provider_strategies=_strategies(capacity),
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            min_healthy_percent=100,
            max_healthy_percent=200,
            enable_execute_command=execute_command,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
            enable_ecs_managed_tags=True,
        )
        # The execution role needs its permissions before the first task starts.
        self.service.node.add_dependency(self.execution_role)
        if capacity != "FARGATE" and isinstance(self.cluster, ecs.Cluster):
            self.cluster.enable_fargate_capacity_providers()
            use_providers(self.service, self.cluster)
        if load_balancer is not None:
            with located(self):
                self.load_balancer, self.target_group = balance(
                    self, load_balancer, self.service, vpc=placement.vpc, container=self.container
                )
        if scaling is not None:
            self.scalable_task_count = scale(self.service, scaling, self.target_group)

    @property
    def connections(self) -> ec2.Connections:
        """Network connections of the tasks."""
        return self._connections


def _check_capacity(capacity: Capacity) -> None:
    if isinstance(capacity, CapacityMix):
        valid = (
            0 <= capacity.base <= 100_000 and 0 <= capacity.on_demand <= 1_000 and 1 <= capacity.spot <= 1_000
        )
    else:
        valid = capacity in {"FARGATE", "FARGATE_SPOT"}
    if not valid:
        raise InvalidInputError(
            "Not a Fargate capacity",
            got=capacity,
            allowed="'FARGATE', 'FARGATE_SPOT', or a CapacityMix with base up to 100000, on_demand up to "
            "1000 and spot from 1 to 1000",
            fix="write capacity=CapacityMix(base=2, on_demand=1, spot=3)",
        )


def _strategies(capacity: Capacity) -> list[ecs.CapacityProviderStrategy] | None:
    """The capacity provider strategies; None for on-demand tasks only, which use the launch type."""
    if capacity == "FARGATE":
        return None
    if isinstance(capacity, CapacityMix):
        return [
            ecs.CapacityProviderStrategy(
                capacity_provider="FARGATE", base=capacity.base, weight=capacity.on_demand
            ),
            ecs.CapacityProviderStrategy(capacity_provider="FARGATE_SPOT", weight=capacity.spot),
        ]
    return [ecs.CapacityProviderStrategy(capacity_provider="FARGATE_SPOT", weight=1)]
