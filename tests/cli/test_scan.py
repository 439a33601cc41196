"""`registry-constructs scan check` against the local AWS, also through a proxy that throttles and cuts."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.cli import run
from registry_constructs.delivery.scan_gate.handler import check as gate
from registry_constructs.local import LocalAws, images, registry
from tests.delivery.scan_gate.scanned_image import (
    ACCOUNT,
    CHILDREN,
    COMPLETED,
    DIGEST,
    NAME,
    REGION,
    ScannedImage,
    basic,
    descriptor,
    enhanced,
    image_manifest,
)
from tests.delivery.served_aws import ServedAws
from tests.live.conftest import Shell, account, shell  # noqa: F401 - fixtures
from tests.live.proxy import Proxy
from tests.live.test_faults import proxy, way  # noqa: F401 - fixtures

IMAGE = images.image({"app": b"checkout"})


@pytest.fixture
def uri(local_aws: LocalAws, account: str) -> str:  # noqa: F811
    place = {"account": account, "region": "eu-west-1"}
    local_aws.client("ecr", **place).create_repository(repositoryName="shop/checkout")
    registry.push(local_aws, "shop/checkout", IMAGE, tag="v1", **place)
    return f"{account}.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v1"


def told(aws: LocalAws, account: str, *severities: str, status: str = "COMPLETE") -> None:  # noqa: F811
    attributes = [{"key": "package_name", "value": "zlib"}]
    findings = [
        {"name": f"CVE-2026-{number}", "severity": severity, "attributes": attributes}
        for number, severity in enumerate(severities)
    ]
    page = {"findings": findings, "imageScanCompletedAt": 1_790_000_000}
    answer = {"imageScanStatus": {"status": status}, "imageScanFindings": page}
    where: dict[str, Any] = {"account": account, "region": "eu-west-1"}
    aws.set_image_answer(
        "DescribeImageScanFindings", answer, repository="shop/checkout", digest=IMAGE.digest, **where
    )


def test_it_passes_is_refused_and_is_excepted(local_aws: LocalAws, shell: Shell, uri: str) -> None:  # noqa: F811
    told(local_aws, shell.account, "MEDIUM")
    result = shell("scan", "check", "--image", uri)
    assert (result.status, result.out) == (
        0,
        f"Passed: shop/checkout:v1@{IMAGE.digest[:19]} has no findings at or above HIGH\n",
    )
    told(local_aws, shell.account, "MEDIUM", "CRITICAL")
    result = shell("scan", "check", "--image", uri)
    assert result.status == 3
    assert "CVE-2026-1" in result.out
    assert "CVE-2026-0" not in result.out
    report = json.loads(shell("scan", "check", "--image", uri, "--format", "json").out)
    assert (report["state"], report["digest"], len(report["findings"])) == ("refused", IMAGE.digest, 1)
    Path("exceptions.json").write_text('[{"cve": "CVE-2026-1", "until": "2999-01-01", "reason": "no"}]')
    assert shell("scan", "check", "--image", uri, "--exceptions", "exceptions.json").status == 0


def test_what_is_not_scanned_or_not_signed_does_not_pass(
    local_aws: LocalAws,
    shell: Shell,  # noqa: F811
    uri: str,
) -> None:
    result = shell("scan", "check", "--image", uri, "--timeout", "0s")
    assert (result.status, "it has no scan" in " ".join(result.out.split())) == (1, True)
    told(local_aws, shell.account, status="FAILED")
    assert shell("scan", "check", "--image", uri).status == 1
    told(local_aws, shell.account)
    profile = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/images"
    assert shell("scan", "check", "--image", uri, "--signed-by", profile).status == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["--image", "nginx"],
        ["--image", f"{'1' * 12}.dkr.ecr.eu-west-1.amazonaws.com/a:b", "--timeout", "soon"],
        ["--image", f"{'1' * 12}.dkr.ecr.eu-west-1.amazonaws.com/a:b", "--exceptions", "missing.json"],
    ],
)
def test_bad_input_ends_with_2(shell: Shell, arguments: list[str]) -> None:  # noqa: F811
    assert shell("scan", "check", *arguments).status == 2


LASTING: list[dict[str, Any]] = [
    {"error": {"code": "ThrottlingException"}},
    {"error": {"code": "ServerException", "status": 500}},
    {"error": {"code": "AccessDeniedException"}},
    {"reset": True},
    {"response": {"abort_frac": 0.5}},
    {"response": {"truncate_frac": 0.5}},
]


@pytest.mark.parametrize("operation", ["DescribeImages", "DescribeImageScanFindings"])
@pytest.mark.parametrize("rule", LASTING, ids=str)
def test_an_unread_scan_is_never_a_pass(
    local_aws: LocalAws,
    shell: Shell,  # noqa: F811
    uri: str,
    proxy: Proxy,  # noqa: F811
    operation: str,
    rule: dict[str, Any],
) -> None:
    told(local_aws, shell.account, "MEDIUM")
    proxy.rules({"service": "ecr", "operation": operation, **rule})
    check = ("scan", "check", "--image", uri, "--timeout", "0s")
    result = shell(*check, endpoint=proxy.url, AWS_MAX_ATTEMPTS="2")
    assert (result.status, bool(proxy.fired())) == (1, True), result.out
    proxy.rules({"service": "ecr", "operation": operation, **rule, "times": 1})
    assert shell(*check, endpoint=proxy.url).status in (0, 1)
    proxy.rules()
    assert shell(*check, endpoint=proxy.url).status == 0


# Served answers ---------------------------------------------------------------------------------------------


@pytest.fixture
def image(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScannedImage]:
    """An image whose answers the test writes; waiting takes no time."""
    real = gate.wait

    def waiting(*arguments: Any, **options: Any) -> gate.CheckResult:
        slept: list[float] = []
        clock = options.pop("now")
        return real(*arguments, **options, sleep=slept.append, now=lambda: clock() + sum(slept))

    monkeypatch.setattr(gate, "wait", waiting)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with ServedAws() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        yield ScannedImage(aws)


def scan(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{NAME}@{DIGEST}"
    with pytest.raises(SystemExit) as end:
        run(["scan", "check", "--image", uri, *arguments])
    out, err = capfd.readouterr()
    return int(end.value.code or 0), " ".join((out + err).split())


EMPTY: list[dict[str, Any]] = [{}, {"findings": []}, {"enhancedFindings": []}, {"findingSeverityCounts": {}}]


@pytest.mark.deploy
@pytest.mark.parametrize("status", ["COMPLETE", "ACTIVE"])
@pytest.mark.parametrize("page", EMPTY, ids=str)
def test_an_empty_answer_is_no_clean_one(
    image: ScannedImage, capfd: pytest.CaptureFixture[str], page: dict[str, Any], status: str
) -> None:
    image.scanned(status, **page)
    found, text = scan(capfd, "--timeout", "50s")
    assert (found, "Time is up after 50 seconds, " in text) == (1, True)
    image.covered()
    assert scan(capfd, "--timeout", "50s")[0] == 1
    found, text = scan(capfd)
    assert (found, "Passed: " in text) == (0, True)
    assert "have been the same for 0 of 60 seconds" in text
    assert scan(capfd, "--settle", "90s", "--timeout", "80s")[0] == 1
    assert scan(capfd, "--settle", "90s")[0] == 0


def test_it_waits_a_quarter_of_an_hour(image: ScannedImage, capfd: pytest.CaptureFixture[str]) -> None:
    image.scanned("ACTIVE")
    found, text = scan(capfd)
    assert (found, "Time is up after 15 minutes" in text) == (1, True)


def test_findings_that_arrive_late_refuse(image: ScannedImage, capfd: pytest.CaptureFixture[str]) -> None:
    image.covered()

    def growing(_: dict[str, Any]) -> dict[str, Any]:
        called = image.aws.calls["DescribeImageScanFindings"]
        there = [enhanced(f"CVE-{number}", "LOW") for number in range(called // 4)]
        there += [enhanced("CVE-LATE", "CRITICAL")] if called > 12 else []
        return {"imageScanStatus": {"status": "ACTIVE"}, "imageScanFindings": {"enhancedFindings": there}}

    image.scans[DIGEST] = growing
    found, text = scan(capfd)
    assert (found, "CVE-LATE" in text) == (3, True)


@pytest.mark.parametrize("reason", ["", "PENDING_INITIAL_SCAN", "UNSUPPORTED_OS"])
def test_a_finding_refuses_whatever_inspector_says_of_its_coverage(
    image: ScannedImage, capfd: pytest.CaptureFixture[str], tmp_path: Path, reason: str
) -> None:
    image.scanned("ACTIVE", enhancedFindings=[enhanced("CVE-1", "CRITICAL")])
    if reason:
        image.covered(reason)
    file = tmp_path / "exceptions.json"
    file.write_text(json.dumps([{"repository": NAME, "reason": "from scratch"}]))
    assert scan(capfd)[0] == 3
    assert scan(capfd, "--exceptions", str(file))[0] == 3


def test_an_image_that_docker_runs_is_scanned_whatever_type_its_config_has(
    image: ScannedImage, capfd: pytest.CaptureFixture[str]
) -> None:
    image.index(descriptor(CHILDREN[0]), descriptor(CHILDREN[1]))
    image.manifests[CHILDREN[1]] = image_manifest("application/octet-stream")
    image.scanned(digest=CHILDREN[0], **COMPLETED, findings=[])
    image.scanned(digest=CHILDREN[1], **COMPLETED, findings=[basic("CVE-1", "CRITICAL")])
    assert scan(capfd)[0] == 3


def test_a_time_of_day_that_jumps_is_no_time_that_passes(
    image: ScannedImage, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    image.covered()
    real, jumps = time.time, iter(range(1_000))
    monkeypatch.setattr(time, "time", lambda: real() + 3_600 * next(jumps))
    assert scan(capfd, "--timeout", "50s")[0] == 1
    assert scan(capfd, "--timeout", "80s")[0] == 0


def test_a_manifest_that_makes_no_sense_ends_with_1(
    image: ScannedImage, capfd: pytest.CaptureFixture[str]
) -> None:
    image.index(descriptor(CHILDREN[0]))
    image.aws.answers["BatchGetImage"] = lambda said: {
        "images": [{"imageId": said["imageIds"][0], "imageManifest": "[" * 100_000}]
    }
    status, text = scan(capfd)
    assert (status, "the answer can't be read: RecursionError" in text) == (1, True)


def test_a_coverage_that_cannot_be_read_names_the_right(
    image: ScannedImage, capfd: pytest.CaptureFixture[str]
) -> None:
    image.scanned("ACTIVE", enhancedFindings=[])
    image.denied("ListCoverage")
    found, text = scan(capfd)
    assert (found, "missing inspector2:ListCoverage on *" in text) == (1, True)


def test_a_role_reads_the_scans_of_another_account(
    image: ScannedImage, capfd: pytest.CaptureFixture[str]
) -> None:
    given = {"AccessKeyId": "ASIAOTHER", "SecretAccessKey": "s", "SessionToken": "t"}
    image.aws.answers["AssumeRole"] = lambda _: {
        "Credentials": given | {"Expiration": "2999-01-01T00:00:00Z"}
    }
    image.scanned(**COMPLETED, findings=[])
    assert scan(capfd, "--role", f"arn:aws:iam::{ACCOUNT}:role/Scans")[0] == 0
    assert image.aws.credentials["DescribeImageScanFindings"] == {"ASIAOTHER t"}


def test_warnings_only_ends_with_0_and_says_what_was_found(
    image: ScannedImage, capfd: pytest.CaptureFixture[str]
) -> None:
    image.scanned(**COMPLETED, findings=[basic("CVE-1", "CRITICAL")])
    assert scan(capfd)[0] == 3
    found, text = scan(capfd, "--warn-only")
    assert (found, "Warned: Warning only: the image would be refused" in text, "CVE-1" in text) == (
        0,
        True,
        True,
    )


EXCEPTED = [
    {"cve": "CVE-1"},
    {"package": "zlib"},
    {"package": "zlib", "version": "1.2"},
    {"cve": "CVE-1", "package": "zlib"},
]


@pytest.mark.parametrize("exception", EXCEPTED, ids=str)
def test_exceptions_of_each_kind(
    image: ScannedImage, capfd: pytest.CaptureFixture[str], tmp_path: Path, exception: dict[str, str]
) -> None:
    file = tmp_path / "exceptions.json"
    file.write_text(json.dumps([exception | {"until": "2999-01-01", "reason": "not reachable"}]))
    image.scanned(**COMPLETED, findings=[basic("CVE-1", "HIGH")])
    assert scan(capfd, "--exceptions", str(file))[0] == 0
    image.scanned(**COMPLETED, findings=[basic("CVE-2", "HIGH", "openssl")])
    assert scan(capfd, "--exceptions", str(file))[0] == 3


def test_an_image_that_no_scanner_reads_is_excepted_by_name(
    image: ScannedImage, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "exceptions.json"
    image.scanned("UNSUPPORTED_IMAGE")
    for repository, status in ((NAME, 0), ("shop/other", 1)):
        file.write_text(json.dumps([{"repository": repository, "reason": "from scratch"}]))
        assert scan(capfd, "--exceptions", str(file))[0] == status


ODD: list[Any] = [
    "{",
    "3",
    "{}",
    "[3]",
    "[[]]",
    '[{"cve": "CVE-1"}]',
    '[{"until": "2999-01-01", "reason": "x"}]',
    '[{"cve": "CVE-1", "until": "soon", "reason": "x"}]',
    '[{"cve": "CVE-1", "until": "2999-01-01", "reason": " "}]',
    '[{"cve": "CVE-1", "until": "2999-01-01", "reason": 3}]',
    '[{"cve": "CVE-1", "until": "2999-01-01", "reason": "x", "verison": "1"}]',
    '[{"cve": "CVE-1", "version": "1", "until": "2999-01-01", "reason": "x"}]',
    '[{"repository": "a", "reason": "x", "until": "2999-01-01"}]',
    "[" * 100_000,
]


@pytest.mark.parametrize("text", ODD, ids=lambda text: text[:60])
def test_exceptions_that_make_no_sense_end_with_2(
    image: ScannedImage, capfd: pytest.CaptureFixture[str], tmp_path: Path, text: str
) -> None:
    file = tmp_path / "exceptions.json"
    file.write_text(text)
    assert scan(capfd, "--exceptions", str(file))[0] == 2
    assert not image.aws.requests


@pytest.mark.parametrize("option", [("--settle", "59s"), ("--settle", "soon"), ("--timeout", "-1m")])
def test_times_that_make_no_sense_end_with_2(
    image: ScannedImage, capfd: pytest.CaptureFixture[str], option: tuple[str, str]
) -> None:
    assert scan(capfd, *option)[0] == 2
    assert not image.aws.requests


def test_the_policy_is_printed_and_has_all_that_the_check_calls(
    image: ScannedImage, capfd: pytest.CaptureFixture[str]
) -> None:
    profile = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/images"
    options = ("--signed-by", profile, "--start-scan")
    status, text = scan(capfd, *options, "--policy")
    ecr, inspector = json.loads(text)["Statement"]
    assert (status, image.aws.requests) == (0, [])
    assert ecr["Resource"] == f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{NAME}"
    assert (inspector["Resource"], len(inspector["Action"])) == ("*", 2)
    image.index(descriptor(CHILDREN[0]))
    assert scan(capfd, *options, "--timeout", "0s")[0] == 1
    image.scanned("ACTIVE", digest=CHILDREN[0], enhancedFindings=[])
    image.covered(digest=CHILDREN[0])
    image.signing = [{"signingProfileArn": profile, "status": "COMPLETE"}]
    assert scan(capfd, *options)[0] == 0
    called = {f"ecr:{name}" for name in image.aws.calls if name != "ListCoverage"}
    assert called == set(ecr["Action"])
    assert json.loads(scan(capfd, "--policy")[1])["Statement"][0]["Action"] == ecr["Action"][:3]
