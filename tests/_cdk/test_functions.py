"""The code that our Lambda functions are deployed with."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr

from registry_constructs import AccountSettings, Image, Notifications, Promotion, ScanGate
from registry_constructs.registry.account_settings.resource import AccountSettingsResource
from registry_constructs.registry.places import StackSetRegions
from tests.synthesis import new_app, new_stack

_ANSWER = ["_cdk/__init__.py", "_cdk/answer.py"]
_ECR = ["ecr/__init__.py", "ecr/regions.py", "ecr/severities.py"]


def account_settings(stack: cdk.Stack) -> None:
    AccountSettingsResource(stack, "Settings", settings=AccountSettings(blob_mounting=True))


def notifications(stack: cdk.Stack) -> None:
    Notifications(stack, "Notifications")


def promotion(stack: cdk.Stack) -> None:
    source, destination = (ecr.Repository(stack, name) for name in ("Source", "Destination"))
    Promotion(stack, "Promotion", source=source, destination=destination, tags=["v*"])


def scan_gate(stack: cdk.Stack) -> None:
    ScanGate(stack, "Gate", image=Image.of(ecr.Repository(stack, "Repository"), tag="v1"))


@pytest.mark.deploy
@pytest.mark.parametrize(
    ("make", "module", "shared"),
    [
        (account_settings, "index", _ANSWER),
        (notifications, "index", _ECR),
        (promotion, "handler.index", []),
        (scan_gate, "handler.index", [*_ANSWER, *_ECR]),
    ],
)
def test_a_function_gets_the_modules_that_it_imports_and_no_others(
    make: Callable[[cdk.Stack], None], module: str, shared: list[str]
) -> None:
    app = new_app()
    make(new_stack(app=app))
    [asset] = Path(app.synth().directory).glob("asset.*")
    package = asset / "registry_constructs"
    found = {path.relative_to(package).as_posix() for path in package.rglob("*.py")}
    assert found == ({"__init__.py", *shared} if shared else set())
    program = f"""
import json, sys
sys.path.insert(0, {str(asset)!r})
import {module} as module
rooms = ("handler", "index", "registry_constructs")
files = [one.__file__ for name, one in sys.modules.items() if name.partition(".")[0] in rooms]
print(json.dumps([module.handler.__name__, *files]))
"""
    done = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True, check=True)
    name, *files = json.loads(done.stdout)
    assert name == "handler"
    assert files
    assert all(Path(one).is_relative_to(asset) for one in files)


def test_the_same_code_is_one_asset_and_nothing_compiled_is_in_it() -> None:
    app = new_app()
    for name in ("One", "Two"):
        account_settings(new_stack(name, app=app))
    [asset] = Path(app.synth().directory).glob("asset.*")
    assert {path.suffix for path in asset.rglob("*") if path.is_file()} == {".py"}


def test_code_in_a_template_is_one_module() -> None:
    app = new_app()
    stack = new_stack(app=app)
    StackSetRegions(stack, ["eu-west-1"])
    account_settings(stack)
    template = app.synth().get_stack_by_name(stack.stack_name).template
    [code] = [
        one["Properties"]["Code"]["ZipFile"]
        for one in template["Resources"].values()
        if one["Type"] == "AWS::Lambda::Function"
    ]
    names: dict[str, object] = {}
    exec(compile(code, "index.py", "exec"), names)  # noqa: S102 - our own code
    assert {"handler", "answer", "body"} <= names.keys()
    assert "registry_constructs" not in code
