"""The answer of a custom resource to CloudFormation.

It imports the standard library alone: functions that run in Lambda get a copy of this file.
"""

from __future__ import annotations

import json
import time
import urllib.request
from bisect import bisect_left
from collections.abc import Mapping
from itertools import count
from typing import Any

_BYTES = 4_096  # CloudFormation takes no longer response body (User Guide, custom resources)


def answer(
    event: Mapping[str, Any],
    *,
    status: str,
    reason: str,
    physical_id: str,
    data: Mapping[str, str] | None = None,
    attempts: int = 5,
) -> None:
    """Report how a request ended, at the address that CloudFormation gave, again if that fails.

    Args:
        event: The request.
        status: SUCCESS or FAILED.
        reason: Why; cut to what the answer has room for.
        physical_id: The id of the resource.
        data: Its attributes. Default: it has none.
        attempts: How often it is tried; each takes up to 5 seconds, with 1, 2, 4, ... seconds between them.
    """
    # The address is signed for a request without a content type.
    request = urllib.request.Request(  # noqa: S310 - CloudFormation's own address
        event["ResponseURL"],
        body(event, status=status, reason=reason, physical_id=physical_id, data=data),
        {"Content-Type": ""},
        method="PUT",
    )
    for attempt in count(1):
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310
                return
        except Exception as error:  # whatever it is: without an answer CloudFormation waits for its timeout
            # Not the error's text, which may have the address in it: that lets anybody answer.
            print(f"CloudFormation did not take the answer: {type(error).__name__}")
            if attempt == attempts:
                raise
            time.sleep(2 ** (attempt - 1))


def body(
    event: Mapping[str, Any], *, status: str, reason: str, physical_id: str, data: Mapping[str, str] | None
) -> bytes:
    """The answer with as much of the reason as it has room for below CloudFormation's 4,096 bytes."""

    def written(length: int) -> bytes:
        fields = {
            "Status": status,
            "Reason": reason[:length],
            "PhysicalResourceId": physical_id,
            **({} if data is None else {"Data": data}),
            **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
        }
        # Half a character, as JSON can escape it, has no bytes.
        return json.dumps(fields, ensure_ascii=False).encode(errors="replace")

    lengths = range(1, len(reason) + 1)
    return written(bisect_left(lengths, _BYTES, key=lambda length: len(written(length))))
