"""Every reason in the words that a person reads: what is wrong, with which image, and what to do."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError

from registry_constructs.delivery.scan_gate.handler.check import Memory, check, timed_out, wait
from registry_constructs.delivery.scan_gate.handler.findings import Excepted, Vulnerability
from registry_constructs.delivery.scan_gate.handler.reasons import LENGTH, refusal
from registry_constructs.delivery.scan_gate.handler.request import BadRequestError, Request
from tests.delivery.scan_gate.scanned_image import (
    CHILDREN,
    COMPLETED,
    DIGEST,
    PROFILE,
    PUSHED,
    TODAY,
    ScannedImage,
    basic,
    descriptor,
    enhanced,
    image_manifest,
    look,
    request,
)
from tests.delivery.served_aws import error

NAME = "shop/checkout@sha256:111111111111"
CHILD = "shop/checkout@sha256:222222222222"
COVERAGE = f"Inspector's coverage of {NAME}"
UNKNOWN = "the scanner does not know its operating system or media type"
FIX = "Rebuild it on a fixed base, or except a finding with a date and a reason."
LINK = (
    "https://eu-west-1.console.aws.amazon.com/ecr/repositories/private/111122223333/shop/checkout/_/image/"
    f"{DIGEST}/details?region=eu-west-1"
)


STATUSES = {
    "FAILED": "the scan failed; scan it again",
    "SCAN_ELIGIBILITY_EXPIRED": "Inspector no longer watches it, so what it found is old; push it again, or "
    "watch it for longer",
    "FINDINGS_UNAVAILABLE": "the findings are no longer kept; scan it again",
    "LIMIT_EXCEEDED": "a quota of the scanner is used up; scan it tomorrow",
    "IMAGE_ARCHIVED": "it is in the archive; restore it",
    "IMAGE_SIZE_EXCEEDED": "it is too big for the scanner",
    "A_NEW_STATUS": "never becomes a scan that can be read",
    "UNSUPPORTED_IMAGE": UNKNOWN,
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("description", ["", "as AWS explains it"])
def test_a_status_that_lasts(image: ScannedImage, status: str, description: str) -> None:
    image.scanned(status, **COMPLETED, findings=[])
    image.scans[DIGEST]["imageScanStatus"]["description"] = description
    why = f" ({description})" if description else ""
    assert look(image).reason == f"{NAME} has the scan status {status}: {STATUSES[status]}{why}"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("IN_PROGRESS", "the scan is running (soon)"),
        ("PENDING", "the scan has not started (soon)"),
        ("", "ECR names no scan status"),
    ],
)
def test_a_status_that_passes(image: ScannedImage, status: str, words: str) -> None:
    image.scans[DIGEST] = {"imageScanStatus": {"status": status, "description": "soon"}}
    report = look(image)
    assert (report.state, report.reason) == ("waiting", f"{NAME}: {words}")
    image.scans[DIGEST] = {}
    assert look(image).reason == f"{NAME}: ECR names no scan status"


RIGHTS = {
    "DescribeImages": ("shop/checkout@sha256:111111111111", "ecr:DescribeImages"),
    "BatchGetImage": (NAME, "ecr:BatchGetImage"),
    "DescribeImageScanFindings": (
        CHILD,
        "ecr:DescribeImageScanFindings; under enhanced scanning also inspector2:ListFindings and "
        "inspector2:ListCoverage on *",
    ),
    "ListCoverage": (f"Inspector's coverage of {CHILD}", "inspector2:ListCoverage on *"),
    "StartImageScan": (CHILD, "ecr:StartImageScan"),
    "DescribeImageSigningStatus": (NAME, "ecr:DescribeImageSigningStatus"),
}


@pytest.mark.parametrize(
    "code",
    [
        "AccessDenied",
        "AccessDeniedException",
        "InvalidClientTokenId",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    ],
)
@pytest.mark.parametrize("operation", RIGHTS)
def test_a_missing_right(image: ScannedImage, operation: str, code: str) -> None:
    image.index(descriptor(CHILDREN[0]))
    if operation == "DescribeImageSigningStatus":
        image.scanned(digest=CHILDREN[0], **COMPLETED, findings=[])
    elif operation != "StartImageScan":
        image.scanned("ACTIVE", digest=CHILDREN[0], enhancedFindings=[])
    image.aws.answers[operation] = lambda _: error(code, "not authorized")
    what, right = RIGHTS[operation]
    memory = Memory()
    options: dict[str, Any] = {"start_scan": True, "signed_by": PROFILE}
    report = look(image, memory, at=7.0, **options)
    words = f"An error occurred ({code}) when calling the {operation} operation: "
    assert report.reason == f"{what}: missing {right}: {words}not authorized"
    assert (memory.state, memory.denied) == ("", 7.0)


def test_a_missing_right_to_see_when_an_image_of_an_index_was_pushed(image: ScannedImage) -> None:
    image.index(descriptor(CHILDREN[0]))
    image.scanned("ACTIVE", digest=CHILDREN[0], enhancedFindings=[])
    image.covered(digest=CHILDREN[0])
    serve = image.aws.answers["DescribeImages"]
    image.aws.answers["DescribeImages"] = lambda parameters: (
        serve(parameters)
        if parameters["imageIds"] == [{"imageDigest": DIGEST}]
        else error("AccessDeniedException", "not authorized")
    )
    assert look(image).reason.startswith(f"{CHILD}: missing ecr:DescribeImages: An error occurred")


@pytest.mark.parametrize(
    ("code", "status", "state"),
    [
        ("ThrottlingException", 400, "waiting"),
        ("Throttling", 400, "waiting"),
        ("RequestThrottled", 400, "waiting"),
        ("TooManyRequestsException", 400, "waiting"),
        ("RequestLimitExceeded", 400, "waiting"),
        ("SlowDown", 400, "waiting"),
        ("ServerException", 400, "waiting"),
        ("Odd", 500, "waiting"),
        ("Odd", 499, "unreadable"),
        ("ImageNotFoundException", 400, "unreadable"),
        ("LimitExceededException", 400, "unreadable"),
        ("ValidationException", 400, "unreadable"),
    ],
)
def test_what_aws_refuses(image: ScannedImage, code: str, status: int, state: str) -> None:
    image.aws.answers["DescribeImages"] = lambda _: error(code, "why", status)
    report = look(image)
    assert report.state == state
    assert report.reason.startswith(f"{NAME}: An error occurred ({code}) when calling the DescribeImages")
    assert report.reason.endswith(": why")
    assert (report.digest, report.findings, report.excepted) == ("", (), ())


class Gone:
    """A client whose requests fail before AWS answers."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    def describe_images(self, **_: Any) -> Any:
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (EndpointConnectionError(endpoint_url="u"), "waiting"),
        (ConnectionClosedError(endpoint_url="u"), "waiting"),
        (HTTPClientError(error="cut"), "waiting"),
        (ReadTimeoutError(endpoint_url="u"), "waiting"),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), "waiting"),
        (ResponseStreamingError(error="cut"), "waiting"),
        (ResponseParserError("odd"), "waiting"),
        (NoCredentialsError(), "unreadable"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else one,
)
def test_what_no_answer_comes_of(failure: Exception, state: str) -> None:
    report = check(lambda _: Gone(failure), request(), Memory())
    assert (report.state, report.reason) == (state, f"{NAME}: {type(failure).__name__}: {failure}")


def test_an_answer_that_makes_no_sense() -> None:
    report = check(lambda _: Gone(KeyError("images")), request(), Memory())
    assert (report.state, report.reason) == (
        "waiting",
        f"{NAME}: the answer can't be read: KeyError: 'images'",
    )


def test_a_scan_that_makes_no_sense(image: ScannedImage) -> None:
    image.scanned(**COMPLETED, findings=[], findingSeverityCounts={"HIGH": "many"})
    report = look(image)
    assert (report.state, report.reason.partition(" can't be read")[0]) == ("waiting", f"{NAME}: the answer")


def scans(image: ScannedImage, **page: Any) -> None:
    image.scanned("ACTIVE", **page)


WAITING: dict[str, tuple[Callable[[ScannedImage], object], str]] = {
    "no scan": (
        lambda _: None,
        f"{NAME}: it has no scan. Scan on push, or let the gate start scans. With credentials of another "
        "account than 111122223333, ECR shows no enhanced scan: assume a role there",
    ),
    "no findings": (
        lambda image: image.scans.update({DIGEST: {"imageScanStatus": {"status": "COMPLETE"}}}),
        f"{NAME}: the scan's findings are not there yet",
    ),
    "counted": (
        lambda image: image.scanned(findings=[], findingSeverityCounts={"HIGH": 1, "CRITICAL": 2, "LOW": 1}),
        f"{NAME}: findings are counted (CRITICAL, HIGH) that the list lacks",
    ),
    "no coverage": (lambda image: scans(image, findings=[]), f"{COVERAGE}: it lists no scan yet"),
    "pending": (
        lambda image: (scans(image, findings=[]), image.covered("PENDING_INITIAL_SCAN")),  # type: ignore[func-returns-value]
        f"{COVERAGE} says PENDING_INITIAL_SCAN",
    ),
    "no reason": (
        lambda image: (scans(image, findings=[]), image.covered("")),  # type: ignore[func-returns-value]
        f"{COVERAGE} says no status",
    ),
    "no time": (
        lambda image: (scans(image, findings=[]), image.covered(at=None)),  # type: ignore[func-returns-value]
        f"{COVERAGE} does not say when it was scanned",
    ),
    "no push": (
        lambda image: (scans(image, findings=[]), image.covered(), image.pushed.update({DIGEST: None})),  # type: ignore[func-returns-value]
        f"{NAME}: ECR does not say when it was pushed",
    ),
}


@pytest.mark.parametrize("name", WAITING)
def test_what_is_waited_for(image: ScannedImage, name: str) -> None:
    arrange, words = WAITING[name]
    arrange(image)
    report = look(image)
    assert (report.state, report.reason, report.digest) == ("waiting", words, DIGEST)


def test_a_scan_that_is_older_than_the_push(image: ScannedImage) -> None:
    scans(image, findings=[])
    image.covered(at=PUSHED - 1)
    old, new = (datetime.datetime.fromtimestamp(at).astimezone() for at in (PUSHED - 1, PUSHED))
    assert look(image).reason == f"{NAME}: last scanned at {old}, before it was pushed at {new}"


def test_the_settling(image: ScannedImage) -> None:
    scans(image, findings=[])
    image.covered()
    memory = Memory()
    words = f"{NAME}: Inspector's findings have been the same for "
    assert look(image, memory, at=5.0).reason == f"{words}0 of 60 seconds"
    assert memory.since == 5.0
    assert look(image, memory, at=17.0, settle=90).reason == f"{words}12 of 90 seconds"


def test_pages_that_repeat(image: ScannedImage) -> None:
    page = {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {"findings": []}}
    image.scans[DIGEST] = lambda _: page | {"nextToken": "0"}
    assert look(image).reason == f"{NAME}: the pages of the answer repeat, or do not end"
    scans(image, findings=[])
    image.aws.answers["ListCoverage"] = lambda _: {"coveredResources": [], "nextToken": "0"}
    assert look(image).reason == f"{COVERAGE}: the pages of the answer repeat, or do not end"


@pytest.mark.parametrize(
    ("limit", "key", "full"),
    [
        (20, "findings", False),
        pytest.param(1_000, "findings", True, marks=pytest.mark.deploy),
        pytest.param(1_000, "enhancedFindings", True, marks=pytest.mark.deploy),
    ],
)
def test_pages_end_at_a_limit(image: ScannedImage, limit: int, key: str, full: bool) -> None:
    """Twenty empty pages in a row, or a thousand, are read; one more is not."""
    calls = image.aws.calls

    def page(_: dict[str, Any]) -> dict[str, Any]:
        number = calls["DescribeImageScanFindings"]
        make = basic if key == "findings" else enhanced
        found = [make(f"CVE-{number}", "LOW")] if full else []
        more = {"nextToken": str(number)} if number < last else {}
        return {
            "imageScanStatus": {"status": "COMPLETE"},
            "imageScanFindings": {**COMPLETED, key: found},
            **more,
        }

    image.scans[DIGEST] = page
    image.covered()
    last = limit
    assert "the pages" not in look(image).reason
    calls.clear()
    last = limit + 2
    assert "the pages" in look(image).reason
    assert calls["DescribeImageScanFindings"] == (limit + 1 if full else limit)


def test_an_index(image: ScannedImage) -> None:
    image.index(descriptor(CHILDREN[0], "unknown"))
    nothing = look(image)
    assert nothing.state == "unreadable"
    assert nothing.reason == f"{NAME} has no image in it that can run: nothing to scan"
    image.index(*(descriptor(f"sha256:{number:064}") for number in range(1_000)))
    assert look(image).reason == f"{NAME} has more than 1,000 images in it"
    image.index(*(descriptor(f"sha256:{number:064}") for number in range(999)))
    assert "it has no scan" in look(image).reason
    image.aws.answers["BatchGetImage"] = lambda _: {"images": [{"imageManifest": "{}"}]}
    assert look(image).reason.startswith(f"{NAME}: the answer can't be read: KeyError: 'imageId'")
    for manifest, words in (
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ('{"manifests": [7]}', "AttributeError"),
    ):
        given = {"imageId": {"imageDigest": DIGEST}, "imageManifest": manifest}
        image.aws.answers["BatchGetImage"] = lambda _, given=given: {"images": [given]}  # type: ignore[misc]
        assert look(image).reason.startswith(f"{NAME}: the answer can't be read: {words}: ")


def test_an_image_that_no_scanner_reads(image: ScannedImage) -> None:
    scans(image, findings=[])
    image.covered("UNSUPPORTED_OS")
    assert look(image).reason == f"{COVERAGE} says UNSUPPORTED_OS: {UNKNOWN}"
    image.scans[DIGEST] = lambda _: error("UnsupportedImageTypeException", "a chart")
    assert look(image).reason.startswith(
        f"{NAME}: {UNKNOWN}: An error occurred (UnsupportedImageTypeException)"
    )
    image.index(*map(descriptor, CHILDREN[:2]))
    for digest in CHILDREN[:2]:
        image.scanned("UNSUPPORTED_IMAGE", digest=digest)
    assert look(image, unsupported={"shop/checkout": "static"}).reason == (
        f"{NAME} has no findings at or above HIGH. No scanner can read 2 of its images; excepted: static"
    )


SIGNED_OTHERWISE = (
    "A rule of managed signing has to match the repository before the image is pushed, and who pushes needs "
    "signer:SignPayload: push it again"
)


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        ([("IN_PROGRESS", PROFILE, {})], f"{NAME}: it is being signed with {PROFILE}"),
        ([], f"{NAME} is not signed with {PROFILE}, but by nobody. {SIGNED_OTHERWISE}"),
        (
            [("COMPLETE", "a", {}), ("COMPLETE", "b", {})],
            f"{NAME} is not signed with {PROFILE}, but by a, b. {SIGNED_OTHERWISE}",
        ),
        (
            [("FAILED", PROFILE, {"failureReason": "no right", "failureCode": "C"})],
            f"{NAME}: signing with {PROFILE} failed: no right. Push it again",
        ),
        (
            [("FAILED", PROFILE, {"failureCode": "C"})],
            f"{NAME}: signing with {PROFILE} failed: C. Push it again",
        ),
        ([("FAILED", PROFILE, {})], f"{NAME}: signing with {PROFILE} failed: FAILED. Push it again"),
    ],
)
def test_a_signature(
    image: ScannedImage, statuses: list[tuple[str, str, dict[str, str]]], words: str
) -> None:
    image.scanned(**COMPLETED, findings=[basic("CVE-1", "HIGH")])
    image.signing = [
        {"status": status, "signingProfileArn": profile, **more} for status, profile, more in statuses
    ]
    exception = Excepted(TODAY, "not reachable", cve="CVE-1")
    report = look(image, signed_by=PROFILE, exceptions=(exception,))
    assert (report.reason, report.digest) == (words, DIGEST)
    if report.state == "refused":
        assert (len(report.findings), [one.id for one in report.excepted]) == (0, ["CVE-1"])


def test_findings(image: ScannedImage) -> None:
    found = [basic("CVE-1", "HIGH"), basic("CVE-2", "CRITICAL", "openssl", ""), basic("CVE-3", "HIGH")]
    image.scanned(**COMPLETED, findings=[*found, {"severity": "HIGH"}])
    exceptions = (
        Excepted(TODAY, "not reachable", cve="CVE-3"),
        Excepted(TODAY - datetime.timedelta(days=9), "not reachable", cve="CVE-1"),
        Excepted(TODAY - datetime.timedelta(days=8), "not reachable", package="zlib"),
    )
    report = look(image, exceptions=exceptions)
    assert report.reason == (
        f"{NAME} has findings at or above HIGH: 1 CRITICAL, 2 HIGH. CRITICAL CVE-2 in openssl; "
        "HIGH CVE-1 in zlib 1.2, excepted until 2026-11-18; HIGH a finding without a name. "
        f"1 excepted. {FIX} {LINK}"
    )
    assert [one.id for one in report.excepted] == ["CVE-3"]


def test_findings_of_inspector(image: ScannedImage) -> None:
    packages = [
        {"name": "openssl", "version": "3.0", "fixedInVersion": "3.1"},
        {"name": "libssl", "version": "3.0", "fixedInVersion": "NotAvailable"},
        {"name": "libcrypto", "version": "3.0", "fixedInVersion": "3.2"},
    ]
    titled = {"severity": "CRITICAL", "title": "Code", "status": "ACTIVE"}
    nameless = {"severity": "HIGH", "status": "ACTIVE"}
    scans(image, enhancedFindings=[enhanced("CVE-1", "HIGH", packages=packages), titled, nameless])
    assert look(image).reason == (
        f"{NAME} has findings at or above HIGH: 1 CRITICAL, 2 HIGH. CRITICAL Code; "
        "HIGH CVE-1 in openssl 3.0, fixed in 3.1, 3.2; HIGH a finding without a name. "
        f"{FIX} {LINK}"
    )
    assert look(image).findings[1].digest == DIGEST


def test_eight_findings_are_listed_and_the_others_are_counted(image: ScannedImage) -> None:
    for number, rest in ((8, ""), (9, "; 1 more")):
        image.scanned(**COMPLETED, findings=[basic(f"C-{one}", "HIGH") for one in range(number)])
        listed = "; ".join(f"HIGH C-{one} in zlib 1.2" for one in range(8))
        assert look(image).reason == (
            f"{NAME} has findings at or above HIGH: {number} HIGH. {listed}{rest}. {FIX} {LINK}"
        )


def test_a_finding_on_two_platforms_is_listed_once(image: ScannedImage) -> None:
    image.index(*map(descriptor, CHILDREN[:2]))
    for digest in CHILDREN[:2]:
        image.scanned(digest=digest, **COMPLETED, findings=[basic("CVE-1", "HIGH")])
    report = look(image)
    assert report.reason.startswith(
        f"{NAME} has findings at or above HIGH: 2 HIGH. HIGH CVE-1 in zlib 1.2. {FIX}"
    )
    assert [one.digest for one in report.findings] == CHILDREN[:2]


def test_a_list_that_is_too_long_is_cut(image: ScannedImage) -> None:
    image.scanned(**COMPLETED, findings=[basic(f"C-{one}", "HIGH", "p" * 900) for one in range(8)])
    report = look(image)
    assert len(report.reason) == 1_000
    assert report.reason.endswith(f"p.... {FIX} {LINK}")


def test_a_pass(image: ScannedImage) -> None:
    found = [basic("CVE-2", "HIGH"), basic("CVE-1", "HIGH"), basic("CVE-1", "HIGH", "openssl")]
    image.scanned(**COMPLETED, findings=found)
    exceptions = tuple(Excepted(TODAY, "not reachable", cve=name) for name in ("CVE-1", "CVE-2"))
    report = look(image, exceptions=exceptions)
    assert report.reason == f"{NAME} has no findings at or above HIGH but those excepted: CVE-1, CVE-2"
    assert (report.state, report.digest, len(report.excepted)) == ("passed", DIGEST, 3)
    tagged = look(image, image="v1", exceptions=exceptions)
    assert tagged.reason.startswith("shop/checkout:v1@sha256:111111111111 has no findings")
    assert look(image, image="missing").reason.startswith("shop/checkout:missing: An error occurred")


def test_warnings_and_time_that_is_up(image: ScannedImage) -> None:
    image.scanned("FAILED")
    words = f"{NAME} has the scan status FAILED: the scan failed; scan it again"
    assert look(image, warn_only=True).reason == (f"Warning only: the image would be unreadable. {words}")
    image.scanned("PENDING")
    report = look(image)
    late = f"Time is up after 15 minutes, and the image does not pass. Last: {report.reason}"
    assert timed_out(request(), report, 900).reason == late
    warned = timed_out(request(warn_only=True), report, 900)
    assert (warned.state, warned.digest) == ("warned", DIGEST)
    assert warned.reason == f"Warning only: the image would be unreadable. {late}"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 seconds"), (60, "60 seconds"), (119, "119 seconds"), (120, "2 minutes"), (130, "130 seconds")],
)
def test_how_long_was_waited(image: ScannedImage, seconds: int, words: str) -> None:
    image.scanned("PENDING")
    assert timed_out(request(), look(image), seconds).reason.startswith(f"Time is up after {words}, and")


def test_what_is_waited_for_is_reported_once(image: ScannedImage) -> None:
    clock, lines = [0.0], list[str]()
    image.scanned("PENDING")

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        if clock[0] == 20:
            image.scanned("IN_PROGRESS")
        if clock[0] == 40:
            image.scanned(**COMPLETED, findings=[])

    report = wait(
        image.clients(),
        request(),
        Memory(),
        deadline=40,
        log=lines.append,
        sleep=sleep,
        now=lambda: clock[0],
    )
    assert (report.state, clock) == ("passed", [40.0])
    assert lines == [
        f"Waiting: {NAME}: the scan has not started",
        f"Waiting: {NAME}: the scan is running",
    ]


GIVEN = {"Registry": "1", "Region": "eu-west-1", "Repository": "a", "Image": "v1", "Severity": "HIGH"}
NAMES = "An exception names a vulnerability (Cve), a package (Package) or both; a Version needs a Package"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"Severity": "BAD"},
            "'BAD' is not a severity: CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNDEFINED",
        ),
        ({"Registry": ""}, "The registry is missing"),
        ({"Region": None}, "The region is missing"),
        ({"Repository": 7}, "The repository is missing"),
        ({"Image": ""}, "The image is missing"),
        ({"SettleSeconds": "59"}, "Findings settle in 60 seconds or more, not 59"),
        (
            {"SettleSeconds": "soon"},
            "The request can't be read: ValueError: invalid literal for int() with base 10: 'soon'",
        ),
        ({"Exceptions": [{}]}, NAMES),
        ({"Exceptions": [{"Version": "1", "Cve": "C"}]}, NAMES),
        ({"Exceptions": [{"Cve": "C"}]}, "The request can't be read: KeyError: 'Until'"),
        ({"Exceptions": [{"Cve": "C", "Until": 7}]}, "The Until of an exception is text, not 7"),
        (
            {"Exceptions": [{"Cve": "C", "Until": "2026-01-01", "Reason": " "}]},
            "The Reason of an exception is text, not ' '",
        ),
        (
            {"Exceptions": [{"Repository": "", "Reason": "x"}]},
            "The Repository of an exception is text, not ''",
        ),
        ({"Exceptions": [{"Repository": "a"}]}, "The request can't be read: KeyError: 'Reason'"),
    ],
)
def test_a_request_that_cannot_be_read(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        Request.of(GIVEN | change)
    assert str(caught.value) == words


def test_what_a_request_requires_where_nothing_is_given() -> None:
    made = Request.of(GIVEN)
    assert made == Request("1", "eu-west-1", "a", "v1")
    assert (made.severity, made.settle, made.signed_by, made.exceptions, made.unsupported) == (
        "HIGH",
        60,
        "",
        (),
        {},
    )
    assert (made.only_fixable, made.start_scan, made.warn_only) == (False, False, False)
    with_all = GIVEN | {"OnlyFixable": "true", "StartScan": "true", "WarnOnly": "true", "SignedBy": PROFILE}
    made = Request.of(with_all)
    assert (made.only_fixable, made.start_scan, made.warn_only, made.signed_by) == (True, True, True, PROFILE)


def test_an_artifact_is_nothing_to_scan(image: ScannedImage) -> None:
    image.index(descriptor(CHILDREN[0]))
    image.manifests[CHILDREN[0]] = image_manifest("application/vnd.cncf.helm.config.v1+json")
    assert look(image).reason == f"{NAME} has no image in it that can run: nothing to scan"


def test_findings_are_cut_only_where_they_do_not_fit() -> None:
    asked = request(region="eusc-de-east-1")  # no console, so no link
    lengths: dict[int, int] = {}
    for number in range(1, LENGTH):
        found = Vulnerability(
            id="C" * number,
            severity="HIGH",
            package="",
            packages=(),
            fixable=True,
            fixed_in="",
            digest=DIGEST,
        )
        words = refusal(asked, DIGEST, [found], [], TODAY)
        lengths["..." in words] = max(lengths.get("..." in words, 0), len(words))
    assert lengths == {False: LENGTH, True: LENGTH}
