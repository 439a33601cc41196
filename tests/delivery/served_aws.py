"""Answers of AWS, served on 127.0.0.1: what boto3 makes of real answers, faults of the network included.

An answer is what AWS sends: a status and a body. Everything that a test says comes from AWS's documentation
or from public reports; nothing here knows what the code under test expects.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tests.stub_server import StubServer

Answer = dict[str, Any] | list[Any] | bytes | tuple[int, dict[str, Any]]
"""A body for status 200, or a status and a body."""

_REST = {"/coverage/list": "ListCoverage"}
_QUERY = {
    "DescribeStacks": ("DescribeStacksResult", "cloudformation"),
    "AssumeRole": ("AssumeRoleResult", "sts"),
}


def error(code: str, message: str = "no", status: int = 400) -> Answer:
    return status, {"__type": code, "Error": {"Code": code, "Message": message}, "message": message}


class ServedAws(StubServer):
    """A server for as long as a `with` block lasts.

    Attributes:
        answers: By operation, what gives the answer to a request; without one it is a server's error.
        calls: How often each operation was called.
        requests: Each operation and what was asked for, in order.
        credentials: The access keys of the requests, with a session's token behind them, by operation.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[dict[str, Any]], Answer]] = {}
        self.calls: Counter[str] = Counter()
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.credentials: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    @property
    def environment(self) -> dict[str, str]:
        """Variables that bring every SDK here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "made-up",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def respond(
        self,
        method: str,  # noqa: ARG002 - each path has one
        path: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, dict[str, str], bytes]:
        """The answer to one request, in the protocol that it came in."""
        operation, request = self._parsed(path, headers, body)
        with self._lock:
            self.calls[operation] += 1
            self.requests.append((operation, request))
            key = headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]
            token = headers.get("x-amz-security-token", "")
            self.credentials.setdefault(operation, set()).add(f"{key} {token}".strip())
            answer = (
                self.answers[operation](request)
                if operation in self.answers
                else error("ServerException", status=500)
            )
        status, content = answer if isinstance(answer, tuple) else (200, answer)
        if operation in _QUERY:
            return status, {"Content-Type": "text/xml"}, _xml(operation, content, status)
        sent = {"Content-Type": "application/x-amz-json-1.1"}
        if status != 200 and isinstance(content, dict):
            sent["x-amzn-errortype"] = content["__type"]
        return status, sent, content if isinstance(content, bytes) else json.dumps(content).encode()

    @staticmethod
    def _parsed(path: str, headers: Mapping[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
        if target := headers.get("x-amz-target"):
            return target.rpartition(".")[2], json.loads(body)
        if path in _REST:
            return _REST[path], json.loads(body or b"{}")
        if "/invocations" in path:
            return f"Invoke {headers['x-amz-invocation-type']}", json.loads(body)
        if path.startswith("/answer"):
            return "PUT", {"body": body}
        form = dict(part.split("=", 1) for part in body.decode().split("&"))
        return form["Action"], form


def _xml(operation: str, content: Any, status: int) -> bytes:
    def element(value: Any) -> str:
        if isinstance(value, dict):
            return "".join(f"<{name}>{element(inner)}</{name}>" for name, inner in value.items())
        if isinstance(value, list):
            return "".join(f"<member>{element(inner)}</member>" for inner in value)
        return str(value)

    if status != 200:
        error = f"<Error>{element(content['Error'])}</Error>"
        return f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>".encode()
    result, _ = _QUERY[operation]
    return f"<{operation}Response><{result}>{element(content)}</{result}></{operation}Response>".encode()
