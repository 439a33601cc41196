"""The wheel, in an empty environment, with an app of somebody else's."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from registry_constructs.installation import SOURCE
from tests.synthesis import ROOT

# One after the other in one environment.
pytestmark = [pytest.mark.deploy, pytest.mark.random_order(disabled=True)]


APP = """
import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from registry_constructs import Repository, presets

app = cdk.App(outdir="cdk.out")
stack = cdk.Stack(app, "Theirs")
repository = Repository(stack, "Images", lifecycle=presets.releases())
task = ecs.FargateTaskDefinition(stack, "Task")
task.add_container("app", image=ecs.ContainerImage.from_ecr_repository(repository, "v1"))
app.synth()
"""
TOOLS = Path(sys.executable).parent


def run(*command: str | Path, cwd: Path) -> str:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL", "PYTHON"))
    }
    environment["PATH"] = os.pathsep.join([str(TOOLS), os.environ["PATH"]])
    return subprocess.run(
        command, cwd=cwd, env=environment, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an environment that holds the wheel and what it requires, and nothing of this project."""
    folder = tmp_path_factory.mktemp("theirs")
    run(TOOLS / "uv", "build", "--quiet", "--wheel", "--out-dir", folder, ROOT, cwd=folder)
    [wheel] = folder.glob("*.whl")
    run(TOOLS / "uv", "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    install(folder, wheel)
    return folder


def install(folder: Path, requirement: str | Path) -> None:
    """Install something into the environment of a folder, with the versions that the tests run with."""
    pinned = ("--constraint", ROOT / "requirements-dev.txt")
    uv_install = (TOOLS / "uv", "pip", "install", "--quiet", "--python", folder / "venv")
    run(*uv_install, *pinned, requirement, cwd=folder)


def test_an_app_of_somebody_elses_synthesizes(empty: Path) -> None:
    (empty / "theirs.py").write_text(APP)
    run(empty / "venv" / "bin" / "python", "theirs.py", cwd=empty)
    template = json.loads((empty / "cdk.out" / "Theirs.template.json").read_text())
    types = [resource["Type"] for resource in template["Resources"].values()]
    assert types.count("AWS::ECR::Repository") == 1
    assert "AWS::ECS::TaskDefinition" in types


def test_it_comes_from_the_wheel_and_is_typed(empty: Path) -> None:
    program = "import registry_constructs; print(registry_constructs.__file__)"
    package = Path(run(empty / "venv" / "bin" / "python", "-c", program, cwd=empty).strip()).parent
    assert empty in package.parents
    assert (package / "py.typed").is_file()


@pytest.mark.parametrize("extra", ["cli", "local"])
def test_the_extra_that_the_error_says_to_install_is_enough(empty: Path, extra: str) -> None:
    """One after the other in one environment: first without any extra, then with the commands."""
    command = [str(empty / "venv" / "bin" / "registry-constructs"), "local", "status"]
    shown = subprocess.run(command, cwd=empty, capture_output=True, text=True, check=False)
    assert shown.returncode == 1
    assert shown.stderr.count("\n") == 1, shown.stderr
    advice = re.search(r"pip install ('.*')", shown.stderr)
    assert advice
    [wheel] = empty.glob("*.whl")
    [requirement] = shlex.split(advice[1].replace(SOURCE, str(wheel)))
    assert requirement == f"{wheel}[{extra}]"
    install(empty, requirement)
    if extra == "cli":
        for help_of in (["--help"], ["local", "--help"], ["catalog", "--help"], ["audit", "--help"]):
            assert "Usage" in run(command[0], *help_of, cwd=empty)
    else:
        shown = subprocess.run(command, cwd=empty, capture_output=True, text=True, check=False)
        assert "Start it: registry-constructs local up" in shown.stderr
