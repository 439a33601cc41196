"""The check of an image against served answers, through boto3: what passes, waits and is refused."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs.supply_chain.scan_gate.handler import findings
from registry_constructs.supply_chain.scan_gate.handler.check import Memory, Report, check, timed_out, wait
from registry_constructs.supply_chain.scan_gate.handler.findings import Excepted
from registry_constructs.supply_chain.scan_gate.handler.request import BadRequestError, Request
from tests.supply_chain.scanned_image import (
    CHILDREN,
    COMPLETED,
    DIGEST,
    PROFILE,
    PUSHED,
    ScannedImage,
    basic,
    descriptor,
    enhanced,
    request,
)
from tests.supply_chain.served_aws import ServedAws, error

TODAY = datetime.date(2026, 11, 26)


@pytest.fixture(scope="module")
def aws() -> Iterator[ServedAws]:
    with ServedAws() as served:
        yield served


@pytest.fixture
def image(aws: ServedAws) -> ScannedImage:
    return ScannedImage(aws)


def look(served: ScannedImage, memory: Memory | None = None, /, *, at: float = 0.0, **options: Any) -> Report:
    return check(served.clients(), request(**options), memory or Memory(), now=lambda: at, today=TODAY)


def checked(image: ScannedImage, *, options: dict[str, Any] | None = None, **page: Any) -> Report:
    """The report of a finished basic scan."""
    image.scanned(**COMPLETED, **page)
    return look(image, **(options or {}))


def settled(image: ScannedImage, **options: Any) -> Report:
    """The report once the answers have been the same for long enough."""
    memory = Memory()
    first = look(image, memory, **options)
    return look(image, memory, at=60.0, **options) if first.state == "waiting" else first


STATES = {
    "COMPLETE": "passed",
    "ACTIVE": "waiting",
    "IN_PROGRESS": "waiting",
    "PENDING": "waiting",
    "FAILED": "unreadable",
    "UNSUPPORTED_IMAGE": "unreadable",
    "SCAN_ELIGIBILITY_EXPIRED": "unreadable",
    "FINDINGS_UNAVAILABLE": "unreadable",
    "LIMIT_EXCEEDED": "unreadable",
    "IMAGE_ARCHIVED": "unreadable",
    "IMAGE_SIZE_EXCEEDED": "unreadable",
    "A_NEW_STATUS": "unreadable",
    "": "waiting",
}


@pytest.mark.parametrize("status", STATES)
def test_every_status_has_its_meaning(image: ScannedImage, status: str) -> None:
    image.scanned(status, **COMPLETED, findings=[])
    report = look(image)
    assert report.state == STATES[status]
    assert "shop/checkout@sha256:1" in report.reason
    assert STATES[status] != "unreadable" or status in report.reason


def test_every_status_of_the_api_is_known() -> None:
    model = botocore.session.get_session().get_service_model("ecr")
    assert set(model.shape_for("ScanStatus").enum) <= STATES.keys()
    assert set(model.shape_for("FindingSeverity").enum) == set(findings.SEVERITIES)


EMPTY: list[dict[str, Any]] = [
    {"findings": []},
    {},
    {"findings": [], "findingSeverityCounts": {}},
    {"enhancedFindings": []},
    {"findings": [], "enhancedFindings": [], "vulnerabilitySourceUpdatedAt": PUSHED},
]


@pytest.mark.parametrize("page", EMPTY, ids=str)
@pytest.mark.parametrize("status", ["COMPLETE", "ACTIVE"])
def test_an_empty_answer_is_believed_once_inspector_has_scanned_and_it_stays_the_same(
    image: ScannedImage, status: str, page: dict[str, Any]
) -> None:
    image.scanned(status, **page)
    memory = Memory()
    assert look(image, memory).state == "waiting"
    assert look(image, memory, at=10_000.0).state == "waiting"
    image.covered()
    assert look(image, memory, at=10_010.0).state == "waiting"
    late = look(image, memory, at=10_069.0)
    assert (late.state, "59 of 60 seconds" in late.reason) == ("waiting", True)
    assert look(image, memory, at=10_070.0).state == "passed"


@pytest.mark.parametrize("page", [COMPLETED, {"findingSeverityCounts": {"LOW": 0}}], ids=["time", "counts"])
def test_a_finished_basic_scan_passes_at_once_without_inspector(
    image: ScannedImage, page: dict[str, Any]
) -> None:
    image.scanned(**page, findings=[])
    image.denied("ListCoverage")
    assert look(image).state == "passed"
    assert image.aws.calls["ListCoverage"] == 0


def test_settling_may_take_longer_and_is_not_shorter(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    image.covered()
    memory = Memory()
    assert look(image, memory, settle=120).state == "waiting"
    assert look(image, memory, settle=120, at=119.0).state == "waiting"
    assert look(image, memory, settle=120, at=120.0).state == "passed"
    with pytest.raises(BadRequestError, match="59"):
        request(settle=59)


@pytest.mark.parametrize(
    "change",
    [
        {"enhancedFindings": [enhanced("CVE-1", "LOW")]},
        {"enhancedFindings": [], "findingSeverityCounts": {"LOW": 0}},
        {"enhancedFindings": [], **COMPLETED},
        {"enhancedFindings": [enhanced("CVE-1", "HIGH", "SUPPRESSED")]},
    ],
    ids=["finding", "counts", "time", "suppressed"],
)
def test_whatever_changes_starts_the_settling_anew(image: ScannedImage, change: dict[str, Any]) -> None:
    image.covered()
    memory = Memory()
    image.scanned("ACTIVE", enhancedFindings=[])
    look(image, memory)
    image.scanned("ACTIVE", **change)
    assert look(image, memory, at=60.0).state == "waiting"
    assert look(image, memory, at=119.0).state == "waiting"
    image.covered(at=PUSHED + 600)
    assert look(image, memory, at=120.0).state == "waiting"
    assert look(image, memory, at=180.0).state == "passed"


def test_what_interrupts_the_reading_starts_the_settling_anew(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    image.covered()
    memory, serve = Memory(), image.aws.answers["ListCoverage"]
    look(image, memory)
    image.aws.answers["ListCoverage"] = lambda _: error("ThrottlingException")
    assert look(image, memory, at=30.0).state == "waiting"
    image.aws.answers["ListCoverage"] = serve
    assert look(image, memory, at=60.0).state == "waiting"
    assert look(image, memory, at=120.0).state == "passed"


def test_settling_starts_when_the_look_ends_as_findings_may_arrive_during_it(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    image.covered()
    memory = Memory()
    times = iter([0.0, 25.0, 60.0, 84.9, 85.0])

    def at() -> float:
        return next(times)

    def state() -> str:
        return check(image.clients(), request(), memory, now=at).state

    assert [state(), state(), state(), state()] == ["waiting", "waiting", "waiting", "passed"]


def test_a_clock_that_goes_back_during_a_look_is_no_time_that_passes(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    image.covered()
    times = iter([0.0, -100.0])
    assert check(image.clients(), request(), Memory(), now=lambda: next(times)).state == "waiting"


def test_a_clock_that_goes_back_is_not_believed(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    image.covered()
    memory = Memory()
    look(image, memory, at=1_000.0)
    assert look(image, memory, at=0.0).state == "waiting"
    assert look(image, memory, at=59.0).state == "waiting"
    assert look(image, memory, at=60.0).state == "passed"


def test_the_memory_survives_as_json() -> None:
    memory = Memory("abc", 12.5, 3.0)
    assert Memory.of(memory.kept) == memory
    assert Memory.of(None) == Memory()


REASONS = botocore.session.get_session().get_service_model("inspector2").shape_for("ScanStatusReason").enum


@pytest.mark.parametrize("reason", [*REASONS, "A_NEW_REASON", ""])
def test_only_a_successful_coverage_lets_an_empty_answer_pass(image: ScannedImage, reason: str) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    image.covered(reason)
    report = settled(image)
    if reason == "SUCCESSFUL":
        assert report.state == "passed"
    else:
        assert report.state == ("unreadable" if reason.startswith("UNSUPPORTED") else "waiting")
        assert (reason or "no status") in report.reason


@pytest.mark.parametrize(
    ("status", "page", "state"),
    [
        ("COMPLETE", COMPLETED, "passed"),
        ("COMPLETE", {"findingSeverityCounts": {"LOW": 0}}, "passed"),
        ("COMPLETE", {}, "waiting"),
        ("ACTIVE", COMPLETED, "waiting"),
    ],
)
def test_an_image_that_is_scanned_once_needs_ecrs_word_that_it_was(
    image: ScannedImage, status: str, page: dict[str, Any], state: str
) -> None:
    image.scanned(status, enhancedFindings=[], **page)
    image.covered("SCAN_FREQUENCY_SCAN_ON_PUSH")
    assert settled(image).state == state


@pytest.mark.parametrize(
    ("scanned", "pushed", "state"),
    [
        (PUSHED, PUSHED, "passed"),
        (PUSHED - 1, PUSHED, "waiting"),
        (None, PUSHED, "waiting"),
        (PUSHED, None, "waiting"),
    ],
)
def test_a_scan_older_than_the_push_does_not_count(
    image: ScannedImage, scanned: float | None, pushed: float | None, state: str
) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    image.covered(at=scanned)
    image.pushed[DIGEST] = pushed
    assert settled(image).state == state


@pytest.mark.parametrize(
    "other",
    [
        f"arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout/{CHILDREN[0]}",
        f"arn:aws:ecr:eu-west-1:111122223333:repository/checkout/{DIGEST}",
        f"arn:aws:ecr:eu-west-1:111122223333:repository/x/shop/checkout/{DIGEST}",
        f"arn:aws:ecr:eu-west-1:444455556666:repository/shop/checkout/{DIGEST}",
        f"arn:aws:ecr:us-east-1:111122223333:repository/shop/checkout/{DIGEST}",
        DIGEST,
        "",
    ],
)
def test_the_coverage_of_another_image_does_not_count(image: ScannedImage, other: str) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    good = {"scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"}, "lastScannedAt": PUSHED + 1}
    image.aws.answers["ListCoverage"] = lambda _: {"coveredResources": [{"resourceId": other, **good}]}
    assert settled(image).state == "waiting"


def test_every_entry_of_the_coverage_has_to_be_successful(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    arn = f"arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout/{DIGEST}"

    def entry(reason: str) -> dict[str, Any]:
        return {"resourceId": arn, "scanStatus": {"reason": reason}, "lastScannedAt": PUSHED + 1}

    pages = {None: ["SUCCESSFUL"], "a": [], "b": ["SCAN_IN_PROGRESS"]}
    following = {None: "a", "a": "b", "b": None}
    image.aws.answers["ListCoverage"] = lambda said: {
        "coveredResources": [entry(reason) for reason in pages[said.get("nextToken")]],
        "nextToken": following[said.get("nextToken")],
    }
    assert settled(image).state == "waiting"
    pages["b"] = ["SUCCESSFUL"]
    assert settled(image).state == "passed"


RIGHTS = {
    "DescribeImages": "ecr:DescribeImages",
    "BatchGetImage": "ecr:BatchGetImage",
    "DescribeImageScanFindings": "inspector2:ListFindings and inspector2:ListCoverage",
    "ListCoverage": "inspector2:ListCoverage",
    "StartImageScan": "ecr:StartImageScan",
    "DescribeImageSigningStatus": "ecr:DescribeImageSigningStatus",
}


@pytest.mark.parametrize("code", ["AccessDeniedException", "AccessDenied", "UnrecognizedClientException"])
@pytest.mark.parametrize("operation", RIGHTS)
def test_a_missing_right_is_asked_for_again_for_two_minutes_and_then_named(
    image: ScannedImage, operation: str, code: str
) -> None:
    image.index(descriptor(CHILDREN[0]))
    image.covered(digest=CHILDREN[0])
    if operation != "StartImageScan":
        image.scanned("ACTIVE", digest=CHILDREN[0], enhancedFindings=[])
    image.aws.answers[operation] = lambda _: error(code, "not authorized")
    memory, options = Memory(), {"start_scan": True, "signed_by": PROFILE}
    assert look(image, memory, at=5.0, **options).state == "waiting"
    assert look(image, memory, at=124.0, **options).state == "waiting"
    late = look(image, memory, at=125.0, **options)
    assert (late.state, RIGHTS[operation] in late.reason) == ("unreadable", True)


def test_a_right_that_arrives_in_time_is_no_failure(image: ScannedImage) -> None:
    image.scanned(**COMPLETED, findings=[])
    serve = image.aws.answers["DescribeImages"]
    image.denied("DescribeImages")
    memory = Memory()
    assert look(image, memory, at=0.0).state == "waiting"
    image.aws.answers["DescribeImages"] = serve
    assert look(image, memory, at=119.0).state == "passed"
    image.denied("DescribeImages")
    assert look(image, memory, at=200.0).state == "waiting"


@pytest.mark.parametrize("make", [basic, enhanced])
@pytest.mark.parametrize(
    ("bar", "severity", "state"),
    [
        ("HIGH", "CRITICAL", "refused"),
        ("HIGH", "HIGH", "refused"),
        ("HIGH", "MEDIUM", "passed"),
        ("CRITICAL", "HIGH", "passed"),
        ("UNDEFINED", "UNDEFINED", "refused"),
        ("INFORMATIONAL", "UNDEFINED", "passed"),
    ],
)
def test_findings_from_the_bar_up_are_refused(
    image: ScannedImage, make: Any, bar: str, severity: str, state: str
) -> None:
    key = "findings" if make is basic else "enhancedFindings"
    image.scanned(**COMPLETED, **{key: [make("CVE-2026-1", severity)]})
    image.covered()
    assert settled(image, severity=bar).state == state


@pytest.mark.parametrize("reason", [*REASONS, "denied", "missing"])
def test_a_finding_refuses_as_soon_as_it_is_listed_whatever_the_coverage_says(
    image: ScannedImage, reason: str
) -> None:
    image.scanned("ACTIVE", enhancedFindings=[enhanced("CVE-2026-1", "HIGH")])
    if reason == "denied":
        image.denied("ListCoverage")
    elif reason != "missing":
        image.covered(reason)
    for unsupported in ({}, {"shop/checkout": "one static program"}):
        report = look(image, unsupported=unsupported)
        assert (report.state, [one.id for one in report.findings]) == ("refused", ["CVE-2026-1"])


@pytest.mark.parametrize("trouble", ["FAILED", "PENDING", "UNSUPPORTED_IMAGE", "", "denied", "odd"])
@pytest.mark.parametrize("bad", [0, 1])
def test_a_finding_in_one_platform_refuses_whatever_is_unknown_of_another(
    image: ScannedImage, trouble: str, bad: int
) -> None:
    image.index(*map(descriptor, CHILDREN[:2]))
    page = {**COMPLETED, "findings": [basic("CVE-1", "HIGH")]}
    other: dict[str, Any] = {"imageScanStatus": {"status": trouble}}
    if trouble == "odd":
        other = {
            "imageScanStatus": {"status": "COMPLETE"},
            "imageScanFindings": {**COMPLETED, "findings": [[]]},
        }
    image.scanned(digest=CHILDREN[bad], **page)
    image.scans[CHILDREN[1 - bad]] = (
        (lambda _: error("AccessDeniedException")) if trouble == "denied" else other
    )
    assert look(image).state == "refused"


def test_what_lasts_is_reported_before_what_may_pass(image: ScannedImage) -> None:
    image.index(*map(descriptor, CHILDREN[:3]))
    image.scanned("PENDING", digest=CHILDREN[0])
    image.scans[CHILDREN[1]] = lambda _: error("AccessDeniedException")
    image.scanned("FAILED", digest=CHILDREN[2])
    assert (look(image).state, "FAILED" in look(image).reason) == ("unreadable", True)
    image.scanned("PENDING", digest=CHILDREN[2])
    assert "missing ecr:DescribeImageScanFindings" in look(image).reason


def test_an_unsupported_entry_of_the_coverage_waits_for_the_others_and_settles(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    arn = f"arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout/{DIGEST}"
    reasons = ["UNSUPPORTED_OS", "PENDING_INITIAL_SCAN"]
    image.aws.answers["ListCoverage"] = lambda _: {
        "coveredResources": [
            {"resourceId": arn, "scanStatus": {"reason": reason}, "lastScannedAt": PUSHED + 1}
            for reason in reasons
        ]
    }
    options = {"unsupported": {"shop/checkout": "one static program"}}
    assert "PENDING_INITIAL_SCAN" in settled(image, **options).reason
    reasons[1] = "SUCCESSFUL"
    memory = Memory()
    assert look(image, memory, **options).state == "waiting"
    assert look(image, memory, at=60.0, **options).state == "passed"
    assert settled(image).state == "unreadable"


def test_pages_of_two_scans_are_read_again(image: ScannedImage) -> None:
    def page(at: float, **more: Any) -> dict[str, Any]:
        found = {"imageScanCompletedAt": at, "findings": [basic("CVE-1", "LOW")]}
        return {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": found, **more}

    image.scans[DIGEST] = [page(PUSHED + 1, nextToken="1"), page(PUSHED + 900)]
    report = look(image)
    assert (report.state, "scanned again while the findings were read" in report.reason) == ("waiting", True)
    image.scans[DIGEST] = [page(PUSHED + 900, nextToken="1"), page(PUSHED + 900)]
    assert look(image).state == "passed"


def test_the_reason_has_room_for_the_longest_names(image: ScannedImage) -> None:
    name, tag = "a/" * 120 + "b" * 16, "t" * 128
    image.tags[tag] = DIGEST
    found = [basic(f"CVE-{number}", severity) for number in range(500) for severity in findings.SEVERITIES]
    image.scanned(**COMPLETED, findings=found)
    for repository in (name, name[:150]):
        report = look(image, repository=repository, image=tag, severity="UNDEFINED", only_fixable=True)
        assert len(report.reason) <= 1_000
        assert "CRITICAL CVE-0" in report.reason
        linked = report.reason.endswith("/details?region=eu-west-1")
        assert linked == ("https://" in report.reason)
        assert linked or report.reason.endswith("with a date and a reason.")


def test_what_inspector_has_not_judged_counts_as_undefined(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[enhanced("CVE-2026-1", "UNTRIAGED")])
    image.covered()
    assert settled(image).state == "passed"
    assert settled(image, severity="UNDEFINED").state == "refused"


def test_a_severity_that_nobody_knows_counts_as_the_worst(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[enhanced("CVE-2026-1", "APOCALYPTIC")])
    image.covered()
    assert look(image, severity="CRITICAL").state == "refused"


@pytest.mark.parametrize(
    ("status", "state"), [("CLOSED", "passed"), ("SUPPRESSED", "passed"), ("NEW", "refused"), ("", "refused")]
)
def test_closed_and_suppressed_findings_do_not_count(image: ScannedImage, status: str, state: str) -> None:
    image.scanned("ACTIVE", enhancedFindings=[enhanced("CVE-2026-1", "HIGH", status)])
    image.covered()
    assert settled(image).state == state


def test_a_basic_finding_is_not_closed_by_a_status_that_it_does_not_have(image: ScannedImage) -> None:
    assert checked(image, findings=[basic("CVE-1", "HIGH") | {"status": "CLOSED"}]).state == "refused"


def test_only_fixable_leaves_out_what_has_no_fix(image: ScannedImage) -> None:
    found = [enhanced(f"CVE-2026-{fix}", "HIGH", fix=fix) for fix in ("YES", "NO", "PARTIAL")]
    image.scanned("ACTIVE", enhancedFindings=found, findings=[basic("CVE-1", "HIGH")])
    image.covered()
    report = look(image, only_fixable=True)
    assert [one.id for one in report.findings] == ["CVE-1", "CVE-2026-PARTIAL", "CVE-2026-YES"]
    assert report.reason.startswith(
        "shop/checkout@sha256:111111111111 has findings at or above HIGH: 3 HIGH."
    )


@pytest.mark.parametrize("fixed", ["NotAvailable", "notavailable", "", None])
def test_not_available_is_no_version(image: ScannedImage, fixed: str | None) -> None:
    package = {"name": "openssl", "version": "3.0", "fixedInVersion": fixed}
    image.scanned("ACTIVE", enhancedFindings=[enhanced("CVE-1", "HIGH", packages=[package])])
    image.covered()
    report = look(image)
    assert report.findings[0].fixed_in == ""
    assert "CVE-1 in openssl 3.0. Rebuild" in report.reason


def excepted(cve: str = "", package: str = "", version: str = "", until: datetime.date = TODAY) -> Excepted:
    return Excepted(until, "not reachable", cve, package, version)


def test_exceptions_hold_to_the_end_of_their_day(image: ScannedImage) -> None:
    def state(until: datetime.date) -> Report:
        options = {"exceptions": (excepted("CVE-2026-1", until=until),)}
        return checked(image, options=options, findings=[basic("CVE-2026-1", "CRITICAL")])

    assert state(TODAY).state == "passed"
    assert state(TODAY).reason.endswith("no findings at or above HIGH but those excepted: CVE-2026-1")
    late = state(TODAY - datetime.timedelta(days=1))
    assert late.state == "refused"
    assert "excepted until 2026-11-25" in late.reason


OPENSSL = {"name": "openssl", "version": "3.0.7", "release": "1.el9", "epoch": 1}
LIBSSL = {"name": "libssl", "version": "3.0.7"}


@pytest.mark.parametrize(
    ("exceptions", "state"),
    [
        ([excepted(package="openssl")], "passed"),
        ([excepted(package="openss")], "refused"),
        ([excepted(package="OPENSSL")], "refused"),
        ([excepted(package="openssl", version="3.0.7")], "passed"),
        ([excepted(package="openssl", version="3.0.7-1.el9")], "passed"),
        ([excepted(package="openssl", version="1:3.0.7-1.el9")], "passed"),
        ([excepted(package="openssl", version="3.0")], "refused"),
        ([excepted("CVE-1", "openssl")], "passed"),
        ([excepted("CVE-2", "openssl")], "refused"),
        ([excepted("CVE-1", "zlib")], "refused"),
        ([excepted("CVE-2"), excepted("CVE-1", until=datetime.date(2020, 1, 1))], "refused"),
    ],
)
def test_exceptions_name_a_vulnerability_a_package_or_both(
    image: ScannedImage, exceptions: list[Excepted], state: str
) -> None:
    image.scanned("ACTIVE", enhancedFindings=[enhanced("CVE-1", "HIGH", packages=[OPENSSL])])
    image.covered()
    assert settled(image, exceptions=tuple(exceptions)).state == state


def test_a_finding_in_several_packages_is_excepted_in_each_of_them(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[enhanced("CVE-1", "HIGH", packages=[OPENSSL, LIBSSL])])
    image.covered()
    both = (excepted(package="openssl"), excepted(package="libssl"))
    assert [settled(image, exceptions=some).state for some in (both[:1], both[1:], both)] == [
        "refused",
        "refused",
        "passed",
    ]
    assert settled(image, exceptions=(excepted("CVE-1"),)).state == "passed"


def test_a_package_exception_does_not_cover_a_finding_without_a_package(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[enhanced("CVE-1", "HIGH", packages=[])])
    image.covered()
    assert look(image, exceptions=(excepted(package="openssl"),)).state == "refused"
    package = {"exceptions": (excepted(package="zlib", version="1.2"),)}
    assert checked(image, options=package, findings=[basic("CVE-1", "HIGH")]).state == "passed"
    assert (
        checked(image, options=package, findings=[basic("CVE-1", "HIGH", version="1.3")]).state == "refused"
    )


def test_an_image_that_no_scanner_reads_passes_by_name_alone(image: ScannedImage) -> None:
    image.scanned("UNSUPPORTED_IMAGE")
    assert look(image).state == "unreadable"
    assert look(image, unsupported={"shop/other": "no"}).state == "unreadable"
    report = look(image, unsupported={"shop/checkout": "one static program"})
    assert (report.state, "one static program" in report.reason) == ("passed", True)
    for status in ("FAILED", "FINDINGS_UNAVAILABLE", "IMAGE_SIZE_EXCEEDED", "PENDING"):
        image.scanned(status)
        assert look(image, unsupported={"shop/checkout": "no"}).state != "passed"


def test_the_other_images_of_an_index_are_checked_beside_one_that_no_scanner_reads(
    image: ScannedImage,
) -> None:
    image.index(*map(descriptor, CHILDREN[:2]))
    image.scanned("UNSUPPORTED_IMAGE", digest=CHILDREN[0])
    image.scanned(digest=CHILDREN[1], **COMPLETED, findings=[basic("CVE-1", "HIGH")])
    assert look(image, unsupported={"shop/checkout": "static"}).state == "refused"
    image.scanned(digest=CHILDREN[1], **COMPLETED, findings=[])
    assert look(image, unsupported={"shop/checkout": "static"}).state == "passed"


def test_warnings_only_reports_and_passes(image: ScannedImage) -> None:
    report = checked(image, options={"warn_only": True}, findings=[basic("CVE-1", "CRITICAL")])
    assert (report.state, report.digest, len(report.findings)) == ("warned", DIGEST, 1)
    assert "would be refused" in report.reason
    assert "CVE-1" in report.reason
    image.scanned("FAILED")
    assert look(image, warn_only=True).state == "warned"
    image.scanned("IN_PROGRESS")
    waiting = look(image, warn_only=True)
    assert waiting.state == "waiting"
    assert timed_out(request(warn_only=True), waiting, "15").state == "warned"
    assert timed_out(request(), waiting, "15").state == "unreadable"
    assert look(image, warn_only=True, image="missing").state == "unreadable"
    assert checked(image, options={"warn_only": True}, findings=[]).state == "passed"


def test_all_pages_are_read(image: ScannedImage) -> None:
    image.scanned(**COMPLETED, findings=[basic("CVE-2026-1", "LOW")])
    first = image.scans[DIGEST] | {"nextToken": "1"}
    image.scanned(**COMPLETED, findings=[basic("CVE-2026-2", "HIGH")])
    image.scans[DIGEST] = [first, image.scans[DIGEST]]
    report = look(image)
    assert (report.state, [one.id for one in report.findings]) == ("refused", ["CVE-2026-2"])


@pytest.mark.parametrize(
    "tokens", [lambda n: "same", lambda n: "ab"[n % 2], str], ids=["same", "turns", "new"]
)
def test_pages_that_repeat_or_do_not_end_are_no_pass(image: ScannedImage, tokens: Any) -> None:
    page = {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {**COMPLETED, "findings": []}}
    image.scans[DIGEST] = lambda _: page | {"nextToken": tokens(image.aws.calls["DescribeImageScanFindings"])}
    report = look(image)
    assert (report.state, "repeat" in report.reason) == ("waiting", True)
    assert image.aws.calls["DescribeImageScanFindings"] < 50
    image.scanned("ACTIVE", enhancedFindings=[])
    image.aws.answers["ListCoverage"] = lambda _: {
        "coveredResources": [],
        "nextToken": tokens(image.aws.calls["ListCoverage"]),
    }
    assert look(image).state == "waiting"
    assert image.aws.calls["ListCoverage"] < 50


def test_a_page_that_comes_twice_counts_once(image: ScannedImage) -> None:
    one = {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {**COMPLETED}}
    one["imageScanFindings"] |= {
        "findings": [basic("CVE-1", "HIGH")],
        "findingSeverityCounts": {"HIGH": 2},
    }
    image.scans[DIGEST] = [one | {"nextToken": "1"}, one]
    options = {"exceptions": (excepted("CVE-1"),)}
    short = look(image, **options)
    assert (short.state, "counted (HIGH)" in short.reason) == ("waiting", True)
    refused = look(image)
    assert (refused.state, len(refused.findings)) == ("refused", 1)


@pytest.mark.parametrize("status", ["COMPLETE", "ACTIVE"])
def test_counts_without_the_findings_are_no_pass(image: ScannedImage, status: str) -> None:
    image.scanned(status, findingSeverityCounts={"HIGH": 2, "LOW": 0}, findings=[])
    image.covered()
    report = settled(image)
    assert (report.state, "counted (HIGH)" in report.reason) == ("waiting", True)


def test_counts_below_the_bar_hold_nothing_up(image: ScannedImage) -> None:
    assert checked(image, findingSeverityCounts={"LOW": 7, "UNTRIAGED": 1}, findings=[]).state == "passed"
    assert checked(image, findingSeverityCounts={"NEW_ONE": 1}, findings=[]).state == "waiting"


def test_an_answer_without_findings_is_no_pass(image: ScannedImage) -> None:
    image.scans[DIGEST] = {"imageScanStatus": {"status": "COMPLETE"}}
    assert look(image).state == "waiting"
    image.aws.answers["DescribeImages"] = lambda _: {}
    assert look(image).state == "waiting"


def test_a_tag_is_resolved_and_named_with_its_digest(image: ScannedImage) -> None:
    image.scanned(**COMPLETED, findings=[])
    report = look(image, image="v1")
    assert (report.state, report.digest) == ("passed", DIGEST)
    assert report.reason.startswith("shop/checkout:v1@sha256:1")


def test_an_answer_about_another_image_is_no_pass(image: ScannedImage) -> None:
    image.scanned(**COMPLETED, findings=[])
    image.scans[CHILDREN[0]] = image.scans[DIGEST]
    image.aws.answers["DescribeImages"] = lambda _: {"imageDetails": [{"imageDigest": CHILDREN[0]}]}
    assert look(image).state == "waiting"


@pytest.mark.parametrize(
    ("code", "status", "state"),
    [
        ("ImageNotFoundException", 400, "unreadable"),
        ("RepositoryNotFoundException", 400, "unreadable"),
        ("ScanNotFoundException", 400, "waiting"),
        ("ThrottlingException", 400, "waiting"),
        ("TooManyRequestsException", 429, "waiting"),
        ("ServerException", 500, "waiting"),
        ("ServiceUnavailable", 503, "waiting"),
    ],
)
def test_what_ecr_refuses_is_never_a_pass(image: ScannedImage, code: str, status: int, state: str) -> None:
    image.scans[DIGEST] = lambda _: error(code, "no", status)
    report = look(image)
    assert report.state == state
    assert report.reason


def test_a_scan_of_another_account_is_explained(image: ScannedImage) -> None:
    assert "another account than 111122223333" in look(image).reason


@pytest.mark.parametrize(
    ("error", "state"),
    [(EndpointConnectionError(endpoint_url="https://ecr"), "waiting"), (NoCredentialsError(), "unreadable")],
)
def test_without_a_connection_or_credentials_nothing_passes(error: Exception, state: str) -> None:
    class Gone:
        def describe_images(self, **_: Any) -> Any:
            raise error

    assert check(lambda _: Gone(), request(), Memory()).state == state


@pytest.mark.parametrize("refusal", ["", "LimitExceededException", "ValidationException"])
def test_a_scan_is_started_if_there_is_none(image: ScannedImage, refusal: str) -> None:
    if refusal:
        image.aws.answers["StartImageScan"] = lambda _: error(refusal)
    assert look(image, start_scan=True).state == "waiting"
    assert image.aws.calls["StartImageScan"] == 1
    assert look(image).state == "waiting"
    assert image.aws.calls["StartImageScan"] == 1


def test_a_scan_that_can_never_start_is_reported(image: ScannedImage) -> None:
    image.aws.answers["StartImageScan"] = lambda _: error("UnsupportedImageTypeException", "a chart")
    report = look(image, start_scan=True)
    assert (report.state, "a chart" in report.reason) == ("unreadable", True)
    assert look(image, start_scan=True, unsupported={"shop/checkout": "a chart"}).state == "passed"


SIGNING = [
    ([{"signingProfileArn": PROFILE, "status": "COMPLETE"}], "passed", "no findings"),
    ([{"signingProfileArn": PROFILE, "status": "IN_PROGRESS"}], "waiting", "being signed"),
    (
        [{"signingProfileArn": PROFILE, "status": "FAILED", "failureReason": "no right"}],
        "refused",
        "no right",
    ),
    ([{"signingProfileArn": f"{PROFILE}2", "status": "COMPLETE"}], "refused", "images2"),
    ([], "refused", "nobody"),
]


@pytest.mark.parametrize(
    "found", [[], [basic("CVE-1", "LOW")], [basic("CVE-2", "HIGH")]], ids=["clean", "below", "excepted"]
)
@pytest.mark.parametrize(("statuses", "state", "words"), SIGNING)
def test_a_signature_is_required_whatever_was_found(
    image: ScannedImage, statuses: list[dict[str, str]], state: str, words: str, found: list[dict[str, Any]]
) -> None:
    image.signing = statuses
    options = {"signed_by": PROFILE, "exceptions": (excepted("CVE-2"),)}
    report = checked(image, options=options, findings=found)
    assert (report.state, words in report.reason) == (state, True)


@pytest.mark.parametrize(("statuses", "state", "words"), SIGNING)
def test_a_signature_is_required_under_enhanced_scanning_too(
    image: ScannedImage, statuses: list[dict[str, str]], state: str, words: str
) -> None:
    image.signing = statuses
    image.scanned("ACTIVE", enhancedFindings=[enhanced("CVE-1", "LOW")])
    image.covered()
    report = settled(image, signed_by=PROFILE)
    assert (report.state, words in report.reason) == (state, True)


def test_an_index_needs_the_signature_itself(image: ScannedImage) -> None:
    image.index(descriptor(CHILDREN[0]))
    image.scanned(digest=CHILDREN[0], **COMPLETED, findings=[])
    image.signing = [{"signingProfileArn": PROFILE, "status": "COMPLETE"}]
    assert look(image, signed_by=PROFILE).state == "passed"
    wanted = [
        said["imageId"] for operation, said in image.aws.requests if operation == "DescribeImageSigningStatus"
    ]
    assert wanted == [{"imageDigest": DIGEST}]


def test_the_reason_names_the_worst_first_and_fits_into_an_event(image: ScannedImage) -> None:
    found = [basic(f"CVE-2026-{number:05}", "HIGH") for number in range(500)] + [basic("CVE-9", "CRITICAL")]
    report = checked(image, findings=found)
    assert "1 CRITICAL, 500 HIGH. CRITICAL CVE-9 in zlib 1.2; HIGH CVE-2026-00000" in report.reason
    assert "493 more" in report.reason
    assert report.reason.endswith(f"{DIGEST}/details?region=eu-west-1")
    assert len(report.reason) <= 1000


@pytest.mark.parametrize(
    ("region", "link"),
    [
        ("eu-west-1", "https://eu-west-1.console.aws.amazon.com/ecr/"),
        ("cn-north-1", "https://cn-north-1.console.amazonaws.cn/ecr/"),
        ("us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/ecr/"),
        *((region, "") for region in ("us-iso-east-1", "us-isob-east-1", "us-isof-south-1")),
        ("eu-isoe-west-1", ""),
        ("eusc-de-east-1", ""),
    ],
)
def test_the_link_is_the_partitions_console(image: ScannedImage, region: str, link: str) -> None:
    image.scanned(**COMPLETED, findings=[basic("CVE-1", "HIGH")])
    reason = look(image, region=region).reason
    assert (link in reason, "https://" in reason) == (True, bool(link))


def test_waiting_ends_at_the_deadline(image: ScannedImage) -> None:
    clock = [0.0]
    lines: list[str] = []

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    image.scanned("IN_PROGRESS")
    report = wait(
        image.clients(),
        request(),
        Memory(),
        deadline=30,
        tell=lines.append,
        sleep=sleep,
        now=lambda: clock[0],
    )
    assert (report.state, clock, len(lines)) == ("waiting", [30.0], 1)
    assert image.aws.calls["DescribeImages"] == 4
    late = timed_out(request(), report, "15")
    assert (late.state, "15 minutes" in late.reason, "running" in late.reason) == ("unreadable", True, True)


BODIES: list[Any] = [
    b"",
    b"[]",
    b"null",
    b"{",
    b'"text"',
    b"7",
    {},
    {"imageDetails": []},
    {"imageDetails": {}},
]
BODIES += [{"imageDetails": [[]]}, {"imageDetails": [{"imageDigest": ""}]}, {"imageDetails": None}]
BODIES += [{"imageScanFindings": []}, {"imageScanStatus": [], "imageScanFindings": {"findings": {}}}]
BODIES += [{"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {**COMPLETED, "findings": [[]]}}]
BODIES += [{"coveredResources": {}}, {"coveredResources": [[]]}, {"coveredResources": None}, {"images": {}}]
BODIES += [{"images": [{"imageManifest": "[" * 100_000}]}]
BODIES += [{"images": [{"imageManifest": "{"}]}, {"images": [{"imageManifest": '{"manifests": {}}'}]}]
BODIES += [
    {"images": [{"imageManifest": '{"manifests": ["a"]}'}]},
    {"signingStatuses": {}},
    {"signingStatuses": [[]]},
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body)[:60])
@pytest.mark.parametrize(
    "operation",
    [
        "DescribeImages",
        "BatchGetImage",
        "DescribeImageScanFindings",
        "ListCoverage",
        "DescribeImageSigningStatus",
    ],
)
def test_an_answer_that_makes_no_sense_is_no_pass(image: ScannedImage, operation: str, body: Any) -> None:
    image.index(descriptor(CHILDREN[0]))
    image.covered(digest=CHILDREN[0])
    image.scanned("ACTIVE", digest=CHILDREN[0], enhancedFindings=[])
    image.signing = [{"signingProfileArn": PROFILE, "status": "COMPLETE"}]
    assert settled(image, signed_by=PROFILE).state == "passed"
    image.aws.answers[operation] = lambda _: body
    report = settled(image, signed_by=PROFILE)
    assert report.state in ("waiting", "unreadable", "refused")


@pytest.mark.parametrize(
    "change",
    [
        {"Severity": "BAD"},
        {"Image": ""},
        {"Registry": None},
        {"SettleSeconds": "59"},
        {"SettleSeconds": "soon"},
        {"Exceptions": [{"Cve": "CVE-1", "Until": "soon", "Reason": "x"}]},
        {"Exceptions": [{"Cve": "CVE-1"}]},
        {"Exceptions": [{"Until": "2027-01-31", "Reason": "x"}]},
        {"Exceptions": [{"Cve": "CVE-1", "Version": "1", "Until": "2027-01-31", "Reason": "x"}]},
        {"Exceptions": [{"Cve": "CVE-1", "Until": "2027-01-31", "Reason": " "}]},
        {"Exceptions": [{"Repository": "shop/checkout"}]},
        {"Exceptions": "none"},
        {"Exceptions": 3},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    given = {"Registry": "1", "Region": "eu-west-1", "Repository": "a", "Image": "v1", "Severity": "HIGH"}
    assert Request.of(given).image == "v1"
    with pytest.raises(BadRequestError):
        Request.of(given | change)


def test_a_request_is_read_from_what_a_template_has() -> None:
    exception = {"Until": "2027-01-31", "Reason": "x"}
    made = Request.of(
        {
            "Registry": "1",
            "Region": "eu-west-1",
            "Repository": "a",
            "Image": "v1",
            "Severity": "LOW",
            "Exceptions": [
                exception | {"Cve": "CVE-1"},
                exception | {"Package": "openssl", "Version": "3"},
                {"Repository": "a", "Reason": "static"},
            ],
            "OnlyFixable": "true",
            "StartScan": "false",
            "WarnOnly": "true",
            "SettleSeconds": "90",
            "SignedBy": PROFILE,
        }
    )
    assert [one.name for one in made.exceptions] == ["CVE-1", "openssl 3"]
    assert (made.unsupported, made.settle, made.severity) == ({"a": "static"}, 90, "LOW")
    assert (made.only_fixable, made.start_scan, made.warn_only) == (True, False, True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_a_malformed_request_is_reported_as_such(exceptions: Any) -> None:
    given = {"Registry": "1", "Region": "eu-west-1", "Repository": "a", "Image": "v1", "Severity": "HIGH"}
    try:
        made = Request.of(given | {"Exceptions": exceptions})
    except BadRequestError:
        return
    assert made.exceptions == () or all(one.name and one.reason for one in made.exceptions)
