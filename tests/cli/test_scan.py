"""`registry-constructs scan check` against the local AWS, also through a proxy that throttles and cuts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.local import LocalAws, images, registry
from tests.operations.conftest import Shell, account, shell  # noqa: F401 - fixtures
from tests.operations.test_faults import Proxy, proxy, way  # noqa: F401 - fixtures

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
    answer = {"imageScanStatus": {"status": status}, "imageScanFindings": {"findings": findings}}
    where: dict[str, Any] = {"account": account, "region": "eu-west-1"}
    aws.tell_image(
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
    assert (result.status, "nobody has scanned it" in " ".join(result.out.split())) == (1, True)
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
