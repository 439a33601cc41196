"""What an image manifest or an index says of the things that it is made of."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

_OCI, _DOCKER = "application/vnd.oci", "application/vnd.docker.distribution"
MEDIA_TYPES = (
    f"{_OCI}.image.manifest.v1+json",
    f"{_OCI}.image.index.v1+json",
    f"{_OCI}.artifact.manifest.v1+json",
    f"{_DOCKER}.manifest.v2+json",
    f"{_DOCKER}.manifest.list.v2+json",
)


class MalformedError(Exception):
    """Something that is no manifest, or none that can be copied."""


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A layer or a configuration.

    Attributes:
        digest: Its name.
        size: In bytes.
        elsewhere: Whether it may be at other addresses instead, as base layers of Windows are.
    """

    digest: str
    size: int
    elsewhere: bool


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A manifest, byte for byte.

    Attributes:
        digest: Its name, made from the bytes.
        media_type: As it is in the manifest, or else in the registry's answer.
        body: The bytes.
        children: The manifests of an index; a platform's image, or another index.
        blobs: What an image is made of.
        subject: The manifest that it refers to, of a signature or an SBOM.
    """

    digest: str
    media_type: str
    body: bytes
    children: tuple[str, ...]
    blobs: tuple[Blob, ...]
    subject: str | None

    @classmethod
    def of(cls, body: bytes, media_type: str) -> Manifest:
        """Read a manifest.

        Raises:
            MalformedError: If it is none, or one of another kind than `MEDIA_TYPES`.
        """
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        try:
            content = json.loads(body)
            media_type = content.get("mediaType") or media_type
            if content["schemaVersion"] != 2 or media_type not in MEDIA_TYPES:
                raise MalformedError(f"{digest} is a manifest of another kind, {media_type:.100}")
            parts = [content.get("config"), *(content.get("layers") or []), *(content.get("blobs") or [])]
            subject = content.get("subject")
            return cls(
                digest=digest,
                media_type=media_type,
                body=body,
                children=tuple(named(child) for child in content.get("manifests") or []),
                blobs=tuple(_blob(part) for part in parts if part is not None),
                subject=None if subject is None else named(subject),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise MalformedError(f"{digest} is no manifest: {error!r:.200}") from error


def named(descriptor: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    """The digest that a descriptor names; a `ValueError` or its like if it names none."""
    digest: str = descriptor["digest"]
    if not DIGEST.fullmatch(digest):
        raise ValueError(f"not a sha256 digest: {digest:.100}")
    return digest


def _blob(descriptor: Any) -> Blob:  # noqa: ANN401
    size = descriptor["size"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValueError(f"not a size: {size!r:.100}")
    return Blob(digest=named(descriptor), size=size, elsewhere=bool(descriptor.get("urls")))
