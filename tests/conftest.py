"""What all tests share: this environment's Node, the project's CDK CLI, and snapshots as JSON files."""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import botocore.loaders
import botocore.session
import pytest
from hypothesis import HealthCheck, settings
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from registry_constructs.ecr.tokens import ENCODED_TEXT, is_token
from tests.drawing import examples

_TOOLS = [Path(sys.executable).parent, Path(__file__).parent.parent / "node_modules" / ".bin"]
os.environ["PATH"] = os.pathsep.join([*map(str, _TOOLS), os.environ.get("PATH", "")])

# Node compiles the CDK anew in each of a hundred processes unless it may keep what it made.
os.environ.setdefault("NODE_COMPILE_CACHE", str(Path(tempfile.gettempdir()) / "registry-constructs-node"))
# The CDK's own look at templates takes seconds of each process. It is left on for the whole example app
# (`example_assembly`); cfn-lint looks at every template by the same schemas.
os.environ["CDK_VALIDATION"] = "false"

# How fast a busy machine makes the examples says nothing about the code.
settings.register_profile(
    "make",
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("make")

# Looking for cycles among all that is collected and imported takes an eighth of the time.
gc.set_threshold(100_000, 50, 50)

# A shell's job in the background ignores Ctrl-C and hands that on: what tests start would ignore it too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_make_parametrize_id(val: object) -> str | None:
    """A token is numbered differently in each worker, which would then not have the same tests."""
    return re.sub(ENCODED_TEXT, "<token>", val) if is_token(val) and isinstance(val, str) else None


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses by the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each test belongs to one tier; what deploys comes first, because the end would wait for it."""
    for item in items:
        item.add_marker(_tier(item))
    items.sort(key=lambda item: item.get_closest_marker("deploy") is None)


def _tier(item: pytest.Item) -> str:
    if item.get_closest_marker("deploy") or {"local_aws", "example_assembly"} & set(item.fixturenames):  # type: ignore[attr-defined]
        return "deploy"
    asks_a_scanner = isinstance(item, pytest.Function) and "cfn_lint" in item.function.__code__.co_names
    if asks_a_scanner or Path(__file__).parent / "scanners" in item.path.parents:
        return "scanners"
    return "deploy" if item.path.stem.endswith("_deployment") else "unit"


_unit_tests: list[str] = []
"""The unit test that runs."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    if item.get_closest_marker("unit") and not os.environ.get("STUBS_OVER_HTTP"):
        _unit_tests.append(item.nodeid)
    with pytest.MonkeyPatch.context() as patch:
        if _unit_tests:
            patch.setenv("STUBS_IN_PROCESS", "1")
        try:
            return (yield)
        finally:
            _unit_tests.clear()


def _keep_unit_tests_short(event: str, arguments: tuple[object, ...]) -> None:
    """An error in a unit test that starts another process than the CDK's, or a server."""
    if event in {"subprocess.Popen", "socket.bind"} and _unit_tests and "jsii-runtime" not in str(arguments):
        raise RuntimeError(f"{_unit_tests[0]}: {event} {arguments!r}; mark the test with pytest.mark.deploy")


sys.addaudithook(_keep_unit_tests_short)


@pytest.fixture(scope="session")
def example_assembly(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The example app as `cdk synth` writes it: once for all tests, in whichever worker asks first."""
    import fcntl

    alone = tmp_path_factory.getbasetemp()
    folder = (alone if worker_id == "master" else alone.parent) / "example"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            command = ["cdk", "synth", "--quiet", "--no-lookups", "--no-notices", "--output", f"{folder}.new"]
            environment = {name: value for name, value in os.environ.items() if name != "CDK_VALIDATION"}
            subprocess.run(command, cwd=Path(__file__).parent.parent, env=environment, check=True)
            Path(f"{folder}.new").rename(folder)
    return folder


# Each session of boto3 reads AWS's models anew, which takes longer than most tests.
_LOADER = botocore.loaders.create_loader()
botocore.session.Session._register_data_loader = lambda session: session._components.register_component(  # type: ignore[attr-defined]
    "data_loader", _LOADER
)


@pytest.fixture(autouse=True)
def _no_session_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions ask boto3 for clients of its default session, which keeps its first credentials."""
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """One JSON file for each snapshot, named by what it shows."""
    return snapshot.use_extension(JSONSnapshotExtension)
