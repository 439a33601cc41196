"""Images as a lifecycle policy sees them, in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from registry_constructs.ecr.lifecycle import StorageClass

MANIFEST_LISTS: Final = frozenset(
    {
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.index.v1+json",
    }
)
"""Media types of a manifest list, which Docker and OCI also call an image index (OCI image specification)."""


class ImageStatus(StrEnum):
    """Where an image is (API ImageDetail imageStatus)."""

    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"
    ACTIVATING = "ACTIVATING"


class SimulatedImage(NamedTuple):
    """One image of a repository; a tuple, because there may be a million.

    Times are seconds since 1970 in UTC.

    Attributes:
        digest: The digest of its manifest.
        tags: Its tags; none for an untagged image.
        pushed_at: When it was pushed.
        size: Bytes of its compressed layers; for a manifest list those of its largest platform, as ECR has
            it.
        status: Active, archived, or on its way back from the archive.
        pulled_at: When it was last pulled, as far as ECR has recorded it. Default: never.
        archived_at: When it was last archived. Default: never.
        activated_at: When it was last restored from the archive. Default: never.
        subject: The digest of the image that it belongs to, for a signature or an SBOM. Default: none.
        children: The digests that a manifest list refers to. None where they are not known.
        media_type: The media type of its manifest.
        artifact_type: The media type of what it holds, such as a signature.
    """

    digest: str
    tags: tuple[str, ...] = ()
    pushed_at: float = 0.0
    size: int = 0
    status: ImageStatus = ImageStatus.ACTIVE
    pulled_at: float | None = None
    archived_at: float | None = None
    activated_at: float | None = None
    subject: str | None = None
    children: tuple[str, ...] | None = None
    media_type: str = ""
    artifact_type: str = ""

    @property
    def is_manifest_list(self) -> bool:
        """Whether it only refers to other images."""
        return self.children is not None or self.media_type in MANIFEST_LISTS

    @property
    def storage_class(self) -> StorageClass:
        """Where it is stored. An image that is being restored counts as archived until it is back."""
        return StorageClass.STANDARD if self.status is ImageStatus.ACTIVE else StorageClass.ARCHIVE

    @property
    def stored_bytes(self) -> int:
        """Bytes that it adds to the repository: none for a manifest list, whose platforms are images too."""
        return 0 if self.is_manifest_list else self.size

    @property
    def counted_from(self) -> float:
        """When its age begins: at its push, or at its restoration if it was ever archived and restored."""
        return self.pushed_at if self.activated_at is None else self.activated_at

    @property
    def last_use(self) -> float:
        """When it was last pulled, or pushed or restored, if no pull has come after that."""
        if self.activated_at is not None and (self.pulled_at is None or self.pulled_at < self.activated_at):
            return self.activated_at
        return self.pushed_at if self.pulled_at is None else self.pulled_at


class Use(NamedTuple):
    """A place that runs an image, named by digest or by tag.

    Attributes:
        where: What runs it, for people, such as `ecs service shop/checkout`.
        digest: The digest that it runs; empty if a tag is named.
        tag: The tag that it runs; empty if a digest is named.
    """

    where: str
    digest: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The images of one repository, and what is known of their use.

    Attributes:
        images: The images, in any order.
        repository_name: The repository's name; empty if the file does not say.
        account: The registry's account id; empty if the file does not say.
        region: The registry's Region; empty if the file does not say.
        in_use: The places that run images. None if nobody has looked, which is not the same as none.
        unknown: Places that could not be read, so that they may run any image.
    """

    images: Sequence[SimulatedImage]
    repository_name: str = ""
    account: str = ""
    region: str = ""
    in_use: tuple[Use, ...] | None = None
    unknown: tuple[str, ...] = ()
