"""Which host names the local AWS answers for: no web page reaches it by having its own name lead here."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import re
import socket
from collections.abc import Iterator

import h2.config
import h2.connection
import h2.events
import pytest
from botocore.loaders import Loader
from botocore.regions import EndpointResolver
from hypothesis import example, given
from hypothesis import strategies as st

from registry_constructs.local import LocalAws
from registry_constructs.local.connection import ABOUT_PATH, IMAGE_ANSWERS_PATH
from registry_constructs.local.emulator.hosts import is_own, refusal
from tests.local.processes import BOOTSTRAP, REPORT, function

PORT = 4566
LABEL = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,20}[a-zA-Z0-9])?", fullmatch=True)
LOCAL = st.one_of(
    st.sampled_from(["127.0.0.1", "[::1]", "localhost", "LocalHost"]),
    st.lists(LABEL, min_size=1, max_size=4).map(lambda labels: ".".join([*labels, "localhost"])),
)
# What amazon-ecr-credential-helper takes for a registry of ECR (its ecr-login/api/client.go, 2025).
CREDENTIAL_HELPER = re.compile(
    r"(\d{12})\.dkr[\.\-]ecr(\-fips)?\.([a-zA-Z0-9][a-zA-Z0-9-_]*)\."
    r"(amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.(?:com\.cn|eu))"
    r"|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)",
    re.IGNORECASE,
)
OF_AWS = (
    *(".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".on.aws", ".on.amazonwebservices.com.cn"),
    *(".c2s.ic.gov", ".sc2s.sgov.gov", ".cloud.adc-e.uk", ".csp.hci.ic.gov"),
)
REGISTRIES = (
    "123456789012.dkr.ecr.us-east-1.amazonaws.com",
    "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
    "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
    "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu",
    "123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov",
    "123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
    "123456789012.dkr-ecr.eu-west-1.on.aws",
    "123456789012.dkr-ecr-fips.us-east-1.on.aws",
    "123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
)
OTHERS = (
    "evil.com",
    "localhost.evil.com",
    "127.0.0.1.evil.com",
    "evil-localhost",
    "notlocalhost",
    "localhost.",
    "127.0.0.1.",
    ".localhost",
    "a..localhost",
    "*.localhost",
    "user@localhost",
    "localhost@evil.com",
    "localhost/evil.com",
    "localhost#evil.com",
    "localhost,evil.com",
    "localhost evil.com",
    "http://localhost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.0.0.2",
    "0.0.0.0",  # noqa: S104
    "::1",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[0:0:0:0:0:0:0:1]",
    "169.254.169.254",
    "amazonaws.com",
    "evil.us-east-1.elb.amazonaws.com",
    "ec2-192-0-2-1.compute-1.amazonaws.com",
    "ec2-192-0-2-1.eu-west-1.compute.amazonaws.com",
    "evil.abc.us-east-1.rds.amazonaws.com",
    "evil.s3-website-us-east-1.amazonaws.com",
    "evil.s3-website.eu-central-1.amazonaws.com",
    "ecr.us-east-1.amazonaws.com.evil.com",
    "ecr.us-east-1.evil-amazonaws.com",
    "ecr.us-east-1.amazonaws.org",
    "123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.com",
    "123456789012.dkr.ecr.evil.com",
    "123456789012.dkr.ecr.a.b.amazonaws.com",
    "12345678901.dkr-ecr.us-east-1.on.aws",
    "evil.lambda-url.us-east-1.on.aws",
    "123456789012.dkr.ecr.us-east-1.amazonaws.com.",
    "evil.123456789012.dkr.ecr.us-east-1.amazonaws.com",
    "",
    " ",
    "-",
    "\u017focalhost",
)
BUCKETS = (
    "bucket.s3.amazonaws.com",
    "bucket.s3.us-east-1.amazonaws.com",
    "my.bucket.with.dots.s3.eu-west-1.amazonaws.com",
    "bucket.s3-us-west-2.amazonaws.com",
    "bucket.s3.cn-north-1.amazonaws.com.cn",
    "point-123456789012.s3-accesspoint.us-east-1.amazonaws.com",
)
PATHS = (
    "/",
    "/v2/",
    "/_ministack/health",
    "/2015-03-31/functions",
    "/bucket/key",
    ABOUT_PATH,
    IMAGE_ANSWERS_PATH,
)


@given(LOCAL, st.sampled_from(["", f":{PORT}"]))
def test_every_local_name_is_answered_with_this_port_or_none(host: str, port: str) -> None:
    assert is_own(host + port, PORT)


@given(LOCAL, st.integers(0, 99999).filter(lambda port: port != PORT).map(str))
@example("localhost", "")
@example("localhost", f"0{PORT}")
@example("localhost", f"+{PORT}")
@example("localhost", f"{PORT}:{PORT}")
@example("localhost", f"{PORT}@evil.com")
@example("localhost", "٤٥٦٦")
def test_no_other_port_is(host: str, port: str) -> None:
    assert not is_own(f"{host}:{port}", PORT)


@pytest.mark.parametrize("host", REGISTRIES)
def test_the_names_of_registries_are_answered(host: str) -> None:
    assert CREDENTIAL_HELPER.fullmatch(host)
    assert is_own(host, PORT)
    assert is_own(f"{host.upper()}:{PORT}", PORT)
    assert not is_own(f"{host}:443", PORT)


def test_the_names_that_an_sdk_has_for_apis_are_answered() -> None:
    """Those of botocore, for all of its services in three partitions."""
    data = Loader().load_data("endpoints")
    resolver = EndpointResolver(data)
    found = [
        resolver.construct_endpoint(service, region)
        for partition in data["partitions"][:3]
        for service in partition["services"]
        for region in resolver.get_available_endpoints(service, partition["partition"])[:1]
    ]
    names = {endpoint["hostname"] for endpoint in found if endpoint}
    names = {name for name in names if name.endswith((".amazonaws.com", ".amazonaws.com.cn"))}
    assert len(names) > 300
    assert {name for name in names if not is_own(name, PORT)} == set()


@pytest.mark.parametrize("host", BUCKETS)
def test_the_names_of_buckets_are_answered(host: str) -> None:
    assert is_own(host, PORT)
    assert is_own(f"{host}:{PORT}", PORT)
    assert not is_own(f"{host}:80", PORT)


@pytest.mark.parametrize("host", OTHERS)
def test_other_names_are_refused(host: str) -> None:
    assert not is_own(host, PORT)
    assert not is_own(f"{host}:{PORT}", PORT)
    assert refusal([(b"host", host.encode())], b"/", PORT)


@given(
    st.one_of(
        st.text(max_size=40),
        st.from_regex(
            r"[a-z0-9.:@\[\]-]{0,30}(localhost|127\.0\.0\.1|::1|amazonaws\.com)[a-z0-9.:@\[\]-]{0,20}"
        ),
        st.tuples(st.sampled_from(REGISTRIES), st.text("abz09.-:@/", max_size=6)).map("".join),
        st.tuples(st.text("abz09.-:@/", max_size=6), st.sampled_from(REGISTRIES)).map("".join),
    )
)
def test_what_is_answered_leads_to_this_machine_or_is_of_aws(host: str) -> None:
    if is_own(host, PORT):
        name = host.lower().removesuffix(f":{PORT}")
        local = name in {"127.0.0.1", "[::1]", "localhost"} or name.endswith(".localhost")
        assert local or name.endswith(OF_AWS)
        assert not set(name) & set("@/,# \t\r\n")


@given(st.lists(st.tuples(st.sampled_from([b"host", b"x-forwarded-host", b"accept"]), st.binary(max_size=9))))
def test_one_host_is_named_and_no_more(headers: list[tuple[bytes, bytes]]) -> None:
    own = (b"host", b"localhost")
    assert refusal([*headers, own], b"/", PORT) is None or b"host" in dict(headers)
    assert refusal([*headers, own, own], b"/", PORT)
    assert refusal([(name, value) for name, value in headers if name != b"host"], b"/", PORT)


@pytest.mark.parametrize("target", [b"http://evil.com/", b"http://localhost/", b"evil.com:443", b"", b"evil"])
def test_it_is_no_proxy(target: bytes) -> None:
    assert refusal([(b"host", b"localhost")], target, PORT)


# Over real connections ----------------------------------------------------------------------------------


@contextlib.contextmanager
def connected(aws: LocalAws) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", aws.port), timeout=10) as connection:
        yield connection


def statuses(aws: LocalAws, *requests: bytes) -> list[int]:
    """The status of each request on one connection; 0 where the server had closed it before."""
    found = []
    with connected(aws) as connection, connection.makefile("rb") as answers:
        for request in requests:
            connection.sendall(request)
            line = answers.readline()
            found.append(int(line.split()[1]) if line else 0)
            headers = {}
            while (line := answers.readline()) not in {b"\r\n", b""}:
                name, _, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            if headers.get("transfer-encoding") == "chunked":
                while size := int(answers.readline(), 16):
                    answers.read(size + 2)
                answers.readline()
            else:
                answers.read(int(headers.get("content-length", 0)))
    return found


def get(path: str, *hosts: str, more: str = "", version: str = "1.1") -> bytes:
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    return f"GET {path} HTTP/{version}\r\n{lines}{more}\r\n".encode()


@pytest.mark.parametrize("path", PATHS)
def test_a_foreign_host_is_refused_on_every_path(local_aws: LocalAws, path: str) -> None:
    port = local_aws.port
    for host in ("evil.com", f"evil.com:{port}", "localhost:1", f"127.0.0.1:{port}@evil.com", ""):
        assert statuses(local_aws, get(path, host)) == [403]
        assert statuses(local_aws, get(path, host, version="1.0")) == [403]


def test_the_hosts_of_its_clients_are_answered(local_aws: LocalAws) -> None:
    port = local_aws.port
    for host in ("127.0.0.1", "localhost", "[::1]", "LOCALHOST", "b.s3.localhost", *BUCKETS, *REGISTRIES):
        assert statuses(local_aws, get(ABOUT_PATH, host), get(ABOUT_PATH, f"{host}:{port}")) == [200, 200]


def test_a_host_that_is_missing_or_given_twice_is_refused(local_aws: LocalAws) -> None:
    assert statuses(local_aws, get(ABOUT_PATH, version="1.0")) == [403]
    # Here HTTP/1.1 itself is broken, which the server refuses before anything of it is looked at.
    assert statuses(local_aws, get(ABOUT_PATH)) == [400]
    assert statuses(local_aws, get(ABOUT_PATH, "localhost", "evil.com")) == [400]
    assert statuses(local_aws, get(ABOUT_PATH, "localhost", "localhost")) == [400]


def test_each_request_of_a_connection_is_checked(local_aws: LocalAws) -> None:
    good, bad = get(ABOUT_PATH, "localhost"), get(ABOUT_PATH, "evil.com")
    assert statuses(local_aws, good, bad, good, bad) == [200, 403, 200, 403]


def test_other_headers_name_no_host(local_aws: LocalAws) -> None:
    more = "X-Forwarded-Host: localhost\r\nForwarded: host=localhost\r\nX-Host: localhost\r\n"
    assert statuses(local_aws, get(ABOUT_PATH, "evil.com", more=more)) == [403]


@pytest.mark.parametrize("target", ["http://evil.com/", "http://localhost/", "https://sts.amazonaws.com/"])
def test_an_absolute_target_is_refused(local_aws: LocalAws, target: str) -> None:
    assert statuses(local_aws, get(target, "localhost")) == [403]
    connect = b"CONNECT sts.amazonaws.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert statuses(local_aws, connect) == [403]


def test_what_is_refused_does_nothing(local_aws: LocalAws, account: str) -> None:
    s3 = local_aws.client("s3", account=account)
    credential = f"AWS4-HMAC-SHA256 Credential={account}/20260101/us-east-1/s3/aws4_request"

    def create(host: str, framing: str) -> bytes:
        start = f"PUT /bucket-of-{account} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {credential}"
        return f"{start}\r\n{framing}".encode()

    whole, chunked = "Content-Length: 0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    for framing in (whole, chunked):
        assert statuses(local_aws, create("evil.com", framing)) == [403]
    assert s3.list_buckets()["Buckets"] == []
    assert statuses(local_aws, create("localhost", whole)) == [200]
    assert len(s3.list_buckets()["Buckets"]) == 1


def upgrade(path: str, host: str, more: str = "") -> bytes:
    key = base64.b64encode(b"0123456789abcdef").decode()
    handshake = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n{more}"
    return get(path, host, more=f"{handshake}Sec-WebSocket-Key: {key}\r\n")


def test_a_websocket_is_checked_too(local_aws: LocalAws, account: str) -> None:
    client = local_aws.client("apigatewayv2", account=account)
    api = client.create_api(
        Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )["ApiId"]
    client.create_stage(ApiId=api, StageName="live")
    own = f"{api}.execute-api.localhost"
    assert statuses(local_aws, upgrade("/live", own)) == [101]
    assert statuses(local_aws, upgrade("/live", f"{api}.execute-api.localhost.evil.com")) == [403]
    assert statuses(local_aws, upgrade("/live", f"{own}:1")) == [403]
    assert statuses(local_aws, upgrade("/live", own, "Origin: http://evil.com\r\n")) == [403]
    for path in PATHS:
        assert statuses(local_aws, upgrade(path, "evil.com")) == [403]


def test_the_listener_of_a_custom_runtime_checks_hosts_too(local_aws: LocalAws, account: str) -> None:
    files = {"bootstrap": BOOTSTRAP, "report.py": REPORT}
    with function(local_aws, account, "provided.al2023", files, handler="bootstrap") as report:
        address, _, port = report["variables"]["AWS_LAMBDA_RUNTIME_API"].partition(":")
        assert address == "127.0.0.1"
        for host in (f"127.0.0.1:{port}", "localhost"):
            assert status_of(int(port), host) == 404
        for other in ("evil.com", f"evil.com:{port}", f"localhost:{local_aws.port}", None):
            assert status_of(int(port), other) == 403


def status_of(port: int, host: str | None) -> int:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.putrequest("GET", "/other", skip_host=True)
        if host:
            connection.putheader("Host", host)
        connection.endheaders()
        return connection.getresponse().status


@pytest.mark.parametrize(("authority", "status"), [("localhost", 200), ("evil.com", 403)])
def test_http2_is_checked_too(local_aws: LocalAws, authority: str, status: int) -> None:
    client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    client.initiate_connection()
    request = {":method": "GET", ":scheme": "http", ":authority": authority, ":path": ABOUT_PATH}
    client.send_headers(1, list(request.items()), end_stream=True)
    with connected(local_aws) as connection:
        connection.sendall(client.data_to_send())
        while data := connection.recv(65536):
            for event in client.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    assert (":status", str(status)) in [
                        (str(name), str(value)) for name, value in event.headers or []
                    ]
                    return
    pytest.fail("no answer")


def test_the_answer_says_what_is_allowed(local_aws: LocalAws) -> None:
    with connected(local_aws) as connection:
        connection.sendall(get("/", "<script>" + "x" * 300, version="1.0"))
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert "content-type: text/plain" in answer
    assert "does not answer for <script>xxx" in answer
    assert "x" * 120 not in answer
    assert "127.0.0.1, localhost, [::1], names that end with .localhost" in answer
    assert f":{local_aws.port}" in answer


def test_json_is_what_the_page_about_it_answers(local_aws: LocalAws) -> None:
    with connected(local_aws) as connection:
        connection.sendall(get(ABOUT_PATH, "localhost", version="1.0"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert "pid" in json.loads(answer.partition(b"\r\n\r\n")[2])
