"""Amazon Inspector's coverage: whether, and when, it has scanned an image."""

from __future__ import annotations

import datetime
from typing import Any

from .calls import Clients, NotYet, Unsupported, pages, reading

_ONCE = "SCAN_FREQUENCY_SCAN_ON_PUSH"
"""Coverage of an image that Inspector scans once (API reference, ScanStatus): it does not say that it has."""


def scan_times(clients: Clients, image: str, resource: str, *, once: bool) -> list[datetime.datetime]:
    """When Inspector scanned an image, the oldest first; raises unless all of its coverage says that it has.

    Args:
        clients: Clients of the registry's Region.
        image: The image's name, for the message.
        resource: Its ARN from the Region on.
        once: Whether ECR says that the scan was completed: proof for an image that is scanned only once.
    """
    name = f"Inspector's coverage of {image}"
    with reading(name):
        inspector = clients("inspector2")
        arn = f"arn:{inspector.meta.partition}:ecr:{resource}"
        criteria = {"resourceId": [{"comparison": "EQUALS", "value": arn}]}
    covered = [
        one
        for answer in pages(
            name,
            lambda **token: inspector.list_coverage(filterCriteria=criteria, **token),
            lambda answer: answer["coveredResources"],
        )
        for one in answer["coveredResources"]
        if str(one.get("resourceId")).split(":", 3)[3:] == [resource]
    ]
    if not covered:
        raise NotYet(f"{name}: it lists no scan yet")
    scans, unsupported = [], ""
    for one in covered:
        reason = _reason(one)
        if reason.startswith("UNSUPPORTED"):
            unsupported = reason
            continue
        if reason != "SUCCESSFUL" and not (reason == _ONCE and once):
            raise NotYet(f"{name} says {reason}")
        when = one.get("lastScannedAt")
        if not isinstance(when, datetime.datetime):
            raise NotYet(f"{name} does not say when it was scanned")
        scans.append(when)
    if unsupported:
        raise Unsupported(f"{name} says {unsupported}")
    return sorted(scans)


def _reason(entry: dict[str, Any]) -> str:
    return str((entry.get("scanStatus") or {}).get("reason") or "no status")
