"""What runs on ECS, deployed to the local AWS and read back; and the resource types that it was taught."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from botocore.exceptions import WaiterError

from registry_constructs import Repository
from registry_constructs.local import LocalAws
from stacks.ec2 import Ec2Stack
from stacks.fargate import FargateStack
from tests.consumers.ecs import variants_ecs
from tests.local.stacks import Stack, template
from tests.synthesis import ENV, new_app, new_stack, raw_template

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(account="111122223333", region=REGION) as running:
        yield running


def own_account(name: str) -> str:
    return f"{zlib.crc32(name.encode()):012d}"


def deployed(aws: LocalAws, stack: cdk.Stack) -> tuple[Stack, str]:
    """A synthesized stack, deployed in an account of its own, and that account."""
    account = own_account(stack.stack_name)
    rendered = raw_template(stack)
    rendered.get("Parameters", {}).pop("BootstrapVersion", None)  # nobody bootstraps these accounts
    rendered.pop("Rules", None)
    standing = Stack(aws, account, region=REGION, name=stack.stack_name)
    standing.create(json.dumps(rendered), Capabilities=["CAPABILITY_IAM"])
    return standing, account


def definitions(aws: LocalAws, account: str) -> list[dict[str, Any]]:
    ecs = aws.client("ecs", account=account, region=REGION)
    arns = ecs.list_task_definitions()["taskDefinitionArns"]
    return [ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"] for arn in arns]


@pytest.mark.parametrize("name", variants_ecs.VARIANTS)
def test_every_variant_is_deployed_and_deleted(name: str, aws: LocalAws) -> None:
    environment = variants_ecs.ENVIRONMENTS.get(name, ENV)
    stack = new_stack(name, env=environment)
    variants_ecs.VARIANTS[name](stack)
    standing, account = deployed(aws, stack)
    [definition] = definitions(aws, account)
    [container] = definition["containerDefinitions"]
    assert "@sha256:" in container["image"] or container["image"].endswith(":v1.4.2")
    assert container["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
    assert container["linuxParameters"]["tmpfs"][0]["mountOptions"] == ["nodev", "noexec", "nosuid"]
    ecs = aws.client("ecs", account=account, region=REGION)
    [cluster] = ecs.list_clusters()["clusterArns"]
    assert len(ecs.list_services(cluster=cluster)["serviceArns"]) == ("-task-" not in name)
    standing.delete()
    assert ecs.list_clusters()["clusterArns"] == []


def test_the_example_stacks_are_deployed(aws: LocalAws) -> None:
    app = new_app()
    network = new_stack("Network", app=app)
    Repository(network, "Base")
    vpc = variants_ecs.vpc(network)
    image = variants_ecs.named(network)
    fargate = FargateStack(app, "Fargate", env=ENV, vpc=vpc, image=image)
    instances = Ec2Stack(app, "Ec2", env=ENV, vpc=vpc, image=image)
    _, account = deployed(aws, fargate)
    assert len(definitions(aws, account)) == 2
    [schedule] = aws.client("scheduler", account=account, region=REGION).list_schedules()["Schedules"]
    assert schedule["State"] == "ENABLED"
    [balancer] = aws.client("elbv2", account=account, region=REGION).describe_load_balancers()[
        "LoadBalancers"
    ]
    assert balancer["Scheme"] == "internal"

    _, account = deployed(aws, instances)
    ecs = aws.client("ecs", account=account, region=REGION)
    [cluster] = ecs.list_clusters()["clusterArns"]
    [service] = ecs.describe_services(
        cluster=cluster, services=ecs.list_services(cluster=cluster)["serviceArns"]
    )["services"]
    [strategy] = service["capacityProviderStrategy"]
    [described] = ecs.describe_clusters(clusters=[cluster])["clusters"]
    assert described["capacityProviders"] == [strategy["capacityProvider"]]


def capacity(name: str) -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        "Cluster": ("AWS::ECS::Cluster", {"ClusterName": name}),
        "Provider": (
            "AWS::ECS::CapacityProvider",
            {
                "Name": f"{name}-provider",
                "AutoScalingGroupProvider": {
                    "AutoScalingGroupArn": "instances",
                    "ManagedScaling": {"Status": "ENABLED", "TargetCapacity": 100},
                },
            },
        ),
        "Association": (
            "AWS::ECS::ClusterCapacityProviderAssociations",
            {
                "Cluster": {"Ref": "Cluster"},
                "CapacityProviders": [{"Ref": "Provider"}],
                "DefaultCapacityProviderStrategy": [],
            },
        ),
    }


def running(cluster: str, provider: str) -> str:
    task = {"Family": "checkout", "ContainerDefinitions": [{"Name": "app", "Image": "app", "Memory": 64}]}
    return template(
        {
            "Task": ("AWS::ECS::TaskDefinition", task),
            "Service": (
                "AWS::ECS::Service",
                {
                    "Cluster": cluster,
                    "TaskDefinition": {"Ref": "Task"},
                    "CapacityProviderStrategy": [{"CapacityProvider": provider, "Weight": 1}],
                },
            ),
        }
    )


def test_a_cluster_keeps_a_provider_that_a_service_uses(aws: LocalAws) -> None:
    account = own_account("kept")
    cluster = Stack(aws, account, region=REGION, name="Cluster")
    service = Stack(aws, account, region=REGION, name="Service")
    cluster.create(template(capacity("shared")))
    service.create(running("shared", "shared-provider"))
    with pytest.raises(WaiterError):
        cluster.delete()
    assert any("in use and cannot be removed" in failure for failure in cluster.failures())
    service.delete()
    cluster.delete()
    ecs = aws.client("ecs", account=account, region=REGION)
    assert ecs.list_clusters()["clusterArns"] == []


def test_a_service_needs_providers_of_its_cluster(aws: LocalAws) -> None:
    account = own_account("needed")
    Stack(aws, account, region=REGION, name="Cluster").create(template(capacity("small")))
    service = Stack(aws, account, region=REGION, name="Service")
    assert "not associated with the cluster" in service.refused(running("small", "FARGATE_SPOT"))


def test_a_provider_that_does_not_exist_cant_be_associated(aws: LocalAws) -> None:
    resources = capacity("alone")
    resources["Association"][1]["CapacityProviders"] = ["nowhere"]
    stack = Stack(aws, own_account("alone"), region=REGION)
    assert "The specified capacity provider nowhere was not found" in stack.refused(template(resources))


def test_a_provider_is_changed_in_place(aws: LocalAws) -> None:
    account = own_account("changed")
    resources = capacity("changed")
    stack = Stack(aws, account, region=REGION)
    stack.create(template(resources))
    provider: Any = resources["Provider"][1]["AutoScalingGroupProvider"]
    provider["ManagedScaling"]["TargetCapacity"] = 80
    resources["Association"][1]["CapacityProviders"] = [{"Ref": "Provider"}, "FARGATE"]
    stack.update(template(resources))
    ecs = aws.client("ecs", account=account, region=REGION)
    [found] = ecs.describe_capacity_providers(capacityProviders=["changed-provider"])["capacityProviders"]
    assert found["autoScalingGroupProvider"]["managedScaling"]["targetCapacity"] == 80
    [cluster] = ecs.describe_clusters(clusters=["changed"])["clusters"]
    assert cluster["capacityProviders"] == ["changed-provider", "FARGATE"]
