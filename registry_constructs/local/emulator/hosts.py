"""The host names that the local AWS answers for; a request for any other is refused.

A web page can have its own host name resolve to 127.0.0.1 after it was loaded (DNS rebinding). The browser
then sends the page's requests here as requests of one origin, with the page's name in `Host`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

Headers = Iterable[tuple[bytes, bytes]]

_PORT: Final = r"(?::(?P<port>[0-9]+))?"
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_REGION: Final = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]+"
_LOCAL: Final = re.compile(rf"(?:127\.0\.0\.1|\[::1\]|(?:{_LABEL}\.)*localhost){_PORT}", re.ASCII)
_SHOWN: Final = 100
"""Characters of a refused name in the answer."""


def refusal(headers: Headers, target: bytes, port: int) -> str | None:
    """Why a request is refused, for the client to read; None if it is for this AWS.

    Args:
        headers: Its headers, the names in small letters.
        target: Its target, without the query.
        port: The port that it came to.
    """
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) == 1 and is_own(hosts[0].decode("latin-1"), port):
        # An absolute target, or that of CONNECT, names a host of its own: its sender takes this for a proxy.
        if target.startswith(b"/") or target == b"*":
            return None
        hosts = [target]
    given = ", ".join(host.decode("latin-1") for host in hosts) or "no host"
    shown = "".join(character if character.isprintable() else "?" for character in given[:_SHOWN])
    return (
        f"The local AWS does not answer for {shown}, and what runs in it can't reach other hosts. It answers "
        f"for 127.0.0.1, localhost, [::1], names that end with .localhost, and the host names of AWS APIs, "
        f"buckets and registries, each without a port or with :{port}.\n"
    )


def is_own(host: str, port: int) -> bool:
    """Whether a `Host` header names this AWS: a local name or one of AWS, with no port or this one.

    Clients whose address alone is local send AWS's names: those that push images, and functions with an SDK
    that knows no other endpoint, whose requests ministack sends here.
    """
    host = host.lower()
    found = _LOCAL.fullmatch(host) or _of_aws().fullmatch(host)
    return found is not None and found["port"] in {None, str(port)}


def install() -> None:
    """Have the listeners of functions of the `provided` runtimes check their hosts too."""
    own = BaseHTTPRequestHandler.parse_request

    def parse_request(self: BaseHTTPRequestHandler) -> bool:
        if not own(self):
            return False
        headers = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
        port: int = self.server.server_address[1]  # type: ignore[assignment,index]
        if refusal(headers, self.path.encode(), port):
            self.send_error(403)
            return False
        return True

    BaseHTTPRequestHandler.parse_request = parse_request  # type: ignore[method-assign]


@functools.cache
def _of_aws() -> re.Pattern[str]:
    """The names of APIs, of buckets and of private registries, in every partition.

    Not those of its customers' machines, load balancers and websites.
    """
    from botocore.loaders import Loader  # noqa: PLC0415 - slow

    outputs: list[Mapping[str, Any]] = [
        partition["outputs"] for partition in Loader().load_data("partitions")["partitions"]
    ]
    # Dual-stack registries end with on.aws where APIs end with api.aws (Amazon ECR User Guide, "Private
    # registry").
    single = _one_of({output["dnsSuffix"] for output in outputs})
    dual = _one_of({f"on.{output['dualStackDnsSuffix'].removeprefix('api.')}" for output in outputs})
    names = {
        # <service>.<region>, <operation>.<service>.<region>, <account>.dkr.ecr.<region>
        rf"(?!.*\.s3-website)(?:{_LABEL}\.){{1,3}}{_REGION}\.{single}",
        rf"(?:{_LABEL}|global\.health)\.{single}",
        rf"(?:{_LABEL}\.)+s3(?:-accesspoint|-fips|-{_REGION})?(?:\.{_REGION})?\.{single}",
        rf"[0-9]{{12}}\.dkr-ecr(?:-fips)?\.{_REGION}\.{dual}",
    }
    return re.compile(f"(?:{'|'.join(sorted(names))}){_PORT}", re.ASCII)


def _one_of(suffixes: Iterable[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, sorted(suffixes)))})"
