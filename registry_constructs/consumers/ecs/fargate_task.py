"""An ECS task on Fargate that runs on demand or on a schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs._cdk.queues import encrypted_dead_letters
from registry_constructs.consumers.ecs.container import (
    DEFAULT_USER,
    ContainerSettings,
    add_container,
    fargate_definition,
    task_parts,
)
from registry_constructs.consumers.ecs.fargate_size import check_size
from registry_constructs.consumers.ecs.task_placement import (
    check_vpc_or_cluster,
    place_tasks,
    tasks_security_group,
)
from registry_constructs.consumers.environment_variables import SecretValue
from registry_constructs.images.image import Image
from registry_constructs.images.image_checks import Architecture

RETRIES: Final = 10
"""Retries of a failed start, within an hour."""


@jsii.implements(ec2.IConnectable)
class FargateTask(Construct):
    """An ECS task on Fargate, hardened like a `FargateService`, for jobs such as a migration or a report.

    It costs only while it runs. Only the schedule, or an identity with `grant_run`, can start it.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`.
        image: As for `FargateService`, like every argument up to `writable_paths`.
        vpc: The VPC of a new cluster. Pass either `vpc` or `cluster`.
        cluster: An existing cluster.
        vpc_subnets: Private subnets. Default: private subnets with egress, otherwise isolated ones.
        security_group: Default: a new one that allows all outbound and no inbound traffic.
        architecture: `amd64` or `arm64`.
        cpu: CPU units.
        memory_limit_mib: MiB.
        environment: Variables in plain text. Default: none.
        secrets: Variables from Secrets Manager or SecureString parameters. Default: none.
        command: Default: the image's.
        entry_point: Default: the image's.
        user: User and group, as ids or names; None for the image's user.
        readonly_root_filesystem: Whether the container's root file system is read-only.
        writable_paths: Writable directories in memory, with their size in MiB. Default: `{"/tmp": 64}`.
        schedule: When EventBridge Scheduler starts the task. A failed start is retried 10 times within an
            hour, then sent to the dead-letter queue, which is encrypted and keeps it for 14 days. Scheduler
            starts a task at least once, so the task must be idempotent; failures of a started task are not
            detected. Default: no schedule.

    Attributes:
        cluster: The cluster, created or passed.
        task_definition: The task definition.
        container: The container.
        execution_role: The role with which ECS starts the task.
        task_role: The role of the application; grant permissions to this role.
        log_group: The log group of the task.
        security_group: The task's security group.
        connections: Network connections of the task, to allow those to other resources.
        schedule: The schedule; None without one.
        dead_letter_queue: The dead-letter queue of failed starts; None without a schedule.

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
        environment: Mapping[str, str] | None = None,
        secrets: Mapping[str, SecretValue] | None = None,
        command: Sequence[str] | None = None,
        entry_point: Sequence[str] | None = None,
        user: str | None = DEFAULT_USER,
        readonly_root_filesystem: bool = True,
        writable_paths: Mapping[str, int] | None = None,
        schedule: scheduler.ScheduleExpression | None = None,
    ) -> None:
        super().__init__(scope, id)
        settings = ContainerSettings(
            image=image,
            environment=environment,
            secrets=secrets,
            command=command,
            entry_point=entry_point,
            user=user,
            readonly_root_filesystem=readonly_root_filesystem,
            writable_paths=writable_paths,
        )
        with located(self):
            check_vpc_or_cluster(vpc, cluster)
            settings.check(self, memory=memory_limit_mib)
            check_size(cpu, memory_limit_mib)
            image.check_architecture(architecture)
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
        self._subnets = placement.subnets
        self.schedule: scheduler.Schedule | None = None
        self.dead_letter_queue: sqs.Queue | None = None
        if schedule is not None:
            self._add_schedule(schedule)

    @property
    def connections(self) -> ec2.Connections:
        """Network connections of the task."""
        return self.security_group.connections

    def grant_run(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow an identity to run this task in its cluster, with its two roles and no others.

        The caller chooses subnets and security groups; `run_command` has the right ones.
        """
        run = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["ecs:RunTask"],
            resource_arns=[self.task_definition.task_definition_arn],
            conditions={"ArnEquals": {"ecs:cluster": self.cluster.cluster_arn}},
        )
        pass_roles = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["iam:PassRole"],
            resource_arns=[self.execution_role.role_arn, self.task_role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        )
        return run.combine(pass_roles)

    @property
    def run_command(self) -> str:
        """The AWS CLI command that runs the task; put it into a `cdk.CfnOutput`."""
        stack = cdk.Stack.of(self)
        subnets = cdk.Fn.join(",", [subnet.subnet_id for subnet in self._subnets.subnets or []])
        return (
            f"aws ecs run-task --region {stack.region} --cluster {self.cluster.cluster_name}"
            f" --task-definition {self.task_definition.task_definition_arn} --launch-type FARGATE"
            f" --network-configuration 'awsvpcConfiguration={{subnets=[{subnets}],"
            f"securityGroups=[{self.security_group.security_group_id}],assignPublicIp=DISABLED}}'"
        )

    def _add_schedule(self, schedule: scheduler.ScheduleExpression) -> None:
        stack = cdk.Stack.of(self)
        group = stack.format_arn(service="scheduler", resource="schedule-group", resource_name="default")
        role = iam.Role(
            self,
            "ScheduleRole",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account, "aws:SourceArn": group},
                },
            ),
            description="Lets the schedule start one task",
        )
        queue = encrypted_dead_letters(self, "DeadLetters")
        self.grant_run(role)
        role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn]))
        self.dead_letter_queue = queue
        self.schedule = scheduler.Schedule(
            self,
            "Schedule",
            schedule=schedule,
            description=f"Starts {self.node.path}",
            target=targets.EcsRunFargateTask(
                self.cluster,
                task_definition=self.task_definition,
                assign_public_ip=False,
                platform_version=ecs.FargatePlatformVersion.LATEST,
                security_groups=[self.security_group],
                vpc_subnets=self._subnets,
                retry_attempts=RETRIES,
                max_event_age=cdk.Duration.hours(1),
                dead_letter_queue=queue,
                # The target would add the permission to run the task in every cluster.
                role=role.without_policy_updates(),
            ),
        )
        self.schedule.node.add_dependency(role.node.find_child("DefaultPolicy"), self.execution_role)
