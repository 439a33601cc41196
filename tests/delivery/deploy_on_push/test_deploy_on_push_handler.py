"""The function behind `DeployOnPush`, as plain Python: what is rolled, and what never is."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs.delivery.deploy_on_push.handler import index
from tests.monitoring.sample_events import REPOSITORY, SAMPLES, Event, sample

URI = f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/{REPOSITORY}"
FAMILY = "arn:aws:ecs:eu-west-1:111122223333:task-definition/checkout"
ECS_META = boto3.client(
    "ecs",
    region_name="eu-west-1",
    aws_access_key_id="unused",
    aws_secret_access_key="unused",
).meta


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


class NotFoundError(Exception):
    """What ECR answers for an image that it does not have."""


class PretendAws:
    """A repository, a service that runs its image number 0, and a parameter; it is all three clients."""

    def __init__(self) -> None:
        self.exceptions = SimpleNamespace(ImageNotFoundException=NotFoundError)
        self.meta = ECS_META
        self.tags: dict[str, str] = {}
        self.pushed: dict[str, datetime] = {}
        self.parameters: dict[str, str] = {}
        self.failing: set[str] = set()
        self.push("0.0.0", 0)
        sidecar = {"name": "agent", "image": "public.ecr.aws/agent@sha256:1", "cpu": 0}
        container = {"name": "Container", "image": f"{URI}@{digest(0)}", "cpu": 0, "essential": True}
        self.definitions = {f"{FAMILY}:1": self._definition([sidecar, container])}
        self.service = {"status": "ACTIVE", "taskDefinition": f"{FAMILY}:1"}

    def _definition(self, containers: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "taskDefinitionArn": f"{FAMILY}:1",
            "family": "checkout",
            "revision": 1,
            "status": "ACTIVE",
            "registeredBy": "somebody",
            "requiresAttributes": [],
            "compatibilities": ["FARGATE"],
            "volumes": [],
            "cpu": "256",
            "containerDefinitions": containers,
        }

    def push(self, tag: str, number: int) -> Event:
        """Push an image, or tag the one that is there, and return the event."""
        self.tags[tag] = digest(number)
        self.pushed.setdefault(
            digest(number), datetime(2026, 11, 1, tzinfo=UTC) + timedelta(len(self.pushed))
        )
        return sample("push", image_tag=tag, image_digest=digest(number))

    @property
    def runs(self) -> str:
        return str(self.definitions[self.service["taskDefinition"]]["containerDefinitions"][1]["image"])

    def _fails(self, call: str) -> None:
        if call in self.failing:
            raise ConnectionError(call)

    def describe_images(self, **request: Any) -> dict[str, Any]:
        self._fails("describe_images")
        [reference] = request["imageIds"]
        found = reference.get("imageDigest") or self.tags.get(reference["imageTag"])
        if found not in self.pushed:
            raise NotFoundError
        return {"imageDetails": [{"imageDigest": found, "imagePushedAt": self.pushed[found]}]}

    def describe_services(self, **request: Any) -> dict[str, Any]:
        assert request == {"cluster": "shop", "services": ["checkout"]}
        return {"services": [self.service]}

    def describe_task_definition(self, **request: Any) -> dict[str, Any]:
        found = copy.deepcopy(self.definitions[request["taskDefinition"]])
        return {"taskDefinition": found, "tags": [{"key": "team", "value": "shop"}]}

    def register_task_definition(self, **request: Any) -> dict[str, Any]:
        self._fails("register_task_definition")
        assert request.keys() == {"family", "cpu", "containerDefinitions", "tags"}
        arn = f"{FAMILY}:{len(self.definitions) + 1}"
        self.definitions[arn] = self._definition(request["containerDefinitions"]) | {"taskDefinitionArn": arn}
        return {"taskDefinition": {"taskDefinitionArn": arn}}

    def update_service(self, **request: Any) -> None:
        self._fails("update_service")
        self.service["taskDefinition"] = request["taskDefinition"]

    def put_parameter(self, **request: Any) -> None:
        self._fails("put_parameter")
        self.parameters[request["Name"]] = request["Value"]


def target(*, newest_wins: bool = True, container: str = "Container") -> index.Target:
    return index.Target(
        repository=REPOSITORY,
        repository_uri=URI,
        cluster="shop",
        service="checkout",
        container=container,
        newest_wins=newest_wins,
        parameter="/shop/checkout",
    )


def roll(aws: PretendAws, event: Any, to: index.Target | None = None) -> str:
    clients: Any = aws
    return index.roll(event, to or target(), ecr=clients, ecs=clients, ssm=clients)


def test_a_pushed_image_is_rolled_to_by_its_digest_and_nothing_else_changes() -> None:
    aws = PretendAws()
    answer = roll(aws, aws.push("1.0.0", 1))
    assert answer == (f"checkout rolls to 1.0.0, {digest(1)}, with {FAMILY}:2; it had {URI}@{digest(0)}")
    assert aws.runs == f"{URI}@{digest(1)}"
    assert aws.parameters == {"/shop/checkout": digest(1)}
    before, after = (aws.definitions[f"{FAMILY}:{number}"]["containerDefinitions"] for number in (1, 2))
    assert after[0] == before[0]
    assert after[1] == before[1] | {"image": f"{URI}@{digest(1)}"}


def test_the_same_event_twice_registers_nothing_the_second_time() -> None:
    aws = PretendAws()
    event = aws.push("1.0.0", 1)
    roll(aws, event)
    assert roll(aws, event) == f"Nothing done: checkout has {digest(1)} already"
    assert len(aws.definitions) == 2


def test_an_older_push_whose_event_comes_late_does_not_roll_back() -> None:
    aws = PretendAws()
    late = aws.push("1.0.0", 1)
    roll(aws, aws.push("1.1.0", 2))
    assert roll(aws, late).startswith("Nothing done: checkout has a newer image than 1.0.0")
    assert aws.runs == f"{URI}@{digest(2)}"


def test_moving_the_one_tag_back_rolls_back() -> None:
    aws = PretendAws()
    roll(aws, aws.push("production", 1), target(newest_wins=False))
    roll(aws, aws.push("production", 0), target(newest_wins=False))
    assert aws.runs == f"{URI}@{digest(0)}"


def test_an_image_that_is_gone_again_is_not_rolled_to() -> None:
    aws = PretendAws()
    event = aws.push("1.0.0", 1)
    del aws.tags["1.0.0"]
    assert roll(aws, event) == f"Nothing done: 1.0.0 is no longer in {REPOSITORY}"
    assert aws.runs == f"{URI}@{digest(0)}"


def test_a_running_image_that_was_deleted_is_replaced() -> None:
    aws = PretendAws()
    del aws.pushed[digest(0)]
    roll(aws, aws.push("1.0.0", 1))
    assert aws.runs == f"{URI}@{digest(1)}"


def test_a_signature_rolls_nothing() -> None:
    aws = PretendAws()
    answer = roll(aws, aws.push(f"sha256-{1:064x}.sig", 1))
    assert answer.startswith("Nothing done: ")
    assert len(aws.definitions) == 1


def test_an_image_named_by_a_tag_is_replaced_by_its_digest() -> None:
    aws = PretendAws()
    aws.definitions[f"{FAMILY}:1"]["containerDefinitions"][1]["image"] = f"{URI}:0.0.0"
    late = sample("push", image_tag="0.0.0", image_digest=digest(0))
    roll(aws, late)
    assert aws.runs == f"{URI}@{digest(0)}"


def test_an_image_from_elsewhere_is_left_alone() -> None:
    aws = PretendAws()
    aws.definitions[f"{FAMILY}:1"]["containerDefinitions"][1]["image"] = f"{URI}-old:0.0.0"
    with pytest.raises(index.RollError, match="may not pull from"):
        roll(aws, aws.push("1.0.0", 1))


def test_a_service_or_a_container_that_is_gone_is_said() -> None:
    aws = PretendAws()
    event = aws.push("1.0.0", 1)
    with pytest.raises(index.RollError, match="has no container web"):
        roll(aws, event, target(container="web"))
    aws.service["status"] = "INACTIVE"
    with pytest.raises(index.RollError, match="no active service checkout"):
        roll(aws, event)


OTHERS = [name for name, event in SAMPLES.items() if event is not SAMPLES["push"]]


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_event_is_refused(name: str) -> None:
    aws = PretendAws()
    with pytest.raises(index.RollError, match="Not an event of a tag pushed"):
        roll(aws, SAMPLES[name])
    assert len(aws.definitions) == 1


@given(
    st.dictionaries(
        st.sampled_from(["detail", "source"]),
        st.none()
        | st.text("sha256-.")
        | st.dictionaries(
            st.sampled_from(["image-tag", "result", "action-type", "repository-name"]),
            st.none()
            | st.integers()
            | st.text("sha256-.")
            | st.sampled_from(["PUSH", "SUCCESS", REPOSITORY]),
        ),
    )
)
def test_damaged_events_change_nothing(event: dict[str, Any]) -> None:
    aws = PretendAws()
    try:
        answer = roll(aws, event)
    except index.RollError:
        pass
    else:
        assert answer.startswith("Nothing done: ")
    assert aws.runs == f"{URI}@{digest(0)}"


@given(
    numbers=st.lists(st.integers(1, 5), min_size=1, max_size=6, unique=True),
    deliveries=st.lists(st.integers(0, 5), max_size=8),
    newest_wins=st.booleans(),
    data=st.data(),
)
def test_in_any_order_and_with_duplicates_the_last_push_runs(
    *, numbers: list[int], deliveries: list[int], newest_wins: bool, data: st.DataObject
) -> None:
    aws = PretendAws()
    to = target(newest_wins=newest_wins)
    events = [
        aws.push(f"1.{n}.0" if newest_wins else "production", number) for n, number in enumerate(numbers)
    ]
    again = [events[number] for number in deliveries if number < len(events)]
    for event in data.draw(st.permutations(events + again)):
        roll(aws, event, to)
    assert aws.runs == f"{URI}@{digest(numbers[-1])}"
    assert aws.parameters == {"/shop/checkout": digest(numbers[-1])}


@given(
    st.lists(
        st.sampled_from(["describe_images", "register_task_definition", "update_service", "put_parameter"])
    )
)
def test_whatever_fails_the_next_try_makes_good(failures: list[str]) -> None:
    aws = PretendAws()
    event = aws.push("1.0.0", 1)
    for call in failures:
        aws.failing = {call}
        try:
            roll(aws, event)
        except ConnectionError:
            continue
    aws.failing = set()
    roll(aws, event)
    assert aws.runs == f"{URI}@{digest(1)}"
    assert aws.parameters == {"/shop/checkout": digest(1)}


def test_a_revision_that_is_not_used_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    aws = PretendAws()
    aws.failing = {"update_service"}
    with pytest.raises(ConnectionError):
        roll(aws, aws.push("1.0.0", 1))
    assert capsys.readouterr().out == f"{FAMILY}:2 is registered, and the service does not use it\n"
