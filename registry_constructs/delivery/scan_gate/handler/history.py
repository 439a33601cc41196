"""What a gate let through, kept in the physical id of its resource: a rollback puts the same digest back.

The id holds the last two digests, each with a mark of the properties that it was checked with. CloudFormation
takes a new id for a new resource, and has the old one deleted, which does nothing.
"""

from __future__ import annotations

import hashlib
import json
import re

_ENTRY = re.compile(r"(sha256:[0-9a-f]{64})\.([0-9a-f]{16})")


def digests(physical_id: object) -> dict[str, str]:
    """The digests by their marks, the newest first; none for another kind of id."""
    return {mark: digest for digest, mark in _ENTRY.findall(str(physical_id))}


def mark(properties: object) -> str:
    """What tells two sets of properties apart."""
    return hashlib.sha256(json.dumps(properties, sort_keys=True).encode()).hexdigest()[:16]


def with_digest(physical_id: object, properties: object, digest: str) -> str:
    """The id once an image has passed."""
    key = mark(properties)
    before = [(other, kept) for other, kept in digests(physical_id).items() if other != key]
    return "/".join(f"{kept}.{other}" for other, kept in [(key, digest), *before][:2])
