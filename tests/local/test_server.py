"""An AWS of your own: who reaches it, what it sees, and that it always ends."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.ecr.errors import MissingExtraError
from registry_constructs.installation import install_command
from registry_constructs.local import LocalAws, LocalAwsError
from registry_constructs.local.connection import about
from tests.local.machine import alive, listeners
from tests.waiting import until

FOREVER = """
    import signal, sys, tempfile
    from registry_constructs.local import LocalAws
    from registry_constructs.local.connection import about
    tempfile.tempdir = sys.argv[1]
    with LocalAws() as aws:
        print(about(aws.port)["pid"], flush=True)
        signal.pause()
"""


def pid_of(aws: LocalAws) -> int:
    return int(about(aws.port)["pid"])


def run_lambda(aws: LocalAws, source: str) -> Any:
    """Deploy a Python function, run it once and return its answer."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("index.py", textwrap.dedent(source))
    client = aws.client("lambda")
    client.create_function(
        FunctionName="probe",
        Runtime="python3.12",
        Role=f"arn:aws:iam::{aws.account}:role/probe",
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    return json.loads(client.invoke(FunctionName="probe")["Payload"].read())


def test_accounts_and_regions_are_kept_apart(local_aws: LocalAws, new_account: Callable[[], str]) -> None:
    one, other = new_account(), new_account()
    local_aws.client("ecr", account=one, region="eu-west-1").create_repository(repositoryName="apps/web")

    def names(account: str, region: str) -> list[str]:
        pages = local_aws.client("ecr", account=account, region=region).describe_repositories()
        return [repository["repositoryUri"] for repository in pages["repositories"]]

    assert local_aws.client("sts", account=one).get_caller_identity()["Account"] == one
    assert names(one, "eu-west-1") == [f"{one}.dkr.ecr.eu-west-1.amazonaws.com/apps/web"]
    assert names(one, "us-east-1") == names(other, "eu-west-1") == []
    assert (one, "eu-west-1") in local_aws.environments()


def test_listens_on_loopback_only(local_aws: LocalAws) -> None:
    local_aws.client("iot").list_things()
    local_aws.client("transfer").list_servers()
    assert listeners(pid_of(local_aws)) == {("127.0.0.1", local_aws.port)}


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site"])
def test_a_web_page_is_kept_out(local_aws: LocalAws, header: str) -> None:
    def status(headers: dict[str, str]) -> int:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", local_aws.port)) as connection:
            connection.request("GET", "/?Action=ListStacks", headers=headers)
            return connection.getresponse().status

    assert status({}) == 200
    assert status({header: "https://example.com"}) == 403


def test_several_run_at_once_and_share_nothing(local_aws: LocalAws) -> None:
    with LocalAws() as other:
        other.client("s3").create_bucket(Bucket="only-here")
        buckets = local_aws.client("s3").list_buckets()["Buckets"]
        assert other.port != local_aws.port
        assert "only-here" not in [bucket["Name"] for bucket in buckets]


@pytest.mark.deploy
def test_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with LocalAws() as aws:
        pid = pid_of(aws)
        aws.client("s3").create_bucket(Bucket="kept-in-its-folder")
        (folder,) = tmp_path.iterdir()
    assert not alive(pid)
    assert not folder.exists()
    assert aws.stop() is None


@pytest.mark.deploy
def test_a_failure_keeps_the_log_and_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(RuntimeError, match="mine") as caught, LocalAws() as aws:  # noqa: PT012
        pid = pid_of(aws)
        raise RuntimeError("mine")
    (note,) = caught.value.__notes__
    log = Path(note.removeprefix("The log of the local AWS: "))
    assert not alive(pid)
    assert "services available on port" in log.read_text()
    assert list(log.parent.iterdir()) == [log]


@pytest.mark.deploy
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ends_with_its_parent(number: signal.Signals, tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(FOREVER), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.send_signal(number)
        parent.communicate()
    assert until(lambda: not alive(pid))
    assert until(lambda: not any(tmp_path.iterdir()))


@pytest.mark.deploy
def test_lambdas_end_with_it_and_see_nothing_of_the_callers_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPANY_TOKEN", "secret")
    monkeypatch.setenv("AWS_PROFILE", "production")
    source = """
        import os, signal, subprocess, sys
        def handler(event, context):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            return {"pids": [os.getpid(), child.pid], "environment": dict(os.environ)}
    """
    with LocalAws() as aws:
        answer = run_lambda(aws, source)
        assert all(alive(pid) for pid in answer["pids"])
        assert answer["environment"]["AWS_ENDPOINT_URL"] == aws.endpoint_url
    assert answer["environment"].keys().isdisjoint({"COMPANY_TOKEN", "AWS_PROFILE"})
    assert until(lambda: not any(alive(pid) for pid in answer["pids"]))


@pytest.mark.deploy
def test_with_auth_policies_decide() -> None:
    with LocalAws(auth=True) as aws:
        iam = aws.client("iam")
        iam.create_user(UserName="reader")
        key = iam.create_access_key(UserName="reader")["AccessKey"]
        credentials = {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }
        import boto3

        public = boto3.client(
            "ecr-public", region_name="us-east-1", endpoint_url=aws.endpoint_url, **credentials
        )
        with pytest.raises(
            public.exceptions.ClientError, match=r"not authorized.*ecr-public:DescribeRepositories"
        ):
            public.describe_repositories()
        statement = {"Effect": "Allow", "Action": "ecr-public:Describe*", "Resource": "*"}
        # Real policies guard against plain HTTP, which is all that a laptop needs.
        condition = {"Bool": {"aws:SecureTransport": "true"}}
        policy = {"Version": "2012-10-17", "Statement": [statement | {"Condition": condition}]}
        iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=json.dumps(policy))
        assert public.describe_repositories()["repositories"] == []


def test_tools_are_led_here_and_nowhere_else(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_ROLE_ARN"):
        monkeypatch.setenv(name, "production")
    monkeypatch.setenv("NO_PROXY", "intranet")
    monkeypatch.setenv("MINE", "kept")
    environment = local_aws.environment(account="333333333333", region="eu-north-1")
    assert {name: value for name, value in environment.items() if name.startswith("AWS_")} == {
        "AWS_ENDPOINT_URL": local_aws.endpoint_url,
        "AWS_ACCESS_KEY_ID": "333333333333",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-north-1",
        "AWS_DEFAULT_REGION": "eu-north-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    assert environment["NO_PROXY"] == environment["no_proxy"] == "intranet,127.0.0.1,localhost"
    assert environment["PATH"].startswith(f"{Path(sys.executable).parent}{os.pathsep}")
    assert environment["MINE"] == "kept"


@pytest.mark.deploy
def test_clients_use_nothing_of_the_callers_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "real",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "HTTP_PROXY": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    with LocalAws(account="555555555555") as aws:
        assert aws.client("sts").get_caller_identity()["Account"] == "555555555555"
        assert aws.client("s3").list_buckets()["Buckets"] == []


@pytest.mark.deploy
def test_says_why_it_did_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho out of memory >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(broken))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(LocalAwsError, match=r"did not start(?s:.)*out of memory"):
        LocalAws().start()
    assert list(tmp_path.iterdir()) == [broken]


def test_says_when_it_is_not_running() -> None:
    with pytest.raises(LocalAwsError, match="not running"):
        LocalAws().client("ecr")


def test_says_how_to_install_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ministack", None)
    with pytest.raises(MissingExtraError, match=f"ministack is not .*{re.escape(install_command('local'))}"):
        LocalAws().start()
