"""What runs images, as plain data."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from registry_constructs.local import LocalAws, LocalEnvironment
from registry_constructs.local.consumers import Consumer, read
from registry_constructs.local.images import image
from registry_constructs.local.registry import push
from tests.local import stacks

REGION = "us-east-1"


def consumers(aws: LocalAws, account: str) -> list[Consumer]:
    return read(aws, [LocalEnvironment(account, REGION)])


def uri(account: str, suffix: str = "web:v1") -> str:
    return f"{account}.dkr.ecr.{REGION}.amazonaws.com/{suffix}"


def role(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def define(aws: LocalAws, account: str, family: str, *images: str, **more: Any) -> str:
    containers = [{"name": f"c{index}", "image": one} for index, one in enumerate(images)]
    ecs = aws.client("ecs", account=account)
    made = ecs.register_task_definition(family=family, containerDefinitions=containers, **more)
    return str(made["taskDefinition"]["taskDefinitionArn"])


def test_services_and_their_roles(local_aws: LocalAws, account: str) -> None:
    ecs = local_aws.client("ecs", account=account)
    ecs.create_cluster(clusterName="main")
    roles = {
        "executionRoleArn": role(account, "path/of/puller"),
        "taskRoleArn": role(account, "program"),
    }
    web = define(local_aws, account, "web", uri(account), "public.ecr.aws/shop/proxy:v2", **roles)
    plain = define(local_aws, account, "plain", uri(account))
    spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    ecs.create_service(cluster="main", serviceName="web", taskDefinition=web, launchType="FARGATE")
    ecs.create_service(cluster="main", serviceName="onec2", taskDefinition=plain, launchType="EC2")
    ecs.create_service(
        cluster="main", serviceName="onspot", taskDefinition=plain, capacityProviderStrategy=spot
    )
    found = {(one.name, one.image): one for one in consumers(local_aws, account)}
    assert len(found) == 4
    served = found["web", uri(account)]
    assert served == Consumer(
        account=account,
        region=REGION,
        kind="Fargate service",
        name="web",
        image=uri(account),
        image_found=None,
        pulls_with=["puller"],
        runs_as="program",
        note=None,
    )
    assert found["web", "public.ecr.aws/shop/proxy:v2"].image_found is None
    on_ec2, on_spot = found["onec2", uri(account)], found["onspot", uri(account)]
    assert (on_ec2.kind, on_ec2.pulls_with, on_ec2.runs_as) == ("EC2 service", [], None)
    assert (on_spot.kind, on_spot.note) == ("Fargate service", "on FARGATE_SPOT")


def test_all_services_of_a_large_cluster(local_aws: LocalAws, account: str) -> None:
    ecs = local_aws.client("ecs", account=account)
    ecs.create_cluster(clusterName="main")
    define(local_aws, account, "web", uri(account))
    names = {f"service-{index}" for index in range(23)}
    for name in names:
        ecs.create_service(cluster="main", serviceName=name, taskDefinition="web")
    assert {one.name for one in consumers(local_aws, account)} == names


def test_a_task_is_scheduled_or_waits_to_be_run(local_aws: LocalAws, account: str) -> None:
    local_aws.client("ecs", account=account).create_cluster(clusterName="main")
    nightly = define(local_aws, account, "nightly", uri(account))
    define(local_aws, account, "by-hand", uri(account, "web:v1"))
    define(local_aws, account, "by-hand", uri(account, "web:v2"))
    scheduler = local_aws.client("scheduler", account=account)
    schedules: list[tuple[str, dict[str, Any], str]] = [
        ("night", {"EcsParameters": {"TaskDefinitionArn": nightly}}, "ENABLED"),
        ("paused", {"EcsParameters": {"TaskDefinitionArn": nightly.rpartition(":")[0]}}, "DISABLED"),
        ("other", {}, "ENABLED"),
    ]
    for name, target, state in schedules:
        target |= {"Arn": f"arn:aws:ecs:{REGION}:{account}:cluster/main", "RoleArn": role(account, "starts")}
        scheduler.create_schedule(
            Name=name,
            ScheduleExpression="cron(0 3 * * ? *)",
            ScheduleExpressionTimezone="Europe/Madrid",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=target,
            State=state,
        )
    found = consumers(local_aws, account)
    assert sorted((one.kind, one.name, one.note or "", one.image) for one in found) == [
        ("Scheduled task", "nightly", "cron(0 3 * * ? *) Europe/Madrid", uri(account)),
        ("Scheduled task", "nightly", "cron(0 3 * * ? *) Europe/Madrid (disabled)", uri(account)),
        ("Task", "by-hand", "", uri(account, "web:v2")),
    ]


def test_a_template_says_in_which_time_zone_a_task_is_scheduled(local_aws: LocalAws, account: str) -> None:
    def body(**more: str) -> str:
        target = {
            "Arn": f"arn:aws:ecs:{REGION}:{account}:cluster/main",
            "RoleArn": role(account, "starts"),
            "EcsParameters": {"TaskDefinitionArn": definition},
        }
        said = {"ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
        return stacks.template({"Night": ("AWS::Scheduler::Schedule", said | more)})

    definition = define(local_aws, account, "nightly", uri(account))
    stack = stacks.Stack(local_aws, account)
    stack.create(body(ScheduleExpressionTimezone="Europe/Madrid"))
    assert [one.note for one in consumers(local_aws, account)] == ["rate(1 day) Europe/Madrid"]
    stack.update(body())
    assert [one.note for one in consumers(local_aws, account)] == ["rate(1 day) UTC"]


def test_an_image_is_found_by_its_tag_and_by_its_digest(
    local_aws: LocalAws, account: str, new_account: Any
) -> None:
    other = new_account()
    for owner in (account, other):
        local_aws.client("ecr", account=owner).create_repository(repositoryName="web")
    digest = push(local_aws, "web", image({"a": b"a"}), tag="v1", account=other)
    names = [
        uri(other, "web:v1"),
        uri(other, f"web@{digest}"),
        uri(other, "web:v2"),
        uri(account, "web:v1"),
        uri(account, f"web@{digest}"),
        uri(account, "nowhere:v1"),
    ]
    define(local_aws, account, "all", *names)
    found = {one.image: one.image_found for one in consumers(local_aws, account)}
    assert found == {name: digest if name in names[:2] else None for name in names}


def test_functions_of_images_and_no_others(local_aws: LocalAws, account: str) -> None:
    client = local_aws.client("lambda", account=account)
    with zipfile.ZipFile(program := io.BytesIO(), "w") as archive:
        archive.writestr("a.py", "")
    made = {"Role": role(account, "program")}
    client.create_function(
        FunctionName="thumbnails", PackageType="Image", Code={"ImageUri": uri(account)}, **made
    )
    client.create_function(
        FunctionName="zipped",
        Runtime="python3.13",
        Handler="a.b",
        Code={"ZipFile": program.getvalue()},
        **made,
    )
    [function] = consumers(local_aws, account)
    assert (function.kind, function.name, function.image) == ("Lambda function", "thumbnails", uri(account))
    assert (function.pulls_with, function.runs_as) == (["lambda.amazonaws.com"], "program")


def workload(kind: str, name: str, pod: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    specs: dict[str, Any] = {
        "Pod": pod,
        "CronJob": {"jobTemplate": {"spec": {"template": template}}},
    }
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, **metadata},
        "spec": specs.get(kind, {"template": template}),
    }


def test_workloads_with_the_roles_of_nodes_fargate_and_pods(local_aws: LocalAws, account: str) -> None:
    account_images = {name: uri(account, name) for name in ("web:v1", "setup:v1", "batch:v1", "cron:v1")}
    pod = {"containers": [{"name": "c", "image": account_images["web:v1"]}]}
    batch = {"containers": [{"name": "c", "image": account_images["batch:v1"]}]}
    own = {"namespace": "shop"}
    annotated = {"namespace": "night-1", "annotations": {"eks.amazonaws.com/role-arn": role(account, "irsa")}}
    objects = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "cron", **annotated}},
        workload(
            "Deployment",
            "web",
            pod
            | {
                "serviceAccountName": "web",
                "initContainers": [{"name": "i", "image": account_images["setup:v1"]}],
            },
            **own,
        ),
        workload("StatefulSet", "batch", batch, **own),
        workload("Pod", "alone", pod),
        workload(
            "CronJob",
            "cron",
            {
                "serviceAccountName": "cron",
                "containers": [{"name": "c", "image": account_images["cron:v1"]}],
            },
            namespace="night-1",
        ),
    ]
    cluster = {"ClusterName": {"Ref": "Cluster"}}
    resources: dict[str, tuple[str, dict[str, Any]]] = {
        "Cluster": (
            "AWS::EKS::Cluster",
            {"Name": "main", "RoleArn": role(account, "cluster"), "ResourcesVpcConfig": {}},
        ),
        "Identity": (
            "AWS::EKS::PodIdentityAssociation",
            cluster | {"Namespace": "shop", "ServiceAccount": "web", "RoleArn": role(account, "pods")},
        ),
        "Manifest": (
            "Custom::AWSCDK-EKS-KubernetesResource",
            cluster | {"ServiceToken": "unused", "Manifest": json.dumps(objects)},
        ),
    }
    for name, selector in [
        ("Batch", {"Namespace": "shop", "Labels": [{"Key": "app", "Value": "bat*"}]}),
        ("Night", {"Namespace": "night-?"}),
    ]:
        resources[name] = (
            "AWS::EKS::FargateProfile",
            cluster
            | {
                "FargateProfileName": name.lower(),
                "PodExecutionRoleArn": role(account, name),
                "Selectors": [selector],
            },
        )
    stacks.Stack(local_aws, account).create(stacks.template(resources))
    eks = local_aws.client("eks", account=account)
    for group, name in [("one", "nodes"), ("two", "more-nodes"), ("three", "nodes")]:
        eks.create_nodegroup(
            clusterName="main", nodegroupName=group, subnets=["subnet-1"], nodeRole=role(account, name)
        )
    found = {(one.kind, one.name, one.image): one for one in consumers(local_aws, account)}
    nodes = ["more-nodes", "nodes"]
    assert {key: (one.pulls_with, one.runs_as) for key, one in found.items()} == {
        ("Kubernetes deployment", "shop/web", account_images["web:v1"]): (nodes, "pods"),
        ("Kubernetes deployment", "shop/web", account_images["setup:v1"]): (nodes, "pods"),
        ("Kubernetes statefulset", "shop/batch", account_images["batch:v1"]): (["Batch"], None),
        ("Kubernetes pod", "default/alone", account_images["web:v1"]): (nodes, None),
        ("Kubernetes cronjob", "night-1/cron", account_images["cron:v1"]): (["Night"], "irsa"),
    }
    assert {one.note for one in found.values()} == {"for cluster main"}
    place = LocalEnvironment(account, REGION)
    assert local_aws.manifests(place, "main") == objects
    assert local_aws.manifests(place, "other") == []

    stacks.Stack(local_aws, account).delete()
    assert local_aws.manifests(place, "main") == []


def test_nothing_runs_in_a_new_account(local_aws: LocalAws, account: str) -> None:
    assert consumers(local_aws, account) == []
