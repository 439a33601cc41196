"""A stub of AWS's endpoints: a server on 127.0.0.1, or no server at all in unit tests.

With STUBS_IN_PROCESS in the environment, what boto3 and urllib would send to the stub's address is answered
in the same thread. botocore still writes each request and parses each answer. With STUBS_OVER_HTTP
(`make test-long`), unit tests have a server, too.
"""

from __future__ import annotations

import io
import itertools
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from unittest import mock

from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session

_ports = itertools.count(1)


class StubServer:
    """Answers requests for as long as a `with` block lasts.

    Attributes:
        url: Its address.
    """

    url: str

    def respond(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """The status, the headers and the body that answer a request, whose headers are in lower case."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._close = self._in_process() if os.environ.get("STUBS_IN_PROCESS") else self._serve()
        next(self._close)
        return self

    def __exit__(self, *_: object) -> None:
        next(self._close, None)

    def _serve(self) -> Iterator[None]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Else a header and a body of their own packets wait for each other.
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                sent = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(sent.get("content-length", 0)))
                status, headers, content = stub.respond(self.command, self.path, sent, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST  # noqa: N815 - the base class looks for them
            do_PUT = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield
        server.shutdown()
        server.server_close()
        thread.join()

    def _in_process(self) -> Iterator[None]:
        self.url = f"http://127.0.0.1:{next(_ports)}"
        send, urlopen = URLLib3Session.send, urllib.request.urlopen

        def answered(method: str, url: str, headers: Mapping[str, Any], body: Any) -> Any:
            names = {
                name.lower(): value.decode() if isinstance(value, bytes) else str(value)
                for name, value in headers.items()
            }
            return self.respond(method, url.removeprefix(self.url) or "/", names, _bytes(body))

        def sent(session: URLLib3Session, request: Any) -> Any:
            if not request.url.startswith(self.url):
                return send(session, request)
            status, headers, content = answered(request.method, request.url, request.headers, request.body)
            return AWSResponse(request.url, status, headers, _Raw(content))

        def opened(request: Any, *arguments: Any, **options: Any) -> Any:
            if not request.full_url.startswith(self.url):
                return urlopen(request, *arguments, **options)
            status, _, content = answered(
                request.get_method(), request.full_url, request.headers, request.data
            )
            if status >= 400:
                raise urllib.error.HTTPError(
                    request.full_url, status, str(status), Message(), io.BytesIO(content)
                )
            return io.BytesIO(content)

        with mock.patch.object(URLLib3Session, "send", sent), mock.patch("urllib.request.urlopen", opened):
            yield


class _Raw(io.BytesIO):
    """A body as urllib3 gives it to botocore."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, bytes | bytearray) else bytes(body.read())
