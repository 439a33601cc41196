"""How to speak to a running emulator: AWS clients, and the environment of the tools that deploy to it."""

from __future__ import annotations

import functools
import http.client
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from registry_constructs.local.errors import LocalAwsError

if TYPE_CHECKING:
    import boto3.session

HOST = "127.0.0.1"
DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"
ABOUT_PATH = "/_registry_constructs"
IMAGE_ANSWERS_PATH = f"{ABOUT_PATH}/images"
SECRET_KEY = "test"  # noqa: S105 - ministack's fixed secret of every account's root key; checked when auth is on

_STEERING = frozenset(
    {"BOTO_CONFIG", "CDK_CA_BUNDLE_PATH", "CDK_EC2CREDS", "CDK_PROFILE", "CDK_PROXY", "CDK_ROLE_ARN"}
)
"""Variables that lead a tool to another AWS and don't begin with `AWS_`."""


class LocalEnvironment(NamedTuple):
    """An account and a Region, what the CDK calls an environment."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"aws://{self.account}/{self.region}"


class Connection:
    """A way into an emulator that listens on 127.0.0.1.

    Args:
        port: Its port; None while there is none.
        account: The account that clients act in unless they name another: any 12 digits.
        region: The Region that clients speak to unless they name another.
    """

    def __init__(
        self, port: int | None, *, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION
    ) -> None:
        self._port = port
        self.account = account
        self.region = region

    @property
    def port(self) -> int:
        """The port that serves every AWS API and the image registry."""
        if self._port is None:
            raise LocalAwsError("The local AWS is not running. Start it: `with LocalAws() as aws: ...`")
        return self._port

    @property
    def endpoint_url(self) -> str:
        """The address for `AWS_ENDPOINT_URL` and boto3's `endpoint_url`."""
        return f"http://{HOST}:{self.port}"

    def client(self, service: str, *, account: str | None = None, region: str | None = None) -> Any:  # noqa: ANN401
        """A boto3 client that acts as the root of an account; nothing of the caller's AWS settings is used.

        Args:
            service: boto3's name of the service, such as `"ecr"`.
            account: 12 digits; the connection's account by default.
            region: The connection's Region by default.
        """
        from botocore.config import Config  # noqa: PLC0415 - slow, and part of an extra

        return self._session.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint_url,
            region_name=region or self.region,
            aws_access_key_id=account or self.account,
            aws_secret_access_key=SECRET_KEY,
            config=Config(proxies={}, use_fips_endpoint=False, use_dualstack_endpoint=False),
        )

    @functools.cached_property
    def _session(self) -> boto3.session.Session:
        import boto3.session  # noqa: PLC0415 - the same
        import botocore.session  # noqa: PLC0415

        nothing = (None, None, os.devnull, None)
        variables = {"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing}
        return boto3.session.Session(botocore_session=botocore.session.Session(variables))

    def environment(self, *, account: str | None = None, region: str | None = None) -> dict[str, str]:
        """The environment of a tool (CDK CLI, AWS CLI, Terraform) that must reach this AWS and no other.

        All of this process's without what names an endpoint, credentials or a profile (`AWS_*`, and the CDK
        CLI's and boto's own), and with this Python's folder first on PATH.

        Args:
            account: 12 digits; the connection's account by default.
            region: The connection's Region by default.
        """
        region = region or self.region
        own = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
        no_proxy = ",".join(filter(None, [own, HOST, "localhost"]))
        return {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith("AWS_") and name not in _STEERING
            },
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": account or self.account,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": no_proxy,
            "no_proxy": no_proxy,
            "PATH": path_with_this_python(),
        }

    def environments(self) -> list[LocalEnvironment]:
        """Every account and Region with a stack, a private repository or a registry setting, sorted."""
        return [LocalEnvironment(*pair) for pair in about(self.port)["environments"]]

    def manifests(self, place: LocalEnvironment, cluster: str) -> list[dict[str, Any]]:
        """The Kubernetes objects that stacks have for an EKS cluster; they are kept and not applied."""
        return [
            found
            for *where, objects in about(self.port)["manifests"]
            if where == [*place, cluster]
            for found in objects
        ]

    def set_image_answer(
        self,
        operation: Literal["DescribeImageScanFindings", "DescribeImageSigningStatus"],
        answer: dict[str, Any],
        *,
        repository: str,
        digest: str,
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        """Say what ECR answers about an image from now on: this AWS scans and signs nothing by itself.

        Args:
            operation: ECR's operation.
            answer: What it answers, in the API's shape, without the image. A finished basic scan has
                when: `imageScanFindings` has `imageScanCompletedAt`, in seconds of the epoch.
            repository: The repository's name.
            digest: The image's digest.
            account: 12 digits; the connection's account by default.
            region: The connection's Region by default.
        """
        setting = {
            "account": account or self.account,
            "region": region or self.region,
            "operation": operation,
            "repository": repository,
            "digest": digest,
            "answer": answer,
        }
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        try:
            connection.request("POST", IMAGE_ANSWERS_PATH, json.dumps(setting))
            if connection.getresponse().status != 200:
                raise ValueError(f"port {self.port} does not take answers about images")
        finally:
            connection.close()


def path_with_this_python() -> str:
    """PATH with the running interpreter's folder first: its `python3` and `node` are the ones to start."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def about(port: int, *, timeout: float = 10.0) -> dict[str, Any]:
    """What the emulator on a port reports: `pid`, `environments` and `manifests`.

    Raises:
        OSError: Nothing answers there.
        ValueError: Something else does.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", ABOUT_PATH)
        answer = json.loads(connection.getresponse().read())
    except http.client.HTTPException as error:
        raise ValueError(f"port {port} does not speak HTTP") from error
    finally:
        connection.close()
    if not isinstance(answer, dict) or "environments" not in answer:
        raise ValueError(f"port {port} is served by another program")
    return answer
