"""A pushed image rolls a service of the local AWS, whose IAM is evaluated.

Its ECR sends no events, so the event that AWS would send is put on the bus.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import aws_cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from botocore.exceptions import ClientError

from registry_constructs import DeployedImage, DeployOnPush, FargateService, Repository
from registry_constructs.delivery.deploy_on_push.handler import index
from registry_constructs.local import LocalAws, cdk, images, registry
from tests.live.proxy import Proxy, in_front_of
from tests.monitoring.sample_events import ACCOUNT, REGION, Event, sample
from tests.waiting import next_second, until

NAME, PARAMETER = "shop/web", "/deployed-images/Images/Deployed"
FIRST, SECOND, THIRD, FOURTH, FIFTH = (images.image({"version": bytes([number])}) for number in range(5))


class Deployed(NamedTuple):
    """The stacks, and how to reach them."""

    aws: LocalAws
    proxy: Proxy
    again: Callable[[], None]

    def client(self, service: str) -> Any:
        return self.aws.client(service, region=REGION)

    def push(self, artifact: images.Artifact, tag: str) -> Event:
        """Push an image, and return the event that AWS would send."""
        pushed = registry.push(self.aws, NAME, artifact, tag=tag, account=ACCOUNT, region=REGION)
        return sample("push", repository_name=NAME, image_tag=tag, image_digest=pushed)

    def put(self, *sent: Event) -> None:
        entries = [
            {"Source": one["source"], "DetailType": one["detail-type"], "Detail": json.dumps(one["detail"])}
            for one in sent
        ]
        assert self.client("events").put_events(Entries=entries)["FailedEntryCount"] == 0

    @property
    def definition(self) -> dict[str, Any]:
        client = self.client("ecs")
        [service] = client.describe_services(cluster="shop", services=["web"])["services"]
        found = client.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
        return dict(found)

    def digest(self) -> str:
        """The digest of the image that the service has."""
        return str(self.definition["containerDefinitions"][0]["image"].partition("@")[2])

    def parameter(self) -> str:
        return str(self.client("ssm").get_parameter(Name=PARAMETER)["Parameter"]["Value"])

    def becomes(self, wanted: str) -> bool:
        return until(lambda: self.digest() == self.parameter() == wanted)


def _app(outdir: str) -> aws_cdk.App:
    app = aws_cdk.App(outdir=outdir)
    env = aws_cdk.Environment(account=ACCOUNT, region=REGION)
    stack = aws_cdk.Stack(app, "Images", env=env)
    repository = Repository(stack, "Repository", repository_name=NAME)
    remembered = DeployedImage(stack, "Deployed", repository=repository, first_digest=FIRST.digest)
    service = aws_cdk.Stack(app, "Service", env=env)
    vpc = ec2.Vpc.from_vpc_attributes(
        service,
        "Vpc",
        vpc_id="vpc-00000001",
        availability_zones=["eu-west-1a"],
        private_subnet_ids=["subnet-00000001"],
        private_subnet_route_table_ids=["rtb-00000001"],
    )
    web = FargateService(
        service,
        "Web",
        image=remembered.image_for(service),
        cluster=ecs.Cluster(service, "Cluster", cluster_name="shop", vpc=vpc),
        desired_count=0,
    )
    resource: Any = web.service.node.find_child("Service")
    resource.service_name = "web"
    DeployOnPush(
        service,
        "Deploy",
        repository=repository,
        tags=["v*"],
        service=web.service,
        deployed=remembered,
    )
    return app


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """With IAM in front of it: the function's role has to allow what it does."""
    app = _app(str(tmp_path_factory.mktemp("assembly")))
    with (
        LocalAws(account=ACCOUNT, auth=True) as aws,
        in_front_of(aws.endpoint_url) as proxy,
        cdk.synthesized(aws, app.synth().directory) as assembly,
    ):
        assembly.bootstrap()
        assembly.deploy()
        yield Deployed(aws, proxy, assembly.deploy)


def test_a_push_rolls_once_and_cdk_deploy_agrees(deployed: Deployed) -> None:
    assert deployed.digest() == FIRST.digest
    deployed.push(FIRST, "v1")
    next_second()
    late = deployed.push(SECOND, "v2")
    next_second()
    event = deployed.push(THIRD, "v3")
    deployed.put(event)
    assert deployed.becomes(THIRD.digest)
    revision = deployed.definition["revision"]
    deployed.put(event, late, sample("push", repository_name=NAME, image_tag="latest"))
    next_second()
    deployed.put(deployed.push(FOURTH, "v4"))
    assert deployed.becomes(FOURTH.digest)
    assert deployed.definition["revision"] == revision + 1
    deployed.again()
    assert (deployed.digest(), deployed.parameter()) == (FOURTH.digest, FOURTH.digest)


def test_throttling_is_lived_through_and_what_lasts_is_raised(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions = deployed.client("lambda").list_functions()["Functions"]
    [function] = [one for one in functions if "DeployFunction" in one["FunctionName"]]
    for name, value in deployed.aws.environment(account=ACCOUNT, region=REGION).items():
        monkeypatch.setenv(name, value)
    for name, value in function["Environment"]["Variables"].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", deployed.proxy.url)
    next_second()
    event = deployed.push(FIFTH, "v5")
    deployed.proxy.rules({"service": "ssm", "error": {"code": "InternalServerError", "status": 500}})
    with pytest.raises(ClientError, match="InternalServerError"):
        index.handler(event, None)
    assert deployed.digest() == FIFTH.digest != deployed.parameter()
    throttled = {"error": {"code": "ThrottlingException", "status": 400}, "times": 2}
    deployed.proxy.rules({"service": "ecs", **throttled}, {"service": "ssm", **throttled})
    index.handler(event, None)
    assert deployed.parameter() == FIFTH.digest
    assert len(deployed.proxy.fired()) >= 4
