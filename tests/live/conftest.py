"""One AWS, on which each test has an account of its own, and the command line as a person types it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from registry_constructs.cli import run
from registry_constructs.local import LocalAws
from tests.live.gateway import Gateway
from tests.live.served import Command, Served

_accounts = itertools.count(200_000_000_000)


@pytest.fixture
def account() -> str:
    """An account that no other test has used."""
    return str(next(_accounts))


@pytest.fixture
def gateway(local_aws: LocalAws) -> Iterator[Gateway]:
    """A way to the local AWS on which ECR answers in pages of 100."""
    with Gateway(local_aws.endpoint_url, page=100) as opened:
        yield opened


class Result(NamedTuple):
    status: int
    out: str
    err: str


class Shell:
    """Runs command lines in this process, in a folder of their own, against an endpoint."""

    def __init__(self, capfd: pytest.CaptureFixture[str], aws: LocalAws, account: str) -> None:
        self._capfd = capfd
        self._aws = aws
        self.account = account

    def __call__(self, *arguments: str, endpoint: str | None = None, **variables: str) -> Result:
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("AWS_")]:
                patch.delenv(name)
            for name, value in self.environment(endpoint, **variables).items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as end:
                run(arguments)
        return Result(int(end.value.code or 0), *self._capfd.readouterr())

    def start(self, *arguments: str, endpoint: str | None = None) -> subprocess.Popen[str]:
        """The same in a process of its own."""
        return subprocess.Popen(
            [str(Path(sys.executable).parent / "registry-constructs"), *arguments],
            env=self.environment(endpoint),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def environment(self, endpoint: str | None = None, **variables: str) -> dict[str, str]:
        found = self._aws.environment(account=self.account, region="eu-west-1")
        return found | ({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}) | variables


@pytest.fixture
def shell(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    local_aws: LocalAws,
    account: str,
) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(capfd, local_aws, account)


@pytest.fixture
def inventory(shell: Shell) -> Callable[..., Result]:
    """Take an inventory of the test's account into `inventory.jsonl`."""

    def take(*arguments: str, endpoint: str | None = None, **variables: str) -> Result:
        return shell(
            "inventory",
            "--output",
            "inventory.jsonl",
            *arguments or ["--all"],
            endpoint=endpoint,
            **variables,
        )

    return take


@pytest.fixture
def served() -> Iterator[Served]:
    """An AWS whose answers the test writes."""
    with Served() as opened:
        yield opened


@pytest.fixture
def command(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    """Command lines against that AWS, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    return Command(capfd, served)
