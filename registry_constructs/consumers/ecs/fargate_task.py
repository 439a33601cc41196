"""A task on Fargate that ends: run when somebody asks, or by a schedule."""

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
from registry_constructs.consumers.ecs.task_placement import check_place, place, tasks_security_group
from registry_constructs.consumers.environment_variables import SecretValue
from registry_constructs.images.image import Image
from registry_constructs.images.image_checks import Architecture

RETRIES: Final = 10
"""How often a start that failed is tried again, within an hour."""


@jsii.implements(ec2.IConnectable)
class FargateTask(Construct):
    """A task on Fargate from one image, hardened like a `FargateService`: a migration, a report, a clean-up.

    It costs only while it runs. Nothing starts it but who is granted to, or the schedule.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`.
        image: As for `FargateService`, like every argument up to `writable_paths`.
        vpc: Where a cluster is made. Give this or the cluster.
        cluster: A cluster of yours.
        vpc_subnets: Private subnets. Default: the VPC's with a way out, or else its isolated ones.
        security_group: Default: one of its own, which lets everything out and nothing in.
        architecture: `amd64` or `arm64`.
        cpu: CPU units.
        memory_limit_mib: MiB.
        environment: Variables in plain text. Default: none.
        secrets: Variables from Secrets Manager or SecureString parameters. Default: none.
        command: Default: the image's.
        entry_point: Default: the image's.
        user: User and group, by number or name; None for the image's own.
        readonly_root_filesystem: Whether the image's files can't be changed while it runs.
        writable_paths: Directories kept in memory, by their size in MiB. Default: `{"/tmp": 64}`.
        schedule: When it starts by itself. A start that fails is tried again, 10 times within an hour, and
            then goes to the dead-letter queue, encrypted and kept for 14 days. EventBridge Scheduler starts a
            task at least once, so twice must do no harm; what the task does afterwards it does not see.
            Default: never.

    Attributes:
        cluster: The cluster, made or given.
        task_definition: The task definition.
        container: Its container.
        execution_role: What ECS starts the task with.
        task_role: What the program runs as: grant to this one.
        log_group: The output of the task.
        security_group: The task's security group.
        connections: For letting it connect to others.
        schedule: The schedule; None without one.
        dead_letter_queue: The starts that failed; None without a schedule.

    Raises:
        InvalidInputError: For what ECS would refuse, and for what would weaken the above unasked.
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
            check_place(vpc, cluster)
            settings.check(self, memory=memory_limit_mib)
            check_size(cpu, memory_limit_mib)
            image.check_architecture(architecture)
            placement = place(self, vpc=vpc, cluster=cluster, vpc_subnets=vpc_subnets)
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
            self._start_by(schedule)

    @property
    def connections(self) -> ec2.Connections:
        """For letting the task connect to others."""
        return self.security_group.connections

    def grant_run(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let an identity start this task in its cluster, with its two roles and no others.

        The network is the caller's to say; `run_command` says it rightly.
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
        """The command of the AWS CLI that starts the task; put it into a `cdk.CfnOutput`."""
        stack = cdk.Stack.of(self)
        subnets = cdk.Fn.join(",", [subnet.subnet_id for subnet in self._subnets.subnets or []])
        return (
            f"aws ecs run-task --region {stack.region} --cluster {self.cluster.cluster_name}"
            f" --task-definition {self.task_definition.task_definition_arn} --launch-type FARGATE"
            f" --network-configuration 'awsvpcConfiguration={{subnets=[{subnets}],"
            f"securityGroups=[{self.security_group.security_group_id}],assignPublicIp=DISABLED}}'"
        )

    def _start_by(self, schedule: scheduler.ScheduleExpression) -> None:
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
                # The target would add the right to start the task in every cluster.
                role=role.without_policy_updates(),
            ),
        )
        self.schedule.node.add_dependency(role.node.find_child("DefaultPolicy"), self.execution_role)
