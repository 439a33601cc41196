"""Account settings, deployed by the real CDK CLI: the function in Lambda sets, keeps and restores them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aws_cdk
import pytest

from registry_constructs.local import LocalAws, cdk
from registry_constructs.registry.account_settings import AccountSettings, AccountSettingsResource

ACCOUNT = "111122223333"
REGIONS: dict[Any, str] = {"keep": "eu-west-1", "restore": "eu-central-1"}
"""A stack for each `on_delete`, in a Region of its own: the settings are the Region's."""

Deploy = Callable[..., cdk.CloudAssembly]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """With IAM in front of it: the function's role has to allow what it does."""
    with LocalAws(account=ACCOUNT, auth=True) as local:
        yield local


@pytest.fixture
def deploy(aws: LocalAws, tmp_path: Path) -> Deploy:
    """Deploys the stacks with other settings, and returns their assembly."""

    def deploy_settings(**settings: Any) -> cdk.CloudAssembly:
        app = aws_cdk.App(outdir=str(tmp_path / "-".join(settings)))
        for name, region in REGIONS.items():
            stack = aws_cdk.Stack(app, name, env=aws_cdk.Environment(account=ACCOUNT, region=region))
            AccountSettingsResource(stack, "Settings", settings=AccountSettings(**settings, on_delete=name))
        with cdk.synthesized(aws, app.synth().directory) as assembly:
            assembly.bootstrap()
            assembly.deploy()
            return assembly

    return deploy_settings


def blob_mounting(aws: LocalAws) -> dict[str, str]:
    clients = {name: aws.client("ecr", region=region) for name, region in REGIONS.items()}
    return {
        name: client.get_account_setting(name="BLOB_MOUNTING")["value"] for name, client in clients.items()
    }


def physical_ids(aws: LocalAws) -> set[str]:
    return {
        resource["PhysicalResourceId"]
        for name, region in REGIONS.items()
        for resource in aws.client("cloudformation", region=region).describe_stack_resources(StackName=name)[
            "StackResources"
        ]
        if resource["ResourceType"] == "Custom::ECRAccountSettings"
    }


def test_settings_are_set_updated_and_kept_or_restored(aws: LocalAws, deploy: Deploy) -> None:
    deploy(registry_policy_scope="V2")
    assert blob_mounting(aws) == {"keep": "DISABLED", "restore": "DISABLED"}
    before = physical_ids(aws)
    assert all("BLOB_MOUNTING=DISABLED" in physical_id for physical_id in before)
    assembly = deploy(registry_policy_scope="V2", blob_mounting=True)
    assert blob_mounting(aws) == {"keep": "ENABLED", "restore": "ENABLED"}
    assert physical_ids(aws) == before
    assembly.destroy()
    assert blob_mounting(aws) == {"keep": "ENABLED", "restore": "DISABLED"}
