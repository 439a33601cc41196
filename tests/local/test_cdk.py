"""The real CDK CLI against the local AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.local import CommandError, LocalAws, LocalAwsError, LocalEnvironment, cdk
from tests.synthesis import ROOT

pytestmark = pytest.mark.deploy


APP = """
import os
import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

app = cdk.App()
here = cdk.Stack(app, "Here")
ecr.Repository(here, "Web", repository_name="apps/web", removal_policy=cdk.RemovalPolicy.DESTROY)
assert os.environ["CDK_DEFAULT_ACCOUNT"] == "123456789012"
there = cdk.Stack(app, "There", env=cdk.Environment(account="444444444444", region="us-east-1"))
ecr.CfnPublicRepository(there, "Public", repository_name="tools")
app.synth()
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """One of its own: what is bootstrapped here is told by what was before."""
    with LocalAws() as running:
        yield running


def write_assembly(folder: Path, stacks: dict[str, tuple[str, dict[str, Any]]], **artifacts: Any) -> Path:
    """A cloud assembly of stacks by name, each an environment and its resources."""
    folder.mkdir(parents=True)
    for name, (environment, resources) in stacks.items():
        (folder / f"{name}.template.json").write_text(json.dumps({"Resources": resources}))
        properties = {"templateFile": f"{name}.template.json"}
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": environment,
            "properties": properties,
        }
    (folder / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": artifacts}))
    return folder


def test_an_app_is_synthesized_bootstrapped_and_deployed_to_two_accounts(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "app.py").write_text(APP)
    with LocalAws() as aws, cdk.synthesized(aws, tmp_path / "app.py") as assembly:
        missing = assembly.bootstrap()
        assert missing == [
            LocalEnvironment("123456789012", "us-east-1"),
            LocalEnvironment("444444444444", "us-east-1"),
        ]
        assert assembly.bootstrap() == []
        assembly.deploy()
        assert "Number of stacks with differences: 0" in " ".join(assembly.diff())

        (repository,) = aws.client("ecr").describe_repositories(repositoryNames=["apps/web"])["repositories"]
        assert repository["repositoryUri"] == "123456789012.dkr.ecr.us-east-1.amazonaws.com/apps/web"
        public = aws.client("ecr-public", account="444444444444")
        assert public.describe_repositories(repositoryNames=["tools"])["repositories"]

        assembly.destroy("Here")
        ecr = aws.client("ecr")
        with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
            ecr.describe_repositories(repositoryNames=["apps/web"])
    assert not assembly.folder.exists()
    printed = capfd.readouterr().err
    assert "Here: deploying..." in printed
    assert "IN_PROGRESS" not in printed


def test_an_assembly_is_deployed_as_it_is(tmp_path: Path, aws: LocalAws) -> None:
    place = "aws://123456789012/eu-west-1"
    web = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "from-assembly"}}
    aws.deploy(
        write_assembly(tmp_path / "cdk.out", {"Chosen": (place, {"Web": web}), "Other": (place, {})}),
        "Chosen",
    )
    ecr = aws.client("ecr", region="eu-west-1")
    cloudformation = aws.client("cloudformation", region="eu-west-1")
    stacks = cloudformation.describe_stacks()["Stacks"]
    assert ecr.describe_repositories(repositoryNames=["from-assembly"])["repositories"]
    assert sorted(stack["StackName"] for stack in stacks) == ["CDKToolkit", "Chosen"]


def test_environments_are_found_in_stages_too(tmp_path: Path, aws: LocalAws) -> None:
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "stage"}}
    outer: dict[str, tuple[str, dict[str, Any]]] = {
        "Outer": ("aws://unknown-account/unknown-region", {}),
        "Twice": ("aws://222222222222/eu-west-1", {}),
    }
    folder = write_assembly(tmp_path / "cdk.out", outer, Stage=stage)
    write_assembly(folder / "stage", {"Inner": ("aws://222222222222/eu-west-1", {})})
    with cdk.synthesized(aws, folder) as assembly:
        assert assembly.environments() == [
            LocalEnvironment("123456789012", "us-east-1"),
            LocalEnvironment("222222222222", "eu-west-1"),
        ]


def test_a_failure_has_the_status_and_the_last_lines(tmp_path: Path, aws: LocalAws) -> None:
    resources = {"Odd": {"Type": "AWS::ECR::NoSuchThing"}}
    folder = write_assembly(tmp_path / "cdk.out", {"Bad": ("aws://123456789012/us-east-1", resources)})
    with pytest.raises(CommandError, match="Odd: AWS::ECR::NoSuchThing is not in the local AWS") as caught:
        aws.deploy(folder)
    assert caught.value.status == 1
    assert caught.value.command[:3] == ("cdk", "deploy", "**")
    assert any("AWS::ECR::NoSuchThing" in line for line in caught.value.tail)


def test_a_resource_that_fails_is_printed_and_what_goes_well_is_not(
    tmp_path: Path, aws: LocalAws, capfd: pytest.CaptureFixture[str]
) -> None:
    rule = {"EcrRepositoryPrefix": "x", "UpstreamRegistryUrl": "quay.io"}
    resources = {
        "Fine": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "-"}},
        "Short": {"Type": "AWS::ECR::PullThroughCacheRule", "Properties": rule, "DependsOn": "Fine"},
    }
    folder = write_assembly(tmp_path / "cdk.out", {"Fails": ("aws://123456789012/us-east-1", resources)})
    with pytest.raises(CommandError, match="expected minLength: 2, actual: 1"):
        aws.deploy(folder)
    printed = capfd.readouterr().err
    assert "Fails | CREATE_FAILED | AWS::ECR::PullThroughCacheRule | Short" in printed
    assert "AWS::SSM::Parameter" not in printed


def test_an_app_that_fails_is_a_failure(aws: LocalAws) -> None:
    with (
        pytest.raises(CommandError, match="no such repository here"),
        cdk.synthesized(aws, "python3 -c 'raise SystemExit(\"no such repository here\")'"),
    ):
        pass


def test_a_folder_without_an_app_is_refused(tmp_path: Path, aws: LocalAws) -> None:
    with (
        pytest.raises(LocalAwsError, match=re.escape(f"{tmp_path} holds neither")),
        cdk.synthesized(aws, tmp_path),
    ):
        pass


def test_a_missing_cli_is_named_with_its_version(
    tmp_path: Path, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cdk.json").write_text("{}")
    monkeypatch.setenv("PATH", str(tmp_path))
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]["aws-cdk"]
    with (
        pytest.raises(LocalAwsError, match=re.escape(f"npm install aws-cdk@{pinned}")),
        cdk.synthesized(aws, tmp_path),
    ):
        pass


def test_the_projects_own_cli_comes_first(tmp_path: Path, aws: LocalAws) -> None:
    pinned = tmp_path / "node_modules" / ".bin" / "cdk"
    pinned.parent.mkdir(parents=True)
    pinned.write_text('#!/bin/sh\necho "mine: $AWS_ENDPOINT_URL $*"\n')
    pinned.chmod(0o755)
    folder = write_assembly(tmp_path / "app" / "cdk.out", {})
    with cdk.synthesized(aws, folder) as assembly:
        (line,) = assembly.diff("Some")
    assert line == f"mine: {aws.endpoint_url} diff Some --app {folder} --no-notices --no-color"


@pytest.mark.parametrize(
    ("package", "progress"),
    [
        ({"name": "aws-cdk", "version": cdk.CLI_VERSION}, "errors-only"),
        ({"name": "aws-cdk", "version": "3.0.0"}, "errors-only"),
        ({"name": "aws-cdk", "version": "2.1100.0"}, ""),
        ({"name": "aws-cdk", "version": "2.1148.1-rc.0"}, ""),
        ({"name": "another", "version": "9.0.0"}, ""),
        ({}, ""),
    ],
    ids=["pinned", "newer", "older", "not released", "another", "odd"],
)
def test_a_cli_that_knows_how_prints_only_what_fails(
    package: dict[str, str], progress: str, tmp_path: Path, aws: LocalAws
) -> None:
    installed = tmp_path / "node_modules" / "aws-cdk"
    (installed / "bin").mkdir(parents=True)
    (installed / "package.json").write_text(json.dumps(package))
    (installed / "bin" / "cdk").write_text('#!/bin/sh\necho "$CDK_PROGRESS"\n')
    (installed / "bin" / "cdk").chmod(0o755)
    (tmp_path / "node_modules" / ".bin").mkdir()
    (tmp_path / "node_modules" / ".bin" / "cdk").symlink_to("../aws-cdk/bin/cdk")
    with cdk.synthesized(aws, write_assembly(tmp_path / "cdk.out", {})) as assembly:
        assert assembly.diff() == [progress]


def test_what_the_user_wants_to_see_of_progress_is_kept(
    tmp_path: Path, aws: LocalAws, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CDK_PROGRESS", "events")
    web = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "in-progress"}}
    aws.deploy(write_assembly(tmp_path / "cdk.out", {"Seen": ("aws://123456789012/us-east-1", {"Web": web})}))
    assert "CREATE_IN_PROGRESS" in capfd.readouterr().err
