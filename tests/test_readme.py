"""Every example of the README and of docs/ runs, and the CDK and cfn-lint take what it makes."""

from __future__ import annotations

import re
from typing import Any

import aws_cdk as cdk
import pytest
from typer.main import get_command

from registry_constructs.cli import app as command_line
from tests.consumers.eks import variants_eks
from tests.synthesis import ROOT, cfn_lint, new_app, new_stack, raw_template

README = (ROOT / "README.md").read_text()
PAGES = {"README.md": README} | {page.name: page.read_text() for page in sorted((ROOT / "docs").glob("*.md"))}
BLOCK = re.compile(r"^## ([^\n]+)\n|^```python\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)


def examples() -> list[Any]:
    found = []
    for page, text in PAGES.items():
        heading, count = "", 0
        for title, code in BLOCK.findall(text):
            if title:
                heading, count = title, 0
            elif "local_aws" not in code:
                count += 1
                found.append(pytest.param(code, id=f"{page} {heading} {count}"))
    return found


@pytest.mark.deploy
@pytest.mark.parametrize("code", examples())
def test_an_example_runs(code: str) -> None:
    app = new_app()
    names: dict[str, Any] = {"app": app, "stack": new_stack(app=app)}
    if "vpc=vpc" in code and "vpc = " not in code:
        names["vpc"] = variants_eks.vpc(names["stack"])
    exec(compile(code, "an example", "exec"), names)  # noqa: S102 - our own examples
    children: list[Any] = [
        stack
        for child in names["app"].node.children
        for stack in (child.node.children if isinstance(child, cdk.Stage) else [child])
    ]
    made = [stack for stack in children if stack.node.children]
    assert made or "LifecyclePolicy.from_json" in code
    if not names["stack"].node.children:  # an empty stack can't be synthesized
        app.node.try_remove_child(names["stack"].node.id)
    for stack in made:
        region = "us-east-1" if stack.region == "us-east-1" else "eu-west-1"
        assert cfn_lint(raw_template(stack), region) == []


def test_the_commands_exist() -> None:
    typed = re.findall(r"^\$ registry-constructs (local) (\w+)(.*)$", README, flags=re.MULTILINE)
    assert {command for _, command, _ in typed} == {"up", "deploy", "status", "down"}
    root: Any = get_command(command_line)
    for group, command, options in typed:
        known = {
            name for parameter in root.commands[group].commands[command].params for name in parameter.opts
        }
        assert set(options.split()) <= known


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"make ([a-z-]+)", README))
    assert {"deploy-local", "test"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
