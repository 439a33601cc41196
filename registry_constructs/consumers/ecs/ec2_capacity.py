"""EC2 capacity of an ECS cluster: an Auto Scaling group with a capacity provider."""

from __future__ import annotations

from typing import Final, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.consumers.ecs.task_placement import check_vpc_or_cluster, place_tasks
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token
from registry_constructs.images.image_checks import Architecture

DEFAULT_INSTANCE_TYPE: Final = "m7i.large"

CLUSTER_ACTIONS: Final = (
    "ecs:DeregisterContainerInstance",
    "ecs:RegisterContainerInstance",
    "ecs:SubmitAttachmentStateChanges",
    "ecs:SubmitContainerStateChange",
    "ecs:SubmitTaskStateChange",
)
"""Actions of the ECS agent on its cluster (Service Authorization Reference, Amazon ECS)."""

INSTANCE_ACTIONS: Final = ("ecs:Poll", "ecs:StartTelemetrySession")
"""Actions of the ECS agent on the instances of its cluster (same source)."""

AGENT_REASON: Final = (
    "ecs:DiscoverPollEndpoint supports no resource-level permissions, and ECS names instances when they "
    "register: a condition limits the role to the instances of its cluster."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the instances' role."""

NOTIFICATION_REASON: Final = (
    "Auto Scaling sends an event to EventBridge for each instance that starts or ends, without a topic."
)
"""Why cdk-nag's AwsSolutions-AS3 is acknowledged on the instances' group."""

_AGENT_SETTINGS: Final = {
    "ECS_AWSVPC_BLOCK_IMDS": "true",  # tasks can't use the instance's role
    "ECS_IMAGE_PULL_BEHAVIOR": "always",  # a cached image of another task is not used without permission
    "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE": "true",  # logs are written with the task's execution role
}


@jsii.implements(ec2.IConnectable)
class Ec2Capacity(Construct):
    """EC2 instances of an ECS cluster: ECS starts them for tasks, drains them, and ends unused ones.

    Instances run in private subnets, require IMDSv2 with one hop, have encrypted gp3 volumes and no key
    pair, and run the ECS-optimized Amazon Linux 2023 for their processor. Their role allows the ECS agent to
    serve this cluster and has no ECR permissions: each task pulls with its own execution role.

    A deployment can bring a newer AMI, which only instances that start afterwards use;
    `aws autoscaling start-instance-refresh --preferences ScaleInProtectedInstances=Refresh` replaces the
    others. Instances protected from termination block the deletion of the stack: set the services'
    `desired_count=0` and wait until they are gone, or delete the Auto Scaling group with `--force-delete`.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`.
        vpc: The VPC of a new cluster. Pass either `vpc` or `cluster`.
        cluster: A cluster of this stack.
        vpc_subnets: Private subnets. Default: private subnets with egress, otherwise isolated ones.
        instance_type: Its processor decides which images can run. Default: m7i.large.
        min_capacity: The minimum number of instances. Default: 0, so none runs while no task needs one.
        max_capacity: The maximum number of instances.
        volume_size_gib: The size of each root volume in GiB, 30 to 16,384.
        managed_termination_protection: Whether ECS protects instances with tasks from termination.

    Attributes:
        cluster: The cluster, created or passed.
        capacity_provider: The capacity provider, which `Ec2Service` uses.
        auto_scaling_group: The Auto Scaling group of the instances.
        instance_role: The instances' role, for policies such as `AmazonSSMManagedInstanceCore`.
        security_group: The instances' security group; tasks have their own.
        connections: Network connections of the instances; none is allowed by default.
        vpc_subnets: The subnets.
        architecture: The instances' processor, `amd64` or `arm64`.

    Raises:
        InvalidInputError: For subnets that are not private, a minimum above the maximum, a volume size out
            of range, and a cluster of another stack.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc | None = None,
        cluster: ecs.Cluster | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        instance_type: ec2.InstanceType | None = None,
        min_capacity: int = 0,
        max_capacity: int = 4,
        volume_size_gib: int = 30,
        managed_termination_protection: bool = True,
    ) -> None:
        super().__init__(scope, id)
        with located(self):
            check_vpc_or_cluster(vpc, cluster)
            _check_cluster(self, cluster)
            _check_bounds(min_capacity, max_capacity)
            _check_volume(volume_size_gib)
            placement = place_tasks(self, vpc=vpc, cluster=cluster, vpc_subnets=vpc_subnets)
        self.cluster = cast("ecs.Cluster", placement.cluster)  # passed, or created by place_tasks
        self.vpc_subnets = placement.subnets
        instance_type = instance_type or ec2.InstanceType(DEFAULT_INSTANCE_TYPE)
        arm = instance_type.architecture is ec2.InstanceArchitecture.ARM_64
        self.architecture: Architecture = "arm64" if arm else "amd64"
        self.instance_role = self._make_role()
        self.security_group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=placement.vpc,
            description=f"Instances of {self.node.path}",
            allow_all_outbound=True,
        )
        template = self._make_template(instance_type, volume_size_gib)
        self.auto_scaling_group = autoscaling.AutoScalingGroup(
            self,
            "Instances",
            vpc=placement.vpc,
            vpc_subnets=placement.subnets,
            launch_template=template,
            min_capacity=min_capacity,
            max_capacity=max_capacity,
            group_metrics=[autoscaling.GroupMetrics.all()],
        )
        cdk.Validations.of(self.auto_scaling_group).acknowledge(
            cdk.Acknowledgment(id="AwsSolutions-AS3", reason=NOTIFICATION_REASON)
        )
        self.capacity_provider = ecs.AsgCapacityProvider(
            self,
            "CapacityProvider",
            auto_scaling_group=self.auto_scaling_group,
            enable_managed_scaling=True,
            enable_managed_draining=True,
            enable_managed_termination_protection=managed_termination_protection,
        )
        self.cluster.add_asg_capacity_provider(self.capacity_provider)
        settings = " ".join(f"{name}={value}" for name, value in _AGENT_SETTINGS.items())
        self.auto_scaling_group.add_user_data(f"printf '%s\\n' {settings} >> /etc/ecs/ecs.config")

    @property
    def connections(self) -> ec2.Connections:
        """Network connections of the instances."""
        return self.security_group.connections

    def _make_role(self) -> iam.Role:
        stack = cdk.Stack.of(self)
        instances = stack.format_arn(
            service="ecs", resource="container-instance", resource_name=f"{self.cluster.cluster_name}/*"
        )
        of_cluster = {"ArnEquals": {"ecs:cluster": self.cluster.cluster_arn}}
        role = iam.Role(
            self,
            "InstanceRole",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            description="Lets ECS's agent serve one cluster",
        )
        for statement in (
            iam.PolicyStatement(actions=list(CLUSTER_ACTIONS), resources=[self.cluster.cluster_arn]),
            iam.PolicyStatement(actions=list(INSTANCE_ACTIONS), resources=[instances], conditions=of_cluster),
            iam.PolicyStatement(actions=["ecs:DiscoverPollEndpoint"], resources=["*"]),
        ):
            role.add_to_policy(statement)
        acknowledge_wildcards(role, ["*", instances], AGENT_REASON)
        return role

    def _make_template(self, instance_type: ec2.InstanceType, volume_size_gib: int) -> ec2.LaunchTemplate:
        hardware = ecs.AmiHardwareType.ARM if self.architecture == "arm64" else ecs.AmiHardwareType.STANDARD
        return ec2.LaunchTemplate(
            self,
            "LaunchTemplate",
            instance_type=instance_type,
            machine_image=ecs.EcsOptimizedImage.amazon_linux2023(hardware),
            # The cluster would add permissions for all of ECS, ECR and CloudWatch Logs.
            role=self.instance_role.without_policy_updates(),
            security_group=self.security_group,
            associate_public_ip_address=False,
            user_data=ec2.UserData.for_linux(),
            http_endpoint=True,
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            detailed_monitoring=True,
            ebs_optimized=True,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        volume_size_gib, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3
                    ),
                )
            ],
        )


def _check_cluster(scope: Construct, cluster: ecs.Cluster | None) -> None:
    if cluster is None:
        return
    own = cdk.Stack.of(scope).node.path
    if not isinstance(cluster, ecs.Cluster) or cdk.Stack.of(cluster).node.path != own:
        raise InvalidInputError(
            "Instances and cluster refer to each other, so both must be in one stack",
            got=cluster.node.path,
            allowed=f"a cluster of the stack {own}",
            fix="create the Ec2Capacity in the cluster's stack; services of other stacks can use it",
        )


def _check_bounds(minimum: int, maximum: int) -> None:
    if not is_token(minimum) and not is_token(maximum) and not (0 <= minimum <= maximum and maximum > 0):
        raise InvalidInputError(
            "Invalid minimum and maximum number of instances",
            got={"min_capacity": minimum, "max_capacity": maximum},
            allowed="0 <= min_capacity <= max_capacity, and max_capacity 1 or more",
            fix="write min_capacity=0, max_capacity=4",
        )


def _check_volume(size: int) -> None:
    if not is_token(size) and not 30 <= size <= 16_384:
        raise InvalidInputError(
            "Invalid size of a root volume",
            got=size,
            allowed="30 to 16384 GiB; the AMI needs 30",
            fix="write volume_size_gib=50",
        )
