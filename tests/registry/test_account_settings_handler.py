"""The function behind ECR's account settings, against a pretended ECR and a pretended CloudFormation."""

from __future__ import annotations

import http.client
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from registry_constructs.registry.account_settings.handler import index

NEW = {"BLOB_MOUNTING": "DISABLED", "REGISTRY_POLICY_SCOPE": "V1", "BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE"}
NEW_ID = "BLOB_MOUNTING=DISABLED,REGISTRY_POLICY_SCOPE=V1,BASIC_SCAN_TYPE_VERSION=AWS_NATIVE"
FAILED = "An error occurred (ValidationException) when calling"


class PretendedEcr:
    """ECR's account settings in a dictionary; it refuses V1 as ECR does, and whatever a test names."""

    def __init__(self, **standing: str) -> None:
        self.standing = NEW | standing
        self.unreadable: set[str] = set()
        self.refused = {"V1"}
        self.written: list[str] = []

    def get_account_setting(self, *, name: str) -> dict[str, str]:
        if name in self.unreadable:
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": "no such"}}, "GetAccountSetting"
            )
        return {"name": name, "value": self.standing[name]}

    def put_account_setting(self, *, name: str, value: str) -> dict[str, str]:
        if value in self.refused:
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": "not that"}}, "PutAccountSetting"
            )
        self.written.append(f"{name}={value}")
        self.standing[name] = value
        return {"name": name, "value": value}


class CloudFormation:
    """What CloudFormation sends and where it takes the answer; the first answers can be made to fail."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.body = b""
        self.headers: list[dict[str, str]] = []
        self.failures = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.failures -= 1
                if outer.failures >= 0:
                    self.send_error(503)
                    return
                outer.headers.append(dict(self.headers))
                outer.body = body
                outer.answers.append(json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None: ...

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)

    def send(self, kind: str, settings: Any, physical_id: str | None = None, **more: Any) -> dict[str, Any]:
        sent = event(kind, settings, physical_id, **more)
        sent["ResponseURL"] = f"http://127.0.0.1:{self.server.server_address[1]}/answer?signature=secret"
        index.handler(sent, None)
        return self.answers[-1]


def event(
    kind: str,
    settings: Any,
    physical_id: str | None = None,
    *,
    old: dict[str, str] | None = None,
    on_delete: str = "keep",
) -> dict[str, Any]:
    sent = {
        "RequestType": kind,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Settings",
        "ResourceProperties": {"ServiceToken": "arn", "Settings": settings, "OnDelete": on_delete},
    }
    if physical_id is not None:
        sent["PhysicalResourceId"] = physical_id
    if old is not None:
        sent["OldResourceProperties"] = {"ServiceToken": "arn", "Settings": old, "OnDelete": on_delete}
    return sent


def run(ecr: PretendedEcr, *arguments: Any, **keywords: Any) -> str:
    client: Any = ecr
    return index.run(event(*arguments, **keywords), client)


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> PretendedEcr:
    pretended = PretendedEcr()
    monkeypatch.setattr("boto3.client", lambda *arguments, **keywords: pretended)
    return pretended


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudFormation]:
    monkeypatch.setattr("registry_constructs._cdk.answer.time.sleep", lambda seconds: None)
    pretended = CloudFormation()
    with pretended.server as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield pretended
        server.shutdown()
        thread.join()


def test_creating_writes_what_differs_and_remembers_all_that_stood() -> None:
    ecr = PretendedEcr()
    wanted = {"BLOB_MOUNTING": "ENABLED", "BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE"}
    assert run(ecr, "Create", wanted) == NEW_ID
    assert ecr.written == ["BLOB_MOUNTING=ENABLED"]


def test_a_setting_that_a_region_does_not_have_matters_only_when_it_is_wanted() -> None:
    ecr = PretendedEcr()
    ecr.unreadable = {"BLOB_MOUNTING"}
    assert "BLOB_MOUNTING" not in run(ecr, "Create", {"REGISTRY_POLICY_SCOPE": "V2"})
    with pytest.raises(index.SettingError, match="Account setting BLOB_MOUNTING can't be read"):
        run(ecr, "Create", {"BLOB_MOUNTING": "ENABLED"})


def test_a_failure_half_way_puts_back_what_was_written() -> None:
    ecr = PretendedEcr()
    ecr.refused.add("V2")
    with pytest.raises(index.SettingError, match="REGISTRY_POLICY_SCOPE can't be set to V2"):
        run(ecr, "Create", {"BLOB_MOUNTING": "ENABLED", "REGISTRY_POLICY_SCOPE": "V2"})
    assert ecr.standing == NEW
    assert ecr.written == ["BLOB_MOUNTING=ENABLED", "BLOB_MOUNTING=DISABLED"]


def test_updating_keeps_the_physical_id() -> None:
    ecr = PretendedEcr(BLOB_MOUNTING="ENABLED")
    wanted = {"BLOB_MOUNTING": "ENABLED", "REGISTRY_POLICY_SCOPE": "V2"}
    assert run(ecr, "Update", wanted, NEW_ID, old={"BLOB_MOUNTING": "ENABLED"}) == NEW_ID
    assert ecr.written == ["REGISTRY_POLICY_SCOPE=V2"]


@pytest.mark.parametrize(("on_delete", "stands"), [("keep", "ENABLED"), ("restore", "DISABLED")])
def test_a_setting_that_an_update_leaves_out(on_delete: str, stands: str) -> None:
    ecr = PretendedEcr(BLOB_MOUNTING="ENABLED")
    old = {"BLOB_MOUNTING": "ENABLED"}
    run(ecr, "Update", {"REGISTRY_POLICY_SCOPE": "V2"}, NEW_ID, old=old, on_delete=on_delete)
    assert ecr.standing["BLOB_MOUNTING"] == stands
    assert ecr.standing["REGISTRY_POLICY_SCOPE"] == "V2"


@pytest.mark.parametrize(("on_delete", "stands"), [("keep", "ENABLED"), ("restore", "DISABLED")])
def test_deleting(on_delete: str, stands: str) -> None:
    ecr = PretendedEcr(BLOB_MOUNTING="ENABLED")
    assert run(ecr, "Delete", {"BLOB_MOUNTING": "ENABLED"}, NEW_ID, on_delete=on_delete) == NEW_ID
    assert ecr.standing["BLOB_MOUNTING"] == stands


def test_what_was_never_managed_is_not_restored() -> None:
    ecr = PretendedEcr(BLOB_MOUNTING="ENABLED")
    run(ecr, "Delete", {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE"}, NEW_ID, on_delete="restore")
    assert ecr.written == []


def test_what_can_not_be_restored_stays(capsys: pytest.CaptureFixture[str]) -> None:
    ecr = PretendedEcr(BLOB_MOUNTING="ENABLED", REGISTRY_POLICY_SCOPE="V2")
    wanted = {"REGISTRY_POLICY_SCOPE": "V2", "BLOB_MOUNTING": "ENABLED"}
    run(ecr, "Delete", wanted, NEW_ID, on_delete="restore")
    assert ecr.standing == NEW | {"REGISTRY_POLICY_SCOPE": "V2"}
    assert (
        "REGISTRY_POLICY_SCOPE stays as it is: Account setting REGISTRY_POLICY_SCOPE can't be set to V1"
        in (capsys.readouterr().out)
    )


@pytest.mark.parametrize("physical_id", [index.NOTHING_SET, "Settings-1ABCDEF", "2026/11/24/[$LATEST]0a1b"])
def test_deleting_what_was_never_created_changes_nothing(physical_id: str) -> None:
    ecr = PretendedEcr(BLOB_MOUNTING="ENABLED")
    run(ecr, "Delete", {"BLOB_MOUNTING": "ENABLED"}, physical_id, on_delete="restore")
    assert ecr.written == []


@pytest.mark.deploy
def test_success_is_answered(
    ecr: PretendedEcr, cloudformation: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cloudformation.send("Create", {"BLOB_MOUNTING": "ENABLED"}) == {
        "Status": "SUCCESS",
        "Reason": "",
        "PhysicalResourceId": NEW_ID,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Settings",
    }
    assert ecr.standing["BLOB_MOUNTING"] == "ENABLED"
    assert cloudformation.headers[0].get("Content-Type") == ""
    assert capsys.readouterr().out == "BLOB_MOUNTING is ENABLED, was DISABLED\n"


@pytest.mark.deploy
def test_a_refused_setting_is_answered_with_its_name_and_the_error(
    ecr: PretendedEcr, cloudformation: CloudFormation
) -> None:
    ecr.refused.add("ENABLED")
    answer = cloudformation.send("Create", {"BLOB_MOUNTING": "ENABLED"})
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", index.NOTHING_SET)
    assert answer["Reason"] == (
        "Account setting BLOB_MOUNTING can't be set to ENABLED: "
        f"{FAILED} the PutAccountSetting operation: not that"
    )


@pytest.mark.deploy
def test_a_failed_update_keeps_the_physical_id(ecr: PretendedEcr, cloudformation: CloudFormation) -> None:
    ecr.refused.add("ENABLED")
    answer = cloudformation.send("Update", {"BLOB_MOUNTING": "ENABLED"}, NEW_ID, old={})
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", NEW_ID)


@pytest.mark.deploy
def test_an_unexpected_error_is_answered_too(ecr: PretendedEcr, cloudformation: CloudFormation) -> None:
    ecr.standing = {}
    answer = cloudformation.send("Create", {"BLOB_MOUNTING": "ENABLED"})
    assert (answer["Status"], answer["Reason"]) == ("FAILED", "KeyError: 'BLOB_MOUNTING'")


@pytest.mark.deploy
def test_deleting_succeeds_whatever_happens(ecr: PretendedEcr, cloudformation: CloudFormation) -> None:
    ecr.standing = {}
    settings = {"BLOB_MOUNTING": "ENABLED"}
    answer = cloudformation.send("Delete", settings, NEW_ID, on_delete="restore")
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", NEW_ID)
    assert cloudformation.send("Delete", None, NEW_ID, on_delete="restore")["Status"] == "SUCCESS"


@pytest.mark.deploy
@pytest.mark.usefixtures("ecr")
def test_the_answer_is_tried_again_and_its_address_stays_out_of_the_log(
    cloudformation: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    cloudformation.failures = 2
    assert cloudformation.send("Create", {"BLOB_MOUNTING": "ENABLED"})["Status"] == "SUCCESS"
    cloudformation.failures = 3
    with pytest.raises(OSError, match="503"):
        cloudformation.send("Create", {"BLOB_MOUNTING": "ENABLED"})
    assert "secret" not in capsys.readouterr().out
