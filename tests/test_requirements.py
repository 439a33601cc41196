"""`requirements.txt` alone, in an empty environment: app and commands work, and nothing in it is unused."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.synthesis import ROOT

pytestmark = pytest.mark.deploy


NODE = Path(sys.executable).parent / "node"
CLI = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
GROUP = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["app"]
_LINES = re.findall(r"^[\w.-]+==.*", (ROOT / "requirements.txt").read_text(), flags=re.MULTILINE)
LOCKED = [one.name for one in map(Requirement, _LINES) if one.marker is None or one.marker.evaluate()]

REQUIRED = """
import json
from importlib.metadata import distributions
print(json.dumps({one.name: one.requires or [] for one in distributions()}))
"""
# What the app and the commands do where a distribution's modules are missing; a catalog is read when the app
# is built, and boto3 is imported when AWS is read.
WITHOUT = """
import sys
from importlib.abc import MetaPathFinder
from importlib.metadata import distribution
missing = {str(file).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
           for file in distribution(sys.argv[1]).files if str(file).endswith(".py")}
class Missing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in missing:
            raise ModuleNotFoundError("taken away by the test", name=name)
sys.meta_path.insert(0, Missing())
import app
import aws_cdk
app.CatalogStage.for_environments(aws_cdk.App(), "examples/catalog")
import registry_constructs.cli
from registry_constructs.live.aws import Aws
Aws()
"""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of a shell with a new environment that holds `requirements.txt`, and with Node."""
    folder = tmp_path_factory.mktemp("alone")
    uv = Path(sys.executable).parent / "uv"
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL", "PYTHON", "CDK"))
    }
    subprocess.run(
        [uv, "venv", "--quiet", "--python", sys.executable, folder / "venv"], env=clean, check=True
    )
    install: list[str | Path] = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        folder / "venv",
        "-r",
        ROOT / "requirements.txt",
    ]
    subprocess.run(install, env=clean, check=True)
    (folder / "node").mkdir()
    (folder / "node" / "node").symlink_to(NODE.resolve())
    return clean | {"PATH": os.pathsep.join([f"{folder}/venv/bin", f"{folder}/node", "/usr/bin", "/bin"])}


def python(environment: dict[str, str], program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    found = shutil.which("python3", path=environment["PATH"])
    assert found
    return subprocess.run(
        [found, "-c", program, *arguments],
        cwd=ROOT, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip


def test_the_app_synthesizes_with_it_alone(
    environment: dict[str, str], example_assembly: Path, tmp_path: Path
) -> None:
    synth = [str(CLI), "synth", "--quiet", "--no-lookups", "--no-notices", "--output", str(tmp_path)]
    done = subprocess.run(
        ["node", *synth], cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    expected = {file.name: json.loads(file.read_text()) for file in example_assembly.rglob("*.template.json")}
    assert expected
    assert {file.name: json.loads(file.read_text()) for file in tmp_path.rglob("*.template.json")} == expected


def test_it_holds_what_app_and_commands_require_and_nothing_else(environment: dict[str, str]) -> None:
    shown = python(environment, REQUIRED)
    assert shown.returncode == 0, shown.stderr
    requires = {canonical(name): texts for name, texts in json.loads(shown.stdout).items()}
    needed, waiting = set[str](), {canonical(name) for name in GROUP}
    while waiting:
        name = waiting.pop()
        needed.add(name)
        found = {
            canonical(re.findall(r"^[\w.-]+", text)[0]) for text in requires[name] if "extra ==" not in text
        }
        waiting |= (found & requires.keys()) - needed
    assert needed == {canonical(name) for name in LOCKED}


@pytest.mark.parametrize("name", GROUP)
def test_app_or_commands_break_without_one(environment: dict[str, str], name: str) -> None:
    shown = python(environment, WITHOUT, name)
    assert shown.returncode == 1
    assert re.search(
        r"ModuleNotFoundError: taken away by the test|MissingExtraError: \w+ is not", shown.stderr
    )
