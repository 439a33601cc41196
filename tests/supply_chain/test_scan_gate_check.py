"""The check of an image against ECR's answers, through boto3: what passes, waits and is refused."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs.supply_chain.scan_gate.handler import scans
from registry_constructs.supply_chain.scan_gate.handler.check import (
    BadRequestError,
    Excepted,
    Report,
    Request,
    check,
    timed_out,
    wait,
)

DIGEST = f"sha256:{'1' * 64}"
CHILDREN = [f"sha256:{'2' * 64}", f"sha256:{'3' * 64}"]
TODAY = datetime.date(2026, 11, 26)
WHERE = {"registryId": "111122223333", "repositoryName": "shop/checkout"}
PROFILE = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/images"
INDEX = "application/vnd.oci.image.index.v1+json"


def request(**said: Any) -> Request:
    given = {
        "registry": "111122223333",
        "region": "eu-west-1",
        "repository": "shop/checkout",
        "image": DIGEST,
    }
    return Request(**(given | said))


@contextlib.contextmanager
def ecr() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("ecr", region_name="eu-west-1", aws_access_key_id="1", aws_secret_access_key="2")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def described(stubber: Stubber, *, media: str = "", digest: str = DIGEST, tag: str = "") -> None:
    image = {"imageDigest": digest} | ({"imageManifestMediaType": media} if media else {})
    asked = {"imageTag": tag} if tag else {"imageDigest": digest}
    stubber.add_response("describe_images", {"imageDetails": [image]}, WHERE | {"imageIds": [asked]})


def scanned(
    stubber: Stubber,
    status: str | None = "COMPLETE",
    *,
    digest: str = DIGEST,
    token: str = "",
    after: str = "",
    **findings: Any,
) -> None:
    answer: dict[str, Any] = {"imageScanFindings": findings}
    if status:
        answer["imageScanStatus"] = {"status": status}
    if token:
        answer["nextToken"] = token
    asked = WHERE | {"imageId": {"imageDigest": digest}, "maxResults": 1000}
    stubber.add_response(
        "describe_image_scan_findings", answer, asked | ({"nextToken": after} if after else {})
    )


def basic(name: str, severity: str) -> dict[str, Any]:
    attributes = [{"key": "package_name", "value": "zlib"}, {"key": "package_version", "value": "1.2"}]
    return {"name": name, "severity": severity, "attributes": attributes}


def enhanced(name: str, severity: str, status: str = "ACTIVE", fix: str = "YES") -> dict[str, Any]:
    package = {"name": "openssl", "version": "3.0", "fixedInVersion": "3.1"}
    return {
        "severity": severity,
        "status": status,
        "fixAvailable": fix,
        "packageVulnerabilityDetails": {"vulnerabilityId": name, "vulnerablePackages": [package]},
    }


def checked(
    *, status: str | None = "COMPLETE", said: dict[str, Any] | None = None, **findings: Any
) -> Report:
    with ecr() as (client, stubber):
        described(stubber)
        scanned(stubber, status, **findings)
        return check(client, request(**(said or {})), today=TODAY)


STATES = {
    "COMPLETE": "passed",
    "ACTIVE": "passed",
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
    None: "waiting",
}


@pytest.mark.parametrize("status", STATES)
def test_every_status_has_its_meaning(status: str | None) -> None:
    report = checked(status=status, findings=[])
    assert report.state == STATES[status]
    assert report.reason.startswith("shop/checkout@sha256:1")
    assert status in report.reason or STATES[status] != "unreadable" if status else True


def test_every_status_of_the_api_is_known() -> None:
    model = botocore.session.get_session().get_service_model("ecr")
    assert set(model.shape_for("ScanStatus").enum) <= STATES.keys()
    known = set(model.shape_for("FindingSeverity").enum)
    assert known == set(scans.SEVERITIES)


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
def test_findings_from_the_bar_up_are_refused(make: Any, bar: str, severity: str, state: str) -> None:
    key = "findings" if make is basic else "enhancedFindings"
    report = checked(said={"severity": bar}, **{key: [make("CVE-2026-1", severity)]})
    assert report.state == state


def test_what_inspector_has_not_judged_counts_as_undefined() -> None:
    finding = enhanced("CVE-2026-1", "UNTRIAGED")
    assert checked(enhancedFindings=[finding]).state == "passed"
    assert checked(said={"severity": "UNDEFINED"}, enhancedFindings=[finding]).state == "refused"


def test_a_severity_that_nobody_knows_counts_as_the_worst() -> None:
    assert checked(enhancedFindings=[enhanced("CVE-2026-1", "APOCALYPTIC")]).state == "refused"


@pytest.mark.parametrize(
    ("status", "state"), [("CLOSED", "passed"), ("SUPPRESSED", "passed"), ("NEW", "refused")]
)
def test_closed_and_suppressed_findings_do_not_count(status: str, state: str) -> None:
    assert checked(status="ACTIVE", enhancedFindings=[enhanced("CVE-2026-1", "HIGH", status)]).state == state


def test_only_fixable_leaves_out_what_has_no_fix() -> None:
    found = [enhanced(f"CVE-2026-{fix}", "HIGH", fix=fix) for fix in ("YES", "NO", "PARTIAL")]
    report = checked(said={"only_fixable": True}, enhancedFindings=found, findings=[basic("CVE-1", "HIGH")])
    assert [one.id for one in report.findings] == ["CVE-1", "CVE-2026-PARTIAL", "CVE-2026-YES"]


def test_exceptions_hold_to_the_end_of_their_day() -> None:
    def state(until: datetime.date) -> Report:
        exception = Excepted("CVE-2026-1", until, "not reachable")
        return checked(said={"exceptions": (exception,)}, findings=[basic("CVE-2026-1", "CRITICAL")])

    assert state(TODAY).state == "passed"
    assert "CVE-2026-1" in state(TODAY).reason
    late = state(TODAY - datetime.timedelta(days=1))
    assert late.state == "refused"
    assert "excepted until 2026-11-25" in late.reason


def test_all_pages_are_read() -> None:
    with ecr() as (client, stubber):
        described(stubber)
        scanned(stubber, findings=[basic("CVE-2026-1", "LOW")], token="more")
        scanned(stubber, findings=[basic("CVE-2026-2", "HIGH")], after="more")
        report = check(client, request(), today=TODAY)
    assert (report.state, [one.id for one in report.findings]) == ("refused", ["CVE-2026-2"])


@pytest.mark.parametrize("status", ["COMPLETE", "ACTIVE"])
def test_counts_without_the_findings_are_no_pass(status: str) -> None:
    report = checked(status=status, findingSeverityCounts={"HIGH": 2, "LOW": 0}, findings=[])
    assert (report.state, "counted (HIGH)" in report.reason) == ("waiting", True)


def test_an_answer_without_findings_is_no_pass() -> None:
    with ecr() as (client, stubber):
        described(stubber)
        stubber.add_response("describe_image_scan_findings", {"imageScanStatus": {"status": "COMPLETE"}})
        assert check(client, request()).state == "waiting"
    with ecr() as (client, stubber):
        stubber.add_response("describe_images", {})
        assert check(client, request()).state == "waiting"


def test_a_tag_is_resolved_and_named_with_its_digest() -> None:
    with ecr() as (client, stubber):
        described(stubber, tag="v1")
        scanned(stubber, findings=[])
        report = check(client, request(image="v1"))
    assert (report.state, report.digest) == ("passed", DIGEST)
    assert report.reason.startswith("shop/checkout:v1@sha256:1")


def manifest(stubber: Stubber, *children: dict[str, Any]) -> None:
    text = json.dumps({"manifests": list(children)})
    stubber.add_response("batch_get_image", {"images": [{"imageManifest": text}]})


def platform(digest: str, architecture: str = "amd64") -> dict[str, Any]:
    os = "unknown" if architecture == "unknown" else "linux"
    return {"digest": digest, "platform": {"os": os, "architecture": architecture}}


def test_each_image_of_an_index_is_checked_and_attestations_are_not() -> None:
    with ecr() as (client, stubber):
        described(stubber, media=INDEX)
        manifest(stubber, *map(platform, CHILDREN), platform(DIGEST, "unknown"))
        scanned(stubber, digest=CHILDREN[0], findings=[])
        scanned(stubber, digest=CHILDREN[1], findings=[basic("CVE-2026-1", "HIGH")])
        report = check(client, request())
    assert (report.state, report.digest, report.findings[0].digest) == ("refused", DIGEST, CHILDREN[1])


def test_an_index_waits_for_all_of_its_images() -> None:
    with ecr() as (client, stubber):
        described(stubber, media=INDEX)
        manifest(stubber, *map(platform, CHILDREN))
        scanned(stubber, "PENDING", digest=CHILDREN[0])
        scanned(stubber, digest=CHILDREN[1], findings=[])
        assert check(client, request()).state == "waiting"


def test_an_index_without_images_does_not_pass() -> None:
    with ecr() as (client, stubber):
        described(stubber, media=INDEX)
        manifest(stubber, platform(DIGEST, "unknown"))
        assert check(client, request()).state == "unreadable"
    with ecr() as (client, stubber):
        described(stubber, media=INDEX)
        stubber.add_response("batch_get_image", {"images": []})
        assert check(client, request()).state == "waiting"


@pytest.mark.parametrize(
    ("code", "status", "state"),
    [
        ("ImageNotFoundException", 400, "unreadable"),
        ("RepositoryNotFoundException", 400, "unreadable"),
        ("AccessDeniedException", 400, "unreadable"),
        ("ScanNotFoundException", 400, "waiting"),
        ("ThrottlingException", 400, "waiting"),
        ("TooManyRequestsException", 429, "waiting"),
        ("ServerException", 500, "waiting"),
        ("ServiceUnavailable", 503, "waiting"),
    ],
)
def test_what_ecr_refuses_is_never_a_pass(code: str, status: int, state: str) -> None:
    with ecr() as (client, stubber):
        described(stubber)
        stubber.add_client_error("describe_image_scan_findings", code, http_status_code=status)
        report = check(client, request())
    assert report.state == state
    assert report.reason


@pytest.mark.parametrize(
    ("error", "state"),
    [(EndpointConnectionError(endpoint_url="https://ecr"), "waiting"), (NoCredentialsError(), "unreadable")],
)
def test_without_a_connection_or_credentials_nothing_passes(error: Exception, state: str) -> None:
    class Gone:
        def describe_images(self, **_: Any) -> Any:
            raise error

    assert check(Gone(), request()).state == state


@pytest.mark.parametrize("refusal", ["", "LimitExceededException", "ValidationException"])
def test_a_scan_is_started_if_nobody_scans(refusal: str) -> None:
    with ecr() as (client, stubber):
        described(stubber)
        stubber.add_client_error("describe_image_scan_findings", "ScanNotFoundException")
        if refusal:
            stubber.add_client_error("start_image_scan", refusal)
        else:
            stubber.add_response("start_image_scan", {}, WHERE | {"imageId": {"imageDigest": DIGEST}})
        assert check(client, request(start_scan=True)).state == "waiting"


def test_a_scan_that_can_never_start_is_said() -> None:
    with ecr() as (client, stubber):
        described(stubber)
        stubber.add_client_error("describe_image_scan_findings", "ScanNotFoundException")
        stubber.add_client_error("start_image_scan", "UnsupportedImageTypeException", "a chart")
        report = check(client, request(start_scan=True))
    assert (report.state, "a chart" in report.reason) == ("unreadable", True)


@pytest.mark.parametrize(
    ("statuses", "state", "words"),
    [
        ([{"signingProfileArn": PROFILE, "status": "COMPLETE"}], "passed", "no findings"),
        ([{"signingProfileArn": PROFILE, "status": "IN_PROGRESS"}], "waiting", "being signed"),
        (
            [{"signingProfileArn": PROFILE, "status": "FAILED", "failureReason": "no right"}],
            "refused",
            "no right",
        ),
        ([{"signingProfileArn": f"{PROFILE}2", "status": "COMPLETE"}], "refused", "images2"),
        ([], "refused", "nobody"),
    ],
)
def test_a_signature_is_demanded(statuses: list[dict[str, str]], state: str, words: str) -> None:
    with ecr() as (client, stubber):
        described(stubber)
        scanned(stubber, findings=[])
        asked = WHERE | {"imageId": {"imageDigest": DIGEST}}
        stubber.add_response("describe_image_signing_status", {"signingStatuses": statuses}, asked)
        report = check(client, request(signed_by=PROFILE))
    assert (report.state, words in report.reason) == (state, True)


def test_the_reason_names_the_worst_first_and_fits_into_an_event() -> None:
    found = [basic(f"CVE-2026-{number:05}", "HIGH") for number in range(500)] + [basic("CVE-9", "CRITICAL")]
    report = checked(findings=found)
    assert "1 CRITICAL, 500 HIGH. CRITICAL CVE-9 in zlib 1.2; HIGH CVE-2026-00000" in report.reason
    assert "493 more" in report.reason
    assert report.reason.endswith(f"{DIGEST}/details?region=eu-west-1")
    assert len(report.reason) <= 1000


def test_waiting_ends_at_the_deadline() -> None:
    clock = [0.0]
    told: list[str] = []

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    with ecr() as (client, stubber):
        for _ in range(4):
            described(stubber)
            scanned(stubber, "IN_PROGRESS")
        report = wait(client, request(), deadline=30, tell=told.append, sleep=sleep, now=lambda: clock[0])
    assert (report.state, clock, len(told)) == ("waiting", [30.0], 1)
    late = timed_out(report, "15")
    assert (late.state, "15 minutes" in late.reason, "running" in late.reason) == ("unreadable", True, True)


@pytest.mark.parametrize(
    "change",
    [
        {"Severity": "BAD"},
        {"Image": ""},
        {"Registry": None},
        {"Exceptions": [{"Cve": "CVE-1", "Until": "soon", "Reason": "x"}]},
        {"Exceptions": [{"Cve": "CVE-1"}]},
        {"Exceptions": "none"},
        {"Exceptions": 3},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    given = {"Registry": "1", "Region": "eu-west-1", "Repository": "a", "Image": "v1", "Severity": "HIGH"}
    assert Request.of(given).image == "v1"
    with pytest.raises(BadRequestError):
        Request.of(given | change)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_a_malformed_request_is_told_as_such(said: Any) -> None:
    given = {"Registry": "1", "Region": "eu-west-1", "Repository": "a", "Image": "v1", "Severity": "HIGH"}
    try:
        made = Request.of(given | {"Exceptions": said})
    except BadRequestError:
        return
    assert made.exceptions == () or all(one.cve and one.reason for one in made.exceptions)


FINDING = st.fixed_dictionaries(
    {"severity": st.sampled_from([*scans.SEVERITIES, "UNTRIAGED", "", "odd"])},
    optional={
        "name": st.text(max_size=12),
        "status": st.sampled_from(["ACTIVE", "CLOSED", "SUPPRESSED", "", "odd"]),
        "attributes": st.lists(st.fixed_dictionaries({"key": st.text(max_size=4)}), max_size=2),
        "packageVulnerabilityDetails": st.fixed_dictionaries(
            {}, optional={"vulnerabilityId": st.text(max_size=9)}
        ),
    },
)


@given(st.lists(FINDING, max_size=5), st.lists(FINDING, max_size=5), st.sampled_from(scans.SEVERITIES))
def test_it_passes_only_if_nothing_counts(old: list[Any], new: list[Any], bar: str) -> None:
    class Ecr:
        def describe_images(self, **_: Any) -> Any:
            return {"imageDetails": [{"imageDigest": DIGEST}]}

        def describe_image_scan_findings(self, **_: Any) -> Any:
            page = {"findings": old, "enhancedFindings": new}
            return {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": page}

    rank = {name: place for place, name in enumerate(scans.SEVERITIES)} | {"UNTRIAGED": 0}
    counting = old + [one for one in new if one.get("status") not in ("CLOSED", "SUPPRESSED")]
    bad = any(rank.get(one["severity"], 5) >= rank[bar] for one in counting)
    report = check(Ecr(), request(severity=bar))
    assert report.state == ("refused" if bad else "passed")
    assert len(report.reason) <= 1000
