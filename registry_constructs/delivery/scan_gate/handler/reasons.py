"""Why an image is refused or passes, in words for people."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence

from registry_constructs.ecr.regions import console_url
from registry_constructs.ecr.severities import SEVERITIES

from .findings import Vulnerability, is_excepted
from .request import Request, is_digest

LENGTH = 1_000  # CloudFormation takes an answer of 4,096 bytes, CodePipeline a message of 5,000
_LISTED, _LEAST_LISTED = 8, 50


def name_of(request: Request, digest: str) -> str:
    """The image, with its tag if it is named by one."""
    tag = "" if is_digest(request.image) else f":{request.image}"
    return f"{request.repository}{tag}@{digest[:19]}"


def refusal(
    request: Request,
    digest: str,
    blocking: Sequence[Vulnerability],
    excepted: Sequence[Vulnerability],
    today: datetime.date,
) -> str:
    """How many findings refuse an image, the worst of them, what to do, and where to look."""
    counts = Counter(one.severity for one in blocking)
    numbers = ", ".join(f"{counts[name]} {name}" for name in SEVERITIES if counts[name])
    start = f"{name_of(request, digest)} has findings at or above {request.severity}: {numbers}."
    # The same finding on two platforms is listed once.
    shown = list(dict.fromkeys(_described(one, request, today) for one in blocking))
    rest = f"; {len(shown) - _LISTED} more" if len(shown) > _LISTED else ""
    tail = f"{len(excepted)} excepted. " if excepted else ""
    tail += "Rebuild it on a fixed base, or except a finding with a date and a reason."
    link = console_url(request.registry, request.region, request.repository, digest)
    room = LENGTH - len(f"{start} {rest}. {tail}")
    if link and len(link) + _LEAST_LISTED < room:
        tail += f" {link}"
        room -= len(link) + 1
    listed = "; ".join(shown[:_LISTED])
    listed = listed if len(listed) <= room else f"{listed[: room - 3]}..."
    return f"{start} {listed}{rest}. {tail}"


def passing(request: Request, digest: str, excepted: Iterable[Vulnerability], unscanned: int) -> str:
    """That an image passes, and which exceptions it needs for that."""
    words = f"{name_of(request, digest)} has no findings at or above {request.severity}"
    if names := ", ".join(sorted({one.id for one in excepted})):
        words += f" but those excepted: {names}"
    if unscanned:
        reason = request.unsupported[request.repository]
        words += f". No scanner can read {unscanned} of its images; excepted: {reason}"
    return words


def _described(finding: Vulnerability, request: Request, today: datetime.date) -> str:
    expired = [one.until for one in request.exceptions if one.until < today and is_excepted(finding, [one])]
    words = f"{finding.severity} {finding.id}"
    words += f" in {finding.package}" if finding.package else ""
    words += f", fixed in {finding.fixed_in}" if finding.fixed_in else ""
    return words + (f", excepted until {max(expired)}" if expired else "")
