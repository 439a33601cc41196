"""`registry-constructs local ...`, as a person types it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from registry_constructs.cli import run
from registry_constructs.installation import install_command
from registry_constructs.local import background
from registry_constructs.local.connection import about

pytestmark = pytest.mark.deploy


class Result(NamedTuple):
    status: int
    out: str
    err: str


class Shell:
    """Runs command lines in this process."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(self, *arguments: str) -> Result:
        with pytest.raises(SystemExit) as end:
            run(["local", *arguments])
        return Result(int(end.value.code or 0), *self._capfd.readouterr())


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Shell]:
    """A command line in an empty folder; what it leaves running is ended."""
    monkeypatch.chdir(tmp_path)
    yield Shell(capfd)
    background.down()


def write_assembly(folder: Path, *repositories: str, **others: tuple[str, dict[str, Any]]) -> None:
    """A cloud assembly with one stack: repositories, and other resources, each a type and properties."""
    folder.mkdir(exist_ok=True)
    resources = {
        name.title(): {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": name}}
        for name in repositories
    }
    resources |= {name: {"Type": kind, "Properties": body} for name, (kind, body) in others.items()}
    artifact: dict[str, Any] = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/unknown-region",
        "properties": {"templateFile": "App.template.json"},
    }
    (folder / "App.template.json").write_text(json.dumps({"Resources": resources}))
    (folder / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": {"App": artifact}}))


def task(family: str, *images: str, **roles: str) -> tuple[str, dict[str, Any]]:
    """A task definition; an image of the private registry is named without it."""
    containers = [
        {"Name": f"c{index}", "Image": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{image}"}
        for index, image in enumerate(images)
    ]
    return "AWS::ECS::TaskDefinition", {"Family": family, "ContainerDefinitions": containers, **roles}


def tags(status: str) -> dict[str, list[list[str]]]:
    """The tags of each image by repository, from `--json`."""
    return {
        repository["name"]: [sorted(image["tags"]) for image in repository["images"]]
        for repository in json.loads(status)["repositories"]
    }


def lines(text: str) -> list[str]:
    """Lines without what aligns their columns."""
    return [" ".join(line.split()) for line in text.splitlines()]


def test_up_status_down_twice_each(shell: Shell) -> None:
    first = shell("up", "--json")
    state = json.loads(first.out)
    second = shell("up")
    assert first.status == second.status == 0
    assert f"Already up on {state['endpoint_url']}" in second.err
    assert f"export AWS_ENDPOINT_URL={state['endpoint_url']}\n" in second.out
    assert about(int(state["endpoint_url"].rpartition(":")[2]))["pid"] == state["pid"]
    assert Path(state["log"]).is_file()

    assert shell("status").out == "Nothing is deployed.\n"
    assert json.loads(shell("status", "--json").out) == {
        "stacks": [],
        "registries": [],
        "repositories": [],
        "public_repositories": [],
        "consumers": [],
    }

    assert f"Stopped {state['endpoint_url']}" in shell("down").err
    assert shell("down") == Result(0, "", "Nothing was up.\n")
    assert not Path(".local/aws").exists()
    with pytest.raises(ConnectionRefusedError):
        about(int(state["endpoint_url"].rpartition(":")[2]))


def test_status_shows_the_registrys_settings(shell: Shell) -> None:
    shell("up")
    running = background.find()
    assert running
    ecr = running.client("ecr")
    rules = [{"destinations": [{"region": "eu-west-1", "registryId": "999999999999"}]}]
    ecr.put_replication_configuration(replicationConfiguration={"rules": rules})
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io")

    table = "\n".join(lines(shell("status").out))
    assert table.startswith("Registries\n")
    assert "\n123456789012 us-east-1 - 999999999999 eu-west-1 ENHANCED (0) 1 - - -\n" in table
    (registry,) = json.loads(shell("status", "--json").out)["registries"]
    assert registry == {
        "account": "123456789012",
        "region": "us-east-1",
        "policy": False,
        "replicates_to": ["aws://999999999999/eu-west-1"],
        "scan_type": "ENHANCED",
        "scan_rules": 0,
        "caches": 1,
        "templates": 0,
        "signing_rules": 0,
        "exclusions": 0,
    }


def test_what_up_prints_leads_a_shell_nowhere_else(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_ECR", "AWS_REGION"):
        monkeypatch.setenv(name, "production")
    state = json.loads(shell("up", "--json").out)
    script = f"{shell('up').out}env"
    lines = subprocess.run(
        ["sh", "-c", script], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    variables = dict(line.split("=", 1) for line in lines if line.startswith("AWS_"))
    assert variables == state["environment"]
    shell("down")


def test_status_says_when_nothing_is_up(shell: Shell) -> None:
    result = shell("status", "--json")
    assert result == Result(1, "", "Error: Nothing is up here. Start it: registry-constructs local up\n")


@pytest.mark.parametrize(
    "state",
    ['{"pid": 1, "port": 1}', "not json", "{}", '{"pid": "x", "port": []}'],
    ids=["gone", "text", "empty", "odd"],
)
def test_state_that_is_out_of_date_is_forgotten(
    shell: Shell, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    background.FOLDER.mkdir(parents=True)
    (background.FOLDER / "state.json").write_text(state)
    assert shell("down").err.endswith("Nothing was up.\n")
    assert "out-of-date state" in caplog.text
    assert not background.FOLDER.exists()


def test_another_process_is_never_ended(shell: Shell, caplog: pytest.LogCaptureFixture) -> None:
    port = int(json.loads(shell("up", "--json").out)["endpoint_url"].rpartition(":")[2])
    state = background.FOLDER / "state.json"
    true_state = state.read_text()
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as bystander:
        state.write_text(json.dumps({"pid": bystander.pid, "port": port}))
        assert shell("down").err.endswith("Nothing was up.\n")
        assert f"not by {bystander.pid}" in caplog.text
        assert bystander.poll() is None
        bystander.kill()
    assert about(port)["environments"] == []
    background.FOLDER.mkdir()
    state.write_text(true_state)


def test_one_that_hangs_is_left_alone_and_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = json.loads(shell("up", "--json").out)["pid"]
    os.kill(pid, signal.SIGSTOP)
    with monkeypatch.context() as impatient:
        impatient.setattr("registry_constructs.local.connection.about.__kwdefaults__", {"timeout": 0.2})
        result = shell("down")
    os.kill(pid, signal.SIGCONT)
    assert result.status == 1
    assert f"Process {pid} does not answer" in result.err


def test_deploy_in_an_aws_that_lasts_for_the_command(shell: Shell, tmp_path: Path) -> None:
    write_assembly(tmp_path / "cdk.out", "shop", "web")
    result = shell("deploy", "--app", "cdk.out", "--push-to", "web", "--json")
    status = json.loads(result.out)
    assert result.status == 0
    assert [(stack["name"], stack["status"]) for stack in status["stacks"]] == [("App", "CREATE_COMPLETE")]
    assert tags(result.out) == {"shop": [], "web": [["hello"]]}
    for step in ("Start AWS", "Synthesize", "Bootstrap", "Deploy", "Push and pull an image"):
        assert f"▸ {step}" in result.err
        assert f"✓ {step}" in result.err
    assert "App: deploying..." in result.err
    assert background.find() is None


def test_deploy_keeps_it_and_uses_it_again(shell: Shell, tmp_path: Path) -> None:
    write_assembly(tmp_path / "cdk.out", "web")
    assert shell("deploy", "App", "--app", "cdk.out", "--keep").status == 0
    running = background.find()
    again = shell("deploy", "--app", "cdk.out")
    assert running
    assert f"Using the AWS that is up on {running.endpoint_url}" in again.err
    assert "(no changes)" in again.err
    assert "Private repositories of 123456789012 in us-east-1" in again.out
    missing = shell("deploy", "--app", "cdk.out", "--push-to", "nope")
    assert missing.status == 1
    assert "There is no repository 'nope' to push to. There are: web" in missing.err


def test_deploy_pushes_the_images_that_run_and_are_missing(shell: Shell, tmp_path: Path) -> None:
    digest = "sha256:" + "a" * 64
    runs = {
        "One": task("one", "web:v1", "web:v2", f"shop@{digest}"),
        "Two": task("two", "web:v1", "elsewhere:v1"),
    }
    write_assembly(tmp_path / "cdk.out", "shop", "web", **runs)
    first = shell("deploy", "--app", "cdk.out", "--keep", "--json")
    assert tags(first.out) == {"shop": [], "web": [["v1", "v2"]]}
    for tag in ("v1", "v2"):
        title = f"Push and pull an image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:{tag}"
        assert first.err.count(f"✓ {title}") == 1
    found = {
        consumer["image"].partition("/")[2]: consumer["image_found"]
        for consumer in json.loads(first.out)["consumers"]
    }
    assert found["web:v1"] == found["web:v2"] is not None
    assert found[f"shop@{digest}"] is found["elsewhere:v1"] is None

    again = shell("deploy", "--app", "cdk.out", "--json")
    assert "Each image that runs is there already, so none was pushed." in again.err
    assert tags(again.out) == tags(first.out)

    named = shell("deploy", "--app", "cdk.out", "--push-to", "shop", "--json")
    assert tags(named.out)["shop"] == [["hello"]]


def test_deploy_pushes_to_the_first_repository_when_tags_name_none(shell: Shell, tmp_path: Path) -> None:
    digest = "sha256:" + "a" * 64
    write_assembly(tmp_path / "cdk.out", "shop", One=task("one", f"shop@{digest}", "elsewhere:v1"))
    assert tags(shell("deploy", "--app", "cdk.out", "--json").out) == {"shop": [["hello"]]}


def test_status_shows_what_runs_and_says_what_is_not_done(shell: Shell, tmp_path: Path) -> None:
    roles = {
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/puller",
        "TaskRoleArn": "arn:aws:iam::123456789012:role/program",
    }
    not_run = "No container runs: the local AWS keeps services, tasks and functions and starts no image."
    not_applied = (
        "No manifest was applied: the local AWS has no kubectl, and keeps what it would have applied."
    )
    digest = "sha256:" + "a" * 64
    write_assembly(tmp_path / "cdk.out", "web", One=task("one", "web:v1", f"web@{digest}", **roles))
    result = shell("deploy", "--app", "cdk.out", "--keep")
    shown = lines(result.out)
    start = shown.index("Consumers of 123456789012 in us-east-1")
    pushed = shown[start + 4 :][1].partition(" ")[2]
    assert shown[start + 2] == "Consumer Image Pulls with Runs as"
    assert [line for line in shown[start + 4 :] if line] == [
        "Task web:v1 puller program",
        f"one {pushed}",
        "Task web@sha256:aaaaaaaa puller program",
        "one not pushed",
        not_run,
    ]
    assert re.fullmatch("sha256:[0-9a-f]{8}", pushed)

    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "quay.io/org/web:v1"}]}}},
    }
    cluster = {"Name": "main", "RoleArn": roles["TaskRoleArn"], "ResourcesVpcConfig": {}}
    of_cluster = {"ClusterName": {"Ref": "Cluster"}, "ServiceToken": "none"}
    write_assembly(
        tmp_path / "cdk.out",
        "web",
        Cluster=("AWS::EKS::Cluster", cluster),
        Manifest=("Custom::AWSCDK-EKS-KubernetesResource", of_cluster | {"Manifest": json.dumps([manifest])}),
    )
    shown = [line for line in lines(shell("deploy", "--app", "cdk.out").out) if line]
    assert shown[-4:] == [
        "Kubernetes deployment quay.io/org/web:v1 - -",
        "shop/web not in ECR",
        "for cluster main",
        not_applied,
    ]


def test_deploy_without_repositories_pushes_nothing(shell: Shell, tmp_path: Path) -> None:
    write_assembly(tmp_path / "cdk.out")
    result = shell("deploy", "--app", "cdk.out")
    assert result.status == 0
    assert "No private repository exists" in result.err


def test_deploy_fails_with_the_reason_and_the_log(shell: Shell, tmp_path: Path) -> None:
    result = shell("deploy", "--app", str(tmp_path))
    log = Path(result.err.rstrip().rpartition(" ")[2])
    assert result.status == 1
    assert "✗ Synthesize" in result.err
    assert "holds neither a cdk.json" in result.err
    assert "Traceback" not in result.err
    assert log.is_file()
    log.unlink()
    log.parent.rmdir()


def test_a_missing_extra_is_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "oras", None)
    result = shell("up")
    assert result.status == 1
    assert install_command("local") in result.err


def test_told_to_end_it_ends_what_it_started(shell: Shell, tmp_path: Path) -> None:
    assert shell("status").status == 1
    app = "sh -c 'echo started; sleep 600'"
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "registry_constructs", "local", "deploy", "--app", app]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stderr
        assert any("started" in line for line in child.stderr)
        child.terminate()
        rest = child.stderr.read()
    assert child.returncode == 128 + signal.SIGTERM
    assert "✗ Synthesize" in rest
    assert list(tmp_path.glob("registry-constructs-*")) == []


def test_help_comes_without_the_slow_imports(shell: Shell) -> None:
    for command in ("up", "down", "status", "deploy"):
        assert "Usage:" in shell(command, "--help").out
    check = "print([name for name in ('boto3', 'ministack', 'oras', 'aws_cdk') if name in sys.modules])"
    code = f"import sys, registry_constructs.cli; {check}"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
