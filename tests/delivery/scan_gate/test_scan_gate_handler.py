"""The function of the gate, as CloudFormation and CodePipeline call it, against served answers."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs._cdk import answer as answering
from registry_constructs.delivery.scan_gate.handler import clients, history, index
from registry_constructs.delivery.scan_gate.handler.check import check, wait
from tests.delivery.scan_gate.scanned_image import (
    ACCOUNT,
    CHILDREN,
    COMPLETED,
    DIGEST,
    NAME,
    REGION,
    ScannedImage,
    basic,
    enhanced,
)
from tests.delivery.served_aws import ServedAws, error

STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/Service/1"
PROPERTIES = {
    "ServiceToken": "arn:aws:lambda:eu-west-1:111122223333:function:gate",
    "Registry": ACCOUNT,
    "Region": REGION,
    "Repository": NAME,
    "Image": DIGEST,
    "Severity": "HIGH",
    "TimeoutMinutes": "15",
}
BAD = {**COMPLETED, "findings": [basic("CVE-1", "CRITICAL")]}
GOOD = {**COMPLETED, "findings": []}


class Context:
    invoked_function_arn = PROPERTIES["ServiceToken"]

    def __init__(self, seconds: float = 900) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> float:
        return self.seconds * 1000


class Clock:
    """The function's time: it passes while the function sleeps."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(index, "time", made)
    monkeypatch.setattr(answering, "time", made)
    monkeypatch.setattr(index, "wait", functools.partial(wait, sleep=made.sleep, now=made.time))
    monkeypatch.setattr(index, "check", lambda *parameters: index_check(*parameters, now=made.time))
    return made


index_check = check


@pytest.fixture
def image(
    aws: ServedAws,
    clock: Clock,  # noqa: ARG001 - time passes by itself
    monkeypatch: pytest.MonkeyPatch,
) -> ScannedImage:
    # botocore's own retries wait in real time.
    monkeypatch.setattr(clients, "_CONFIG", Config(retries={"total_max_attempts": 1}))
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    made = ScannedImage(aws)
    aws.answers |= {
        "PUT": lambda _: {},
        "Invoke Event": lambda _: {},
        "DescribeStacks": lambda _: stack("UPDATE_IN_PROGRESS"),
        "PutJobSuccessResult": lambda _: {},
        "PutJobFailureResult": lambda _: {},
    }
    return made


def stack(status: str) -> dict[str, Any]:
    about = {"StackName": "Service", "CreationTime": "2026-11-26T00:00:00Z", "StackStatus": status}
    return {"Stacks": [about]}


def rolling_back(image: ScannedImage) -> None:
    image.aws.answers["DescribeStacks"] = lambda _: stack("UPDATE_ROLLBACK_IN_PROGRESS")


def call(image: ScannedImage, kind: str, *, seconds: float = 900, **more: Any) -> dict[str, Any]:
    """What the function answers CloudFormation."""
    image.aws.requests.clear()
    given = {
        "RequestType": kind,
        "RequestId": "r1",
        "LogicalResourceId": "Gate",
        "StackId": STACK,
        "ResponseURL": f"{image.aws.url}/answer?signature=secret",
        "ResourceProperties": PROPERTIES,
    }
    index.handler(given | more, Context(seconds))
    [answer] = [parameters["body"] for operation, parameters in image.aws.requests if operation == "PUT"]
    found: dict[str, Any] = json.loads(answer)
    assert (found["StackId"], found["RequestId"], found["LogicalResourceId"]) == (STACK, "r1", "Gate")
    return found


def updated(image: ScannedImage, before: dict[str, Any], **properties: str) -> dict[str, Any]:
    physical_id = before["PhysicalResourceId"]
    return call(image, "Update", PhysicalResourceId=physical_id, ResourceProperties=PROPERTIES | properties)


@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize(("page", "status"), [(GOOD, "SUCCESS"), (BAD, "FAILED")])
def test_only_a_pass_succeeds(image: ScannedImage, kind: str, page: dict[str, Any], status: str) -> None:
    image.scanned(**page)
    found = call(image, kind, PhysicalResourceId="scan-gate-r0")
    assert (found["Status"], found["Data"]) == (status, {"Digest": DIGEST})
    assert ("CVE-1" in found["Reason"]) == (status == "FAILED")


def test_an_image_that_is_not_there_fails_and_has_no_digest(image: ScannedImage) -> None:
    found = call(image, "Create", ResourceProperties=PROPERTIES | {"Image": "missing"})
    assert (found["Status"], found["Data"], found["PhysicalResourceId"]) == ("FAILED", {}, "scan-gate-r1")


def test_a_finding_fails_whatever_inspector_says_of_its_coverage(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[enhanced("CVE-1", "CRITICAL")])
    image.covered("UNSUPPORTED_OS")
    exceptions = [{"Repository": NAME, "Reason": "from scratch"}]
    found = call(image, "Create", ResourceProperties=PROPERTIES | {"Exceptions": exceptions})
    assert (found["Status"], "CRITICAL CVE-1" in found["Reason"]) == ("FAILED", True)


def test_warnings_only_succeed(image: ScannedImage, capsys: pytest.CaptureFixture[str]) -> None:
    image.scanned(**BAD)
    found = call(image, "Create", ResourceProperties=PROPERTIES | {"WarnOnly": "true"})
    assert (found["Status"], found["Data"]) == ("SUCCESS", {"Digest": DIGEST})
    assert "would be refused" in capsys.readouterr().out


@pytest.mark.parametrize("physical_id", ["p1", ""])
def test_deleting_calls_nobody(image: ScannedImage, physical_id: str) -> None:
    image.aws.answers = {"PUT": lambda _: {}}
    found = call(image, "Delete", PhysicalResourceId=physical_id, ResourceProperties={})
    assert (found["Status"], found["PhysicalResourceId"]) == ("SUCCESS", physical_id or "scan-gate-r1")
    assert [operation for operation, _ in image.aws.requests] == ["PUT"]


NOTHING: dict[str, Callable[[dict[str, Any]], Any]] = {
    "denied": lambda _: error("AccessDeniedException"),
    "gone": lambda _: error("RepositoryNotFoundException"),
    "fault": lambda _: error("ServerException", status=500),
    "empty": lambda _: {},
    "odd": lambda _: b"[]",
}


@pytest.mark.parametrize("fault", NOTHING)
@pytest.mark.parametrize("page", [GOOD, BAD], ids=["passed", "refused"])
def test_a_rollback_puts_back_the_digest_that_ran_before_whatever_aws_answers(
    image: ScannedImage, fault: str, page: dict[str, Any]
) -> None:
    image.scanned(**GOOD)
    first = call(image, "Create", ResourceProperties=PROPERTIES | {"Image": "v1"})
    image.tags |= {"v1": CHILDREN[0], "v2": CHILDREN[1]}  # the tag that ran moves in between
    image.scanned(digest=CHILDREN[1], **page)
    second = updated(image, first, Image="v2")
    assert (second["Status"] == "SUCCESS") == (page is GOOD)
    rolling_back(image)
    for operation in ("DescribeImages", "BatchGetImage", "DescribeImageScanFindings", "ListCoverage"):
        image.aws.answers[operation] = NOTHING[fault]
    back = updated(image, second if second["Status"] == "SUCCESS" else first, Image="v1")
    assert (back["Status"], back["Data"]) == ("SUCCESS", {"Digest": DIGEST})


@pytest.mark.parametrize("page", [GOOD, BAD], ids=["passed", "refused"])
def test_a_rollback_of_a_requirement_puts_back_what_the_same_tag_was(
    image: ScannedImage, page: dict[str, Any]
) -> None:
    image.scanned(**GOOD)
    first = call(image, "Create", ResourceProperties=PROPERTIES | {"Image": "v1"})
    image.tags["v1"] = CHILDREN[0]
    image.scanned(digest=CHILDREN[0], **page)
    second = updated(image, first, Image="v1", Severity="CRITICAL")
    rolling_back(image)
    back = updated(image, second if second["Status"] == "SUCCESS" else first, Image="v1")
    assert (back["Status"], back["Data"]) == ("SUCCESS", {"Digest": DIGEST})


def test_a_rollback_of_a_digest_needs_no_answer(image: ScannedImage) -> None:
    rolling_back(image)
    back = call(image, "Update", PhysicalResourceId="of-another-kind")
    assert (back["Status"], back["Data"]) == ("SUCCESS", {"Digest": DIGEST})
    assert {operation for operation, _ in image.aws.requests} == {"DescribeStacks", "PUT"}


def test_a_rollback_that_knows_no_digest_resolves_the_tag_and_gives_none_rather_than_an_empty_one(
    image: ScannedImage,
) -> None:
    rolling_back(image)
    parameters: dict[str, Any] = {
        "PhysicalResourceId": "of-another-kind",
        "ResourceProperties": PROPERTIES | {"Image": "v1"},
    }
    assert call(image, "Update", **parameters)["Data"] == {"Digest": DIGEST}
    image.aws.answers["DescribeImages"] = NOTHING["gone"]
    back = call(image, "Update", **parameters)
    assert (back["Status"], back["Data"]) == ("SUCCESS", {})
    malformed = call(image, "Update", PhysicalResourceId="p", ResourceProperties={})
    assert (malformed["Status"], malformed["Data"]) == ("SUCCESS", {})


def test_a_rollback_reads_a_tag_of_another_account_and_region_there(
    image: ScannedImage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, str | None]] = []
    client = clients.client

    def recorded(service: str, region: str | None = None, **credentials: str) -> Any:
        asked.append((service, region))
        return client(service, region, **credentials)

    monkeypatch.setattr(clients, "client", recorded)
    rolling_back(image)
    there = {"Image": "v1", "Region": "us-east-2", "Role": "arn:aws:iam::999988887777:role/Scans"}
    back = call(image, "Update", PhysicalResourceId="p", ResourceProperties=PROPERTIES | there)
    assert (back["Status"], back["Data"]) == ("SUCCESS", {})
    assert "The tag can't be resolved: NotYet: " in capsys.readouterr().out
    keys = {"AccessKeyId": "ASIAOTHER", "SecretAccessKey": "s", "SessionToken": "t"}
    image.aws.answers["AssumeRole"] = lambda _: {"Credentials": keys | {"Expiration": "2030-01-01T00:00:00Z"}}
    back = call(image, "Update", PhysicalResourceId="p", ResourceProperties=PROPERTIES | there)
    assert (back["Status"], back["Data"]) == ("SUCCESS", {"Digest": DIGEST})
    assert image.aws.credentials["DescribeImages"] == {"ASIAOTHER t"}
    image.scanned(**GOOD)
    created = call(image, "Create", ResourceProperties=PROPERTIES | there)
    assert created["Status"] == "SUCCESS"
    assert {region for _, region in asked} == {"us-east-2"}


@pytest.mark.deploy
@pytest.mark.parametrize("fault", NOTHING)
def test_a_status_that_cannot_be_read_holds_up_nothing_that_passed_before(
    image: ScannedImage, clock: Clock, fault: str
) -> None:
    image.scanned(**GOOD)
    first = call(image, "Create")
    image.scanned(**BAD)
    image.aws.answers["DescribeStacks"] = NOTHING[fault] if fault in ("denied", "fault") else lambda _: {}
    start = clock.now
    back = updated(image, first)
    assert (back["Status"], back["Data"], clock.now - start) == ("SUCCESS", {"Digest": DIGEST}, 120)
    assert [operation for operation, _ in image.aws.requests].count("DescribeStacks") == 25
    assert updated(image, first, Severity="CRITICAL")["Status"] == "FAILED"


def test_a_right_to_read_the_status_that_arrives_late_is_waited_for(
    image: ScannedImage, clock: Clock
) -> None:
    image.scanned(**BAD)
    start = clock.now

    def status(_: dict[str, Any]) -> Any:
        return error("AccessDenied") if clock.now < start + 60 else stack("UPDATE_ROLLBACK_IN_PROGRESS")

    image.aws.answers["DescribeStacks"] = status
    assert call(image, "Update", PhysicalResourceId="p")["Status"] == "SUCCESS"


def test_a_deployment_that_goes_forward_is_checked(image: ScannedImage) -> None:
    image.scanned(**GOOD)
    first = call(image, "Create")
    image.scanned(**BAD)
    assert updated(image, first)["Status"] == "FAILED"


def test_rights_that_arrive_late_are_waited_for(image: ScannedImage, clock: Clock) -> None:
    image.scanned(**GOOD)
    serve, start = image.aws.answers["DescribeImages"], clock.now
    image.aws.answers["DescribeImages"] = lambda parameters: (
        serve(parameters) if clock.now >= start + 110 else error("AccessDeniedException")
    )
    assert call(image, "Create")["Status"] == "SUCCESS"
    image.denied("DescribeImages")
    start = clock.now
    late = call(image, "Create")
    assert (late["Status"], clock.now - start) == ("FAILED", 120)
    assert "missing ecr:DescribeImages" in late["Reason"]


def test_it_goes_on_waiting_in_another_invocation_with_what_it_remembers(
    image: ScannedImage, clock: Clock
) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    image.covered()
    given = {"RequestType": "Create", "RequestId": "r1", "StackId": STACK, "ResourceProperties": PROPERTIES}
    given |= {"LogicalResourceId": "Gate", "ResponseURL": f"{image.aws.url}/answer"}
    image.aws.requests.clear()
    first = clock.now
    index.handler(given, Context(seconds=90))
    [again] = [parameters for operation, parameters in image.aws.requests if operation == "Invoke Event"]
    assert "PUT" not in [operation for operation, _ in image.aws.requests]
    assert again["Deadline"] == first + 15 * 60
    assert again["Memory"]["state"]
    clock.now += 30
    start = clock.now
    index.handler(again, Context())
    answer = json.loads(
        next(parameters["body"] for operation, parameters in image.aws.requests if operation == "PUT")
    )
    assert (answer["Status"], clock.now - start < 60) == ("SUCCESS", True)


def test_time_that_is_up_fails(image: ScannedImage, clock: Clock) -> None:
    image.scanned("IN_PROGRESS")
    start = clock.now
    found = call(image, "Create", ResourceProperties=PROPERTIES | {"TimeoutMinutes": "2"})
    assert (found["Status"], "2 minutes" in found["Reason"]) == ("FAILED", True)
    assert 110 <= clock.now - start <= 120


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({}, "The request can't be read: KeyError: 'Registry'"),
        ({**PROPERTIES, "Image": ""}, "The image is missing"),
        (
            {**PROPERTIES, "TimeoutMinutes": "soon"},
            "ValueError: invalid literal for int() with base 10: 'soon'",
        ),
        ([], "The request can't be read: AttributeError: 'list' object has no attribute 'get'"),
        (None, "The request can't be read: AttributeError: 'NoneType' object has no attribute 'get'"),
    ],
)
def test_malformed_events_fail_and_are_answered(image: ScannedImage, properties: Any, reason: str) -> None:
    found = call(image, "Create", ResourceProperties=properties)
    assert (found["Status"], found["Reason"]) == ("FAILED", reason)


def test_a_rollback_says_that_nothing_was_checked(
    image: ScannedImage, capsys: pytest.CaptureFixture[str]
) -> None:
    image.scanned(**GOOD)
    rolling_back(image)
    back = call(image, "Update", PhysicalResourceId="p")
    assert back["Reason"] == "Not checked: the stack is rolling back"
    image.aws.answers["DescribeStacks"] = lambda _: error("AccessDenied", "not yet")
    call(image, "Update", PhysicalResourceId="p")
    assert "The stack's status can't be read: ClientError: An error occurred" in capsys.readouterr().out


def test_the_status_is_read_for_as_long_as_a_last_look_leaves(image: ScannedImage, clock: Clock) -> None:
    image.scanned(**GOOD)
    first = call(image, "Create")
    image.aws.answers["DescribeStacks"] = lambda _: error("AccessDenied")
    start = clock.now
    call(image, "Update", seconds=2 * 180 + 40, PhysicalResourceId=first["PhysicalResourceId"])
    assert clock.now - start == 40


def test_the_status_of_a_stack_of_another_region_is_read_there(
    image: ScannedImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str | None]] = []
    client = clients.client

    def recorded(service: str, region: str | None = None) -> Any:
        asked.append((service, region))
        return client(service, region)

    monkeypatch.setattr(index, "client", recorded)
    rolling_back(image)
    there = STACK.replace(REGION, "us-east-2")
    given = {"RequestType": "Update", "RequestId": "r1", "LogicalResourceId": "Gate", "StackId": there}
    given |= {"PhysicalResourceId": "p", "ResponseURL": f"{image.aws.url}/answer"}
    index.handler(given | {"ResourceProperties": PROPERTIES}, Context())
    assert asked == [("cloudformation", "us-east-2")]


def test_clients_are_of_the_region_and_give_up_early() -> None:
    made = clients.client("ecr", "us-east-2", aws_access_key_id="a", aws_secret_access_key="b")
    config = made.meta.config
    assert (made.meta.region_name, config.connect_timeout, config.read_timeout) == ("us-east-2", 5, 10)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_another_accounts_scans_are_read_with_a_role_of_it(image: ScannedImage) -> None:
    role = "arn:aws:iam::111122223333:role/Scans"
    given = {"AccessKeyId": "ASIAOTHER", "SecretAccessKey": "s", "SessionToken": "t"}
    image.aws.answers["AssumeRole"] = lambda _: {
        "Credentials": given | {"Expiration": "2030-01-01T00:00:00Z"}
    }
    image.scanned("ACTIVE", enhancedFindings=[])
    image.covered()
    found = call(image, "Create", ResourceProperties=PROPERTIES | {"Role": role})
    assert found["Status"] == "SUCCESS"
    for operation in ("DescribeImages", "DescribeImageScanFindings", "ListCoverage"):
        assert image.aws.credentials[operation] == {"ASIAOTHER t"}
    assert image.aws.calls["AssumeRole"] == 1
    [assumed] = [parameters for operation, parameters in image.aws.requests if operation == "AssumeRole"]
    assert assumed["RoleSessionName"] == "scan-gate"
    image.aws.answers["AssumeRole"] = lambda _: error("AccessDenied", "not trusted")
    denied = call(image, "Create", ResourceProperties=PROPERTIES | {"Role": role})
    assert denied["Status"] == "FAILED"
    assert denied["Reason"].startswith(f"{role}: missing sts:AssumeRole, and the role's trust: An error")


def test_an_event_that_lambda_delivers_twice_has_the_same_answer_twice(image: ScannedImage) -> None:
    image.scanned(**GOOD)
    events: list[tuple[str, Any]] = [("Create", {}), ("Update", {"PhysicalResourceId": "p"}), ("Delete", {})]
    for kind, before in events:
        assert call(image, kind, **before) == call(image, kind, **before)


# The physical id --------------------------------------------------------------------------------------------


def test_an_id_keeps_the_last_two_digests() -> None:
    made = "scan-gate-r1"
    for number in range(4):
        made = history.with_digest(made, {"Image": f"v{number}"}, f"sha256:{number:064}")
    assert list(history.digests(made).values()) == [f"sha256:{number:064}" for number in (3, 2)]
    assert history.with_digest(made, {"Image": "v3"}, f"sha256:{3:064}") == made
    assert len(made) < 1_024


def test_the_order_of_the_properties_makes_no_difference() -> None:
    given = {"Image": "v1", "Exceptions": [{"Cve": "CVE-1", "Reason": "é"}]}
    assert history.mark(given) == history.mark(dict(reversed(given.items())))
    assert history.mark(given) == "40e26007a25800f5"  # kept in physical ids
    assert history.mark(given) != history.mark(given | {"Image": "v2"})


@given(st.text(max_size=200))
def test_an_id_of_another_kind_has_no_digests(text: str) -> None:
    assert history.digests(text) == {}
    assert history.digests(None) == {}


# CodePipeline ----------------------------------------------------------------------------------------------


def run_action(
    image: ScannedImage, properties: dict[str, str] | None = None, **data: Any
) -> tuple[str, dict[str, Any]]:
    image.aws.requests.clear()
    configuration = {"configuration": {"UserParameters": json.dumps(PROPERTIES | (properties or {}))}}
    job = {"id": "j1", "data": {"actionConfiguration": configuration, **data}}
    index.handler({"CodePipeline.job": job}, Context())
    [result] = [one for one in image.aws.requests if one[0].startswith("PutJob")]
    return result


def test_an_action_passes_fails_and_waits(image: ScannedImage, capsys: pytest.CaptureFixture[str]) -> None:
    image.scanned(**GOOD)
    assert run_action(image) == (
        "PutJobSuccessResult",
        {"jobId": "j1", "outputVariables": {"Digest": DIGEST}},
    )
    image.scanned(**BAD)
    name, result = run_action(image)
    assert (name, "CVE-1" in result["failureDetails"]["message"]) == ("PutJobFailureResult", True)
    assert (result["jobId"], result["failureDetails"]["type"]) == ("j1", "JobFailed")
    log = capsys.readouterr().out
    assert log.startswith("passed: shop/checkout@sha256:111111111111 has no findings")
    assert f"refused: {result['failureDetails']['message']}" in log
    image.scanned("FAILED")
    assert run_action(image)[0] == "PutJobFailureResult"


def test_an_action_reads_another_region_and_account_with_a_role(
    image: ScannedImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"AccessKeyId": "ASIAOTHER", "SecretAccessKey": "s", "SessionToken": "t"}
    image.aws.answers["AssumeRole"] = lambda _: {
        "Credentials": given | {"Expiration": "2030-01-01T00:00:00Z"}
    }
    regions = []
    make = clients.client

    def client(service: str, region: str | None = None, **credentials: str) -> Any:
        regions.append((service, region))
        return make(service, region, **credentials)

    monkeypatch.setattr(clients, "client", client)
    image.scanned(**GOOD)
    properties = {"Region": "us-east-1", "Role": "arn:aws:iam::111122223333:role/Scans"}
    assert run_action(image, properties)[0] == "PutJobSuccessResult"
    assert regions == [("sts", "us-east-1"), ("ecr", "us-east-1")]
    assert image.aws.credentials["DescribeImageScanFindings"] == {"ASIAOTHER t"}


def test_an_action_remembers_from_call_to_call(image: ScannedImage, clock: Clock) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    image.covered()
    token = run_action(image)[1]["continuationToken"]
    assert len(token) < 2_048  # CodePipeline's ContinuationToken
    clock.now += 59
    token = run_action(image, continuationToken=token)[1]["continuationToken"]
    clock.now += 1
    assert "outputVariables" in run_action(image, continuationToken=token)[1]


def test_an_action_that_waits_too_long_or_makes_no_sense_fails(
    image: ScannedImage, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    image.scanned("IN_PROGRESS")
    token = run_action(image)[1]["continuationToken"]
    clock.now += 15 * 60
    name, result = run_action(image, continuationToken=token)
    assert (name, "15 minutes" in result["failureDetails"]["message"]) == ("PutJobFailureResult", True)
    jobs: list[dict[str, Any]] = [
        {"actionConfiguration": {}},
        {"continuationToken": "{"},
        {"continuationToken": "[]"},
    ]
    for odd in jobs:
        assert run_action(image, **odd)[0] == "PutJobFailureResult"
    name, result = run_action(image, continuationToken=json.dumps({"Memory": {"x" * 2_000: 1}}))
    assert name == "PutJobFailureResult"
    assert result["failureDetails"]["message"].startswith("TypeError: ")
    assert len(result["failureDetails"]["message"]) == 1_000
    assert "\nunreadable: TypeError: " in capsys.readouterr().out


def test_an_action_reads_the_exceptions_beside_its_code(
    image: ScannedImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image.scanned(**BAD)
    assert run_action(image)[0] == "PutJobFailureResult"
    path = tmp_path / "exceptions.json"
    path.write_text(json.dumps([{"Cve": "CVE-1", "Until": "2999-01-01", "Reason": "not reachable"}]))
    monkeypatch.setattr(index, "_EXCEPTIONS", path)
    assert run_action(image)[0] == "PutJobSuccessResult"
