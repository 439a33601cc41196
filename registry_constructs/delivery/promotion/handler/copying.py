"""Copies an image with all that belongs to it; what is there already is left alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import IO

from .manifest import Blob, Manifest
from .registry import CHUNK, RegistryError, RemoteRepository, TransferError, retried

# Tags of what refers to an image, where clients don't use the API for that: the specification's
# own, and those of cosign before its version 3.
SUFFIXES = ("", ".sig", ".att", ".sbom")
_LEFT_SECONDS = 30.0  # for the requests that are under way, and to go on in another invocation


class CopyError(Exception):
    """An image can't be copied."""


class OutOfTimeError(Exception):
    """The invocation ends before the copy does."""


class Copy:
    """One copy, from one repository to another.

    The order is what makes it safe to stop anywhere, to run twice and to run beside a push of signatures:
    what an index names, the index, what refers to it, and the tag last. A referrer that is pushed while this
    runs is either found here, or finds its image in the destination when its own event comes.

    Args:
        source: Where images are pulled.
        destination: Where they are pushed.
        remaining: Seconds until the invocation is ended.

    Attributes:
        pushed: How many blobs, manifests and tags were pushed; what was there already is not counted.
    """

    def __init__(
        self, source: RemoteRepository, destination: RemoteRepository, remaining: Callable[[], float]
    ) -> None:
        self.source = source
        self.destination = destination
        self.pushed = 0
        self._remaining = remaining
        self._done: set[str] = set()

    def tag(self, tag: str) -> str | None:
        """Copy what a tag refers to, and give it the tag; None if the source has no such tag.

        The tag is read again afterwards: a copy that was overtaken by one of a later push sets it right.
        """
        done, digest = None, self.source.digest_of(tag)
        while digest is not None and digest != done:
            self._give_tag(self.image(digest), tag)
            done, digest = digest, self.source.digest_of(tag)
        return done

    def image(self, digest: str) -> Manifest:
        """Copy a manifest with all that it names and all that refers to it, without a tag.

        Raises:
            CopyError: If the source does not have it.
            OutOfTimeError: If there is no time left; what was pushed so far stays.
        """
        manifest = self.source.manifest(digest)
        if manifest is None:
            raise CopyError(f"{digest} is not in {self.source}")
        if digest in self._done:
            return manifest
        self._check_time()
        for child in manifest.children:
            self.image(child)
        if self.destination.digest_of(digest) is None:
            for blob in manifest.blobs:
                self._blob(blob)
            self.destination.put_manifest(manifest, digest)
            self.pushed += 1
        self._done.add(digest)
        for referrer in self.source.referrers(digest):
            self.image(referrer)
        for suffix in SUFFIXES:
            self.tag(digest.replace(":", "-") + suffix)
        return manifest

    def _give_tag(self, manifest: Manifest, tag: str) -> None:
        standing = self.destination.digest_of(tag)
        if standing == manifest.digest:
            return
        try:
            self.destination.put_manifest(manifest, tag)
        except RegistryError as error:
            # Another copy may have been faster.
            standing = self.destination.digest_of(tag)
            if standing == manifest.digest:
                return
            if standing is None:
                raise
            raise CopyError(
                f"{tag} refers to {standing} in {self.destination}, which does not let it be moved to "
                f"{manifest.digest}: {error}"
            ) from error
        self.pushed += 1

    def _blob(self, blob: Blob) -> None:
        self._check_time()
        if retried(f"copying {blob.digest} to {self.destination}", lambda: self._transfer(blob)):
            self.pushed += 1

    def _transfer(self, blob: Blob) -> bool:
        """Push a blob unless it is there, or at other addresses only; whether it was pushed."""
        if self.destination.has_blob(blob.digest):
            return False
        if blob.elsewhere and not self.source.has_blob(blob.digest):
            return False
        mount_from = self.source.name if self.source.host == self.destination.host else None
        where = self.destination.start_upload(blob.digest, mount_from)
        if where is not None:
            with self.source.blob(blob.digest) as content:
                self.destination.upload(where, blob.size, self._chunks(blob, content))
        return True

    def _chunks(self, blob: Blob, content: IO[bytes]) -> Iterator[bytes]:
        """The blob's bytes; the last ones only once they are known to be right."""
        digest, left = hashlib.sha256(), blob.size
        while left:
            self._check_time()
            chunk = content.read(min(CHUNK, left))
            if not chunk:
                raise TransferError(f"{self.source} sent {left} bytes of {blob.size} too few")
            digest.update(chunk)
            left -= len(chunk)
            if not left and f"sha256:{digest.hexdigest()}" != blob.digest:
                raise TransferError(f"{self.source} sent other bytes than {blob.digest}")
            yield chunk

    def _check_time(self) -> None:
        if self._remaining() < _LEFT_SECONDS:
            raise OutOfTimeError
