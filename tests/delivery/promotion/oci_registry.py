"""Registries in memory that speak the OCI Distribution Specification over HTTP, with faults when told to.

The Host header tells them apart. Blobs come from a second address, which must not see the token; ECR's come
from S3.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "QVdTOnRva2Vu"
BLOCK = 64 * 1024


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class Kept:
    """What one repository has."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    immutable: bool = False


@dataclass
class Fault:
    """What goes wrong with requests whose method and path hold some text, so many times.

    Attributes:
        about: Such as `PUT /v2/`, or a part of a digest.
        status: The answer, instead of what was asked for. None: half of a blob, then the connection ends.
        times: How often.
    """

    about: str
    status: int | None
    times: int = 1


class Registries:
    """Registries behind one address, and the store that they send to for blobs."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Kept] = {}
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.with_referrers = True
        self.page = 2
        self.mounts = True
        self.checks = True  # whether what is pushed has to be what it is named
        self.meanwhile: dict[str, Any] = {}  # called once, before the request whose line holds the key
        self.url = self.store_url = ""
        self._lock = threading.Lock()

    def repository(self, host: str, name: str) -> Kept:
        return self.repositories.setdefault((host, name), Kept())

    def count(self, *, method: str = "", of: str = "") -> int:
        return sum(line.startswith(method) and of in line for line in self.requests)

    def fault(self, line: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.about in line and fault.times:
                    fault.times -= 1
                    return fault
        return None

    def methods(self) -> Counter[str]:
        return Counter(line.split()[0] for line in self.requests)


@contextmanager
def serving() -> Iterator[Registries]:
    """Registries on ports of 127.0.0.1, until the block ends."""
    registries = Registries()
    servers = []
    for kind in (_Registry, _Store):
        handler = type("Handler", (kind,), {"registries": registries})
        server = _Server(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
    registries.url, registries.store_url = (f"http://127.0.0.1:{one.server_port}" for one in servers)
    try:
        yield registries
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that went away in the middle is one of the tests."""


class _Quiet(BaseHTTPRequestHandler):
    registries: Registries

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", headers.pop("content_length", str(len(body))))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Store(_Quiet):
    """S3: an address that is signed, and refuses a request with a token beside it."""

    def do_GET(self) -> None:
        if self.headers["Authorization"] is not None:
            self.answer(400, b"Only one auth mechanism allowed")
            return
        _, host, *name, digest = self.path.split("/")
        blob = self.registries.repository(host, "/".join(name)).blobs[digest]
        self.send_response(200)
        self.send_header("Content-Length", str(len(blob)))
        self.end_headers()
        self.wfile.write(blob[: len(blob) // 2] if self.registries.fault(f"STORE {digest}") else blob)
        self.close_connection = True


class _Registry(_Quiet):
    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        line = f"{self.command} {self.path}"
        self.registries.requests.append(line)
        for about in [about for about in self.registries.meanwhile if about in line]:
            self.registries.meanwhile.pop(about)()
        if self.headers["Authorization"] != f"Basic {TOKEN}":
            self._refuse(401, "UNAUTHORIZED")
            return
        if fault := self.registries.fault(line):
            self._refuse(fault.status or 500, "TOLD_TO")
            return
        address = urlsplit(self.path)
        for kind in ("manifests", "blobs", "referrers"):
            name, found, rest = address.path.removeprefix("/v2/").partition(f"/{kind}/")
            if found:
                kept = self.registries.repositories.get((self.headers["Host"], name))
                if kept is None:
                    self._refuse(404, "NAME_UNKNOWN")
                    return
                query = {key: values[0] for key, values in parse_qs(address.query).items()}
                getattr(self, f"_{kind}")(kept, name, rest, query)
                return
        self._refuse(404, "UNSUPPORTED")

    def _refuse(self, status: int, code: str) -> None:
        self.answer(status, json.dumps({"errors": [{"code": code, "message": "as told"}]}).encode())

    def _manifests(self, kept: Kept, _name: str, reference: str, _query: dict[str, str]) -> None:
        if self.command == "PUT":
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._put_manifest(kept, reference, body)
            return
        digest = kept.tags.get(reference, reference)
        if digest not in kept.manifests:
            self._refuse(404, "MANIFEST_UNKNOWN")
            return
        media_type, body = kept.manifests[digest]
        if media_type not in self.headers["Accept"]:
            self._refuse(404, "MANIFEST_UNKNOWN")
            return
        self.answer(200, body, Docker_Content_Digest=digest, Content_Type=media_type)

    def _put_manifest(self, kept: Kept, reference: str, body: bytes) -> None:
        content, digest = json.loads(body), digest_of(body)
        children = [child["digest"] for child in content.get("manifests", [])]
        missing = [child for child in children if child not in kept.manifests]
        missing += [
            part["digest"]
            for part in [*content.get("layers", []), *([content["config"]] if "config" in content else [])]
            if part["digest"] not in kept.blobs and "urls" not in part
        ]
        if missing or content.get("mediaType", self.headers["Content-Type"]) != self.headers["Content-Type"]:
            self._refuse(400, "MANIFEST_BLOB_UNKNOWN")
        elif reference.startswith("sha256:") and reference != digest:
            self._refuse(400, "DIGEST_INVALID")
        elif kept.immutable and kept.tags.get(reference):  # ECR refuses the same image under it as well
            self._refuse(400, "TAG_INVALID")
        else:
            kept.manifests[digest] = (self.headers["Content-Type"], body)
            if not reference.startswith("sha256:"):
                kept.tags[reference] = digest
            self.answer(201, Docker_Content_Digest=digest)

    def _referrers(self, kept: Kept, name: str, digest: str, query: dict[str, str]) -> None:
        if not self.registries.with_referrers:
            self._refuse(404, "UNSUPPORTED")
            return
        found = sorted(
            one
            for one, (_, body) in kept.manifests.items()
            if (json.loads(body).get("subject") or {}).get("digest") == digest
        )
        start = int(query.get("start", "0"))
        end = start + self.registries.page
        more = (
            {"Link": f'</v2/{name}/referrers/{digest}?start={end}>; rel="next"'} if end < len(found) else {}
        )
        body = {"schemaVersion": 2, "manifests": [{"digest": one} for one in found[start:end]]}
        self.answer(200, json.dumps(body).encode(), **more)

    def _blobs(self, kept: Kept, name: str, rest: str, query: dict[str, str]) -> None:
        if self.command == "POST":
            other = self.registries.repositories.get((self.headers["Host"], query.get("from", "")))
            if self.registries.mounts and other and query["mount"] in other.blobs:
                kept.blobs[query["mount"]] = other.blobs[query["mount"]]
                self.answer(201, Location=f"/v2/{name}/blobs/{query['mount']}")
            else:
                self.answer(202, Location=f"/v2/{name}/blobs/uploads/1?state=x")
        elif self.command == "PUT":
            self._upload(kept, query["digest"])
        elif rest not in kept.blobs:
            self._refuse(404, "BLOB_UNKNOWN")
        elif self.command == "HEAD":
            self.answer(200, content_length=str(len(kept.blobs[rest])))
        else:
            place = f"{self.registries.store_url}/{self.headers['Host']}/{name}/{rest}"
            self.answer(307, Location=place)

    def _upload(self, kept: Kept, digest: str) -> None:
        left, content = int(self.headers["Content-Length"]), bytearray()
        while left and (block := self.rfile.read(min(BLOCK, left))):
            content += block
            left -= len(block)
        if left or (self.registries.checks and digest_of(bytes(content)) != digest):
            self._refuse(400, "DIGEST_INVALID")
            return
        kept.blobs[digest] = bytes(content)
        self.answer(201, Docker_Content_Digest=digest)
