"""The check of an image against served answers, through boto3: what passes, waits and is refused."""

from __future__ import annotations

from typing import Any, cast

import botocore.session
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs.delivery.scan_gate.handler.check import Memory, check, timed_out, wait
from registry_constructs.delivery.scan_gate.handler.request import BadRequestError, Request
from registry_constructs.ecr.severities import SEVERITIES
from tests.delivery.scan_gate.scanned_image import (
    CHILDREN,
    COMPLETED,
    DIGEST,
    PROFILE,
    PUSHED,
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
    assert set(cast("Any", model.shape_for("ScanStatus")).enum) <= STATES.keys()
    assert set(cast("Any", model.shape_for("FindingSeverity")).enum) == set(SEVERITIES)


def test_pages_of_two_scans_are_read_again(image: ScannedImage) -> None:
    def page(at: float, **more: Any) -> dict[str, Any]:
        found = {"imageScanCompletedAt": at, "findings": [basic("CVE-1", "LOW")]}
        return {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": found, **more}

    image.scans[DIGEST] = [page(PUSHED + 1, nextToken="1"), page(PUSHED + 900)]
    report = look(image)
    assert (report.state, "scanned again while the findings were read" in report.reason) == ("waiting", True)
    image.scans[DIGEST] = [page(PUSHED + 900, nextToken="1"), page(PUSHED + 900)]
    assert look(image).state == "passed"


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
    options: dict[str, Any] = {"exceptions": (excepted("CVE-1"),)}
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
    report = look(image)
    assert (report.state, report.digest) == ("waiting", "")
    assert report.reason == f"shop/checkout@{DIGEST[:19]}: ECR answers about another image"


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
        parameters["imageId"]
        for operation, parameters in image.aws.requests
        if operation == "DescribeImageSigningStatus"
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
        log=lines.append,
        sleep=sleep,
        now=lambda: clock[0],
    )
    assert (report.state, clock, len(lines)) == ("waiting", [30.0], 1)
    assert image.aws.calls["DescribeImages"] == 4
    late = timed_out(request(), report, 900)
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
    named = [(one.cve, one.package, one.version) for one in made.exceptions]
    assert named == [("CVE-1", "", ""), ("", "openssl", "3")]
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
    assert made.exceptions == () or all((one.cve or one.package) and one.reason for one in made.exceptions)


def test_what_is_listed_is_not_missing_from_the_counts(image: ScannedImage) -> None:
    """An excepted finding is counted too: the list has it, so nothing was cut off."""
    image.scanned(
        **COMPLETED, findings=[basic("CVE-1", "HIGH")], findingSeverityCounts={"HIGH": 1, "UNTRIAGED": 0}
    )
    assert look(image, exceptions=(excepted(cve="CVE-1"),)).state == "passed"
    found = [basic("CVE-1", "UNDEFINED")]
    image.scanned(**COMPLETED, findings=found, findingSeverityCounts={"UNDEFINED": 1, "UNTRIAGED": 1})
    options: dict[str, Any] = {"exceptions": (excepted("CVE-1"),), "severity": "UNDEFINED"}
    assert look(image, **options).state == "waiting"  # two of one name, of which one is listed


def test_pages_are_as_long_as_ecr_gives_them(image: ScannedImage) -> None:
    image.scanned(**COMPLETED, findings=[])
    look(image)
    [asked] = [
        parameters for operation, parameters in image.aws.requests if operation == "DescribeImageScanFindings"
    ]
    assert asked["maxResults"] == 1000
