"""The function of the gate, as CloudFormation and CodePipeline call it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry_constructs.supply_chain.scan_gate.handler import index
from registry_constructs.supply_chain.scan_gate.handler.check import Report

DIGEST = f"sha256:{'1' * 64}"
PROPERTIES = {
    "Registry": "111122223333",
    "Region": "eu-west-1",
    "Repository": "shop/checkout",
    "Image": DIGEST,
    "Severity": "HIGH",
    "TimeoutMinutes": "15",
}


class Aws:
    """The clients that the function makes, and what it does with them."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.status = "UPDATE_IN_PROGRESS"

    def client(self, service: str, **_: Any) -> Any:
        self.made.append(service)
        return self

    def describe_stacks(self, **_: Any) -> Any:
        return {"Stacks": [{"StackStatus": self.status}] if self.status else []}

    def __getattr__(self, name: str) -> Any:
        return lambda **said: self.calls.append((name, said))


class Context:
    invoked_function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:gate"

    def __init__(self, seconds: float = 900) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> float:
        return self.seconds * 1000


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    made = Aws()
    monkeypatch.setattr(index.boto3, "client", made.client)
    return made


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(index, "answer", lambda _event, **said: found.append(said))
    return found


def finds(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    report = Report(state, f"it is {state}", DIGEST)
    monkeypatch.setattr(index, "wait", lambda *_, **__: report)
    monkeypatch.setattr(index, "check", lambda *_, **__: report)


def event(kind: str, **said: Any) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "RequestId": "r1",
        "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/Service/1",
        "ResourceProperties": PROPERTIES,
        **said,
    }


@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize(
    ("state", "status"), [("passed", "SUCCESS"), ("refused", "FAILED"), ("unreadable", "FAILED")]
)
def test_only_a_pass_succeeds(
    aws: Aws,
    answers: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    state: str,
    status: str,
) -> None:
    finds(monkeypatch, state)
    index.handler(event(kind), Context())
    [answer] = answers
    assert (answer["status"], answer["reason"], answer["data"]) == (
        status,
        f"it is {state}",
        {"Digest": DIGEST},
    )
    assert aws.calls == []


def test_deleting_asks_nobody(aws: Aws, answers: list[dict[str, Any]]) -> None:
    index.handler(event("Delete", PhysicalResourceId="p1", ResourceProperties={}), Context())
    assert answers == [{"status": "SUCCESS", "reason": "", "physical_id": "p1", "data": {}}]
    assert aws.made == []


@pytest.mark.parametrize(
    ("stack", "status"),
    [("UPDATE_ROLLBACK_IN_PROGRESS", "SUCCESS"), ("UPDATE_IN_PROGRESS", "FAILED"), ("", "FAILED")],
)
def test_a_rollback_is_not_held_up_and_an_unread_status_is_no_rollback(
    aws: Aws, answers: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, stack: str, status: str
) -> None:
    finds(monkeypatch, "refused")
    aws.status = stack
    index.handler(event("Update", PhysicalResourceId="p1"), Context())
    assert (answers[0]["status"], answers[0]["physical_id"]) == (status, "p1")


def test_it_goes_on_waiting_in_another_invocation_until_time_is_up(
    aws: Aws, answers: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    finds(monkeypatch, "waiting")
    index.handler(event("Create"), Context(seconds=61))
    [(name, said)] = aws.calls
    again = json.loads(said["Payload"])
    assert (name, said["InvocationType"], answers) == ("invoke", "Event", [])
    index.handler(again | {"Deadline": 0}, Context())
    assert answers[0]["status"] == "FAILED"
    assert "15 minutes" in answers[0]["reason"]


@pytest.mark.parametrize("properties", [{}, {**PROPERTIES, "TimeoutMinutes": "soon"}, [], None])
@pytest.mark.usefixtures("aws")
def test_malformed_events_fail_and_are_answered(answers: list[dict[str, Any]], properties: Any) -> None:
    index.handler(event("Create", ResourceProperties=properties), Context())
    assert answers[0]["status"] == "FAILED"
    assert answers[0]["reason"]


def job(**said: Any) -> dict[str, Any]:
    configuration = {"configuration": {"UserParameters": json.dumps(PROPERTIES)}}
    return {"CodePipeline.job": {"id": "j1", "data": {"actionConfiguration": configuration, **said}}}


@pytest.mark.parametrize(
    ("state", "call", "key"),
    [
        ("passed", "put_job_success_result", "outputVariables"),
        ("waiting", "put_job_success_result", "continuationToken"),
        ("refused", "put_job_failure_result", "failureDetails"),
        ("unreadable", "put_job_failure_result", "failureDetails"),
    ],
)
def test_a_pipelines_step(aws: Aws, monkeypatch: pytest.MonkeyPatch, state: str, call: str, key: str) -> None:
    finds(monkeypatch, state)
    index.handler(job(), Context())
    [(name, said)] = aws.calls
    assert (name, said.keys()) == (call, {"jobId", key})


@pytest.mark.parametrize("said", [{"continuationToken": '{"Deadline": 0}'}, {"actionConfiguration": {}}])
def test_a_step_that_waited_too_long_or_makes_no_sense_fails(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]
) -> None:
    finds(monkeypatch, "waiting")
    index.handler(job(**said), Context())
    [(name, _)] = aws.calls
    assert name == "put_job_failure_result"
