"""The policy of docs/inventory.md is enough, and less is not: tried with IAM evaluated."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.local import LocalAws
from registry_constructs.local.images import INDEX
from tests.live.conftest import Result, Shell
from tests.live.content import index, read
from tests.live.test_in_use import REGION, Running, uri
from tests.live.test_pods import Stand
from tests.synthesis import ROOT

ACCOUNT = "111122223333"
[_POLICY] = re.findall(r"^```json\n(.*?)^```", (ROOT / "docs" / "inventory.md").read_text(), re.M | re.S)
STATEMENTS: dict[str, list[str]] = {one["Sid"]: one["Action"] for one in json.loads(_POLICY)["Statement"]}

TakeAs = Callable[..., Result]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """An AWS with IAM, in which something runs of each kind."""
    with LocalAws(account=ACCOUNT, region=REGION, auth=True) as local:
        running = Running(local, ACCOUNT)
        [digest] = running.push("shop/web", "v1")
        listed = index(digest)
        ecr = running.client("ecr")
        ecr.put_image(
            repositoryName="shop/web", imageManifest=listed, imageManifestMediaType=INDEX, imageTag="all"
        )
        running.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument="{}")
        cluster, image = running.cluster(), uri(ACCOUNT, "shop/web:v1")
        definition = running.define("web", image)
        running.serve("web", definition)
        running.ecs.run_task(cluster="shop", taskDefinition=definition)
        running.schedule("night", Arn=cluster, EcsParameters={"TaskDefinitionArn": definition})
        events = running.client("events")
        events.put_rule(Name="when", ScheduleExpression="rate(1 day)")
        target = {"Id": "1", "Arn": cluster, "RoleArn": running.role}
        events.put_targets(
            Rule="when", Targets=[target | {"EcsParameters": {"TaskDefinitionArn": definition}}]
        )
        running.client("lambda").create_function(
            FunctionName="web", PackageType="Image", Code={"ImageUri": image}, Role=running.role
        )
        running.client("eks").create_cluster(name="blue", roleArn=running.role, resourcesVpcConfig={})
        yield local


@pytest.fixture
def take_as(aws: LocalAws, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TakeAs]:
    """Take an inventory with what runs, as a user who may do some actions and no others."""
    iam: Any = aws.client("iam")
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    folder = tmp_path / "bin"
    folder.mkdir()
    stand = Stand(folder, monkeypatch)
    blue = aws.client("eks").describe_cluster(name="blue")["cluster"]["endpoint"]
    stand.knows(("to-blue", "b", blue))
    stand.says("to-blue", '{"items": []}')

    def take(actions: list[str]) -> Result:
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="reader", PolicyName="own", PolicyDocument=document)
        return shell(
            *["inventory", "--output", "inventory.jsonl", "--all", "--kubeconfig", str(stand.config)],
            endpoint=aws.endpoint_url,
            AWS_ACCESS_KEY_ID=key["AccessKeyId"],
            AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"],
        )

    yield take
    iam.delete_access_key(UserName="reader", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="reader", PolicyName="own")
    iam.delete_user(UserName="reader")


def test_the_policy_is_enough(take_as: TakeAs) -> None:
    result = take_as(STATEMENTS["Inventory"] + STATEMENTS["InUse"])
    assert result.status == 0
    assert "unknown" not in result.err
    [inventory] = read("inventory.jsonl")
    assert inventory.unknown == ()
    assert {use.where for use in inventory.in_use or ()} == {
        f"ecs service shop/web in {REGION}",
        f"ecs task shop/web:1 in {REGION}",
        f"eventbridge rule default/when in {REGION}",
        f"eventbridge schedule default/night in {REGION}",
        f"lambda function web in {REGION}",
    }


@pytest.mark.parametrize("action", STATEMENTS["Inventory"])
def test_without_what_reads_images_there_is_no_inventory(take_as: TakeAs, action: str) -> None:
    result = take_as([one for one in STATEMENTS["Inventory"] + STATEMENTS["InUse"] if one != action])
    assert result.status == 1
    assert f"AWS does not allow {action.removeprefix('ecr:')}" in result.err
    assert not Path("inventory.jsonl").exists()


@pytest.mark.parametrize("action", STATEMENTS["InUse"])
def test_without_what_looks_at_a_place_it_is_unknown(take_as: TakeAs, action: str) -> None:
    result = take_as([one for one in STATEMENTS["Inventory"] + STATEMENTS["InUse"] if one != action])
    assert result.status == 0
    [inventory] = read("inventory.jsonl")
    assert inventory.unknown
    assert all(place in " ".join(result.err.split()) for place in inventory.unknown)
