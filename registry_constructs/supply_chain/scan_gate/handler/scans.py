"""Reads what ECR knows of an image: its digest, its platforms' images, scans and signatures.

What is not there yet raises `NotYet`, what will never be there `Unreadable`. Nothing that could not be read
counts as nothing found.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectionError,  # noqa: A004 - botocore's own name
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError

SEVERITIES = ("UNDEFINED", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")
"""From the least to the worst. Inspector calls what it has not judged UNTRIAGED, basic scanning UNDEFINED."""

_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_LASTING = "never becomes a scan that can be read"
_WAITING = {"IN_PROGRESS": "the scan is running", "PENDING": "the scan has not started"}
_READABLE = ("COMPLETE", "ACTIVE")
# ScanStatus of the ECR API reference, and IMAGE_SIZE_EXCEEDED, which Inspector has beside it.
_FAILED = {
    "FAILED": "the scan failed; scan it again",
    "UNSUPPORTED_IMAGE": "the scanner does not know its operating system or media type",
    "SCAN_ELIGIBILITY_EXPIRED": "Inspector no longer watches it, so what it found is old; push it again, or "
    "watch it for longer",
    "FINDINGS_UNAVAILABLE": "the findings are no longer kept; scan it again",
    "LIMIT_EXCEEDED": "a quota of the scanner is used up; scan it tomorrow",
    "IMAGE_ARCHIVED": "it is in the archive; restore it",
    "IMAGE_SIZE_EXCEEDED": "it is too big for the scanner",
}
_THROTTLING = ("TooManyRequestsException", "RequestLimitExceeded", "SlowDown")
_PASSING = (
    ConnectionClosedError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ResponseParserError,
    ResponseStreamingError,
)


class NotYet(Exception):  # noqa: N818 - no error: it is worth asking again
    """What is not there yet."""


class Unreadable(Exception):  # noqa: N818 - a result, in words for people
    """What will not be there however long one waits."""


@dataclass(frozen=True)
class Finding:
    """A vulnerability of one image.

    Attributes:
        id: Such as `CVE-2026-1234`.
        severity: One of `SEVERITIES`.
        package: Its package and version; empty if the scanner names none.
        fixed_in: The version without it; empty if unknown.
        fixable: False only where the scanner says that there is no fix.
        digest: The image's, which for an index is that of one platform.
    """

    id: str
    severity: str
    package: str
    fixed_in: str
    fixable: bool
    digest: str


class Registry:
    """One repository, as the check reads it.

    Args:
        ecr: A client of the repository's Region.
        registry: The account of the registry.
        repository: The repository's name.
    """

    def __init__(self, ecr: Any, registry: str, repository: str) -> None:  # noqa: ANN401 - the stubs are not in Lambda
        self._ecr = ecr
        self._in = {"registryId": registry, "repositoryName": repository}
        self.repository = repository

    def images(self, identifier: dict[str, str]) -> tuple[str, list[str]]:
        """The image's digest, and the digests that are scanned: its own, or those of an index's platforms."""
        with asking(self._name(identifier)):
            details = self._ecr.describe_images(**self._in, imageIds=[identifier]).get("imageDetails")
        if not details or not details[0].get("imageDigest"):
            raise NotYet(f"{self._name(identifier)}: ECR's answer can't be read")
        [image] = details[:1]
        digest: str = image["imageDigest"]
        if image.get("imageManifestMediaType") not in _INDEXES:
            return digest, [digest]
        return digest, self._children(digest)

    def findings(self, digest: str, *, start: bool) -> list[Finding]:
        """What a scan of an image found and is neither closed nor suppressed."""
        found: list[Finding] = []
        counted: dict[str, int] = {}
        seen: set[str] = set()
        token: dict[str, str] = {}
        while True:
            answer = self._scan(digest, token, start=start)
            self._check_status(digest, answer.get("imageScanStatus") or {})
            page = answer.get("imageScanFindings")
            if not isinstance(page, dict):
                raise NotYet(f"{self._name(digest)}: the scan's findings are not there yet")
            counted |= page.get("findingSeverityCounts") or {}
            for one in page.get("findings") or ():
                seen.add(_severity(one))
                found.append(_basic(one, digest))
            for one in page.get("enhancedFindings") or ():
                seen.add(_severity(one))
                if one.get("status") not in ("CLOSED", "SUPPRESSED"):
                    found.append(_enhanced(one, digest))
            if not answer.get("nextToken"):
                break
            token = {"nextToken": answer["nextToken"]}
        # The counts are made apart from the list: a list that is short of what was counted was cut off.
        if missing := {_known(name) for name, count in counted.items() if count} - seen:
            names = ", ".join(sorted(missing))
            raise NotYet(f"{self._name(digest)}: findings are counted ({names}) that the list lacks")
        return found

    def check_signature(self, digest: str, profile: str) -> None:
        """Return only if managed signing has signed the image with a profile."""
        with asking(self._name(digest)):
            answer = self._ecr.describe_image_signing_status(**self._in, imageId={"imageDigest": digest})
        statuses = answer.get("signingStatuses")
        if statuses is None:
            raise NotYet(f"{self._name(digest)}: ECR's answer about signatures can't be read")
        found = [one for one in statuses if one.get("signingProfileArn") == profile]
        if any(one.get("status") == "COMPLETE" for one in found):
            return
        if any(one.get("status") == "IN_PROGRESS" for one in found):
            raise NotYet(f"{self._name(digest)}: it is being signed with {profile}")
        if not found:
            others = ", ".join(str(one.get("signingProfileArn")) for one in statuses) or "nobody"
            raise Unsigned(
                f"{self._name(digest)} is not signed with {profile}, but by {others}. A rule of managed "
                "signing has to match the repository before the image is pushed: push it again"
            )
        why = found[0].get("failureReason") or found[0].get("failureCode") or found[0].get("status")
        raise Unsigned(f"{self._name(digest)}: signing with {profile} failed: {why}. Push it again")

    def _scan(self, digest: str, token: dict[str, str], *, start: bool) -> dict[str, Any]:
        try:
            with asking(self._name(digest)):
                answer: dict[str, Any] = self._ecr.describe_image_scan_findings(
                    **self._in, imageId={"imageDigest": digest}, maxResults=1000, **token
                )
        except _ScanNotFound:
            if start:
                self._start(digest)
            raise NotYet(
                f"{self._name(digest)}: nobody has scanned it. Scan on push, or let the gate start scans"
            ) from None
        return answer

    def _start(self, digest: str) -> None:
        try:
            with asking(self._name(digest)):
                self._ecr.start_image_scan(**self._in, imageId={"imageDigest": digest})
        except _CannotStart:
            # Scanned in the last 24 hours already, or by Inspector, which takes no orders: wait for that.
            return

    def _check_status(self, digest: str, status: dict[str, Any]) -> None:
        name = status.get("status")
        said = f" ({status['description']})" if status.get("description") else ""
        if name in _READABLE:
            return
        if name in _WAITING:
            raise NotYet(f"{self._name(digest)}: {_WAITING[name]}{said}")
        if not name:
            raise NotYet(f"{self._name(digest)}: ECR names no scan status")
        meaning = _FAILED.get(name, _LASTING)
        raise Unreadable(f"{self._name(digest)} has the scan status {name}: {meaning}{said}")

    def _children(self, digest: str) -> list[str]:
        with asking(self._name(digest)):
            answer = self._ecr.batch_get_image(
                **self._in, imageIds=[{"imageDigest": digest}], acceptedMediaTypes=list(_INDEXES)
            )
        try:
            manifest = json.loads(answer["images"][0]["imageManifest"])
            children = [child["digest"] for child in manifest["manifests"] if _runs(child)]
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            raise NotYet(f"{self._name(digest)}: the index can't be read") from None
        if not children:
            raise Unreadable(f"{self._name(digest)} is an index without an image in it: nothing to scan")
        return children

    def _name(self, image: str | dict[str, str]) -> str:
        if isinstance(image, dict):
            image = image.get("imageDigest") or f":{image.get('imageTag')}"
        return f"{self.repository}{image}" if image.startswith(":") else f"{self.repository}@{image[:19]}"


class Unsigned(Exception):  # noqa: N818 - a result, in words for people
    """An image without the signature that is demanded."""


class _ScanNotFound(Exception):  # noqa: N818
    pass


class _CannotStart(Exception):  # noqa: N818
    pass


@contextlib.contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn what boto3 raises into `NotYet` if it may pass, and into `Unreadable` if not."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code == "ScanNotFoundException":
            raise _ScanNotFound from error
        if error.operation_name == "StartImageScan" and code in (
            "LimitExceededException",
            "ValidationException",
        ):
            raise _CannotStart from error
        if "Throttl" in code or code in _THROTTLING or status >= 500 or code == "ServerException":
            raise NotYet(f"{what}: {error}") from error
        raise Unreadable(f"{what}: {error}") from error
    except _PASSING as error:
        raise NotYet(f"{what}: {type(error).__name__}: {error}") from error
    except BotoCoreError as error:
        raise Unreadable(f"{what}: {type(error).__name__}: {error}") from error


def _runs(child: dict[str, Any]) -> bool:
    """Whether it is an image: builders put attestations into an index, of platform unknown/unknown."""
    platform = child.get("platform") or {}
    return "vnd.docker.reference.type" not in (child.get("annotations") or {}) and (
        platform.get("os") != "unknown" or platform.get("architecture") != "unknown"
    )


def _known(severity: object) -> str:
    """A severity of `SEVERITIES`. One that nobody knows counts as the worst."""
    if severity == "UNTRIAGED":
        return "UNDEFINED"
    return str(severity) if severity in SEVERITIES else "CRITICAL"


def _severity(finding: dict[str, Any]) -> str:
    return _known(finding.get("severity"))


def _basic(finding: dict[str, Any], digest: str) -> Finding:
    about = {one.get("key"): one.get("value", "") for one in finding.get("attributes") or ()}
    package = " ".join(filter(None, [about.get("package_name"), about.get("package_version")]))
    return Finding(
        finding.get("name") or "a finding without a name", _severity(finding), package, "", True, digest
    )


def _enhanced(finding: dict[str, Any], digest: str) -> Finding:
    details = finding.get("packageVulnerabilityDetails") or {}
    packages = details.get("vulnerablePackages") or [{}]
    package = " ".join(filter(None, [packages[0].get("name"), packages[0].get("version")]))
    return Finding(
        details.get("vulnerabilityId") or finding.get("title") or "a finding without a name",
        _severity(finding),
        package,
        packages[0].get("fixedInVersion") or "",
        finding.get("fixAvailable") != "NO",
        digest,
    )
