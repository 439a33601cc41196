"""EC2 instances for a cluster, and a service on them."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam

from registry_constructs import (
    Ec2Capacity,
    Ec2Service,
    Image,
    InvalidInputError,
    LoadBalancer,
    Repository,
    Scaling,
)
from registry_constructs.consumers.ecs.ec2_capacity import CLUSTER_ACTIONS, INSTANCE_ACTIONS
from tests.consumers.ecs import variants_ecs
from tests.consumers.ecs.variants_ecs import DIGEST, named, vpc
from tests.consumers.reading import container, statements
from tests.synthesis import new_app, new_stack, properties, raw_template, resources, warnings

PRIVATE = ["subnet-0b000000000000000", "subnet-0b000000000000001"]
ASSOCIATION = "AWS::ECS::ClusterCapacityProviderAssociations"


def capacity(stack: cdk.Stack, **keywords: Any) -> Ec2Capacity:
    return Ec2Capacity(stack, "Capacity", vpc=vpc(stack), **keywords)


def launched(stack: cdk.Stack) -> dict[str, Any]:
    found: dict[str, Any] = properties(stack, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    return found


def image_parameter(stack: cdk.Stack) -> str:
    [found] = [
        parameter["Default"]
        for parameter in raw_template(stack)["Parameters"].values()
        if parameter["Type"] == "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
    ]
    return str(found)


# Instances ----------------------------------------------------------------------------------------------


def test_instances_by_default() -> None:
    stack = new_stack()
    capacity(stack)
    actual = launched(stack)
    assert actual["MetadataOptions"] == {
        "HttpEndpoint": "enabled",
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
    }
    [volume] = actual["BlockDeviceMappings"]
    assert volume["Ebs"] == {"Encrypted": True, "VolumeSize": 30, "VolumeType": "gp3"}
    assert actual["InstanceType"] == "m7i.large"
    assert "KeyName" not in actual
    [interface] = actual["NetworkInterfaces"]
    assert interface["AssociatePublicIpAddress"] is False
    assert image_parameter(stack) == "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    group = properties(stack, "AWS::AutoScaling::AutoScalingGroup")
    assert (group["MinSize"], group["MaxSize"]) == ("0", "4")
    assert group["VPCZoneIdentifier"] == PRIVATE
    assert "SecurityGroupIngress" not in properties(stack, "AWS::EC2::SecurityGroup")
    assert warnings(stack) == []


def test_ecs_scales_drains_and_protects_them() -> None:
    stack = new_stack()
    capacity(stack)
    [provider] = resources(stack, "AWS::ECS::CapacityProvider").values()
    [group] = resources(stack, "AWS::AutoScaling::AutoScalingGroup")
    assert provider["Properties"]["AutoScalingGroupProvider"] == {
        "AutoScalingGroupArn": {"Ref": group},
        "ManagedScaling": {"Status": "ENABLED", "TargetCapacity": 100},
        "ManagedDraining": "ENABLED",
        "ManagedTerminationProtection": "ENABLED",
    }
    assert properties(stack, "AWS::AutoScaling::AutoScalingGroup")["NewInstancesProtectedFromScaleIn"] is True
    assert resources(stack, "AWS::Lambda::Function") == {}
    assert properties(stack, "AWS::ECS::Cluster")["ClusterSettings"] == [
        {"Name": "containerInsights", "Value": "enhanced"}
    ]


def test_the_agent_joins_the_cluster_and_keeps_tasks_from_what_is_not_theirs() -> None:
    stack = new_stack()
    capacity(stack)
    [cluster] = resources(stack, "AWS::ECS::Cluster")
    script = launched(stack)["UserData"]["Fn::Base64"]["Fn::Join"][1]
    assert script[:2] == ["#!/bin/bash\necho ECS_CLUSTER=", {"Ref": cluster}]
    assert "ECS_AWSVPC_BLOCK_IMDS=true" in script[2]
    assert "ECS_IMAGE_PULL_BEHAVIOR=always" in script[2]


def test_the_instances_role_serves_this_cluster_and_pulls_nothing() -> None:
    stack = new_stack()
    capacity(stack)
    [cluster] = resources(stack, "AWS::ECS::Cluster")
    arn = {"Fn::GetAtt": [cluster, "Arn"]}
    prefix = "arn:aws:ecs:eu-west-1:111122223333:container-instance/"
    assert statements(stack, "CapacityInstanceRole") == [
        (CLUSTER_ACTIONS, arn, None),
        (
            INSTANCE_ACTIONS,
            {"Fn::Join": ["", [prefix, {"Ref": cluster}, "/*"]]},
            {"ArnEquals": {"ecs:cluster": arn}},
        ),
        (("ecs:DiscoverPollEndpoint",), "*", None),
    ]
    [role] = resources(stack, "AWS::IAM::Role").values()
    assert "ManagedPolicyArns" not in role["Properties"]


def test_more_can_be_granted_to_the_instances() -> None:
    stack = new_stack()
    given = capacity(stack)
    policy = "AmazonSSMManagedInstanceCore"
    given.instance_role.add_managed_policy(iam.ManagedPolicy.from_aws_managed_policy_name(policy))
    [role] = resources(stack, "AWS::IAM::Role").values()
    assert policy in str(role["Properties"]["ManagedPolicyArns"])


@pytest.mark.parametrize(
    ("instance_type", "architecture", "folder"),
    [("m7g.large", "arm64", "arm64/"), ("t4g.small", "arm64", "arm64/"), ("c7a.xlarge", "amd64", "")],
)
def test_the_image_of_the_instances_fits_their_processor(
    instance_type: str, architecture: str, folder: str
) -> None:
    stack = new_stack()
    given = capacity(stack, instance_type=ec2.InstanceType(instance_type))
    assert given.architecture == architecture
    assert image_parameter(stack) == (
        f"/aws/service/ecs/optimized-ami/amazon-linux-2023/{folder}recommended/image_id"
    )


def test_every_way_out() -> None:
    stack = new_stack()
    network = vpc(stack)
    cluster = ecs.Cluster(stack, "Cluster", vpc=network)
    given = Ec2Capacity(
        stack,
        "Capacity",
        cluster=cluster,
        min_capacity=2,
        max_capacity=8,
        volume_size_gib=100,
        managed_termination_protection=False,
    )
    assert given.cluster.node.path == "Stack/Cluster"
    group = properties(stack, "AWS::AutoScaling::AutoScalingGroup")
    assert (group["MinSize"], group["MaxSize"]) == ("2", "8")
    assert "NewInstancesProtectedFromScaleIn" not in group
    [volume] = launched(stack)["BlockDeviceMappings"]
    assert volume["Ebs"]["VolumeSize"] == 100
    provider = properties(stack, "AWS::ECS::CapacityProvider")["AutoScalingGroupProvider"]
    assert provider["ManagedTerminationProtection"] == "DISABLED"


def test_the_instances_connections_are_theirs() -> None:
    stack = new_stack()
    given = capacity(stack)
    given.connections.allow_from(ec2.Peer.ipv4("10.0.0.0/16"), ec2.Port.tcp(9100))
    [rule] = properties(stack, "AWS::EC2::SecurityGroup")["SecurityGroupIngress"]
    assert rule["FromPort"] == 9100


@pytest.mark.parametrize(
    ("keywords", "reason"),
    [
        ({"min_capacity": 3, "max_capacity": 2}, "Invalid minimum and maximum number of instances"),
        ({"max_capacity": 0}, "Invalid minimum and maximum number of instances"),
        ({"min_capacity": -1}, "Invalid minimum and maximum number of instances"),
        ({"volume_size_gib": 29}, "Invalid size of a root volume"),
        ({"volume_size_gib": 16_385}, "Invalid size of a root volume"),
        ({"vpc": None}, "Tasks run in an existing cluster"),
        ({"vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)}, "in public subnets"),
    ],
)
def test_bad_input_is_refused(keywords: dict[str, Any], reason: str) -> None:
    stack = new_stack()
    given = {"vpc": vpc(stack), **keywords}
    with pytest.raises(InvalidInputError, match=f"Stack/Capacity: .*{reason}"):
        Ec2Capacity(stack, "Capacity", **given)


def test_a_cluster_of_another_stack_or_app_is_refused() -> None:
    app = new_app()
    here, there = new_stack("Here", app=app), new_stack("There", app=app)
    clusters: list[Any] = [
        ecs.Cluster(there, "Cluster", vpc=vpc(there)),
        ecs.Cluster.from_cluster_attributes(
            here, "Imported", cluster_name="shared", vpc=vpc(here), security_groups=[]
        ),
    ]
    for number, cluster in enumerate(clusters):
        with pytest.raises(InvalidInputError, match="both must be in one stack"):
            Ec2Capacity(here, f"Capacity{number}", cluster=cluster)


# Services -----------------------------------------------------------------------------------------------


def service(stack: cdk.Stack, image: Image | None = None, **keywords: Any) -> Ec2Service:
    return Ec2Service(stack, "Checkout", image=image or named(stack), capacity=capacity(stack), **keywords)


def test_a_service_by_default() -> None:
    stack = new_stack()
    given = service(stack)
    actual = properties(stack, "AWS::ECS::Service")
    [provider] = resources(stack, "AWS::ECS::CapacityProvider")
    assert actual["CapacityProviderStrategy"] == [{"CapacityProvider": {"Ref": provider}, "Weight": 1}]
    assert "LaunchType" not in actual
    assert actual["DesiredCount"] == 2
    assert actual["EnableExecuteCommand"] is False
    assert actual["DeploymentConfiguration"] == {
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
        "MinimumHealthyPercent": 100,
        "MaximumPercent": 200,
    }
    assert actual["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"] == PRIVATE
    definition = properties(stack, "AWS::ECS::TaskDefinition")
    assert (definition["NetworkMode"], definition["RequiresCompatibilities"]) == ("awsvpc", ["EC2"])
    assert given.capacity.cluster.node.path == given.cluster.node.path == "Stack/Capacity/Cluster"
    assert warnings(stack) == []


def test_its_container_is_hardened_as_on_fargate() -> None:
    fargate, instances = new_stack("Fargate"), new_stack("Instances")
    variants_ecs.service(fargate)
    service(instances)
    on_fargate, on_instances = container(fargate), container(instances)
    for own in ("LinuxParameters", "Name", "Privileged", "ReadonlyRootFilesystem", "User", "Image"):
        assert on_fargate[own] == on_instances[own], own
    assert (on_instances["Cpu"], on_instances["Memory"]) == (256, 512)


def test_it_is_made_after_its_capacity_provider_and_deleted_before() -> None:
    stack = new_stack()
    service(stack)
    [body] = resources(stack, "AWS::ECS::Service").values()
    [association] = resources(stack, ASSOCIATION)
    assert association in body["DependsOn"]
    assert any(name.startswith("CheckoutExecutionRoleDefaultPolicy") for name in body["DependsOn"])


def test_the_image_must_be_built_for_the_instances() -> None:
    stack = new_stack()
    repository = Repository.from_repository_name(stack, "Repository", "shop/checkout")
    image = Image.of(repository, digest=DIGEST, architectures=["amd64"])
    given = capacity(stack, instance_type=ec2.InstanceType("m7g.large"))
    with pytest.raises(InvalidInputError, match="Stack/Checkout: The image was not built for this"):
        Ec2Service(stack, "Checkout", image=image, capacity=given)


def test_a_service_with_a_load_balancer_that_scales() -> None:
    stack = new_stack()
    given = service(
        stack,
        port=8080,
        load_balancer=LoadBalancer(),
        scaling=Scaling(min=2, max=6, requests_per_target=100),
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
    )
    assert "DesiredCount" not in properties(stack, "AWS::ECS::Service")
    assert len(resources(stack, "AWS::ApplicationAutoScaling::ScalingPolicy")) == 2
    assert given.load_balancer is not None
    given.connections.allow_from(ec2.Peer.ipv4("10.0.0.0/16"), ec2.Port.tcp(8080))


def test_a_service_of_another_stack_uses_the_capacity() -> None:
    app = new_app()
    shared, team = new_stack("Shared", app=app), new_stack("Team", app=app)
    Ec2Service(team, "Checkout", image=named(team), capacity=capacity(shared))
    assert "CapacityProviderStrategy" in properties(team, "AWS::ECS::Service")
    assert [stack.stack_name for stack in team.dependencies] == ["Shared"]


@pytest.mark.parametrize(
    ("keywords", "reason"),
    [
        ({"cpu": 1}, "cpu is too small"),
        ({"memory_limit_mib": 5}, "memory_limit_mib is too small"),
        ({"port": 70_000}, "Not a port"),
        ({"environment": {"API_TOKEN": "hunter2"}}, "API_TOKEN looks like a secret"),
        ({"scaling": Scaling(min=5, max=1)}, "Invalid minimum and maximum"),
        ({"execute_command": True}, "ECS Exec needs"),
        ({"load_balancer": LoadBalancer()}, "needs a container port"),
        ({"vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)}, "in public subnets"),
    ],
)
def test_bad_input_of_a_service_is_refused(keywords: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInputError, match=f"Stack/Checkout: .*{reason}"):
        service(new_stack(), **keywords)
