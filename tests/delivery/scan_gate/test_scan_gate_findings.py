"""Which findings refuse an image, and what excepts them."""

from __future__ import annotations

import datetime
import time
from typing import Any

import pytest

from registry_constructs.delivery.scan_gate.handler.check import CheckResult, Memory, check, timed_out
from registry_constructs.delivery.scan_gate.handler.findings import Excepted
from registry_constructs.ecr.severities import SEVERITIES
from tests.delivery.scan_gate.scanned_image import (
    CHILDREN,
    COMPLETED,
    DIGEST,
    REASONS,
    TODAY,
    ScannedImage,
    basic,
    checked,
    descriptor,
    enhanced,
    excepted,
    look,
    request,
    settled,
)
from tests.delivery.served_aws import error


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
    page: dict[str, Any] = {**COMPLETED, key: [make("CVE-2026-1", severity)]}
    image.scanned(**page)
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


def test_the_reason_has_room_for_the_longest_names(image: ScannedImage) -> None:
    name, tag = "a/" * 120 + "b" * 16, "t" * 128
    image.tags[tag] = DIGEST
    found = [basic(f"CVE-{number}", severity) for number in range(500) for severity in SEVERITIES]
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


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_day_of_an_exception_is_that_of_utc(
    image: ScannedImage, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """In one of these time zones it is always another day."""
    image.scanned(**COMPLETED, findings=[basic("CVE-1", "HIGH")])
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        today = datetime.datetime.now(datetime.UTC).date()
        for until, state in ((today, "passed"), (today - datetime.timedelta(days=1), "refused")):
            asked = request(exceptions=(excepted("CVE-1", until=until),))
            assert check(image.clients(), asked, Memory()).state == state
    finally:
        monkeypatch.undo()
        time.tzset()


def test_what_a_pass_and_a_warning_report(image: ScannedImage) -> None:
    found = [basic("CVE-1", "HIGH"), basic("CVE-2", "HIGH")]
    passed = checked(image, findings=found[:1], options={"exceptions": (excepted("CVE-1"),)})
    assert (passed.findings, [one.id for one in passed.excepted]) == ((), ["CVE-1"])
    warned = checked(image, findings=found, options={"exceptions": (excepted("CVE-1"),), "warn_only": True})
    assert [one.id for one in warned.findings] == ["CVE-2"]
    assert [one.id for one in warned.excepted] == ["CVE-1"]
    assert warned.findings[0].fixed_in == ""


def test_counts_of_pages_are_not_added(image: ScannedImage) -> None:
    """Each page has the counts of the whole scan; the greatest is believed."""
    status = {"imageScanStatus": {"status": "COMPLETE"}}
    pages = [COMPLETED | {"findings": [], "findingSeverityCounts": {"HIGH": count}} for count in (1, 0)]
    for first, second in (pages, pages[::-1]):
        image.scans[DIGEST] = [
            status | {"imageScanFindings": first, "nextToken": "1"},
            status | {"imageScanFindings": second},
        ]
        report = look(image)
        assert (report.state, "counted (HIGH)" in report.reason) == ("waiting", True)
    assert checked(image, findings=[], findingSeverityCounts={"HIGH": 0}).state == "passed"


def test_exceptions_hold_to_the_end_of_their_day(image: ScannedImage) -> None:
    def state(until: datetime.date) -> CheckResult:
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


@pytest.mark.parametrize(
    ("package", "versions"),
    [
        (OPENSSL, ("3.0.7", "3.0.7-1.el9", "1:3.0.7-1.el9")),
        (LIBSSL, ("3.0.7", "0:3.0.7")),
        ({"name": "a", "version": "1", "release": "2"}, ("1", "1-2", "0:1-2")),
        ({"name": "a", "version": "NotAvailable", "release": "2"}, ()),
        ({"name": "a", "release": "2", "epoch": 1}, ()),
    ],
    ids=str,
)
def test_a_version_is_known_in_each_way_that_a_scanner_writes_it(
    image: ScannedImage, package: dict[str, Any], versions: tuple[str, ...]
) -> None:
    image.scanned("ACTIVE", enhancedFindings=[enhanced("CVE-1", "HIGH", packages=[package])])
    [finding] = look(image).findings
    assert [(one.name, one.versions) for one in finding.packages] == [(package["name"], versions)]
    assert finding.package == f"{package['name']} {versions[0] if versions else ''}".strip()


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
    assert timed_out(request(warn_only=True), waiting, 900).state == "warned"
    assert timed_out(request(), waiting, 900).state == "unreadable"
    assert look(image, warn_only=True, image="missing").state == "unreadable"
    assert checked(image, options={"warn_only": True}, findings=[]).state == "passed"
    image.index(descriptor(CHILDREN[0], "unknown"))
    unread = look(image, warn_only=True)
    assert (unread.state, unread.digest) == ("warned", DIGEST)
