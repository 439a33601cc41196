"""A live registry put under a catalog by the real `cdk import`: all stands unchanged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_constructs.local import CommandError, Connection, LocalAws, cdk
from tests.catalog.content import Registry
from tests.live.conftest import Shell
from tests.synthesis import ROOT

ACCOUNT, REGION = "111122223333", "eu-west-1"
PAGE = (ROOT / "docs" / "catalog-migration.md").read_text()
[APP] = re.findall(r"^```py\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
[LINE] = re.findall(r"^\$ registry-constructs (catalog import .*)$", PAGE, flags=re.MULTILINE)
COMMAND = LINE.split()
MAPPING = "mappings/eu-west-1-Repositories0.json"
IMPORT = f"$ cdk import eu-west-1/Repositories0 --resource-mapping {MAPPING} --force"
OLD = """
import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

app = cdk.App()
ecr.Repository(cdk.Stack(app, "Old"), "Cart", repository_name="old/cart", image_scan_on_push=True)
app.synth()
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(account=ACCOUNT, region=REGION) as local:
        yield local


def test_a_live_registry_comes_under_a_catalog_and_nothing_changes(
    aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    registry = Registry(aws, ACCOUNT, REGION)
    registry.every_kind()
    before = registry.stands()
    assert sum(len(one["images"]) for one in before.values()) == 7

    done = Shell(capfd, aws, ACCOUNT)(*COMMAND)
    assert done.status == 0, done.err
    Path("app.py").write_text(APP)
    [mapping] = Path("mappings").iterdir()
    assert mapping.name == "eu-west-1-Repositories0.json"
    assert IMPORT in PAGE.splitlines()
    with cdk.synthesized(aws, "app.py") as assembly:
        assembly.bootstrap()
        stack = "eu-west-1/Repositories0"
        template = json.loads(next(assembly.folder.rglob("*Repositories0*.template.json")).read_text())
        kinds = {resource["Type"] for resource in template["Resources"].values()}
        assert kinds == {"AWS::ECR::Repository", "AWS::CDK::Metadata"}
        assembly.import_(stack, mapping.absolute())
        assert registry.stands() == before
        # An import takes the resources alone: description and bootstrap version come with a deployment.
        between = assembly.diff(stack)
        assert "Resources" not in between
        assert [line for line in between if line.startswith(("[-]", "[~]"))] == []
        assembly.deploy(stack)
        assert "Number of stacks with differences: 0" in "\n".join(assembly.diff(stack))
        assert registry.stands() == before
        described = aws.client("cloudformation").describe_stack_resources(
            StackName="eu-west-1-Repositories0"
        )["StackResources"]
        kind = "AWS::ECR::Repository"
        assert {one["PhysicalResourceId"] for one in described if one["ResourceType"] == kind} == set(before)


def test_an_import_of_a_repository_that_is_not_there_is_refused(
    aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("catalog.yaml").write_text(
        "defaults: {encryption: AES_256}\n"
        f"environments: {{there: {{account: '{ACCOUNT}', region: eu-west-1}}}}\n"
        "repositories: {none/there: {}}\n"
    )
    Path("app.py").write_text(APP)
    with cdk.synthesized(aws, "app.py") as assembly:
        template = json.loads(next(assembly.folder.rglob("*Repositories0*.template.json")).read_text())
        [logical_id] = template["Resources"].keys() - {"CDKMetadata"}
        mapping = tmp_path / "mapping.json"
        mapping.write_text(json.dumps({logical_id: {"RepositoryName": "none/there"}}))
        with pytest.raises(CommandError):
            assembly.import_("there/Repositories0", mapping)


def test_repositories_of_another_stack_move_with_their_images(
    aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    account = "444455556666"
    here = Connection(aws.port, account=account, region=REGION)
    Path("old.py").write_text(OLD)
    with cdk.synthesized(here, "old.py") as old:
        old.bootstrap()
        old.deploy()
        registry = Registry(aws, account, REGION)
        manifest = json.dumps({"schemaVersion": 2})
        registry.ecr.put_image(repositoryName="old/cart", imageManifest=manifest, imageTag="v1")
        before = registry.stands()
        old.destroy()
    assert registry.stands() == before
    done = Shell(capfd, aws, account)(*COMMAND)
    assert done.status == 0, done.err
    Path("app.py").write_text(APP)
    with cdk.synthesized(here, "app.py") as assembly:
        assembly.import_("eu-west-1/Repositories0", Path(MAPPING).absolute())
        assert "Resources" not in assembly.diff("eu-west-1/Repositories0")
        assembly.deploy("eu-west-1/Repositories0")
    assert registry.stands() == before
