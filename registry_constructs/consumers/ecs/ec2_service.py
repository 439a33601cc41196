"""An ECS service on EC2 instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    task_parts,
)
from registry_constructs.consumers.ecs.ec2_capacity import Ec2Capacity
from registry_constructs.consumers.ecs.load_balancer import LoadBalancer, balance
from registry_constructs.consumers.ecs.scaling import Scaling, desired_count_of, scale
from registry_constructs.consumers.ecs.task_placement import (
    tasks_connections,
    tasks_security_group,
    use_providers,
)
from registry_constructs.consumers.environment_variables import SecretValue
from registry_constructs.consumers.network.subnets import private_subnets
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token
from registry_constructs.images.image import Image


@jsii.implements(ec2.IConnectable)
class Ec2Service(Construct):
    """An ECS service on the instances of an `Ec2Capacity`, with the defaults of `FargateService`.

    Each task has its own network interface, and the instance type limits their number: m7i.large runs two
    tasks, and more only with the account setting `awsvpcTrunking`.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`.
        image: The image; it must be built for the instances' processor.
        capacity: The instances, which also decide cluster and VPC.
        vpc_subnets: Private subnets. Default: those of the instances.
        security_group: Default: a new one that allows all outbound and no inbound traffic.
        cpu: CPU units reserved for each task; 1,024 units are one vCPU.
        memory_limit_mib: Memory limit of each task in MiB, 6 or more.
        port: The port that the container listens on, 1,024 or higher unless it runs as root. Default: none.
        environment: Variables in plain text. A value that looks like a secret is an error. Default: none.
        secrets: Variables from Secrets Manager or SecureString parameters. Default: none.
        command: Default: the image's.
        entry_point: Default: the image's.
        user: User and group, as ids or names; None for the image's user.
        readonly_root_filesystem: Whether the container's root file system is read-only.
        writable_paths: Writable directories in memory, with their size in MiB. Default: `{"/tmp": 64}`.
        health_check_command: As for `FargateService`.
        execute_command: As for `FargateService`.
        load_balancer: Default: none.
        desired_count: Number of tasks. Default: 2, or what `scaling` sets.
        scaling: Default: none.

    Attributes:
        service: The ECS service.
        capacity: The instances.
        cluster: Their cluster.
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
        capacity: Ec2Capacity,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_group: ec2.ISecurityGroup | None = None,
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
        self.capacity = capacity
        self.cluster = capacity.cluster
        vpc = self.cluster.vpc
        with located(self):
            _check_size(cpu, memory_limit_mib)
            settings.check(self, memory=memory_limit_mib)
            image.check_architecture(capacity.architecture)
            count = desired_count_of(desired_count, scaling, load_balanced=load_balancer is not None)
            if load_balancer is not None:
                load_balancer.check(self, port=port)
            subnets = private_subnets(vpc, vpc_subnets) if vpc_subnets else capacity.vpc_subnets
        parts = task_parts(self)
        self.execution_role, self.task_role, self.log_group = (
            parts.execution_role,
            parts.task_role,
            parts.log_group,
        )
        self.task_definition = ecs.Ec2TaskDefinition(
            self,
            "TaskDefinition",
            network_mode=ecs.NetworkMode.AWS_VPC,
            execution_role=self.execution_role,
            task_role=self.task_role,
        )
        with located(self):
            self.container = add_container(
                self.task_definition, settings, parts, cpu=cpu, memory_limit_mib=memory_limit_mib
            )
        self.security_group = security_group or tasks_security_group(self, vpc)
        self._connections = tasks_connections(self.security_group, port)
        self.service = ecs.Ec2Service(
            self,
            "Service",
            cluster=self.cluster,
            task_definition=self.task_definition,
            vpc_subnets=subnets,
            security_groups=[self.security_group],
            desired_count=count,
            capacity_provider_strategies=[
                ecs.CapacityProviderStrategy(
                    capacity_provider=capacity.capacity_provider.capacity_provider_name, weight=1
                )
            ],
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            min_healthy_percent=100,
            max_healthy_percent=200,
            enable_execute_command=execute_command,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
            enable_ecs_managed_tags=True,
        )
        # The execution role needs its permissions before the first task starts.
        self.service.node.add_dependency(self.execution_role)
        use_providers(self.service, self.cluster)
        if load_balancer is not None:
            with located(self):
                self.load_balancer, self.target_group = balance(
                    self, load_balancer, self.service, vpc=vpc, container=self.container
                )
        if scaling is not None:
            self.scalable_task_count = scale(self.service, scaling, self.target_group)

    @property
    def connections(self) -> ec2.Connections:
        """Network connections of the tasks."""
        return self._connections


def _check_size(cpu: int, memory: int) -> None:
    for name, value, minimum in (("cpu", cpu, 2), ("memory_limit_mib", memory, 6)):
        if not is_token(value) and value < minimum:
            raise InvalidInputError(
                f"{name} is too small for a container",
                got=value,
                allowed=f"{minimum} or more",
                fix=f"write {name}=256",
            )
