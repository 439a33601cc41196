"""Reads what ECR and Inspector know of an image: its digest, its platforms' images, scans and signatures.

What is not there yet raises `NotYet`, what will never be there `Unreadable`. An empty answer is no clean one:
a basic scan is finished when its answer says when it was completed or has counts, an enhanced one when
Inspector's coverage reports it and the answer has stopped changing (`check`).
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
    batches,
    pages,
    reading,
)
from .coverage import scan_times
from .findings import Vulnerability, basic_finding, closed, enhanced_finding, known_severity
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
_MOST_IMAGES = 1_000


@dataclass(frozen=True)
class Scan:
    """What a scan of one image found.

    Attributes:
        findings: What is neither closed nor suppressed; each once.
        missing: How many findings of a severity are counted and not listed.
        completed: Whether ECR says that the scan was completed: when, or how many findings there are.
        state: What changes while findings arrive; empty for a finished basic scan, to which none is added.
    """

    findings: tuple[Vulnerability, ...]
    missing: dict[str, int]
    completed: bool
    state: str


class ScannedRepository:
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

    def describe(self, identifier: dict[str, str]) -> dict[str, Any]:
        """What ECR knows of the image, its digest for certain."""
        name = self._name(identifier)
        with reading(name):
            answer = self._clients("ecr").describe_images(**self._in, imageIds=[identifier])
            image: dict[str, Any] = answer["imageDetails"][0]
            if not image["imageDigest"] or identifier.get("imageDigest") not in (None, image["imageDigest"]):
                raise NotYet(f"{name}: ECR answers about another image")
        return image

    def images(self, image: dict[str, Any]) -> list[str]:
        """The digests that are scanned of a described image: its own, or those of an index's images."""
        digest: str = image["imageDigest"]
        kind = image.get("imageManifestMediaType")
        images = [digest] if kind in MANIFESTS else self._runnable({"digest": digest, "mediaType": kind})
        self._pushed = dict.fromkeys([digest, *images]) | {digest: image.get("imagePushedAt")}
        return images

    def scan(self, digest: str, *, start: bool) -> Scan:
        """What ECR lists of the scan of an image."""
        name = self._name(digest)
        # What comes twice counts once, by all that is known of it.
        listed: dict[str, tuple[dict[str, Any], bool]] = {}
        counted: dict[str, int] = {}
        statuses, times, enhanced = set(), set(), False
        for answer in self._scan_pages(digest, start=start):
            statuses.add(self._status(digest, answer.get("imageScanStatus") or {}))
            page = answer.get("imageScanFindings")
            if not isinstance(page, dict):
                raise NotYet(f"{name}: the scan's findings are not there yet")
            enhanced |= "enhancedFindings" in page
            if when := page.get("imageScanCompletedAt"):
                times.add(str(when))
            for severity, count in (page.get("findingSeverityCounts") or {}).items():
                counted[severity] = max(int(count), counted.get(severity, 0))
            for key in ("findings", "enhancedFindings"):
                for one in page.get(key) or ():
                    text = json.dumps(one, default=str)
                    listed[text] = (one, key == "enhancedFindings")
        if len(times) > 1:
            raise NotYet(f"{name}: it was scanned again while the findings were read")
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
        completed = statuses == {"COMPLETE"} and bool(times or counted)
        facts = sorted((one.id, one.severity, one.package, one.fixable) for one in findings)
        state = [digest, sorted(times), sorted(counted.items()), len(listed), facts]
        may_grow = enhanced or not completed
        return Scan(
            tuple(dict.fromkeys(findings)),
            missing=dict(expected - there),
            completed=completed,
            state=json.dumps(state) if may_grow else "",
        )

    def coverage(self, digest: str, *, completed: bool) -> str:
        """When Inspector scanned an image; raises unless it has done so since the push."""
        image = self._name(digest)
        resource = f"{self._region}:{self._account}:repository/{self._repository}/{digest}"
        scanned = scan_times(self._clients, image, resource, once=completed)
        pushed = self._pushed_at(digest)
        if not isinstance(pushed, datetime.datetime):
            raise NotYet(f"{image}: ECR does not say when it was pushed")
        if scanned[0] < pushed:
            raise NotYet(f"{image}: last scanned at {scanned[0]}, before it was pushed at {pushed}")
        return str(scanned)

    def check_signature(self, digest: str, profile: str) -> None:
        """Return only if managed signing has signed the image with a profile."""
        with reading(self._name(digest)):
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
            with reading(self._name(digest)):
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
            raise Unsupported(f"{self._name(digest)} has the scan status {name}", why)
        meaning = _FAILED.get(name, _LASTING)
        raise Unreadable(f"{self._name(digest)} has the scan status {name}: {meaning}{why}")

    def _pushed_at(self, digest: str) -> object:
        """When an image was pushed; for an index's image that ECR does not describe, when the index was."""
        missing = [one for one, when in self._pushed.items() if when is None]
        for batch in batches(missing):
            with reading(self._name(digest)):
                ids = [{"imageDigest": one} for one in batch]
                answer = self._clients("ecr").describe_images(**self._in, imageIds=ids)
                for image in answer["imageDetails"]:
                    if image["imageDigest"] in batch:
                        self._pushed[image["imageDigest"]] = image.get("imagePushedAt")
        return self._pushed[digest] or next(iter(self._pushed.values()))

    def _runnable(self, root: dict[str, Any]) -> list[str]:
        """What something can run of an index: its images, also those of an index in it."""
        name = self._name(root["digest"])
        found: list[str] = []
        level = {root["digest"]: root}
        seen = set(level)
        while level:
            manifests = self._manifests(list(level), name)
            children: dict[str, dict[str, Any]] = {}
            with reading(name):
                for digest, descriptor in level.items():
                    kind = kind_of(manifests.get(digest), descriptor)
                    if kind == "index":
                        listed = manifests[digest]["manifests"]
                        children |= {one["digest"]: one for one in listed if not runs_nowhere(one)}
                    elif kind == "image":
                        found.append(digest)
                    elif not kind:
                        raise NotYet(f"{self._name(digest)}: whether it is an image can't be read")
                level = {digest: one for digest, one in children.items() if digest not in seen}
            seen.update(level)
            if len(seen) > _MOST_IMAGES:
                raise Unreadable(f"{name} has more than {_MOST_IMAGES:,} images in it")
        if not found:
            raise Unreadable(f"{name} has no image in it that can run: nothing to scan")
        return found

    def _manifests(self, digests: Sequence[str], name: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for batch in batches(digests):
            with reading(name):
                answer = self._clients("ecr").batch_get_image(
                    **self._in,
                    imageIds=[{"imageDigest": digest} for digest in batch],
                    acceptedMediaTypes=[*INDEXES, *MANIFESTS],
                )
                for image in answer.get("images") or ():
                    # The Docker clients' type of a manifest without a type of its own.
                    kind = {"mediaType": image.get("imageManifestMediaType")}
                    found[image["imageId"]["imageDigest"]] = kind | json.loads(image["imageManifest"])
        return found

    def _name(self, image: str | dict[str, str]) -> str:
        if isinstance(image, dict):
            image = image.get("imageDigest") or f":{image.get('imageTag')}"
        return f"{self._repository}{image}" if image.startswith(":") else f"{self._repository}@{image[:19]}"
