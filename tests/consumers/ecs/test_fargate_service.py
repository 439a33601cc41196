"""A service on Fargate: its defaults, every way out of them, and what it refuses."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager

from registry_constructs import (
    CapacityMix,
    FargateService,
    Image,
    InvalidInputError,
    LoadBalancer,
    Repository,
    Scaling,
)
from registry_constructs.ecr.actions import PULL_ACTIONS
from tests.consumers.ecs import variants_ecs
from tests.consumers.ecs.variants_ecs import named, secrets, service, vpc
from tests.consumers.reading import container, listed, statements
from tests.synthesis import (
    cfn_lint,
    new_app,
    new_stack,
    properties,
    raw_template,
    resources,
    warnings,
)

REPOSITORY = "arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout"
TEMPORARY = "/tmp"  # noqa: S108 - in a container
PRIVATE = ["subnet-0b000000000000000", "subnet-0b000000000000001"]


def logical_id(stack: cdk.Stack, resource_type: str) -> str:
    [only] = resources(stack, resource_type)
    return only


def task_definition(stack: cdk.Stack) -> dict[str, Any]:
    return properties(stack, "AWS::ECS::TaskDefinition")


def ecs_service(stack: cdk.Stack) -> dict[str, Any]:
    return properties(stack, "AWS::ECS::Service")


# Defaults -----------------------------------------------------------------------------------------------


def test_the_service_by_default() -> None:
    stack = new_stack()
    service(stack)
    actual = ecs_service(stack)
    assert actual["DesiredCount"] == 2
    assert actual["LaunchType"] == "FARGATE"
    assert actual["PlatformVersion"] == "LATEST"
    assert actual["EnableExecuteCommand"] is False
    assert actual["DeploymentConfiguration"] == {
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
        "MinimumHealthyPercent": 100,
        "MaximumPercent": 200,
    }
    network = actual["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert network["Subnets"] == PRIVATE
    group = logical_id(stack, "AWS::EC2::SecurityGroup")
    assert network["SecurityGroups"] == [{"Fn::GetAtt": [group, "GroupId"]}]
    assert "SecurityGroupIngress" not in properties(stack, "AWS::EC2::SecurityGroup")
    assert properties(stack, "AWS::ECS::Cluster")["ClusterSettings"] == [
        {"Name": "containerInsights", "Value": "enhanced"}
    ]
    assert warnings(stack) == []


def test_the_container_by_default() -> None:
    stack = new_stack()
    service(stack)
    actual = container(stack)
    assert actual["User"] == "65532:65532"
    assert actual["ReadonlyRootFilesystem"] is True
    assert actual["Privileged"] is False
    assert actual["LinuxParameters"] == {
        "Capabilities": {"Drop": ["ALL"]},
        "InitProcessEnabled": True,
        "Tmpfs": [{"ContainerPath": TEMPORARY, "Size": 64, "MountOptions": ["nodev", "noexec", "nosuid"]}],
    }
    assert actual["LogConfiguration"]["LogDriver"] == "awslogs"
    group = logical_id(stack, "AWS::Logs::LogGroup")
    assert actual["LogConfiguration"]["Options"]["awslogs-group"] == {"Ref": group}
    assert not {"Environment", "Secrets", "PortMappings", "HealthCheck", "Command"} & actual.keys()
    definition = task_definition(stack)
    assert (definition["Cpu"], definition["Memory"]) == ("256", "512")
    assert definition["RuntimePlatform"] == {"CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX"}


def test_the_logs_are_encrypted_and_kept() -> None:
    stack = new_stack()
    given = service(stack)
    [log_group] = resources(stack, "AWS::Logs::LogGroup").values()
    key = logical_id(stack, "AWS::KMS::Key")
    assert log_group["Properties"] == {"KmsKeyId": {"Fn::GetAtt": [key, "Arn"]}, "RetentionInDays": 365}
    assert log_group["DeletionPolicy"] == "Retain"
    assert isinstance(given.log_group, logs.LogGroup)


def test_the_execution_role_may_pull_and_write_its_logs_and_nothing_else() -> None:
    stack = new_stack()
    service(stack)
    group = logical_id(stack, "AWS::Logs::LogGroup")
    assert sorted(statements(stack, "CheckoutExecutionRole"), key=lambda one: one[0]) == [
        (PULL_ACTIONS, REPOSITORY, None),
        (("ecr:GetAuthorizationToken",), "*", None),
        (("logs:CreateLogStream", "logs:PutLogEvents"), {"Fn::GetAtt": [group, "Arn"]}, None),
    ]


def test_the_task_role_may_do_nothing_until_it_is_granted_something() -> None:
    stack = new_stack()
    given = service(stack)
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "orders")
    bucket.grant_put(given.task_role)
    [(actions, resource, _)] = statements(stack, "CheckoutTaskRole")
    assert "s3:PutObject" in actions
    assert resource == "arn:aws:s3:::orders/*"

    plain = new_stack()
    service(plain)
    assert statements(plain, "CheckoutTaskRole") == []


def test_only_ecs_of_this_account_runs_as_the_task_role() -> None:
    stack = new_stack()
    service(stack)
    roles = resources(stack, "AWS::IAM::Role")
    [trust] = [
        body["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        for name, body in roles.items()
        if name.startswith("CheckoutTaskRole")
    ]
    assert trust == [
        {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "111122223333"},
                "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-1:111122223333:*"},
            },
        }
    ]
    assert len(roles) == 2
    assert all("ManagedPolicyArns" not in role["Properties"] for role in roles.values())


def test_no_task_starts_before_its_role_may_pull() -> None:
    stack = new_stack()
    service(stack)
    [body] = resources(stack, "AWS::ECS::Service").values()
    assert any(name.startswith("CheckoutExecutionRoleDefaultPolicy") for name in body["DependsOn"])


def test_everything_is_within_reach() -> None:
    stack = new_stack()
    given = service(stack)
    assert isinstance(given.service, ecs.FargateService)
    assert isinstance(given.cluster, ecs.Cluster)
    assert isinstance(given.task_definition, ecs.FargateTaskDefinition)
    assert given.container.container_name == "Container"
    assert isinstance(given.execution_role, iam.Role)
    assert given.task_definition.task_role.node.path == given.task_role.node.path
    assert (given.load_balancer, given.target_group, given.scalable_task_count) == (None, None, None)


# Images -------------------------------------------------------------------------------------------------


def test_a_tag_that_moves_is_a_warning_on_the_service() -> None:
    stack = new_stack()
    service(
        stack, Image.of(Repository.from_repository_name(stack, "Repository", "shop/checkout"), tag="main")
    )
    [warning] = warnings(stack)
    assert "The tag 'main' can be moved" in warning


def test_the_image_must_be_built_for_the_processor() -> None:
    stack = new_stack()
    repository = Repository.from_repository_name(stack, "Repository", "shop/checkout")
    image = Image.of(repository, digest=variants_ecs.DIGEST, architectures=["arm64"])
    with pytest.raises(InvalidInputError, match="Stack/Checkout: The image was not built for this") as caught:
        service(stack, image)
    assert (caught.value.got, caught.value.allowed) == ("amd64", "arm64")
    fitting = new_stack()
    repository = Repository.from_repository_name(fitting, "Repository", "shop/checkout")
    service(
        fitting,
        Image.of(repository, digest=variants_ecs.DIGEST, architectures=["arm64"]),
        architecture="arm64",
    )
    assert task_definition(fitting)["RuntimePlatform"]["CpuArchitecture"] == "ARM64"


# Ways out -----------------------------------------------------------------------------------------------


def test_every_setting_of_the_container() -> None:
    stack = new_stack()
    service(
        stack,
        port=8080,
        environment={"LOG_LEVEL": "info"},
        command=["serve", "--fast"],
        entry_point=["/checkout"],
        user="app",
        writable_paths={"/var/cache": 128, "/run": 1},
        health_check_command=["/checkout", "healthy"],
    )
    actual = container(stack)
    assert actual["PortMappings"] == [{"ContainerPort": 8080, "Protocol": "tcp"}]
    assert actual["Environment"] == [{"Name": "LOG_LEVEL", "Value": "info"}]
    assert (actual["Command"], actual["EntryPoint"]) == (["serve", "--fast"], ["/checkout"])
    assert actual["User"] == "app"
    mounts = {one["ContainerPath"]: one["Size"] for one in actual["LinuxParameters"]["Tmpfs"]}
    assert mounts == {"/var/cache": 128, "/run": 1}
    assert actual["HealthCheck"]["Command"] == ["CMD", "/checkout", "healthy"]


def test_a_health_check_for_the_shell() -> None:
    stack = new_stack()
    service(stack, health_check_command="curl -f http://localhost:8080/")
    assert container(stack)["HealthCheck"]["Command"] == ["CMD-SHELL", "curl -f http://localhost:8080/"]


def test_the_images_own_user_and_no_writable_paths() -> None:
    stack = new_stack()
    service(stack, user=None, writable_paths={})
    assert "User" not in container(stack)
    assert "Tmpfs" not in container(stack)["LinuxParameters"]


def test_secrets_are_read_by_the_execution_role_alone() -> None:
    stack = new_stack()
    service(stack, secrets=secrets(stack))
    assert {one["Name"] for one in container(stack)["Secrets"]} == {
        "DATABASE",
        "DATABASE_PASSWORD",
        "API_KEY",
    }
    found = {
        action: resource
        for actions, resource, _ in statements(stack, "CheckoutExecutionRole")
        for action in actions
    }
    secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf"
    assert found["secretsmanager:GetSecretValue"] == secret
    assert found["ssm:GetParameters"] == "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/api-key"
    assert found["kms:Decrypt"] == variants_ecs.KEY
    assert statements(stack, "CheckoutTaskRole") == []


def test_the_key_of_a_secret_lets_the_execution_role_decrypt() -> None:
    """An imported key's policy can't be written: the role is allowed instead."""
    stack = new_stack()
    service(stack, secrets={"DATABASE": secrets(stack)["DATABASE"]})
    [condition] = [
        condition
        for actions, _, condition in statements(stack, "CheckoutExecutionRole")
        if actions == ("kms:Decrypt",)
    ]
    assert condition == {"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}}

    stack = new_stack()
    key = kms.Key(stack, "Key")
    service(stack, secrets={"DATABASE": secretsmanager.Secret(stack, "Secret", encryption_key=key)})
    [policy] = [
        body["Properties"]["KeyPolicy"]["Statement"]
        for name, body in resources(stack, "AWS::KMS::Key").items()
        if name.startswith("Key")
    ]
    assert any(
        "CheckoutExecutionRole" in str(one["Principal"]) and "kms:Decrypt" in listed(one["Action"])
        for one in policy
    )


def test_a_cluster_is_shared() -> None:
    stack = new_stack()
    network = vpc(stack)
    cluster = ecs.Cluster(stack, "Cluster", vpc=network)
    for name in ("One", "Two"):
        repository = Repository.from_repository_name(stack, f"{name}Repository", f"shop/{name.lower()}")
        FargateService(stack, name, image=Image.of(repository, digest=variants_ecs.DIGEST), cluster=cluster)
    [logical] = resources(stack, "AWS::ECS::Cluster")
    services = resources(stack, "AWS::ECS::Service").values()
    assert [one["Properties"]["Cluster"] for one in services] == [{"Ref": logical}] * 2


def test_a_security_group_of_ones_own() -> None:
    stack = new_stack()
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0123456789abcdef0")
    given = service(stack, security_group=group)
    assert resources(stack, "AWS::EC2::SecurityGroup") == {}
    assert ecs_service(stack)["NetworkConfiguration"]["AwsvpcConfiguration"]["SecurityGroups"] == [
        "sg-0123456789abcdef0"
    ]
    assert given.security_group.security_group_id == "sg-0123456789abcdef0"


def test_who_may_connect_is_said_by_connections() -> None:
    stack = new_stack()
    given = service(stack, port=8080)
    other = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0123456789abcdef0", mutable=False)
    given.connections.allow_default_port_from(other)
    other.connections.allow_to(given, ec2.Port.tcp(8080))
    rule = properties(stack, "AWS::EC2::SecurityGroupIngress")
    assert (rule["FromPort"], rule["SourceSecurityGroupId"]) == (8080, "sg-0123456789abcdef0")


def test_a_shell_in_the_container() -> None:
    stack = new_stack()
    service(stack, execute_command=True, readonly_root_filesystem=False)
    assert ecs_service(stack)["EnableExecuteCommand"] is True
    assert container(stack)["ReadonlyRootFilesystem"] is False
    [(actions, resource, _)] = statements(stack, "CheckoutTaskRole")
    assert {action.partition(":")[0] for action in actions} == {"ssmmessages"}
    assert resource == "*"


# Capacity and scaling -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capacity", "strategy"),
    [
        ("FARGATE_SPOT", [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]),
        (
            CapacityMix(base=2, on_demand=1, spot=3),
            [
                {"Base": 2, "CapacityProvider": "FARGATE", "Weight": 1},
                {"CapacityProvider": "FARGATE_SPOT", "Weight": 3},
            ],
        ),
    ],
)
def test_spot_capacity(capacity: Any, strategy: list[Any]) -> None:
    stack = new_stack()
    service(stack, capacity=capacity)
    assert ecs_service(stack)["CapacityProviderStrategy"] == strategy
    assert "LaunchType" not in ecs_service(stack)
    association = "AWS::ECS::ClusterCapacityProviderAssociations"
    assert properties(stack, association)["CapacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    [body] = resources(stack, "AWS::ECS::Service").values()
    assert logical_id(stack, association) in body["DependsOn"]


def test_spot_capacity_in_an_imported_cluster_leaves_the_cluster_alone() -> None:
    stack = new_stack()
    cluster = ecs.Cluster.from_cluster_attributes(
        stack, "Cluster", cluster_name="shared", vpc=vpc(stack), security_groups=[]
    )
    FargateService(stack, "Checkout", image=named(stack), cluster=cluster, capacity="FARGATE_SPOT")
    assert ecs_service(stack)["Cluster"] == "shared"
    assert resources(stack, "AWS::ECS::ClusterCapacityProviderAssociations") == {}


@pytest.mark.parametrize(
    "capacity",
    ["SPOT", "fargate", None, CapacityMix(spot=0), CapacityMix(base=-1), CapacityMix(on_demand=1001)],
)
def test_what_is_no_capacity_is_refused(capacity: Any) -> None:
    with pytest.raises(InvalidInputError, match="Stack/Checkout: Not a Fargate capacity"):
        service(new_stack(), capacity=capacity)


def test_scaling_takes_the_place_of_a_count() -> None:
    stack = new_stack()
    given = service(stack, scaling=Scaling(min=3, max=9, memory_percent=75))
    assert "DesiredCount" not in ecs_service(stack)
    target = properties(stack, "AWS::ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (3, 9)
    found = {
        body["Properties"]["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"][
            "PredefinedMetricType"
        ]: body["Properties"]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
        for body in resources(stack, "AWS::ApplicationAutoScaling::ScalingPolicy").values()
    }
    assert found == {"ECSServiceAverageCPUUtilization": 60, "ECSServiceAverageMemoryUtilization": 75}
    assert given.scalable_task_count is not None


@pytest.mark.parametrize(
    ("scaling", "reason"),
    [
        (Scaling(min=3, max=2), "Invalid minimum and maximum"),
        (Scaling(min=0, max=2), "Invalid minimum and maximum"),
        (Scaling(min=-1, max=2), "Invalid minimum and maximum"),
        (Scaling(min=1, max=2, cpu_percent=0), "cpu_percent is not a percentage"),
        (Scaling(min=1, max=2, cpu_percent=101), "cpu_percent is not a percentage"),
        (Scaling(min=1, max=2, memory_percent=120), "memory_percent is not a percentage"),
        (Scaling(min=1, max=2, requests_per_target=0), "not a number of requests"),
        (Scaling(min=1, max=2, requests_per_target=10), "Scaling by requests needs a load balancer"),
        (Scaling(min=1, max=2, cpu_percent=None), "Scaling has no target"),
    ],
)
def test_scaling_that_cant_work_is_refused(scaling: Scaling, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=f"Stack/Checkout: .*{reason}"):
        service(new_stack(), scaling=scaling)


def test_a_count_beside_scaling_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="With desired_count, each deployment would undo scaling"):
        service(new_stack(), scaling=Scaling(min=1, max=2), desired_count=1)


def test_no_task_at_all_is_a_count() -> None:
    stack = new_stack()
    service(stack, desired_count=0)
    assert ecs_service(stack)["DesiredCount"] == 0


# Bad input ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keywords", "reason"),
    [
        ({"image": "nginx"}, "Not an image"),
        ({"architecture": "x86"}, "Not an architecture"),
        ({"cpu": 300}, "Fargate doesn't support this CPU value"),
        ({"cpu": 1024, "memory_limit_mib": 1024}, "Fargate doesn't support this memory with 1024 CPU units"),
        ({"port": 0}, "Not a port"),
        ({"port": 65_536}, "Not a port"),
        ({"port": "8080"}, "Not a port"),
        ({"environment": {"DB_PASSWORD": "hunter2"}}, "DB_PASSWORD looks like a secret"),
        ({"secrets": {"DB_PASSWORD": "hunter2"}}, "not a secret"),
        ({"command": "serve --fast"}, "command is text"),
        ({"entry_point": "/checkout"}, "entry_point is text"),
        ({"user": ""}, "Not a container user"),
        ({"user": "a:b:c"}, "Not a container user"),
        ({"writable_paths": {"tmp": 64}}, "Not a writable path that is kept in memory"),
        ({"writable_paths": {"/run/": 64}}, "Not a writable path that is kept in memory"),
        ({"writable_paths": {"/run": 0}}, "Not a writable path that is kept in memory"),
        ({"writable_paths": {"/cache": 256, "/run": 256}}, "take 512 MiB of the task's memory"),
        ({"execute_command": True}, "ECS Exec needs a writable root file system"),
        ({"desired_count": -1}, "not a number of tasks"),
        ({"load_balancer": LoadBalancer()}, "needs a container port to send requests to"),
        ({"cluster": True}, "Tasks run in an existing cluster"),
        ({"vpc": None}, "Tasks run in an existing cluster"),
        ({"vpc_subnets": ec2.SubnetSelection(subnet_group_name="nowhere")}, "no such subnets"),
        ({"vpc_subnets": ec2.SubnetSelection(subnets=[])}, "no such subnets"),
        ({"vpc_subnets": ec2.SubnetSelection(availability_zones=["eu-west-1z"])}, "no such subnets"),
        ({"vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)}, "in public subnets"),
    ],
)
def test_bad_input_is_refused_with_the_constructs_path(keywords: dict[str, Any], reason: str) -> None:
    stack = new_stack()
    network = vpc(stack)
    if keywords.get("cluster"):
        keywords = {"cluster": ecs.Cluster(stack, "Cluster", vpc=network)}
    given: Any = {"image": named(stack), "vpc": network, **keywords}
    with pytest.raises(InvalidInputError, match=f"Stack/Checkout: .*{reason}") as caught:
        FargateService(stack, "Checkout", **given)
    assert "hunter2" not in str(caught.value)


def test_public_subnets_are_named_with_the_way_out() -> None:
    stack = new_stack()
    network = vpc(stack)
    mixed = ec2.SubnetSelection(subnets=[network.private_subnets[0], network.public_subnets[1]])
    with pytest.raises(InvalidInputError, match="Consumers can't run in public subnets") as caught:
        FargateService(stack, "Checkout", image=named(stack), vpc=network, vpc_subnets=mixed)
    assert caught.value.got == [network.public_subnets[1].node.path]
    assert "PRIVATE_WITH_EGRESS" in caught.value.fix


def test_a_public_subnet_is_known_by_its_id() -> None:
    stack = new_stack()
    network = vpc(stack)
    subnet = ec2.Subnet.from_subnet_attributes(
        stack,
        "Subnet",
        subnet_id=network.public_subnets[0].subnet_id,
        availability_zone="eu-west-1a",
        route_table_id="rtb-0a000000000000000",
    )
    with pytest.raises(InvalidInputError, match="Consumers can't run in public subnets"):
        FargateService(
            stack,
            "Checkout",
            image=named(stack),
            vpc=network,
            vpc_subnets=ec2.SubnetSelection(subnets=[subnet]),
        )


def test_an_imported_cluster_without_its_vpc_is_refused() -> None:
    stack = new_stack()
    arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/shared"
    cluster = ecs.Cluster.from_cluster_arn(stack, "Cluster", arn)
    with pytest.raises(InvalidInputError, match="The imported cluster's VPC is not known") as caught:
        FargateService(stack, "Checkout", image=named(stack), cluster=cluster)
    assert "from_cluster_attributes" in caught.value.fix


def test_a_vpc_without_private_subnets_is_refused() -> None:
    stack = new_stack()
    network = ec2.Vpc.from_vpc_attributes(
        stack,
        "Open",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["eu-west-1a"],
        public_subnet_ids=["subnet-0a000000000000000"],
        public_subnet_route_table_ids=["rtb-0a000000000000000"],
    )
    with pytest.raises(InvalidInputError, match="The VPC has no private subnets") as caught:
        FargateService(stack, "Checkout", image=named(stack), vpc=network)
    assert caught.value.got == "Stack/Open"


def test_isolated_subnets_serve_where_there_is_no_way_out() -> None:
    stack = new_stack()
    network = ec2.Vpc.from_vpc_attributes(
        stack,
        "Closed",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["eu-west-1a"],
        isolated_subnet_ids=["subnet-0c000000000000000"],
        isolated_subnet_route_table_ids=["rtb-0c000000000000000"],
    )
    FargateService(stack, "Checkout", image=named(stack), vpc=network)
    network_configuration = ecs_service(stack)["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network_configuration["Subnets"] == ["subnet-0c000000000000000"]


@pytest.mark.parametrize(
    ("port", "user", "warns"), [(80, "65532", True), (80, None, True), (1024, "1", False)]
)
def test_a_port_for_root_alone_is_a_warning(port: int, user: str | None, warns: bool) -> None:
    stack = new_stack()
    service(stack, port=port, user=user)
    assert any("only root can listen" in warning for warning in warnings(stack)) == warns


@pytest.mark.parametrize("user", ["0", "root", "0:0"])
def test_root_may_listen_on_every_port(user: str) -> None:
    stack = new_stack()
    service(stack, port=80, user=user)
    assert warnings(stack) == []


def test_tokens_pass() -> None:
    stack = new_stack()
    parameters = {
        name: cdk.CfnParameter(stack, name, type="Number").value_as_number
        for name in ("Cpu", "Memory", "Port")
    }
    service(
        stack,
        cpu=int(parameters["Cpu"]),
        memory_limit_mib=int(parameters["Memory"]),
        port=int(parameters["Port"]),
    )
    assert task_definition(stack)["Cpu"] == {"Ref": "Cpu"}
    assert container(stack)["PortMappings"][0]["ContainerPort"] == {"Ref": "Port"}


def test_a_service_across_stacks() -> None:
    """The repository and the VPC stand in stacks of their own, as teams keep them."""
    app = new_app()
    images, network, running = (new_stack(name, app=app) for name in ("Images", "Network", "Running"))
    FargateService(
        running,
        "Checkout",
        image=Image.of(Repository(images, "Repository"), digest=variants_ecs.DIGEST),
        vpc=ec2.Vpc(network, "Vpc", max_azs=2, restrict_default_security_group=False),
        port=8080,
        load_balancer=LoadBalancer(),
    )
    rendered = raw_template(running)
    assert "AWS::ECS::Service" in {body["Type"] for body in rendered["Resources"].values()}
    assert cfn_lint(rendered) == []
    assert "RepositoryPolicyText" not in properties(images)
