"""Calls to AWS: what may pass is worth another call, what lasts is a result, and every list has an end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectionError,  # noqa: A004 - botocore's own name
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError

_THROTTLING = ("TooManyRequestsException", "RequestLimitExceeded", "SlowDown")
_DENIED = (
    "AccessDenied",
    "AccessDeniedException",
    "InvalidClientTokenId",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
)
_RIGHTS = {
    "AssumeRole": "sts:AssumeRole, and the role's trust",
    "DescribeImageScanFindings": "ecr:DescribeImageScanFindings; under enhanced scanning also "
    "inspector2:ListFindings and inspector2:ListCoverage on *",
    "ListCoverage": "inspector2:ListCoverage on *",
}
_PASSING = (
    ConnectionClosedError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ResponseParserError,
    ResponseStreamingError,
)
_MALFORMED = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
_MOST_PAGES, _MOST_EMPTY_PAGES, _BATCH = 1_000, 20, 100

Clients = Callable[[str], Any]
"""Gives a client of a service, in the registry's Region."""


class NotYet(Exception):  # noqa: N818 - no error: it is worth asking again
    """What is not there yet."""


class Denied(NotYet):
    """A right that is missing; one that was granted a moment ago arrives late."""


class Unreadable(Exception):  # noqa: N818 - a result, in words for people
    """What will not be there however long one waits."""


class Unsupported(Unreadable):
    """An image that no scanner can read."""

    def __init__(self, what: str, detail: str = "") -> None:
        super().__init__(f"{what}: the scanner does not know its operating system or media type{detail}")


class Unsigned(Exception):  # noqa: N818 - a result, in words for people
    """An image without the signature that it must have."""


class ScanNotFound(Exception):  # noqa: N818 - a result
    """An image without a scan."""


class CannotStart(Exception):  # noqa: N818 - a result
    """A scan that ECR does not start, as there is one."""


@contextlib.contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn what boto3 raises into `NotYet` if it may pass, and into `Unreadable` if not."""
    try:
        yield
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code == "ScanNotFoundException":
            raise ScanNotFound from error
        if error.operation_name == "StartImageScan" and code in (
            "LimitExceededException",
            "ValidationException",
        ):
            raise CannotStart from error
        if code == "UnsupportedImageTypeException":
            raise Unsupported(what, f": {error}") from error
        if code in _DENIED:
            right = _RIGHTS.get(error.operation_name, f"ecr:{error.operation_name}")
            raise Denied(f"{what}: missing {right}: {error}") from error
        if "Throttl" in code or code in _THROTTLING or status >= 500 or code == "ServerException":
            raise NotYet(f"{what}: {error}") from error
        raise Unreadable(f"{what}: {error}") from error
    except _PASSING as error:
        raise NotYet(f"{what}: {type(error).__name__}: {error}") from error
    except BotoCoreError as error:
        raise Unreadable(f"{what}: {type(error).__name__}: {error}") from error
    except _MALFORMED as error:
        # AWS's own answers have all that is read here; a proxy's, or one cut off, may not.
        raise NotYet(f"{what}: the answer can't be read: {type(error).__name__}: {error}") from error


def pages(
    what: str, call: Callable[..., Any], items: Callable[[dict[str, Any]], object]
) -> Iterator[dict[str, Any]]:
    """Each page of an answer; pages that repeat or never end raise `NotYet`.

    Args:
        what: What is read, for the message.
        call: Gets a page, by a token or without.
        items: What a page lists.
    """
    seen: set[str] = set()
    empty = 0
    token: dict[str, str] = {}
    while True:
        with reading(what):
            answer = call(**token)
            following = answer.get("nextToken")
            empty = 0 if items(answer) else empty + 1
        yield answer
        if not following:
            return
        if following in seen or len(seen) >= _MOST_PAGES or empty >= _MOST_EMPTY_PAGES:
            raise NotYet(f"{what}: the pages of the answer repeat, or do not end")
        seen.add(following)
        token = {"nextToken": following}


def batches(digests: Sequence[str]) -> Iterator[Sequence[str]]:
    """Parts of a list, each as long as ECR takes in one request."""
    for start in range(0, len(digests), _BATCH):
        yield digests[start : start + _BATCH]
