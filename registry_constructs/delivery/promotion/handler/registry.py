"""One repository as ECR's `/v2/` protocol shows it (OCI Distribution Specification 1.1)."""

from __future__ import annotations

import http.client
import json
import random
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, TypeVar

from .manifest import DIGEST, MEDIA_TYPES, MalformedError, Manifest, named

T = TypeVar("T")

CHUNK = 1024 * 1024
_ATTEMPTS = 5
_PASSING = {408, 429, 500, 502, 503, 504}
_SECONDS = 60
_UPLOAD_SECONDS = 300  # the registry puts a large layer together before it answers
_MANIFEST_SIZE = 4 * 1024 * 1024  # Amazon ECR API Reference, PutImage
_ACCEPT = {"Accept": ", ".join(MEDIA_TYPES)}
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')


class RegistryError(Exception):
    """The registry refused, or could not be asked however often it was tried.

    Attributes:
        status: The status of HTTP; None if there was no answer.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class TransferError(OSError):
    """Something else arrived than was asked for; it may be right the next time."""


def retried(doing: str, call: Callable[[], T]) -> T:
    """Call, and again after a pause while the trouble may pass.

    Raises:
        RegistryError: If it does not.
    """
    attempt = 0
    while True:
        attempt += 1
        try:
            return call()
        except (OSError, http.client.HTTPException) as error:
            status = error.code if isinstance(error, urllib.error.HTTPError) else None
            reason = _reason(error)
            if attempt == _ATTEMPTS or (status is not None and status not in _PASSING):
                raise RegistryError(f"{doing}: {reason}", status) from error
        time.sleep(random.uniform(0, 2**attempt / 2))  # noqa: S311 - a pause is no secret


@dataclass(frozen=True, kw_only=True)
class RemoteRepository:
    """A repository of a private registry.

    Attributes:
        host: The registry's name, which is also where it is.
        name: The repository's name.
        token: What `GetAuthorizationToken` gave.
        address: Where the registry is instead, such as a local AWS's `http://127.0.0.1:4566`. Default: none.
    """

    host: str
    name: str
    token: str
    address: str | None = None

    def __str__(self) -> str:
        return f"{self.host}/{self.name}"

    def digest_of(self, reference: str) -> str | None:
        """The digest that a tag, or a digest, refers to; None if it is not there."""
        found = self._ask_if_there("HEAD", f"manifests/{reference}", _ACCEPT)
        if found is None:
            return None
        digest = found[0].get("Docker-Content-Digest", "")
        if not DIGEST.fullmatch(digest):
            raise RegistryError(f"{self} gave {digest[:100]!r} for a digest of {reference}")
        return digest

    def manifest(self, digest: str) -> Manifest | None:
        """The manifest of a digest; None if it is not there.

        Raises:
            RegistryError: If the registry has other bytes under this name.
            MalformedError: If it can't be read.
        """

        def read() -> Manifest | None:
            found = self._ask_if_there("GET", f"manifests/{digest}", _ACCEPT)
            if found is None:
                return None
            headers, body = found
            manifest = Manifest.of(body, headers.get_content_type())
            if manifest.digest != digest:
                raise TransferError(f"{self} gave {manifest.digest} for {digest}")
            return manifest

        return retried(f"reading {digest} of {self}", read)

    def put_manifest(self, manifest: Manifest, reference: str) -> None:
        """Push a manifest by its digest or under a tag."""
        headers = {"Content-Type": manifest.media_type}
        given, _ = self._ask("PUT", f"manifests/{reference}", headers, manifest.body)
        if given.get("Docker-Content-Digest", manifest.digest) != manifest.digest:
            raise RegistryError(f"{self} made {given['Docker-Content-Digest']} of {manifest.digest}")

    def referrers(self, digest: str) -> list[str]:
        """The digests of what refers to a manifest, such as signatures; none where the API is missing."""
        found: list[str] = []
        path: str | None = f"referrers/{digest}"
        while path is not None:
            page = self._ask_if_there("GET", path, {})
            if page is None:
                return found
            headers, body = page
            try:
                found += [named(entry) for entry in json.loads(body)["manifests"] or []]
            except (ValueError, KeyError, TypeError) as error:
                raise MalformedError(f"{self} gave no list of what refers to {digest}") from error
            after = _NEXT.search(headers.get("Link", ""))
            path = after[1] if after else None
        return found

    def has_blob(self, digest: str) -> bool:
        """Whether a blob is there."""
        return self._ask_if_there("HEAD", f"blobs/{digest}", {}) is not None

    def start_upload(self, digest: str, mount_from: str | None) -> str | None:
        """Begin to push a blob, and say where its bytes go; None if it came from another repository here."""
        query = {} if mount_from is None else {"mount": digest, "from": mount_from}
        path = f"blobs/uploads/?{urllib.parse.urlencode(query)}".rstrip("?")

        def start() -> tuple[int, str]:
            with self._open("POST", path, {}, b"") as answer:
                return answer.status, answer.headers.get("Location", "")

        status, location = retried(f"POST {path} of {self}", start)
        if status == http.HTTPStatus.CREATED:
            return None
        if not location:
            raise RegistryError(f"{self} does not say where the bytes of {digest} go", status)
        separator = "&" if "?" in location else "?"
        return f"{location}{separator}{urllib.parse.urlencode({'digest': digest})}"

    def upload(self, where: str, size: int, chunks: Iterator[bytes]) -> None:
        """Push a blob's bytes in one request.

        In parts ECR's answers can't be relied upon: they say that only the first one came.
        """
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        with self._open("PUT", where, headers, chunks, _UPLOAD_SECONDS):
            pass

    @contextmanager
    def blob(self, digest: str) -> Iterator[IO[bytes]]:
        """A blob's bytes, as they come; ECR sends to S3 for them."""
        with self._open("GET", f"blobs/{digest}", {}) as answer:
            yield answer

    def _ask_if_there(
        self, method: str, path: str, headers: dict[str, str]
    ) -> tuple[http.client.HTTPMessage, bytes] | None:
        try:
            return self._ask(method, path, headers)
        except RegistryError as error:
            if error.status == 404:
                return None
            raise

    def _ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> tuple[http.client.HTTPMessage, bytes]:
        def once() -> tuple[http.client.HTTPMessage, bytes]:
            with self._open(method, path, headers, body) as answer:
                content = answer.read(_MANIFEST_SIZE + 1)
                if len(content) > _MANIFEST_SIZE:
                    raise RegistryError(f"{path} of {self} has more than {_MANIFEST_SIZE} bytes")
                return answer.headers, content

        return retried(f"{method} {path} of {self}", once)

    def _open(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | Iterator[bytes] | None = None,
        seconds: int = _SECONDS,
    ) -> Any:  # noqa: ANN401 - http.client.HTTPResponse, which urllib does not say
        base = self.address or f"https://{self.host}"
        url = urllib.parse.urljoin(f"{base}/v2/{self.name}/", path)
        if urllib.parse.urlsplit(url)[:2] != urllib.parse.urlsplit(base)[:2]:
            raise RegistryError(f"{self} sends to another host, which must not see the token: {url:.200}")
        request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310
        # Not for S3, whose addresses are signed for a request without it.
        request.add_unredirected_header("Authorization", f"Basic {self.token}")
        request.add_unredirected_header("Host", self.host)
        return urllib.request.urlopen(request, timeout=seconds)  # noqa: S310


def _reason(error: Exception) -> str:
    if not isinstance(error, urllib.error.HTTPError):
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        return str(cause) or type(cause).__name__
    with error:
        reason = error.read(2000).decode(errors="replace")
    try:
        first = json.loads(reason)["errors"][0]
        reason = f"{first['code']}: {first.get('message', '')}"
    except (ValueError, KeyError, TypeError, IndexError):
        pass
    return f"{error.code} {reason}".strip()
