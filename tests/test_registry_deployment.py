"""Two registries in two accounts and two Regions, deployed by the real CDK CLI and read back with boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.local import CommandError, LocalAws, cdk
from tests.synthesis import ROOT

HOME, AWAY = ("111122223333", "eu-west-1"), ("222233334444", "eu-central-1")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(account=HOME[0], region=HOME[1]) as local:
        yield local


@pytest.fixture(scope="module")
def assembly(aws: LocalAws) -> Iterator[cdk.CloudAssembly]:
    """The example app's registries, deployed."""
    with cdk.synthesized(aws, ROOT) as app:
        app.bootstrap()
        app.deploy("*Registry")
        yield app


@pytest.fixture
def source(aws: LocalAws, assembly: cdk.CloudAssembly) -> Any:  # noqa: ARG001 - deployed
    return aws.client("ecr")


@pytest.fixture
def destination(aws: LocalAws, assembly: cdk.CloudAssembly) -> Any:  # noqa: ARG001 - deployed
    return aws.client("ecr", account=AWAY[0], region=AWAY[1])


def test_the_source_replicates_two_prefixes_to_the_other_account_and_region(source: Any) -> None:
    assert source.describe_registry()["replicationConfiguration"]["rules"] == [
        {
            "destinations": [{"region": "eu-central-1", "registryId": "222233334444"}],
            "repositoryFilters": [
                {"filter": "platform/", "filterType": "PREFIX_MATCH"},
                {"filter": "shop/", "filterType": "PREFIX_MATCH"},
            ],
        }
    ]


def test_the_destination_lets_exactly_these_prefixes_in(destination: Any) -> None:
    [statement] = json.loads(destination.get_registry_policy()["policyText"])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
        "Resource": [
            "arn:aws:ecr:eu-central-1:222233334444:repository/platform/*",
            "arn:aws:ecr:eu-central-1:222233334444:repository/shop/*",
        ],
    }


def test_replicas_will_have_the_settings_and_a_role_that_can_give_them(
    aws: LocalAws, destination: Any
) -> None:
    found = destination.describe_repository_creation_templates()["repositoryCreationTemplates"]
    templates = {template["prefix"]: template for template in found}
    assert templates.keys() == {"kubernetes", "platform", "shop"}
    shop = templates["shop"]
    assert shop["appliedFor"] == ["REPLICATION"]
    assert shop["imageTagMutability"] == "IMMUTABLE"
    assert shop["resourceTags"] == [{"Key": "owner", "Value": "platform"}]
    assert len(json.loads(shop["lifecyclePolicy"])["rules"]) > 1
    key = shop["encryptionConfiguration"]["kmsKey"]
    assert key.startswith("arn:aws:kms:eu-central-1:222233334444:key/")
    iam = aws.client("iam", account=AWAY[0])
    role = shop["customRoleArn"].rpartition("/")[2]
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert [one["Principal"] for one in trust] == [{"Service": "ecr.amazonaws.com"}]
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    on_repositories, on_key = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"][
        "Statement"
    ]
    assert on_repositories["Resource"] == "arn:aws:ecr:eu-central-1:222233334444:repository/shop/*"
    assert on_key["Resource"] == key


def test_each_registry_scans_its_way(source: Any, destination: Any) -> None:
    basic = source.get_registry_scanning_configuration()["scanningConfiguration"]
    enhanced = destination.get_registry_scanning_configuration()["scanningConfiguration"]
    assert (basic["scanType"], enhanced["scanType"]) == ("BASIC", "ENHANCED")
    filters = {
        rule["scanFrequency"]: [one["filter"] for one in rule["repositoryFilters"]]
        for rule in enhanced["rules"]
    }
    assert filters == {"CONTINUOUS_SCAN": ["shop/*"], "SCAN_ON_PUSH": ["*"]}


def test_each_registry_has_its_cache_and_the_secret_has_the_keys_that_ecr_reads(
    aws: LocalAws, source: Any, destination: Any
) -> None:
    [hub] = source.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert (hub["ecrRepositoryPrefix"], hub["upstreamRegistry"]) == ("docker-hub", "docker-hub")
    secrets = aws.client("secretsmanager")
    secret = secrets.describe_secret(SecretId=hub["credentialArn"])
    assert secret["Name"] == "ecr-pullthroughcache/docker-hub"
    assert not secret.get("KmsKeyId")
    value = json.loads(secrets.get_secret_value(SecretId=hub["credentialArn"])["SecretString"])
    assert value.keys() == {"username", "accessToken"}
    [kubernetes] = destination.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert kubernetes["upstreamRegistryUrl"] == "registry.k8s.io"
    assert "credentialArn" not in kubernetes


def test_pushes_are_signed_and_a_scanners_pulls_do_not_count(aws: LocalAws, source: Any) -> None:
    [rule] = source.get_signing_configuration()["signingConfiguration"]["rules"]
    assert [one["filter"] for one in rule["repositoryFilters"]] == ["shop/*"]
    name = rule["signingProfileArn"].rpartition("/")[2]
    profile = aws.client("signer").get_signing_profile(profileName=name)
    assert profile["platformId"] == "Notation-OCI-SHA384-ECDSA"
    [excluded] = source.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]
    assert ":role/SourceRegistry-Scanner" in excluded


def test_the_account_settings_are_those_of_the_destination_alone(source: Any, destination: Any) -> None:
    values = [
        registry.get_account_setting(name="BLOB_MOUNTING")["value"] for registry in (destination, source)
    ]
    assert values == ["ENABLED", "DISABLED"]


PROGRAM = """
import aws_cdk as cdk
from registry_constructs import PullThroughCache, Registry, Replication, Scanning, Upstream

app = cdk.App()
home = cdk.Stack(app, "Home", env=cdk.Environment(account="111122223333", region="eu-west-1"))
away = cdk.Stack(app, "Away", env=cdk.Environment(account="222233334444", region="eu-central-1"))
Registry(home, "Registry", scanning=Scanning.basic(on_push={on_push!r}))
destination = Registry(away, "Registry")
Replication(home, "Replication", destinations=[destination], prefixes={prefixes!r})
PullThroughCache(home, "Cache", upstream=Upstream.{upstream}(), prefix={prefix!r})
app.synth()
"""


def test_rules_change_in_place_a_cache_is_replaced_and_nothing_stays_behind(tmp_path: Path) -> None:
    app = tmp_path / "app.py"

    def deploy(prefixes: list[str], on_push: list[str], upstream: str, prefix: str) -> None:
        app.write_text(PROGRAM.format(prefixes=prefixes, on_push=on_push, upstream=upstream, prefix=prefix))
        with cdk.synthesized(aws, app) as assembly:
            assembly.bootstrap()
            assembly.deploy()

    with LocalAws(account=HOME[0], region=HOME[1]) as aws:
        ecr = aws.client("ecr")

        def prefixes() -> list[str]:
            [rule] = ecr.describe_registry()["replicationConfiguration"]["rules"]
            return [one["filter"] for one in rule["repositoryFilters"]]

        def cached() -> list[tuple[str, str]]:
            rules = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
            return [(rule["ecrRepositoryPrefix"], rule["upstreamRegistry"]) for rule in rules]

        deploy(["shop/"], ["*"], "quay", "mirror")
        ids = physical_ids(aws, "Home")
        deploy(["shop/", "tools/"], ["shop/*"], "quay", "mirror")
        assert prefixes() == ["shop/", "tools/"]
        assert physical_ids(aws, "Home") == ids

        # Every property of a rule replaces it, and ECR has no room for two rules of one prefix.
        with pytest.raises(CommandError, match="already exists"):
            deploy(["shop/", "tools/"], ["shop/*"], "kubernetes", "mirror")
        assert cached() == [("mirror", "quay")]
        deploy(["shop/", "tools/"], ["shop/*"], "kubernetes", "kubernetes")
        assert cached() == [("kubernetes", "k8s")]

        with cdk.synthesized(aws, app) as assembly:
            assembly.destroy()
        assert ecr.describe_registry()["replicationConfiguration"]["rules"] == []
        assert cached() == []
        assert ecr.describe_repository_creation_templates()["repositoryCreationTemplates"] == []
        scanning = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
        assert scanning == {"scanType": "BASIC", "rules": []}
        away = aws.client("ecr", account=AWAY[0], region=AWAY[1])
        with pytest.raises(away.exceptions.RegistryPolicyNotFoundException):
            away.get_registry_policy()


def physical_ids(aws: LocalAws, stack: str) -> dict[str, str]:
    found = aws.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}
