"""An AWS whose answers a test writes: a server on 127.0.0.1, and the command line against it.

It knows the accounts by their access keys, as the local AWS does, and has nothing but what a test gives it:
its answers may be nonsense.
"""

from __future__ import annotations

import copy
import json
import os
import re
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import pytest

from registry_constructs.cli import run
from tests.stub_server import StubServer

ACCOUNT, REGION = "111122223333", "eu-west-1"

Request = dict[str, Any]
Answer = Any
"""JSON, or a status and JSON, or bytes as they are sent."""
Answers = dict[str, "Answer | Callable[[Request], Answer]"]

# REST has no names of operations: they are known by their paths.
_PATHS = {
    r"GET /2015-03-31/functions/?": "ListFunctions",
    r"GET /2015-03-31/functions/[^/]+": "GetFunction",
    r"GET /2015-03-31/functions/[^/]+/versions": "ListVersionsByFunction",
    r"GET /clusters": "eks:ListClusters",
    r"GET /clusters/[^/]+": "DescribeCluster",
    r"GET /schedules": "ListSchedules",
    r"GET /schedules/[^/]+": "GetSchedule",
}


def repository(name: str, *, account: str = ACCOUNT, region: str = REGION, **more: Any) -> dict[str, Any]:
    """A repository as ECR describes it."""
    return {
        "repositoryArn": f"arn:aws:ecr:{region}:{account}:repository/{name}",
        "registryId": account,
        "repositoryName": name,
        "repositoryUri": f"{account}.dkr.ecr.{region}.amazonaws.com/{name}",
        "createdAt": 1_790_000_000,
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "AES256"},
        **more,
    }


def refusal(code: str, *, status: int = 400) -> tuple[int, dict[str, str]]:
    return status, {"__type": code, "message": "no"}


def organization(*accounts: dict[str, Any]) -> Answers:
    """The answers of an organization with these accounts."""
    return {
        "DescribeOrganization": {"Organization": {"Id": "o-ourown1234"}},
        "ListAccounts": {"Accounts": list(accounts)},
    }


def regions(*names: str) -> bytes:
    """What DescribeRegions answers."""
    items = "".join(f"<item><regionName>{escape(name)}</regionName></item>" for name in names)
    return f"<DescribeRegionsResponse><regionInfo>{items}</regionInfo></DescribeRegionsResponse>".encode()


def _identity(request: Request) -> bytes:
    return (
        "<GetCallerIdentityResponse><GetCallerIdentityResult>"
        f"<Account>{request['account']}</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>"
    ).encode()


def _assumed(request: Request) -> bytes:
    """Credentials of the account that a role is of."""
    account = request["RoleArn"].split(":")[4]
    return (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
        f"<AccessKeyId>{account}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
        "<SessionToken>token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    ).encode()


NOTHING: Answers = {
    "AssumeRole": _assumed,
    "GetCallerIdentity": _identity,
    "DescribePullThroughCacheRules": {"pullThroughCacheRules": []},
    "DescribeRegions": regions(REGION),
    "DescribeRegistry": {"registryId": ACCOUNT, "replicationConfiguration": {"rules": []}},
    "DescribeRepositories": {"repositories": []},
    "DescribeRepositoryCreationTemplates": {"repositoryCreationTemplates": []},
    "GetLifecyclePolicy": refusal("LifecyclePolicyNotFoundException"),
    "GetRegistryPolicy": refusal("RegistryPolicyNotFoundException"),
    "GetRegistryScanningConfiguration": {"scanningConfiguration": {"scanType": "BASIC", "rules": []}},
    "GetRepositoryPolicy": refusal("RepositoryPolicyNotFoundException"),
    "ListTagsForResource": {"tags": []},
    "DescribeImages": {"imageDetails": []},
}


class Served(StubServer):
    """The stub of an AWS of one or several accounts.

    Attributes:
        answers: By operation what is answered, or a function of the request.
        calls: How often each operation was called.
    """

    def __init__(self) -> None:
        self.answers: Answers = copy.copy(NOTHING)
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def respond(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """The answer to one request."""
        credential = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)", headers.get("authorization", ""))
        assert credential
        request: Request = {"account": credential[1], "region": credential[2]}
        if target := headers.get("x-amz-target", ""):
            operation = target.rpartition(".")[2]
            request |= json.loads(body or b"{}")
        elif b"Action=" in body:
            request |= dict(urllib.parse.parse_qsl(body.decode()))
            operation = request["Action"]
        else:
            plain, _, query = path.partition("?")
            operation = next(
                name for pattern, name in _PATHS.items() if re.fullmatch(pattern, f"{method} {plain}")
            )
            request |= dict(urllib.parse.parse_qsl(query)) | {"path": plain}
        qualified = f"{credential[3]}:{operation}"
        with self._lock:
            self.calls[operation] += 1
        given = self.answers.get(qualified, self.answers.get(operation, refusal("AccessDeniedException")))
        answer = given(request) if callable(given) else given
        status = 200
        if isinstance(answer, tuple):
            status, answer = answer
        return status, {}, answer if isinstance(answer, bytes) else json.dumps(answer).encode()


class Result(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON that was printed."""
        found: dict[str, Any] = json.loads(self.out)
        return found


class Command:
    """Runs command lines in this process against the server; nothing but SystemExit may leave them."""

    def __init__(self, capfd: pytest.CaptureFixture[str], served: Served) -> None:
        self._capfd = capfd
        self.served = served

    def environment(self, *, region: str = REGION, **variables: str) -> dict[str, str]:
        """The variables with which AWS is the server, and nothing else is configured."""
        return {
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": region,
            "AWS_ENDPOINT_URL": self.served.url,
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **variables,
        }

    def __call__(self, *arguments: str, region: str = REGION, **variables: str) -> Result:
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("AWS_")]:
                patch.delenv(name)
            for name, value in self.environment(region=region, **variables).items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as end:
                run(arguments)
        result = Result(int(end.value.code or 0), *self._capfd.readouterr())
        assert "Traceback" not in result.err, result.err
        return result
