"""What a StackSet deploys, deployed in two accounts and two Regions, and read back with boto3.

The local AWS has neither StackSets nor Organizations. The CDK CLI publishes the template as for AWS, and
fails at the StackSet itself. In place of the StackSets service, a loop takes the file from the bucket that
the StackSet names, and creates a stack of it in each account and Region. What the service does besides is
not tried: the order, tolerance of failures, and new accounts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import aws_cdk
import pytest

from registry_constructs import AccountSettings, Registry, RegistryStackSet, Scanning
from registry_constructs.local import CommandError, LocalAws, cdk
from tests.local.stacks import Stack
from tests.registry import variants_organization
from tests.synthesis import baseline_template, new_stack, properties

PLACES = [
    (account, region) for account in ("222233334444", "333344445555") for region in ("eu-west-1", "us-east-1")
]
STACK_NAME = "StackSet-registry-baseline-0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """With IAM in front of it: what the account settings' role may do is tried as well."""
    with LocalAws(account=PLACES[0][0], auth=True) as local:
        yield local


@pytest.fixture(scope="module")
def published(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What stands where the StackSet's TemplateURL points to, once the CDK CLI has published it."""
    app = aws_cdk.App(outdir=str(tmp_path_factory.mktemp("platform")))
    platform = aws_cdk.Stack(
        app, "Platform", env=aws_cdk.Environment(account=PLACES[0][0], region="eu-west-1")
    )
    variants_organization.everything(platform)
    with cdk.synthesized(aws, app.synth().directory) as assembly:
        assembly.bootstrap()
        with pytest.raises(CommandError, match="AWS::CloudFormation::StackSet is not in the local AWS"):
            assembly.deploy()
    url = properties(platform, "AWS::CloudFormation::StackSet")["TemplateURL"]["Fn::Sub"]
    bucket, key = url.split("/")[-2:]
    content = aws.client("s3", region="eu-west-1").get_object(Bucket=bucket, Key=key)["Body"].read()
    return str(content, "utf-8")


@pytest.fixture(scope="module")
def deployed(aws: LocalAws, published: str) -> dict[tuple[str, str], Stack]:
    stacks = {place: Stack(aws, place[0], region=place[1], name=STACK_NAME) for place in PLACES}
    for stack in stacks.values():
        stack.create(published, Capabilities=["CAPABILITY_NAMED_IAM"])
    return stacks


@pytest.fixture(params=PLACES, ids="-".join)
def place(request: pytest.FixtureRequest, deployed: dict[tuple[str, str], Stack]) -> tuple[str, str]:
    return next(one for one in deployed if one == request.param)


@pytest.fixture
def ecr(aws: LocalAws, place: tuple[str, str]) -> Any:
    return aws.client("ecr", account=place[0], region=place[1])


def test_scanning_settings_and_signing_stand_everywhere(ecr: Any, place: tuple[str, str]) -> None:
    account, region = place
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"]["scanType"] == "ENHANCED"
    assert ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "ENABLED"
    assert ecr.get_account_setting(name="REGISTRY_POLICY_SCOPE")["value"] == "V2"
    [rule] = ecr.get_signing_configuration()["signingConfiguration"]["rules"]
    assert rule["signingProfileArn"].startswith(f"arn:aws:signer:{region}:{account}:/signing-profiles/")
    [excluded] = ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]
    assert excluded == f"arn:aws:iam::{account}:role/scanner"


def test_policies_and_templates_name_their_own_account_and_region(ecr: Any, place: tuple[str, str]) -> None:
    account, region = place
    own = f"arn:aws:ecr:{region}:{account}:repository"
    policy = json.loads(ecr.get_registry_policy()["policyText"])
    assert {statement["Resource"] for statement in policy["Statement"]} == {
        f"{own}/platform/*",
        f"{own}/quay/*",
    }
    found = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
    templates = {template["prefix"]: template for template in found}
    assert templates.keys() == {"ROOT", "quay"}
    key = templates["ROOT"]["encryptionConfiguration"]["kmsKey"]
    assert key.startswith(f"arn:aws:kms:{region}:{account}:key/")
    assert templates["ROOT"]["customRoleArn"].startswith(f"arn:aws:iam::{account}:role/")
    [rule] = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert rule["ecrRepositoryPrefix"] == "quay"


def test_an_update_changes_what_stands_and_a_removal_takes_it_away(aws: LocalAws) -> None:
    """As StackSets does in an account that leaves the units, where stacks aren't retained."""
    ecr = aws.client("ecr", account="444455556666", region="eu-west-1")

    def body(**settings: Any) -> str:
        everywhere = RegistryStackSet(
            new_stack("Platform"), "Everywhere", units=["r-ab12"], regions=["eu-west-1"]
        )
        Registry(
            everywhere.baseline,
            "Registry",
            scanning=Scanning.enhanced(),
            account_settings=AccountSettings(registry_policy_scope="V2", **settings),
        )
        return json.dumps(baseline_template(everywhere))

    stack = Stack(aws, "444455556666", region="eu-west-1", name=STACK_NAME)
    stack.create(body(), Capabilities=["CAPABILITY_NAMED_IAM"])
    assert ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"
    stack.update(body(blob_mounting=True), Capabilities=["CAPABILITY_NAMED_IAM"])
    assert ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "ENABLED"
    stack.delete()
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"] == {
        "scanType": "BASIC",
        "rules": [],
    }
    assert ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "ENABLED"
