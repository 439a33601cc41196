"""`registry-constructs inventory --in-use` finds what runs here; what it can't read is unknown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.live.findings import Findings
from registry_constructs.local import LocalAws
from registry_constructs.simulation import Use
from tests.live.conftest import Result, Shell
from tests.live.content import digest_of, image, read
from tests.live.test_pods import Stand

Take = Callable[..., Result]
REGION = "eu-west-1"
POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
            "action": {"type": "expire"},
        }
    ]
}


def uri(account: str, name: str, *, region: str = REGION) -> str:
    return f"{account}.dkr.ecr.{region}.amazonaws.com/{name}"


class Running:
    """What runs in an account, made through the APIs."""

    def __init__(self, aws: LocalAws, account: str) -> None:
        self._aws = aws
        self.account = account
        self.ecs = self.client("ecs")
        self.role = f"arn:aws:iam::{account}:role/any"

    def client(self, service: str) -> Any:
        return self._aws.client(service, account=self.account, region=REGION)

    def push(self, repository: str, *tags: str) -> list[str]:
        """Images in the order of their tags; the digests."""
        ecr = self.client("ecr")
        ecr.create_repository(repositoryName=repository)
        for tag in tags:
            ecr.put_image(repositoryName=repository, imageManifest=image(f"{repository} {tag}"), imageTag=tag)
        return [digest_of(image(f"{repository} {tag}")) for tag in tags]

    def cluster(self, name: str = "shop") -> str:
        return str(self.ecs.create_cluster(clusterName=name)["cluster"]["clusterArn"])

    def define(self, family: str, *images: str) -> str:
        containers = [{"name": f"c{index}", "image": one} for index, one in enumerate(images)]
        made = self.ecs.register_task_definition(family=family, containerDefinitions=containers)
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def serve(self, name: str, definition: str, *, cluster: str = "shop") -> None:
        self.ecs.create_service(cluster=cluster, serviceName=name, taskDefinition=definition)

    def schedule(self, name: str, **target: Any) -> None:
        self.client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"RoleArn": self.role, **target},
            State="DISABLED",
        )


@pytest.fixture
def running(local_aws: LocalAws, account: str) -> Running:
    return Running(local_aws, account)


def uses(name: str) -> dict[str, set[str]]:
    """By place, the tags and digests that it runs of a repository."""
    [inventory] = [one for one in read("inventory.jsonl") if one.repository_name == name]
    found: dict[str, set[str]] = {}
    for use in inventory.in_use or ():
        found.setdefault(use.where, set()).add(use.tag or use.digest)
    return found


def unknown() -> set[str]:
    return {place for inventory in read("inventory.jsonl") for place in inventory.unknown}


def test_nobody_has_looked_and_nothing_runs_are_two_answers(running: Running, inventory: Take) -> None:
    running.push("shop/web", "v1")
    assert inventory().status == 0
    assert read("inventory.jsonl")[0].in_use is None
    assert inventory("--all", "--in-use").status == 0
    assert read("inventory.jsonl")[0].in_use == ()
    assert unknown() == set()


def test_services_and_their_deployments(running: Running, inventory: Take, shell: Shell) -> None:
    _, second, _ = running.push("shop/web", "v1", "v2", "v3")
    running.cluster()
    web = uri(running.account, "shop/web")
    running.serve("web", running.define("web", f"{web}:v1", "public.ecr.aws/nginx/nginx:1"))
    running.define("web", f"{web}:v9")  # of a revision that nothing runs
    running.serve("api", running.define("api", f"{web}@{second}"))
    assert inventory("--all", "--in-use").status == 0
    assert uses("shop/web") == {
        f"ecs service shop/web in {REGION}": {"v1"},
        f"ecs service shop/api in {REGION}": {second},
    }

    Path("policy.json").write_text(json.dumps(POLICY))
    simulate = ["lifecycle", "simulate", "--policy", "policy.json", "--images", "inventory.jsonl"]
    result = shell(*simulate, "--fail-on-in-use", "--format", "json")
    assert result.status == 3
    assert "Images in use would go" in result.err
    assert "shop/api" in shell(*simulate, "--fail-on-in-use").out


def test_more_services_than_aws_describes_at_once(running: Running, inventory: Take) -> None:
    running.push("shop/web", "v1")
    running.cluster()
    definition = running.define("web", uri(running.account, "shop/web:v1"))
    names = [f"web-{number}" for number in range(23)]
    for name in names:
        running.serve(name, definition)
    assert inventory("--all", "--in-use").status == 0
    assert set(uses("shop/web")) == {f"ecs service shop/{name} in {REGION}" for name in names}


def test_running_tasks_by_what_they_have_pulled(running: Running, inventory: Take) -> None:
    running.push("shop/job", "v1")
    running.cluster()
    definition = running.define("job", uri(running.account, "shop/job:v1"))
    running.ecs.run_task(cluster="shop", taskDefinition=definition)
    assert inventory("--all", "--in-use").status == 0
    [(place, images)] = uses("shop/job").items()
    assert place == f"ecs task shop/job:1 in {REGION}"
    assert "v1" in images


def test_what_schedules_and_rules_start_counts_though_they_are_off(running: Running, inventory: Take) -> None:
    running.push("shop/job", "nightly", "weekly", "ruled", "idle")
    cluster = running.cluster()
    job = uri(running.account, "shop/job")
    nightly, weekly, ruled = (running.define(one, f"{job}:{one}") for one in ("nightly", "weekly", "ruled"))
    running.define("idle", f"{job}:idle")
    running.schedule("night", Arn=cluster, EcsParameters={"TaskDefinitionArn": nightly})
    running.schedule(
        "week",
        Arn="arn:aws:scheduler:::aws-sdk:ecs:runTask",
        Input=json.dumps({"Cluster": "shop", "TaskDefinition": weekly}),
    )
    events = running.client("events")
    events.put_rule(Name="when", ScheduleExpression="rate(1 day)", State="DISABLED")
    target = {"Id": "1", "Arn": cluster, "RoleArn": running.role}
    events.put_targets(Rule="when", Targets=[target | {"EcsParameters": {"TaskDefinitionArn": ruled}}])
    assert inventory("--all", "--in-use").status == 0
    assert uses("shop/job") == {
        f"eventbridge schedule default/night in {REGION}": {"nightly"},
        f"eventbridge schedule default/week in {REGION}": {"weekly"},
        f"eventbridge rule default/when in {REGION}": {"ruled"},
    }


def test_a_schedule_that_hides_what_it_starts_is_unknown(running: Running, inventory: Take) -> None:
    running.push("shop/job", "v1")
    running.schedule("odd", Arn="arn:aws:scheduler:::aws-sdk:ecs:runTask", Input="not json")
    result = inventory("--all", "--in-use")
    place = f"eventbridge schedule default/odd in {REGION}"
    assert unknown() == {place}
    assert f"What is in use at {place} is unknown" in " ".join(result.err.split())


def test_functions_and_their_published_versions(running: Running, inventory: Take) -> None:
    first, second = running.push("shop/thumbnails", "v1", "v2")
    functions, name = running.client("lambda"), uri(running.account, "shop/thumbnails")
    functions.create_function(
        FunctionName="thumbnails",
        PackageType="Image",
        Code={"ImageUri": f"{name}:v1"},
        Role=running.role,
        Publish=True,
    )
    functions.update_function_code(FunctionName="thumbnails", ImageUri=f"{name}:v2")
    assert inventory("--all", "--in-use").status == 0
    found = uses("shop/thumbnails")
    assert found[f"lambda function thumbnails in {REGION}"] >= {"v2"}
    assert found[f"lambda function thumbnails:1 in {REGION}"] >= {"v1"}
    assert set().union(*found.values()) <= {"v1", "v2", first, second}


def test_images_of_other_places_are_not_taken_for_ours(running: Running, inventory: Take) -> None:
    running.push("shop/web", "v1")
    running.cluster()
    other = [uri("999999999999", "shop/web:v1"), uri(running.account, "shop/web:v1", region="us-east-1")]
    running.serve("web", running.define("web", *other))
    assert inventory("--all", "--in-use").status == 0
    assert uses("shop/web") == {}


def test_two_regions_are_looked_at(local_aws: LocalAws, running: Running, inventory: Take) -> None:
    running.push("shop/web", "v1")
    there = local_aws.client("ecs", account=running.account, region="us-east-1")
    there.create_cluster(clusterName="far")
    container = {"name": "c", "image": uri(running.account, "shop/web:v1")}
    there.register_task_definition(family="web", containerDefinitions=[container])
    there.create_service(cluster="far", serviceName="web", taskDefinition="web")
    assert inventory("--all", "--in-use", "--region", REGION, "--region", "us-east-1").status == 0
    assert uses("shop/web") == {"ecs service far/web in us-east-1": {"v1"}}


def test_an_eks_cluster_that_nothing_leads_into_is_unknown_and_is_never_taken_as_unused(
    running: Running, inventory: Take, shell: Shell
) -> None:
    running.push("shop/web", "v1", "v2")
    running.client("eks").create_cluster(name="blue", roleArn=running.role, resourcesVpcConfig={})
    result = inventory("--all", "--in-use")
    assert result.status == 0
    assert unknown() == {f"eks cluster blue in {REGION}"}
    assert "no --kubeconfig leads to it, and no --pods file is of it" in " ".join(result.err.split())
    Path("policy.json").write_text(json.dumps(POLICY))
    simulated = shell(
        *["lifecycle", "simulate", "--policy", "policy.json", "--images", "inventory.jsonl"],
        "--fail-on-in-use",
    )
    assert simulated.status == 3


def pods(*images: str) -> str:
    items = [
        {
            "kind": "Pod",
            "metadata": {"namespace": "shop", "name": f"pod-{number}"},
            "spec": {"containers": [{"name": "c", "image": one}]},
            "status": {"phase": "Running"},
        }
        for number, one in enumerate(images)
    ]
    return json.dumps({"kind": "List", "items": items})


def test_a_file_of_pods_stands_for_its_cluster(running: Running, inventory: Take) -> None:
    running.push("shop/web", "v1")
    running.client("eks").create_cluster(name="blue", roleArn=running.role, resourcesVpcConfig={})
    Path("pods.json").write_text(pods(uri(running.account, "shop/web:v1")))
    for given in ("blue=pods.json", f"{REGION}/blue=pods.json"):
        assert inventory("--all", "--pods", given).status == 0
        assert uses("shop/web") == {f"pod shop/pod-0 in eks cluster blue in {REGION}": {"v1"}}
        assert unknown() == set()
    # Of a cluster that is said to be of nobody, it counts, and blue stays unknown.
    assert inventory("--all", "--pods", "pods.json").status == 0
    assert uses("shop/web") == {"pod shop/pod-0 in kubernetes cluster of pods.json": {"v1"}}
    assert unknown() == {f"eks cluster blue in {REGION}"}


@pytest.mark.parametrize(
    ("given", "content", "problem"),
    [
        ("green=pods.json", pods(), "There is no such EKS cluster"),
        ("pods.json", "{", "This is not JSON"),
        ("nowhere.json", "", "The file can't be read"),
    ],
)
def test_a_file_that_is_of_no_use_is_refused_before_anything_is_written(
    running: Running, inventory: Take, given: str, content: str, problem: str
) -> None:
    running.push("shop/web", "v1")
    running.client("eks").create_cluster(name="blue", roleArn=running.role, resourcesVpcConfig={})
    Path("pods.json").write_text(content)
    Path("inventory.jsonl").write_text("good")
    result = inventory("--all", "--pods", given)
    assert (result.status, result.out) == (2, "")
    assert problem in result.err
    assert Path("inventory.jsonl").read_text() == "good"


def test_a_use_is_kept_once_for_each_place_and_image() -> None:
    findings = Findings()
    digest = "sha256:" + "ab" * 32
    for _ in range(2):
        findings.add(uri("111122223333", "web:v1"), "here", digest=digest)
    findings.add("nginx", "here")
    found = findings.uses_of("111122223333", REGION, "web")
    assert sorted(found) == sorted([Use("here", digest=digest), Use("here", tag="v1")])


def test_a_kubeconfig_leads_into_clusters_by_their_address(
    running: Running, inventory: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.push("shop/web", "v1", "v2", "v3")
    eks = running.client("eks")
    for name in ("blue", "green"):
        eks.create_cluster(name=name, roleArn=running.role, resourcesVpcConfig={})
    blue = eks.describe_cluster(name="blue")["cluster"]["endpoint"]
    folder = tmp_path / "bin"
    folder.mkdir()
    stand = Stand(folder, monkeypatch)
    stand.knows(
        ("to-blue", "b", f"{blue.upper()}/"),
        ("elsewhere", "e", "https://1.2.3.4"),
        ("closed", "c", "https://x"),
    )
    web = uri(running.account, "shop/web")
    stand.says("to-blue", pods(f"{web}:v1"))
    stand.says("elsewhere", pods(f"{web}:v2"))
    result = inventory("--all", "--kubeconfig", str(stand.config))
    assert result.status == 0
    assert uses("shop/web") == {
        f"pod shop/pod-0 in eks cluster blue in {REGION}": {"v1"},
        "pod shop/pod-0 in kubernetes cluster of context elsewhere": {"v2"},
    }
    assert unknown() == {f"eks cluster green in {REGION}", "kubernetes cluster of context closed"}
    assert "Unauthorized: sign in" in " ".join(result.err.split())
