"""A way to the local AWS on which ECR answers in pages, as AWS does; it counts, and can be made to refuse.

The local AWS gives all images in one answer and does not know of referrers' subjects, the archive or
lifecycle previews. What passes here is its own answer, cut into pages, with what a test adds to it.
"""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tests.stub_server import StubServer

Request = dict[str, Any]
Answer = tuple[int, dict[str, Any] | bytes]
Hook = Callable[[Request], Answer | None]

_LISTS = {"DescribeImages": "imageDetails", "DescribeRepositories": "repositories"}


def refusal(code: str, message: str = "no", *, status: int = 400) -> Answer:
    return status, {"__type": code, "message": message}


class Gateway(StubServer):
    """A stub before the local AWS.

    Args:
        upstream: The address of the local AWS.
        page: Items in an answer of a list, at most.

    Attributes:
        hooks: By operation, a function that answers instead, or passes the request on with None.
        details: By digest, what `describe_images` has of an image that the local AWS does not.
        calls: How often each operation was asked for a repository; listings have an empty name.
    """

    def __init__(self, upstream: str, *, page: int = 1000) -> None:
        self.upstream = upstream
        self.page = page
        self.hooks: dict[str, Hook] = {}
        self.details: dict[str, dict[str, Any]] = {}
        self.calls: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def respond(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """The local AWS's answer, or what a test makes of it."""
        status, answer = self._answer(method, path, dict(headers), body)
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return status, {"Content-Type": "application/x-amz-json-1.1"}, content

    def asked(self, operation: str) -> set[str]:
        """The repositories for which an operation was asked."""
        return {name for called, name in self.calls if called == operation}

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        target = headers.get("x-amz-target", "")
        operation = target.rpartition(".")[2] if "ContainerRegistry_" in target else ""
        if not operation:
            return self._forward(method, path, headers, body)
        request = json.loads(body)
        with self._lock:
            self.calls[operation, request.get("repositoryName", "")] += 1
        hook = self.hooks.get(operation)
        answer = hook(request) if hook else None
        if answer is not None:
            return answer
        if operation not in _LISTS:
            return self._forward(method, path, headers, body)
        return self._paged(operation, request, method, path, headers)

    def _paged(
        self, operation: str, request: Request, method: str, path: str, headers: dict[str, str]
    ) -> Answer:
        start = int(request.pop("nextToken", 0))
        size = min(self.page, request.get("maxResults", 100))
        status, answer = self._forward(
            method, path, headers, json.dumps(request | {"maxResults": 10**6}).encode()
        )
        assert isinstance(answer, bytes)
        if status != 200:
            return status, answer
        key = _LISTS[operation]
        items = json.loads(answer)[key]
        items = items[start : start + size + 1]
        token = {"nextToken": str(start + size)} if len(items) > size else {}
        if operation == "DescribeImages":
            items = [item | self.details.get(item["imageDigest"], {}) for item in items]
        return 200, {key: items[:size], **token}

    def _forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        # The local AWS takes requests for its own address only.
        kept = {key: value for key, value in headers.items() if key.lower() not in ("content-length", "host")}
        request = urllib.request.Request(  # noqa: S310 - the local AWS
            f"{self.upstream}{path}", data=body or None, headers=kept, method=method
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
