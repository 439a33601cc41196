"""The check of an image: whether its scan and its signature let it run. Plain Python with boto3.

The custom resource, the pipeline's action and `registry-constructs scan check` use it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from registry_constructs.ecr.severities import SEVERITIES, at_least

from .calls import Clients, Denied, NotYet, Unreadable, Unsigned, Unsupported, reading
from .findings import Vulnerability, is_excepted
from .reasons import LENGTH, name_of, passing, refusal
from .request import BadRequestError, Request
from .scans import ScannedRepository

__all__ = ["BadRequestError", "CheckResult", "Memory", "Request", "check", "timed_out", "wait"]

PASSED, WARNED, WAITING, REFUSED, UNREADABLE = "passed", "warned", "waiting", "refused", "unreadable"
PASSING = (PASSED, WARNED)
POLL_SECONDS = 10
LATE_RIGHTS_SECONDS = 120
"""For how long a denied request is sent again: what was granted in the same deployment arrives late."""


@dataclass
class Memory:
    """What a check has to remember until the next one, in another invocation too.

    Attributes:
        state: A digest of Inspector's answer.
        since: When it was first seen, in seconds.
        denied: Since when a right is missing, in seconds; None if none is.
    """

    state: str = ""
    since: float = 0.0
    denied: float | None = None

    @classmethod
    def of(cls, kept: dict[str, Any] | None) -> Memory:
        """What `kept` says, or nothing."""
        return cls(**kept) if kept else cls()

    @property
    def kept(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


@dataclass(frozen=True)
class CheckResult:
    """How a check went.

    Attributes:
        state: `passed`, `warned` (it passes, as nothing more than a warning was asked for), `waiting`,
            `refused` or `unreadable`.
        reason: Why, in at most 1,000 characters.
        digest: What was checked; empty if it is not known.
        findings: What refuses the image, the worst first.
        excepted: What would, but for an exception.
    """

    state: str
    reason: str
    digest: str = ""
    findings: tuple[Vulnerability, ...] = ()
    excepted: tuple[Vulnerability, ...] = ()


def check(
    clients: Clients,
    request: Request,
    memory: Memory,
    *,
    now: Callable[[], float] = time.time,
    today: datetime.date | None = None,
) -> CheckResult:
    """Check an image once.

    Args:
        clients: Clients of the registry's Region.
        request: What is required.
        memory: Of the checks before, brought up to date.
        now: Gives the time, in seconds. What is remembered needs the same clock.
        today: The day, in UTC. Default: the clock's.
    """
    started = now()
    looking = _Look(clients, request, today or datetime.datetime.now(datetime.UTC).date())
    try:
        report = looking.report(memory, started, now)
    except Denied as reason:
        memory.state, memory.denied = "", started if memory.denied is None else memory.denied
        late = started - memory.denied < LATE_RIGHTS_SECONDS
        return _warned(request, _cut(WAITING if late else UNREADABLE, str(reason), looking.digest))
    except NotYet as reason:
        if not isinstance(reason, _Settling):
            memory.state = ""
        report = _cut(WAITING, str(reason), looking.digest)
    except Unsigned as reason:
        report = _cut(REFUSED, str(reason), looking.digest, *looking.judge())
    except Unreadable as reason:
        report = _cut(UNREADABLE, str(reason), looking.digest)
    memory.denied = None
    return _warned(request, report)


def wait(
    clients: Clients,
    request: Request,
    memory: Memory,
    *,
    deadline: float,
    log: Callable[[str], None] = print,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
) -> CheckResult:
    """Check an image, at least once, until the result is known or a point in time has come."""
    last = ""
    while True:
        report = check(clients, request, memory, now=now)
        if report.state != WAITING or now() + POLL_SECONDS > deadline:
            return report
        if report.reason != last:
            log(f"Waiting: {report.reason}")
            last = report.reason
        sleep(POLL_SECONDS)


def timed_out(request: Request, result: CheckResult, seconds: int) -> CheckResult:
    """What becomes of a result that still waits when the time is up."""
    time_out = f"{seconds} seconds" if seconds % 60 or seconds < 120 else f"{seconds // 60} minutes"
    reason = f"Time is up after {time_out}, and the image does not pass. Last: {result.reason}"
    return _warned(request, _cut(UNREADABLE, reason, result.digest))


class _Look:
    """One look at an image: what is known so far, also where reading it ends early."""

    def __init__(self, clients: Clients, request: Request, today: datetime.date) -> None:
        self._request, self._today = request, today
        self._registry = ScannedRepository(clients, request.region, request.registry, request.repository)
        self._found: list[Vulnerability] = []
        self.digest = ""

    def report(self, memory: Memory, started: float, now: Callable[[], float]) -> CheckResult:
        """What is known of the image; raises what the scans raise."""
        request, registry = self._request, self._registry
        described = registry.describe(request.identifier)
        self.digest = described["imageDigest"]
        images = registry.images(described)
        doubts: list[NotYet | Unreadable] = []
        states: list[str] = []
        unscanned = 0
        for image in images:  # of all: their scans may have to be started, and then wait together
            try:
                self._read(image, states)
            except Unsupported as reason:
                if request.repository in request.unsupported:
                    unscanned += 1
                else:
                    doubts.append(reason)
            except (NotYet, Unreadable) as reason:
                doubts.append(reason)
        blocking, excepted = self.judge()
        if blocking:  # what is in doubt can't fix it
            words = refusal(request, self.digest, blocking, excepted, self._today)
            return CheckResult(REFUSED, words, self.digest, blocking, excepted)
        for kind in (Unreadable, Denied, NotYet):
            for doubt in doubts:
                if isinstance(doubt, kind):
                    raise doubt
        if request.signed_by:
            registry.check_signature(self.digest, request.signed_by)
        if states:
            self._settle(states, memory, started, now)
        words = passing(request, self.digest, excepted, unscanned)
        return _cut(PASSED, words, self.digest, (), excepted)

    def _read(self, image: str, states: list[str]) -> None:
        """Add what is known of an image; raises where it may not be all."""
        name = name_of(self._request, self.digest)
        with reading(name):
            scan = self._registry.scan(image, start=self._request.start_scan)
            self._found += scan.findings
            if short := [name for name in scan.missing if self._counts(name)]:
                names = ", ".join(sorted(short))
                raise NotYet(f"{name}: findings are counted ({names}) that the list lacks")
            if scan.state:
                states.append(scan.state)
                states.append(self._registry.coverage(image, completed=scan.completed))

    def judge(self) -> tuple[tuple[Vulnerability, ...], tuple[Vulnerability, ...]]:
        """What refuses the image, and what would but for an exception."""
        valid = [one for one in self._request.exceptions if one.until >= self._today]
        counting = [
            one
            for one in self._found
            if self._counts(one.severity) and (one.fixable or not self._request.only_fixable)
        ]
        counting = sorted(dict.fromkeys(counting), key=lambda one: (SEVERITIES.index(one.severity), one.id))
        excepted = {one: is_excepted(one, valid) for one in counting}
        return (
            tuple(one for one in counting if not excepted[one]),
            tuple(one for one in counting if excepted[one]),
        )

    def _counts(self, severity: str) -> bool:
        return at_least(severity, self._request.severity)

    def _settle(self, states: list[str], memory: Memory, started: float, now: Callable[[], float]) -> None:
        """Return only if Inspector's answers have been the same for long enough.

        That is from the end of the look that saw them first to the start of this one: what is listed can
        change while it is read.
        """
        state = hashlib.sha256(json.dumps(states).encode()).hexdigest()
        same = started - memory.since
        if memory.state != state or same < 0:
            memory.state, memory.since, same = state, now(), 0
        if same < self._request.settle:
            raise _Settling(
                f"{name_of(self._request, self.digest)}: Inspector's findings have been the same for "
                f"{same:.0f} of {self._request.settle} seconds"
            )


class _Settling(NotYet):
    """An answer that may still change: unlike for other reasons to wait, the memory of it is kept."""


def _warned(request: Request, report: CheckResult) -> CheckResult:
    """The report, or if only warnings are asked for, one that passes; not without a digest to run."""
    if not request.warn_only or report.state not in (REFUSED, UNREADABLE) or not report.digest:
        return report
    reason = f"Warning only: the image would be {report.state}. {report.reason}"
    return _cut(WARNED, reason, report.digest, report.findings, report.excepted)


def _cut(
    state: str,
    reason: str,
    digest: str,
    findings: tuple[Vulnerability, ...] = (),
    excepted: tuple[Vulnerability, ...] = (),
) -> CheckResult:
    return CheckResult(state, reason[:LENGTH], digest, findings, excepted)
