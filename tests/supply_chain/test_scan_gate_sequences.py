"""Answers over time: no image passes while a finding at or above the bar is still on its way."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import event, given
from hypothesis import strategies as st

from registry_constructs.supply_chain.scan_gate.handler.check import Memory, Report, check, wait
from registry_constructs.supply_chain.scan_gate.handler.findings import SEVERITIES
from tests.supply_chain.scanned_image import ACCOUNT, DIGEST, MANIFEST, NAME, REGION, enhanced, request

PUSHED = datetime.datetime(2026, 11, 26, tzinfo=datetime.UTC)


@dataclass
class Timeline:
    """An enhanced scan as it goes: coverage first, then findings one after the other, faults in between.

    Attributes:
        status: The scan's status.
        covered: When Inspector's coverage says SUCCESSFUL, in seconds.
        arrivals: When each finding is listed, and what it is.
        counts: Whether the answer counts what it lists, says when the scan was completed, or neither.
        faults: For which seconds a request fails, and how.
        clock: The time.
    """

    status: str
    covered: float
    arrivals: list[tuple[float, dict[str, Any]]]
    counts: str
    faults: dict[int, str]
    clock: float = 0.0
    meta: Any = field(default_factory=type("Meta", (), {"partition": "aws"}))

    def __call__(self, _service: str) -> Timeline:
        return self

    def _fail(self, operation: str) -> None:
        if code := self.faults.get(int(self.clock // 10)):
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)

    def describe_images(self, **_: Any) -> dict[str, Any]:
        about = {"imageManifestMediaType": MANIFEST, "imagePushedAt": PUSHED}
        return {"imageDetails": [{"imageDigest": DIGEST, **about}]}

    def describe_image_scan_findings(self, **_: Any) -> dict[str, Any]:
        self._fail("DescribeImageScanFindings")
        there = [finding for when, finding in self.arrivals if when <= self.clock]
        page: dict[str, Any] = {"enhancedFindings": there} if there else {"findings": []}
        if self.counts == "counts" and there:
            page["findingSeverityCounts"] = {
                name: sum(one["severity"] == name for one in there) for name in SEVERITIES
            }
        if self.counts == "time" and there:
            page["imageScanCompletedAt"] = PUSHED
        return {"imageScanStatus": {"status": self.status}, "imageScanFindings": page}

    def list_coverage(self, **_: Any) -> dict[str, Any]:
        self._fail("ListCoverage")
        done = self.clock >= self.covered
        arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{NAME}/{DIGEST}"
        status = {"reason": "SUCCESSFUL" if done else "PENDING_INITIAL_SCAN"}
        return {
            "coveredResources": [
                {"resourceId": arn, "scanStatus": status}
                | ({"lastScannedAt": PUSHED + datetime.timedelta(seconds=1)} if done else {})
            ]
        }

    def sleep(self, seconds: float) -> None:
        self.clock += seconds


SEVERITY = st.sampled_from(SEVERITIES)


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Findings come less than a minute after what came before them, as they do at AWS."""
    covered = float(draw(st.integers(0, 200)))
    when, arrivals = covered, []
    for number, severity in enumerate(draw(st.lists(SEVERITY, max_size=6))):
        when += draw(st.integers(0, 59))
        arrivals.append((when, enhanced(f"CVE-2026-{number}", severity)))
    faults = st.dictionaries(
        st.integers(0, 40), st.sampled_from(["ThrottlingException", "AccessDeniedException"]), max_size=6
    )
    return Timeline(
        status=draw(st.sampled_from(["ACTIVE", "COMPLETE"])),
        covered=covered,
        arrivals=arrivals,
        counts=draw(st.sampled_from(["counts", "time", "neither"])),
        faults=draw(faults),
    )


def worst(timeline: Timeline) -> int:
    return max((SEVERITIES.index(one["severity"]) for _, one in timeline.arrivals), default=-1)


@given(timelines(), SEVERITY)
def test_a_finding_on_its_way_is_waited_for(timeline: Timeline, bar: str) -> None:
    report = wait(
        timeline,
        request(severity=bar),
        Memory(),
        deadline=3_000,
        tell=lambda _: None,
        sleep=timeline.sleep,
        now=lambda: timeline.clock,
    )
    bad = worst(timeline) >= SEVERITIES.index(bar)
    last = max((when for when, _ in timeline.arrivals), default=timeline.covered)
    event(report.state)
    if report.state == "unreadable":
        assert "AccessDenied" in report.reason  # a right that is missing for two minutes
        return
    assert report.state == ("refused" if bad else "passed")
    assert report.state == "refused" or timeline.clock >= last + 60


@given(timelines(), SEVERITY, st.lists(st.integers(1, 90), min_size=1, max_size=40))
def test_a_pipeline_that_calls_when_it_likes_sees_no_pass_too_early(
    timeline: Timeline, bar: str, pauses: list[int]
) -> None:
    memory = Memory()
    last = max((when for when, _ in timeline.arrivals), default=timeline.covered)
    for pause in pauses:
        report: Report = check(timeline, request(severity=bar), memory, now=lambda: timeline.clock)
        if report.state == "passed":
            assert timeline.clock >= last
            assert worst(timeline) < SEVERITIES.index(bar)
            return
        memory = Memory.of(memory.kept)
        timeline.clock += pause
    assert report.state != "passed"
