"""Cloud assemblies: of an app in TypeScript, kept beside `typescript_app/app.ts`, and of one made here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.rules.state import ConsumerState, RepositoryState
from registry_constructs.templates.app import read_templates
from registry_constructs.templates.assembly import Acknowledged, stacks_of

TYPESCRIPT = Path(__file__).parent / "typescript_app" / "assembly"
ENVIRONMENT = cdk.Environment(account="111122223333", region="eu-west-1")


def test_an_app_in_typescript_says_where_each_resource_was_made() -> None:
    states = read_templates(stacks_of(TYPESCRIPT))
    found = {state.place.path: state.place.source for state in states if isinstance(state, RepositoryState)}
    assert found == {
        "Images/Web/Resource": "/app/app.ts:11",
        "Images/Legacy": "/app/app.ts:12",
        "Images/Nested/Inner": "/app/app.ts:18",
    }
    [task] = [state for state in states if isinstance(state, ConsumerState)]
    assert task.images == ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web:latest",)
    assert task.mutability["shop/web"] == "MUTABLE"


def test_what_an_app_acknowledges_is_in_its_assembly() -> None:
    [images, *_] = stacks_of(TYPESCRIPT)
    assert images.acknowledged == (
        Acknowledged(
            "Images/Legacy",
            "registry-constructs::lifecycle-policy",
            "A few images of an app that nobody builds any more",
        ),
    )


def test_stack_tags_reach_the_nested_stack_too() -> None:
    states = read_templates(stacks_of(TYPESCRIPT))
    tags = {state.name: state.tags for state in states if isinstance(state, RepositoryState)}
    assert tags == {
        "shop/web": {"team": "shop"},
        "${Legacy}": {"team": "shop"},
        "shop/inner": {"team": "shop"},
    }


def test_an_app_in_python_with_a_stage_and_a_nested_stack(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(cdk.Stage(app, "Prod"), "Images", env=ENVIRONMENT)
    ecr.Repository(stack, "Web", repository_name="shop/web")
    nested = cdk.NestedStack(stack, "Nested", parameters={"Name": "shop/inner"})
    name = cdk.CfnParameter(nested, "Name")
    ecr.CfnRepository(nested, "Inner", repository_name=name.value_as_string)
    cdk.Validations.of(stack).acknowledge(
        cdk.Acknowledgment(id="registry-constructs::retained", reason="Test")
    )
    cdk.Stack(app, "Open")
    app.synth()
    stacks = stacks_of(tmp_path)
    assert {(one.name, one.account, one.region) for one in stacks} == {
        ("Open", "", ""),
        ("Prod-Images", "111122223333", "eu-west-1"),
        (f"Prod-Images.{_nested_id(stacks)}", "111122223333", "eu-west-1"),
    }
    states = read_templates(stacks)
    found = {state.name: state.place.path for state in states if isinstance(state, RepositoryState)}
    assert found == {"shop/web": "Prod/Images/Web/Resource", "shop/inner": "Prod/Images/Nested/Inner"}
    assert [one.path for stack in stacks for one in stack.acknowledged] == ["Prod/Images"]


def _nested_id(stacks: list[Any]) -> str:
    [nested] = [one for one in stacks if one.parent]
    return str(nested.name).rpartition(".")[2]


def test_files_of_the_current_folder_are_named_from_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for file in TYPESCRIPT.iterdir():
        (tmp_path / file.name).write_text(file.read_text().replace("/app/app.ts", f"{tmp_path}/lib/app.ts"))
    monkeypatch.chdir(tmp_path)
    states = read_templates(stacks_of("."))
    assert {
        state.place.source.partition(":")[0] for state in states if isinstance(state, RepositoryState)
    } == {"lib/app.ts"}


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cdk synth"), ("{", "not JSON"), ("[]", "not an object")],
)
def test_what_is_no_assembly(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InvalidInputError, match=said):
        stacks_of(tmp_path)


def test_a_template_that_is_missing_is_an_error_and_not_an_empty_stack(tmp_path: Path) -> None:
    artifact = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "Gone.template.json"}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"Gone": artifact}}))
    with pytest.raises(InvalidInputError, match=r"Gone\.template\.json"):
        stacks_of(tmp_path)
