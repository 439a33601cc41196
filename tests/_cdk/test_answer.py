"""The answer to CloudFormation."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs._cdk import answer


@given(st.text(max_size=6_000), st.text(max_size=900))
def test_an_answer_is_below_4096_bytes(reason: str, physical_id: str) -> None:
    event = {
        "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/1",
        "RequestId": "r1",
        "LogicalResourceId": "Gate",
    }
    shorter = physical_id.encode("utf-8", "replace")[:900].decode("utf-8", "replace")[:150]
    body = answer.body(
        event, status="FAILED", reason=reason, physical_id=shorter, data={"Digest": "sha256:" + "0" * 64}
    )
    assert len(body) < 4_096
    found = json.loads(body)
    kept = reason.encode("utf-8", "replace").decode()
    assert kept.startswith(found["Reason"])
    assert found["Reason"] == kept or len(body) > 4_000


@pytest.mark.parametrize("character", ["a", "é", "✓", "🐳", "\x00", '"', "\ud800"])
def test_an_answer_holds_as_much_of_the_reason_as_there_is_room_for(character: str) -> None:
    event = {
        "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/1",
        "RequestId": "r1",
        "LogicalResourceId": "Gate",
    }
    body = answer.body(event, status="FAILED", reason=character * 5_000, physical_id="p", data={})
    assert 4_096 - 16 < len(body) < 4_096
    assert len(json.loads(body)["Reason"]) > 500


def test_a_resource_without_attributes_answers_without_them() -> None:
    event = {"StackId": "s", "RequestId": "r1", "LogicalResourceId": "Gate"}
    body = answer.body(event, status="SUCCESS", reason="", physical_id="p", data=None)
    assert json.loads(body) == {"Status": "SUCCESS", "Reason": "", "PhysicalResourceId": "p", **event}


@pytest.mark.parametrize(
    "failure",
    [
        OSError("refused"),
        TimeoutError(),
        ssl.SSLError("cut"),
        http.client.BadStatusLine("?"),
        http.client.IncompleteRead(b""),
        http.client.RemoteDisconnected("closed"),
        ValueError("odd"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_whatever_the_put_raises_it_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], failure: Exception
) -> None:
    tries: list[str] = []
    slept: list[float] = []

    class Answered:
        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None: ...

    def put(request: Any, *, timeout: float) -> Answered:
        # urllib would add a content type of its own, which the address is not signed for.
        assert (request.get_header("Content-type"), timeout) == ("", 5)
        tries.append(request.get_method())
        if len(tries) <= broken:
            raise failure
        return Answered()

    monkeypatch.setattr("registry_constructs._cdk.answer.time.sleep", slept.append)
    monkeypatch.setattr("registry_constructs._cdk.answer.urllib.request.urlopen", put)
    event = {
        "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/1",
        "RequestId": "r",
        "LogicalResourceId": "G",
    }
    event["ResponseURL"] = "https://cloudformation/?Signature=secret"
    said = {"status": "SUCCESS", "reason": "", "physical_id": "p", "data": {}}
    broken = 4
    answer.answer(event, **said)  # type: ignore[arg-type]
    assert tries == ["PUT"] * 5
    assert slept == [1, 2, 4, 8]
    broken = 99
    with pytest.raises(type(failure)):  # Lambda invokes the function again
        answer.answer(event, **said)  # type: ignore[arg-type]
    assert len(tries) == 10
    printed = capsys.readouterr().out
    assert printed.count(f"CloudFormation did not take the answer: {type(failure).__name__}\n") == 9
    assert "secret" not in printed
