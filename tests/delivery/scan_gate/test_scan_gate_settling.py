"""When findings are believed: what Inspector covers, what has settled, and rights that arrive late."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import NoRegionError

from registry_constructs.delivery.scan_gate.handler.check import Memory, check
from registry_constructs.delivery.scan_gate.handler.request import BadRequestError
from tests.delivery.scan_gate.scanned_image import (
    CHILDREN,
    COMPLETED,
    DIGEST,
    PROFILE,
    PUSHED,
    REASONS,
    ScannedImage,
    descriptor,
    enhanced,
    look,
    request,
    settled,
)
from tests.delivery.served_aws import error

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


@pytest.mark.parametrize(
    "other",
    [
        enhanced("CVE-2", "LOW"),
        enhanced("CVE-1", "MEDIUM"),
        enhanced("CVE-1", "LOW", fix="NO"),
        enhanced("CVE-1", "LOW", packages=[{"name": "zlib", "version": "3.0"}]),
    ],
    ids=["vulnerability", "severity", "fix", "package"],
)
def test_as_many_findings_that_are_others_are_a_change(image: ScannedImage, other: dict[str, Any]) -> None:
    image.covered()
    memory = Memory()
    image.scanned("ACTIVE", enhancedFindings=[enhanced("CVE-1", "LOW")])
    look(image, memory)
    image.scanned("ACTIVE", enhancedFindings=[other])
    assert look(image, memory, at=60.0).state == "waiting"
    assert look(image, memory, at=120.0).state == "passed"


def test_findings_have_times_that_change_nothing(image: ScannedImage) -> None:
    """Inspector moves lastObservedAt with each look of its own."""
    image.covered()
    memory = Memory()
    for minute, state in ((0, "waiting"), (1, "passed")):
        times: dict[str, Any] = {"firstObservedAt": PUSHED, "lastObservedAt": PUSHED + 60 * minute}
        image.scanned("ACTIVE", enhancedFindings=[enhanced("CVE-1", "LOW", **times)])
        assert look(image, memory, at=60.0 * minute).state == state


@pytest.mark.parametrize("first", ["findings", "enhancedFindings"])
def test_one_page_of_inspector_makes_the_whole_answer_inspectors(image: ScannedImage, first: str) -> None:
    """It settles, although ECR says when it was completed."""
    second = "findings" if first == "enhancedFindings" else "enhancedFindings"
    pages = [COMPLETED | {first: []}, COMPLETED | {second: []}]
    status = {"imageScanStatus": {"status": "COMPLETE"}}
    image.scans[DIGEST] = [
        status | {"imageScanFindings": pages[0], "nextToken": "1"},
        status | {"imageScanFindings": pages[1]},
    ]
    memory = Memory()
    assert look(image, memory).state == "waiting"
    image.covered()
    assert look(image, memory).state == "waiting"
    assert look(image, memory, at=60.0).state == "passed"


def test_the_push_is_read_once(image: ScannedImage) -> None:
    image.covered()
    image.scanned("ACTIVE", enhancedFindings=[])
    look(image)
    assert image.aws.calls["DescribeImages"] == 1


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


@pytest.mark.parametrize("second", [[0.0, 5.0], [0.5, 5.0]])
def test_a_look_that_sees_the_same_starts_no_new_settling(image: ScannedImage, second: list[float]) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    image.covered()
    memory = Memory()
    for times, state in (([0.0, 0.0], "waiting"), (second, "waiting"), ([60.0], "passed")):
        at = iter(times)
        assert check(image.clients(), request(), memory, now=lambda at=at: next(at)).state == state  # type: ignore[misc]


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


def test_the_coverage_is_that_of_the_image_and_is_read_to_its_end(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    arn = f"arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout/{DIGEST}"
    entry = {"resourceId": arn, "scanStatus": {"reason": "SUCCESSFUL"}, "lastScannedAt": PUSHED + 1}

    def page(parameters: dict[str, Any]) -> dict[str, Any]:
        assert parameters["filterCriteria"] == {"resourceId": [{"comparison": "EQUALS", "value": arn}]}
        number = int(parameters.get("nextToken", "0"))
        return {"coveredResources": [entry], **({"nextToken": str(number + 1)} if number < 30 else {})}

    image.aws.answers["ListCoverage"] = page
    assert settled(image).state == "passed"
    assert image.aws.calls["ListCoverage"] == 2 * 31


def test_a_client_of_inspector_that_cannot_be_made_does_not_pass(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    make = image.clients()

    def clients(service: str) -> Any:
        if service == "inspector2":
            raise NoRegionError
        return make(service)

    report = check(clients, request(), Memory())
    assert report.state == "unreadable"
    assert report.reason.startswith(
        "Inspector's coverage of shop/checkout@sha256:111111111111: NoRegionError: "
    )


def test_every_entry_of_the_coverage_has_to_be_successful(image: ScannedImage) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    arn = f"arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout/{DIGEST}"

    def entry(reason: str) -> dict[str, Any]:
        return {"resourceId": arn, "scanStatus": {"reason": reason}, "lastScannedAt": PUSHED + 1}

    pages = {None: ["SUCCESSFUL"], "a": [], "b": ["SCAN_IN_PROGRESS"]}
    following = {None: "a", "a": "b", "b": None}
    image.aws.answers["ListCoverage"] = lambda parameters: {
        "coveredResources": [entry(reason) for reason in pages[parameters.get("nextToken")]],
        "nextToken": following[parameters.get("nextToken")],
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
    assert late.digest == ("" if operation == "DescribeImages" else DIGEST)


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
    options: dict[str, Any] = {"unsupported": {"shop/checkout": "one static program"}}
    assert "PENDING_INITIAL_SCAN" in settled(image, **options).reason
    reasons[1] = "SUCCESSFUL"
    memory = Memory()
    assert look(image, memory, **options).state == "waiting"
    assert look(image, memory, at=60.0, **options).state == "passed"
    assert settled(image).state == "unreadable"
