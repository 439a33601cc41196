"""Reads what ECR and Inspector know of an image: its digest, its platforms' images, scans and signatures.

What is not there yet raises `NotYet`, what will never be there `Unreadable`. An empty answer is no clean one:
a basic scan is finished when its answer says when it was completed or has counts, an enhanced one when
Inspector's coverage says so and the answer has stopped changing (`check`).
"""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .calls import (
    CannotStart,
    Clients,
    NotYet,
    ScanNotFound,
    Unreadable,
    Unsigned,
    Unsupported,
    asking,
    batches,
    pages,
)
from .findings import Finding, basic_finding, closed, enhanced_finding, known_severity
from .manifests import INDEXES, MANIFESTS, kind_of, runs_nowhere

_LASTING = "never becomes a scan that can be read"
_WAITING = {"IN_PROGRESS": "the scan is running", "PENDING": "the scan has not started"}
_READABLE = ("COMPLETE", "ACTIVE")
# ScanStatus of the ECR API reference, and IMAGE_SIZE_EXCEEDED, which Inspector has beside it.
_FAILED = {
    "FAILED": "the scan failed; scan it again",
    "SCAN_ELIGIBILITY_EXPIRED": "Inspector no longer watches it, so what it found is old; push it again, or "
    "watch it for longer",
    "FINDINGS_UNAVAILABLE": "the findings are no longer kept; scan it again",
    "LIMIT_EXCEEDED": "a quota of the scanner is used up; scan it tomorrow",
    "IMAGE_ARCHIVED": "it is in the archive; restore it",
    "IMAGE_SIZE_EXCEEDED": "it is too big for the scanner",
}
_UNSUPPORTED = "the scanner does not know its operating system or media type"
_ONCE = "SCAN_FREQUENCY_SCAN_ON_PUSH"
"""Coverage of an image that Inspector scans once (API reference, ScanStatus): it does not say that it has."""

_MOST_IMAGES = 1_000


@dataclass(frozen=True)
class Scan:
    """What a scan of one image found.

    Attributes:
        findings: What is neither closed nor suppressed; each once.
        missing: How many findings of a severity are counted and not listed.
        enhanced: The state of an enhanced scan, which changes while findings arrive; empty for a basic one.
    """

    findings: tuple[Finding, ...]
    missing: dict[str, int]
    enhanced: str


class Registry:
    """One repository, as the check reads it.

    Args:
        clients: Clients of the repository's Region.
        region: That Region.
        registry: The account of the registry.
        repository: The repository's name.
    """

    def __init__(self, clients: Clients, region: str, registry: str, repository: str) -> None:
        self._clients = clients
        self._region, self._account, self._repository = region, registry, repository
        self._in = {"registryId": registry, "repositoryName": repository}
        self._pushed: dict[str, object] = {}

    def digest(self, identifier: dict[str, str]) -> str:
        """The image's digest."""
        return str(self._describe(identifier)["imageDigest"])

    def images(self, identifier: dict[str, str]) -> tuple[str, list[str]]:
        """The image's digest, and the digests that are scanned: its own, or those of an index's images."""
        image = self._describe(identifier)
        digest: str = image["imageDigest"]
        images = self._runnable(digest) if image.get("imageManifestMediaType") in INDEXES else [digest]
        self._pushed = dict.fromkeys([digest, *images]) | {digest: image.get("imagePushedAt")}
        return digest, images

    def scan(self, digest: str, *, start: bool) -> Scan:
        """What a scan of an image found."""
        name = self._name(digest)
        # What comes twice counts once, by all that is said of it.
        listed: dict[str, tuple[dict[str, Any], bool]] = {}
        counted: dict[str, int] = {}
        status, completed, enhanced = "", "", False
        for answer in self._scan_pages(digest, start=start):
            status = self._status(digest, answer.get("imageScanStatus") or {})
            page = answer.get("imageScanFindings")
            if not isinstance(page, dict):
                raise NotYet(f"{name}: the scan's findings are not there yet")
            enhanced |= status == "ACTIVE" or "enhancedFindings" in page
            completed = completed or str(page.get("imageScanCompletedAt") or "")
            for severity, count in (page.get("findingSeverityCounts") or {}).items():
                counted[severity] = max(int(count), counted.get(severity, 0))
            for key in ("findings", "enhancedFindings"):
                for one in page.get(key) or ():
                    text = json.dumps(one, sort_keys=True, default=str)
                    listed[text] = (one, key == "enhancedFindings")
        # The counts are made apart from the list: a list that is short of what was counted was cut off.
        there = Counter(known_severity(one.get("severity")) for one, _ in listed.values())
        expected: Counter[str] = Counter()
        for severity, count in counted.items():
            expected[known_severity(severity)] += count
        findings = [
            enhanced_finding(one, digest) if of_inspector else basic_finding(one, digest)
            for one, of_inspector in listed.values()
            if not (of_inspector and closed(one))
        ]
        finished = bool(completed or counted)
        state = ""
        if enhanced or not finished:
            scanned = self._check_coverage(digest, once=status == "COMPLETE" and finished)
            facts = sorted((one.id, one.severity, one.package, one.fixable) for one in findings)
            state = json.dumps([digest, scanned, completed, sorted(counted.items()), len(listed), facts])
        return Scan(tuple(dict.fromkeys(findings)), dict(expected - there), state)

    def check_signature(self, digest: str, profile: str) -> None:
        """Return only if managed signing has signed the image with a profile."""
        with asking(self._name(digest)):
            answer = self._clients("ecr").describe_image_signing_status(
                **self._in, imageId={"imageDigest": digest}
            )
            statuses = answer["signingStatuses"]
            found = [one for one in statuses if one.get("signingProfileArn") == profile]
        if any(one.get("status") == "COMPLETE" for one in found):
            return
        if any(one.get("status") == "IN_PROGRESS" for one in found):
            raise NotYet(f"{self._name(digest)}: it is being signed with {profile}")
        if not found:
            others = ", ".join(str(one.get("signingProfileArn")) for one in statuses) or "nobody"
            raise Unsigned(
                f"{self._name(digest)} is not signed with {profile}, but by {others}. A rule of managed "
                "signing has to match the repository before the image is pushed, and who pushes needs "
                "signer:SignPayload: push it again"
            )
        why = found[0].get("failureReason") or found[0].get("failureCode") or found[0].get("status")
        raise Unsigned(f"{self._name(digest)}: signing with {profile} failed: {why}. Push it again")

    def _describe(self, identifier: dict[str, str]) -> dict[str, Any]:
        name = self._name(identifier)
        with asking(name):
            answer = self._clients("ecr").describe_images(**self._in, imageIds=[identifier])
            image: dict[str, Any] = answer["imageDetails"][0]
            if not image["imageDigest"] or identifier.get("imageDigest") not in (None, image["imageDigest"]):
                raise NotYet(f"{name}: ECR answers about another image")
        return image

    def _scan_pages(self, digest: str, *, start: bool) -> Iterator[dict[str, Any]]:
        name = self._name(digest)
        try:
            yield from pages(
                name,
                lambda **token: self._clients("ecr").describe_image_scan_findings(
                    **self._in, imageId={"imageDigest": digest}, maxResults=1000, **token
                ),
                lambda answer: (
                    (answer.get("imageScanFindings") or {}).get("findings")
                    or (answer.get("imageScanFindings") or {}).get("enhancedFindings")
                ),
            )
        except ScanNotFound:
            if start:
                self._start(digest)
            raise NotYet(
                f"{name}: it has no scan. Scan on push, or let the gate start scans. With credentials of "
                f"another account than {self._account}, ECR shows no enhanced scan: assume a role there"
            ) from None

    def _start(self, digest: str) -> None:
        try:
            with asking(self._name(digest)):
                self._clients("ecr").start_image_scan(**self._in, imageId={"imageDigest": digest})
        except CannotStart:
            # Scanned in the last 24 hours already, or by Inspector, which takes no orders: wait for that.
            return

    def _status(self, digest: str, status: dict[str, Any]) -> str:
        name = str(status.get("status") or "")
        why = f" ({status['description']})" if status.get("description") else ""
        if name in _READABLE:
            return name
        if name in _WAITING:
            raise NotYet(f"{self._name(digest)}: {_WAITING[name]}{why}")
        if not name:
            raise NotYet(f"{self._name(digest)}: ECR names no scan status")
        if name == "UNSUPPORTED_IMAGE":
            raise Unsupported(f"{self._name(digest)} has the scan status {name}: {_UNSUPPORTED}{why}")
        meaning = _FAILED.get(name, _LASTING)
        raise Unreadable(f"{self._name(digest)} has the scan status {name}: {meaning}{why}")

    def _check_coverage(self, digest: str, *, once: bool) -> str:
        """When Inspector scanned an image; raises unless it has done so since the push.

        Args:
            digest: The image.
            once: Whether ECR says that the scan was completed: proof for an image that is scanned only once.
        """
        name = f"Inspector's coverage of {self._name(digest)}"
        resource = f"repository/{self._repository}/{digest}"
        with asking(name):
            inspector = self._clients("inspector2")
            partition = inspector.meta.partition
            arn = f"arn:{partition}:ecr:{self._region}:{self._account}:{resource}"
            criteria = {"resourceId": [{"comparison": "EQUALS", "value": arn}]}
        covered = [
            one
            for answer in pages(
                name,
                lambda **token: inspector.list_coverage(filterCriteria=criteria, **token),
                lambda answer: answer["coveredResources"],
            )
            for one in answer["coveredResources"]
            if str(one.get("resourceId")).split(":", 3)[3:] == [f"{self._region}:{self._account}:{resource}"]
        ]
        if not covered:
            raise NotYet(f"{name}: it lists no scan yet")
        pushed, scanned = self._pushed_at(digest), []
        for one in covered:
            status = one.get("scanStatus") or {}
            reason, when = str(status.get("reason") or "no status"), one.get("lastScannedAt")
            if reason.startswith("UNSUPPORTED"):
                raise Unsupported(f"{name} says {reason}: {_UNSUPPORTED}")
            if reason != "SUCCESSFUL" and not (reason == _ONCE and once):
                raise NotYet(f"{name} says {reason}")
            if not isinstance(when, datetime.datetime) or not isinstance(pushed, datetime.datetime):
                raise NotYet(f"{name} can't be compared with the push: scanned {when}, pushed {pushed}")
            if when < pushed:
                raise NotYet(f"{name}: last scanned at {when}, before it was pushed at {pushed}")
            scanned.append(when.isoformat())
        return max(scanned)

    def _pushed_at(self, digest: str) -> object:
        """When an image was pushed; for an index's image that ECR does not describe, when the index was."""
        missing = [one for one, when in self._pushed.items() if when is None]
        for batch in batches(missing):
            with asking(self._name(digest)):
                ids = [{"imageDigest": one} for one in batch]
                answer = self._clients("ecr").describe_images(**self._in, imageIds=ids)
                for image in answer["imageDetails"]:
                    if image["imageDigest"] in batch:
                        self._pushed[image["imageDigest"]] = image.get("imagePushedAt")
        return self._pushed[digest] or next(iter(self._pushed.values()))

    def _runnable(self, index: str) -> list[str]:
        """The images of an index that something can run, also those of an index in it."""
        found: dict[str, None] = {}
        seen, level = {index}, [index]
        while level:
            read = self._manifests(level, index)
            if unread := [one for one in level if one not in read]:
                raise NotYet(f"{self._name(unread[0])}: the index can't be read")
            with asking(self._name(index)):
                children = {
                    child["digest"]: child
                    for one in level
                    for child in read[one]["manifests"]
                    if not runs_nowhere(child)
                }
                new = [digest for digest in children if digest not in seen]
            seen.update(new)
            if len(seen) > _MOST_IMAGES:
                raise Unreadable(f"{self._name(index)} has more than {_MOST_IMAGES:,} images in it")
            manifests, level = self._manifests(new, index), []
            for digest in new:
                kind = kind_of(manifests.get(digest), children[digest])
                if kind == "index":
                    level.append(digest)
                elif kind == "image":
                    found[digest] = None
                elif not kind:
                    raise NotYet(f"{self._name(digest)}: whether it is an image can't be read")
        if not found:
            raise Unreadable(f"{self._name(index)} is an index without an image in it: nothing to scan")
        return list(found)

    def _manifests(self, digests: Sequence[str], index: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for batch in batches(digests):
            with asking(self._name(index)):
                answer = self._clients("ecr").batch_get_image(
                    **self._in,
                    imageIds=[{"imageDigest": digest} for digest in batch],
                    acceptedMediaTypes=[*INDEXES, *MANIFESTS],
                )
                for image in answer.get("images") or ():
                    digest = (image.get("imageId") or {}).get("imageDigest") or (
                        batch[0] if len(batch) == 1 else ""
                    )
                    manifest = json.loads(image["imageManifest"])
                    if digest in batch and isinstance(manifest, dict):
                        # The Docker clients' type of a manifest without a type of its own.
                        found[digest] = {"mediaType": image.get("imageManifestMediaType")} | manifest
        return found

    def _name(self, image: str | dict[str, str]) -> str:
        if isinstance(image, dict):
            image = image.get("imageDigest") or f":{image.get('imageTag')}"
        return f"{self._repository}{image}" if image.startswith(":") else f"{self._repository}@{image[:19]}"
