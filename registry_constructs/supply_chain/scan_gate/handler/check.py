"""The check of an image: whether its scan and its signature let it run. Plain Python with boto3.

The custom resource, the pipeline's step and `registry-constructs scan check` all ask here.
"""

from __future__ import annotations

import datetime
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .scans import SEVERITIES, Finding, NotYet, Registry, Unreadable, Unsigned

PASSED, WAITING, REFUSED, UNREADABLE = "passed", "waiting", "refused", "unreadable"
POLL_SECONDS = 10
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REASON_LENGTH = 1_000  # CloudFormation takes an answer of 4,096 bytes, CodePipeline a message of 5,000
_LISTED = 8


class BadRequestError(ValueError):
    """A request that can't be checked, in words for people."""


@dataclass(frozen=True)
class Excepted:
    """A vulnerability that does not count until the end of a day, in UTC."""

    cve: str
    until: datetime.date
    reason: str


@dataclass(frozen=True)
class Request:
    """What is asked of an image.

    Attributes:
        registry: The account of the registry.
        region: The registry's Region.
        repository: The repository's name.
        image: A digest or a tag.
        severity: Findings of this one of `SEVERITIES`, and of those above it, refuse the image.
        exceptions: What does not count.
        signed_by: The ARN of the signing profile that must have signed it; empty for none.
        only_fixable: Whether findings that have no fix yet do not count.
        start_scan: Whether a basic scan is started where nobody has scanned.
    """

    registry: str
    region: str
    repository: str
    image: str
    severity: str = "HIGH"
    exceptions: tuple[Excepted, ...] = ()
    signed_by: str = ""
    only_fixable: bool = False
    start_scan: bool = False

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise BadRequestError(f"{self.severity!r} is not a severity: {', '.join(SEVERITIES)}")
        for name in ("registry", "region", "repository", "image"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name):
                raise BadRequestError(f"The {name} is not said")

    @classmethod
    def of(cls, properties: dict[str, Any]) -> Request:
        """A request as a template or a pipeline has it: CloudFormation makes text of every value."""
        try:
            exceptions = tuple(
                Excepted(str(one["Cve"]), datetime.date.fromisoformat(str(one["Until"])), str(one["Reason"]))
                for one in properties.get("Exceptions") or ()
            )
            return cls(
                registry=properties["Registry"],
                region=properties["Region"],
                repository=properties["Repository"],
                image=properties["Image"],
                severity=properties["Severity"],
                exceptions=exceptions,
                signed_by=properties.get("SignedBy") or "",
                only_fixable=properties.get("OnlyFixable") == "true",
                start_scan=properties.get("StartScan") == "true",
            )
        except BadRequestError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadRequestError(f"The request can't be read: {type(error).__name__}: {error}") from error

    @property
    def identifier(self) -> dict[str, str]:
        """The image as ECR's API names it."""
        return {"imageDigest" if _DIGEST.fullmatch(self.image) else "imageTag": self.image}


@dataclass(frozen=True)
class Report:
    """How a check went.

    Attributes:
        state: `passed`, `waiting`, `refused` or `unreadable`.
        reason: Why, in at most 1,000 characters.
        digest: What was checked; empty if it is not known.
        findings: What refuses the image, the worst first.
        excepted: What would, but for an exception.
    """

    state: str
    reason: str
    digest: str = ""
    findings: tuple[Finding, ...] = ()
    excepted: tuple[Finding, ...] = ()


def check(ecr: Any, request: Request, *, today: datetime.date | None = None) -> Report:  # noqa: ANN401
    """Check an image once."""
    registry = Registry(ecr, request.registry, request.repository)
    digest, found, waiting = "", [], ""
    try:
        digest, images = registry.images(request.identifier)
        for image in images:
            try:
                found += registry.findings(image, start=request.start_scan)
            except NotYet as reason:  # the scans of the others may be started, and wait together
                waiting = waiting or str(reason)
        if not waiting and request.signed_by:
            registry.check_signature(digest, request.signed_by)
    except NotYet as reason:
        waiting = str(reason)
    except Unsigned as reason:
        return Report(REFUSED, str(reason)[:_REASON_LENGTH], digest, *_judge(request, found, today))
    except Unreadable as reason:
        return Report(UNREADABLE, str(reason)[:_REASON_LENGTH], digest)
    blocking, excepted = _judge(request, found, today)
    if blocking:  # another scan that is still awaited can't mend it
        return Report(
            REFUSED, _refusal(request, digest, blocking, excepted, today), digest, blocking, excepted
        )
    if waiting:
        return Report(WAITING, waiting[:_REASON_LENGTH], digest)
    return Report(PASSED, _passing(request, digest, excepted), digest, (), excepted)


def wait(
    ecr: Any,  # noqa: ANN401
    request: Request,
    *,
    deadline: float,
    tell: Callable[[str], None] = print,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
) -> Report:
    """Check an image, at least once, until it is known how it stands or a point in time has come."""
    said = ""
    while True:
        report = check(ecr, request)
        if report.state != WAITING or now() + POLL_SECONDS > deadline:
            return report
        if report.reason != said:
            tell(f"Waiting: {report.reason}")
            said = report.reason
        sleep(POLL_SECONDS)


def timed_out(report: Report, minutes: str) -> Report:
    """What becomes of a report that still waits when time is up."""
    reason = f"Nothing was read for {minutes} minutes, so the image does not pass. Last: {report.reason}"
    return Report(UNREADABLE, reason[:_REASON_LENGTH], report.digest)


def _judge(
    request: Request, found: list[Finding], today: datetime.date | None
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """What refuses the image, and what would but for an exception."""
    today = today or datetime.datetime.now(datetime.UTC).date()
    excused = {one.cve for one in request.exceptions if one.until >= today}
    counting = [
        one
        for one in found
        if SEVERITIES.index(one.severity) >= SEVERITIES.index(request.severity)
        and (one.fixable or not request.only_fixable)
    ]
    counting = sorted(dict.fromkeys(counting), key=lambda one: (-SEVERITIES.index(one.severity), one.id))
    return (
        tuple(one for one in counting if one.id not in excused),
        tuple(one for one in counting if one.id in excused),
    )


def _refusal(
    request: Request,
    digest: str,
    blocking: tuple[Finding, ...],
    excepted: tuple[Finding, ...],
    today: datetime.date | None,
) -> str:
    today = today or datetime.datetime.now(datetime.UTC).date()
    expired = {one.cve: one.until for one in request.exceptions if one.until < today}
    counts = Counter(one.severity for one in blocking)
    numbers = ", ".join(f"{counts[name]} {name}" for name in reversed(SEVERITIES) if counts[name])
    lines = [f"{_named(request, digest)} has findings at or above {request.severity}: {numbers}."]
    shown: dict[str, None] = {}
    for one in blocking:
        words = f"{one.severity} {one.id}"
        words += f" in {one.package}" if one.package else ""
        words += f", fixed in {one.fixed_in}" if one.fixed_in else ""
        words += f", excepted until {expired[one.id]}" if one.id in expired else ""
        shown[words] = None  # the same finding on two platforms
    rest = f"; {len(shown) - _LISTED} more" if len(shown) > _LISTED else ""
    end = [f"{len(excepted)} excepted."] if excepted else []
    link = (
        f"https://{request.region}.console.aws.amazon.com/ecr/repositories/private/{request.registry}/"
        f"{request.repository}/_/image/{digest}/details?region={request.region}"
    )
    end += ["Rebuild it on a mended base, or except a CVE with a date and a reason.", link]
    start, tail = lines[0], " ".join(end)
    room = _REASON_LENGTH - len(start) - len(tail) - len(rest) - 3
    listed = "; ".join(list(shown)[:_LISTED])
    listed = listed if len(listed) <= room else f"{listed[: room - 3]}..."
    return f"{start} {listed}{rest}. {tail}"[:_REASON_LENGTH]


def _passing(request: Request, digest: str, excepted: tuple[Finding, ...]) -> str:
    words = f"{_named(request, digest)} has no findings at or above {request.severity}"
    names = ", ".join(sorted({one.id for one in excepted}))
    return f"{words} but those excepted: {names}"[:_REASON_LENGTH] if excepted else words


def _named(request: Request, digest: str) -> str:
    tag = "" if _DIGEST.fullmatch(request.image) else f":{request.image}"
    return f"{request.repository}{tag}@{digest[:19]}"
