"""Answers over time: no image passes while a finding at or above the bar is still on its way.

What is drawn: findings, coverage that goes back, tags that move, the images of an index, pages that grow
while they are read, several entries of coverage, basic and enhanced scans side by side, faults, and a clock
that goes back.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import event, given, settings
from hypothesis import strategies as st

from registry_constructs.delivery.scan_gate.handler.check import CheckResult, Memory, check, wait
from registry_constructs.ecr.severities import SEVERITIES
from tests.delivery.scan_gate.scanned_image import (
    ACCOUNT,
    CHILDREN,
    DIGEST,
    INDEX,
    MANIFEST,
    NAME,
    REGION,
    basic,
    descriptor,
    enhanced,
    image_manifest,
    request,
)
from tests.drawing import examples

PUSHED = datetime.datetime(2026, 11, 26, tzinfo=datetime.UTC)
RANKS = SEVERITIES[::-1]
GAP = 59
"""Findings come less than a minute after what came before them, as they do at AWS."""


@dataclass
class Scanned:
    """One image's scan as it goes: coverage first, then findings one after the other.

    Attributes:
        basic: Whether the scan is a basic one, which has all findings once it is completed.
        status: The status of an enhanced scan.
        covered: When Inspector's coverage says SUCCESSFUL, or the basic scan is completed.
        arrivals: When each finding is listed, and what it is.
        rescans: When Inspector scans again: coverage is pending for some seconds, and then the scan is newer.
        entries: How many entries the coverage has; the last is pending for longer.
        counts: Whether the answer counts what it lists, says when the scan was completed, or neither.
        page: How many findings a page lists.
    """

    basic: bool
    status: str
    covered: float
    arrivals: list[tuple[float, dict[str, Any]]]
    rescans: list[tuple[float, float]]
    entries: int
    counts: str
    page: int

    @property
    def last(self) -> float:
        """When all of it is known."""
        return max([self.covered, *(when for when, _ in self.arrivals)])

    def worst(self) -> int:
        return max((RANKS.index(one["severity"]) for _, one in self.arrivals), default=-1)

    def findings(self, now: float, token: str) -> dict[str, Any]:
        """A page: the worst first, so that what arrives later moves the others to the next page."""
        if self.basic and now < self.covered:
            return {"imageScanStatus": {"status": "IN_PROGRESS"}}
        there = [one for when, one in self.arrivals if self.basic or when <= now]
        there.sort(key=lambda one: -RANKS.index(one["severity"]))
        start = int(token or 0)
        listed = there[start : start + self.page]
        page: dict[str, Any] = (
            {"enhancedFindings": listed} if listed and not self.basic else {"findings": listed}
        )
        if self.basic or (self.counts == "counts" and there):
            page["findingSeverityCounts"] = {
                name: sum(one["severity"] == name for one in there) for name in RANKS
            }
        if self.basic or (self.counts == "time" and there):
            page["imageScanCompletedAt"] = PUSHED
        more = {"nextToken": str(start + self.page)} if len(there) > start + self.page else {}
        status = "COMPLETE" if self.basic else self.status
        return {"imageScanStatus": {"status": status}, "imageScanFindings": page, **more}

    def coverage(self, now: float, arn: str) -> list[dict[str, Any]]:
        if self.basic:
            return []
        found = []
        for number in range(self.entries):
            begun = [when for when, _ in self.rescans if when <= now]
            running = any(when <= now < when + length for when, length in self.rescans)
            done = now >= self.covered - 5 * number and not running
            scanned = PUSHED + datetime.timedelta(seconds=1 + max(begun, default=0))
            reason = "SUCCESSFUL" if done else "PENDING_INITIAL_SCAN"
            found.append({"resourceId": arn, "scanStatus": {"reason": reason}, "lastScannedAt": scanned})
        return found


@dataclass
class World:
    """A registry over time: what each digest's scan does, and where the tag points.

    Attributes:
        scans: By digest, of what can run.
        tags: From when on the tag names which digest; the first is there from the beginning.
        indexes: The images of each digest that is an index.
        faults: In which ten seconds a request fails, and how.
        slow: How long a request takes.
        jumps: How far the clock is off, from some time on.
        clock: The time.
    """

    scans: dict[str, Scanned]
    tags: list[tuple[float, str]]
    indexes: dict[str, list[str]]
    faults: dict[int, str]
    slow: float
    jumps: list[tuple[float, float]]
    clock: float = 0.0
    meta: Any = field(default_factory=type("Meta", (), {"partition": "aws"}))

    def __call__(self, _service: str) -> World:
        return self

    def now(self) -> float:
        """What the clock shows."""
        return self.clock + sum(by for when, by in self.jumps if when <= self.clock)

    def sleep(self, seconds: float) -> None:
        self.clock += seconds

    def digest(self) -> str:
        return [digest for when, digest in self.tags if when <= self.clock][-1]

    def images(self, digest: str) -> list[Scanned]:
        return [self.scans[one] for one in self.indexes.get(digest, [digest])]

    def _request(self, operation: str) -> None:
        self.clock += self.slow
        if code := self.faults.get(int(self.clock // 10)):
            answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise ClientError(answer, operation)

    def describe_images(self, *, imageIds: Sequence[dict[str, str]], **_: Any) -> dict[str, Any]:  # noqa: N803
        self._request("DescribeImages")
        digests = [one.get("imageDigest") or self.digest() for one in imageIds]
        return {
            "imageDetails": [
                {
                    "imageDigest": digest,
                    "imageManifestMediaType": INDEX if digest in self.indexes else MANIFEST,
                    "imagePushedAt": PUSHED,
                }
                for digest in digests
            ]
        }

    def batch_get_image(self, *, imageIds: Sequence[dict[str, str]], **_: Any) -> dict[str, Any]:  # noqa: N803
        self._request("BatchGetImage")
        found = []
        for one in imageIds:
            digest = one["imageDigest"]
            children = [descriptor(child) for child in self.indexes.get(digest, ())]
            manifest = {"mediaType": INDEX, "manifests": children} if children else image_manifest()
            found.append({"imageId": one, "imageManifest": json.dumps(manifest)})
        return {"images": found}

    def describe_image_scan_findings(
        self,
        *,
        imageId: dict[str, str],  # noqa: N803
        nextToken: str = "",  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        self._request("DescribeImageScanFindings")
        return self.scans[imageId["imageDigest"]].findings(self.clock, nextToken)

    def list_coverage(self, *, filterCriteria: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        self._request("ListCoverage")
        [wanted] = filterCriteria["resourceId"]
        arn = wanted["value"]
        assert arn.startswith(f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{NAME}/sha256:")
        return {"coveredResources": self.scans[arn.rpartition("/")[2]].coverage(self.clock, arn)}


FOUND = st.sampled_from(["LOW"] * 9 + list(RANKS))
BAR = st.sampled_from(["MEDIUM", "HIGH", "CRITICAL"])


@st.composite
def scans(draw: st.DrawFn) -> Scanned:
    covered = float(draw(st.integers(0, 200)))
    one = basic if draw(st.booleans()) and draw(st.booleans()) else enhanced
    when, arrivals = covered, []
    for number, severity in enumerate(draw(st.lists(FOUND, max_size=6))):
        when += draw(st.just(GAP) | st.integers(0, GAP))
        arrivals.append((when, one(f"CVE-2026-{number}", severity)))
    rescans = draw(
        st.lists(st.tuples(st.integers(0, 400).map(float), st.integers(1, 60).map(float)), max_size=3)
    )
    return Scanned(
        basic=one is basic,
        status=draw(st.sampled_from(["ACTIVE", "COMPLETE"])),
        covered=covered,
        arrivals=arrivals,
        rescans=rescans,
        entries=draw(st.integers(1, 3)),
        counts=draw(st.sampled_from(["counts", "time", "neither"])),
        page=draw(st.integers(1, 4)),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    indexes = {DIGEST: draw(st.sampled_from([[], CHILDREN[:1], CHILDREN[:2], CHILDREN[:3]]))}
    indexes = {digest: children for digest, children in indexes.items() if children}
    moves = draw(st.lists(st.integers(1, 400).map(float), max_size=3))
    tags = [(0.0, DIGEST), *zip(sorted(moves), [CHILDREN[3], DIGEST, CHILDREN[4]], strict=False)]
    digests = {DIGEST, *CHILDREN}
    jumps = draw(
        st.lists(st.tuples(st.integers(0, 400).map(float), st.integers(-300, -1).map(float)), max_size=2)
    )
    return World(
        scans={digest: draw(scans()) for digest in sorted(digests)},
        tags=tags,
        indexes=indexes,
        faults=draw(
            st.dictionaries(
                st.integers(0, 40),
                st.sampled_from(["ThrottlingException", "AccessDeniedException"]),
                max_size=6,
            )
        ),
        slow=draw(st.sampled_from([0.0, 0.5, 7.0])),
        jumps=sorted(jumps),
    )


def judged(world: World, report: CheckResult, bar: int) -> None:
    """A pass is one of a digest all of whose findings were known by then, and none at the bar."""
    for scan in world.images(report.digest):
        assert scan.worst() < bar
        assert scan.basic or world.clock >= scan.last


@settings(max_examples=examples(200))
@given(worlds(), BAR)
def test_a_finding_on_its_way_is_waited_for(world: World, bar: str) -> None:
    report = wait(
        world,
        request(severity=bar, image="v1"),
        Memory(),
        deadline=3_000,
        log=lambda _: None,
        sleep=world.sleep,
        now=world.now,
    )
    event(report.state)
    least = RANKS.index(bar)
    if report.state == "passed":
        judged(world, report, least)
    elif report.state == "refused":
        assert any(scan.worst() >= least for scan in world.images(report.digest))
    else:  # a right that is missing for two minutes
        assert (report.state, "AccessDenied" in report.reason) == ("unreadable", True)


@given(worlds(), BAR, st.lists(st.integers(1, 90), min_size=1, max_size=40))
def test_a_pipeline_that_calls_when_it_likes_sees_no_pass_too_early(
    world: World, bar: str, pauses: list[int]
) -> None:
    memory = Memory()
    for pause in pauses:
        report = check(world, request(severity=bar, image="v1"), memory, now=world.now)
        event(report.state)
        if report.state == "passed":
            judged(world, report, RANKS.index(bar))
            return
        memory = Memory.of(memory.kept)
        world.clock += pause
