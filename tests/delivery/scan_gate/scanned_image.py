"""An image in a served AWS: what ECR, Inspector and Signer answer about it, as a test configures them."""

from __future__ import annotations

import datetime
import functools
import json
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from registry_constructs.delivery.scan_gate.handler.check import CheckResult, Memory, check
from registry_constructs.delivery.scan_gate.handler.findings import Excepted
from registry_constructs.delivery.scan_gate.handler.request import Request
from tests.delivery.served_aws import Answer, ServedAws, error

ACCOUNT, REGION, NAME = "111122223333", "eu-west-1", "shop/checkout"
DIGEST = f"sha256:{'1' * 64}"
CHILDREN = [f"sha256:{character * 64}" for character in "23456"]
PUSHED = 1_790_000_000.0
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/images"
TODAY = datetime.date(2026, 11, 26)
COMPLETED: dict[str, Any] = {"imageScanCompletedAt": PUSHED + 30}
REASONS: list[str] = (
    botocore.session.get_session().get_service_model("inspector2").shape_for("ScanStatusReason").enum  # type: ignore[attr-defined]
)


class ScannedImage:
    """An image, and what is known of it.

    Attributes:
        aws: Where it is served.
        tags: Digests by tag.
        media: Media types by digest; an image's manifest unless it is here, None for no answer.
        pushed: When each digest was pushed; `PUSHED` unless it is here.
        manifests: Manifests by digest; an image's unless it is here, None for one that is missing.
        scans: The answer, or the pages of it, by digest.
        coverage: Inspector's, by digest: the status's reason, and when it was scanned.
        signing: The signing statuses.
    """

    def __init__(self, aws: ServedAws) -> None:
        self.aws = aws
        aws.calls.clear()
        aws.requests.clear()
        aws.credentials.clear()
        self.tags = {"v1": DIGEST}
        self.media: dict[str, str | None] = {}
        self.pushed: dict[str, float | None] = {}
        self.manifests: dict[str, Any] = {}
        self.scans: dict[str, Any] = {}
        self.coverage: dict[str, tuple[str, float | None]] = {}
        self.signing: list[dict[str, Any]] = []
        aws.answers = {
            "DescribeImages": self._images,
            "BatchGetImage": self._manifests,
            "DescribeImageScanFindings": self._scan,
            "ListCoverage": self._coverage,
            "StartImageScan": lambda _: {},
            "DescribeImageSigningStatus": lambda _: {"signingStatuses": self.signing},
        }

    def clients(self) -> Any:
        """Clients that come here, once each attempt."""
        return functools.partial(_client, self.aws.url)

    def index(self, *children: dict[str, Any]) -> None:
        """Make the image an index."""
        self.media[DIGEST] = INDEX
        self.manifests[DIGEST] = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(children)}

    def scanned(self, status: str = "COMPLETE", *, digest: str = DIGEST, **page: Any) -> None:
        """Have ECR answer with a scan."""
        self.scans[digest] = {"imageScanStatus": {"status": status}, "imageScanFindings": page}

    def covered(
        self, reason: str = "SUCCESSFUL", *, digest: str = DIGEST, at: float | None = PUSHED + 60
    ) -> None:
        """Have Inspector's coverage list it."""
        self.coverage[digest] = (reason, at)

    def denied(self, operation: str) -> None:
        """Refuse an operation."""
        self.aws.answers[operation] = lambda _: error("AccessDeniedException", "not authorized")

    def _images(self, request: dict[str, Any]) -> Answer:
        found = []
        for one in request["imageIds"]:
            digest = one.get("imageDigest") or self.tags.get(one["imageTag"])
            if digest is None:
                return error("ImageNotFoundException", "there is no such image")
            pushed = self.pushed.get(digest, PUSHED)
            media = self.media.get(digest, MANIFEST)
            image = {"imageDigest": digest, "imageManifestMediaType": media, "imagePushedAt": pushed}
            found.append({name: value for name, value in image.items() if value is not None})
        return {"imageDetails": found}

    def _manifests(self, request: dict[str, Any]) -> Answer:
        found = []
        for one in request["imageIds"]:
            manifest = self.manifests.get(one["imageDigest"], image_manifest())
            if manifest is not None:
                kind = self.media.get(one["imageDigest"])
                described = {} if kind is None else {"imageManifestMediaType": kind}
                found.append({"imageId": one, "imageManifest": json.dumps(manifest), **described})
        return {"images": found, "failures": []}

    def _scan(self, request: dict[str, Any]) -> Answer:
        answer = self.scans.get(request["imageId"]["imageDigest"])
        if answer is None:
            return error("ScanNotFoundException", "no scan")
        if callable(answer):
            return answer(request)
        return answer[int(request.get("nextToken", "0"))] if isinstance(answer, list) else answer

    def _coverage(self, request: dict[str, Any]) -> Answer:
        [asked] = request["filterCriteria"]["resourceId"]
        found = []
        for digest, (reason, at) in self.coverage.items():
            arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{NAME}/{digest}"
            resource = {
                "resourceId": arn,
                "resourceType": "AWS_ECR_CONTAINER_IMAGE",
                "accountId": ACCOUNT,
                "scanType": "PACKAGE",
                "scanStatus": {"statusCode": "ACTIVE", "reason": reason},
            }
            if arn == asked["value"]:
                found.append(resource | ({} if at is None else {"lastScannedAt": at}))
        return {"coveredResources": found}


@functools.cache
def _client(url: str, service: str) -> Any:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=5)
    keys = {"aws_access_key_id": "1", "aws_secret_access_key": "2"}
    return boto3.client(service, region_name=REGION, endpoint_url=url, config=config, **keys)  # type: ignore[call-overload]


def request(**options: Any) -> Request:
    given = {"registry": ACCOUNT, "region": REGION, "repository": NAME, "image": DIGEST}
    return Request(**(given | options))


def look(
    served: ScannedImage, /, memory: Memory | None = None, *, at: float = 0.0, **options: Any
) -> CheckResult:
    """The report of one look, at some second."""
    return check(served.clients(), request(**options), memory or Memory(), now=lambda: at, today=TODAY)


def checked(served: ScannedImage, *, options: dict[str, Any] | None = None, **page: Any) -> CheckResult:
    """The report of a finished basic scan."""
    served.scanned(**COMPLETED, **page)
    return look(served, **(options or {}))


def settled(served: ScannedImage, **options: Any) -> CheckResult:
    """The report once the answers have been the same for long enough."""
    memory = Memory()
    first = look(served, memory, **options)
    return look(served, memory, at=60.0, **options) if first.state == "waiting" else first


def excepted(cve: str = "", package: str = "", version: str = "", until: datetime.date = TODAY) -> Excepted:
    return Excepted(until, "not reachable", cve, package, version)


def image_manifest(config: str = CONFIG, **more: Any) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": MANIFEST, "config": {"mediaType": config}, **more}


def descriptor(digest: str, architecture: str = "amd64", **more: Any) -> dict[str, Any]:
    os = "unknown" if architecture == "unknown" else "linux"
    return {
        "mediaType": MANIFEST,
        "digest": digest,
        "platform": {"os": os, "architecture": architecture},
        **more,
    }


def basic(name: str, severity: str, package: str = "zlib", version: str = "1.2") -> dict[str, Any]:
    attributes = [{"key": "package_name", "value": package}, {"key": "package_version", "value": version}]
    return {"name": name, "severity": severity, "attributes": attributes}


def enhanced(
    name: str, severity: str, status: str = "ACTIVE", fix: str = "YES", packages: Any = None, **more: Any
) -> dict[str, Any]:
    package = {"name": "openssl", "version": "3.0", "fixedInVersion": "3.1"}
    return {
        "severity": severity,
        "status": status,
        "fixAvailable": fix,
        "packageVulnerabilityDetails": {
            "vulnerabilityId": name,
            "vulnerablePackages": [package] if packages is None else packages,
        },
        **more,
    }
