"""The CloudFormation types of a registry's settings: from creation to deletion, and who owns them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest

from registry_constructs.local import LocalAws
from tests.local.registry_properties import (
    CASES,
    POLICY,
    ROLE,
    Case,
    body,
    cache,
    creation,
    read_caches,
    scanning,
)
from tests.local.stacks import Stack

all_types = pytest.mark.parametrize(("kind", "case"), CASES.items(), ids=CASES.keys())


@all_types
def test_create_update_delete(local_aws: LocalAws, account: str, kind: str, case: Case) -> None:
    ecr = local_aws.client("ecr", account=account)
    stack = Stack(local_aws, account)
    before, after = case.identifiers or (account, account)
    attributes = () if case.identifiers else ("RegistryId",)
    assert case.read(ecr) == case.empty

    outputs = stack.create(body(kind, case.properties[0], *attributes))
    assert outputs == {"It": before} | {f"It{name}": account for name in attributes}
    assert case.read(ecr) == case.found[0]
    assert stack.update(body(kind, case.properties[1], *attributes))["It"] == after
    assert case.read(ecr) == case.found[1]
    stack.delete()
    assert case.read(ecr) == case.empty


@all_types
def test_a_second_owner_is_refused_and_nothing_is_lost(
    local_aws: LocalAws, account: str, kind: str, case: Case
) -> None:
    first, second = Stack(local_aws, account), Stack(local_aws, account, name="Second")
    first.create(body(kind, case.properties[0]))
    identifier = case.identifiers[0] if case.identifiers else account
    taken = f"Resource of type 'AWS::ECR::{kind}' with identifier '{identifier}' already exists."
    # The singletons have one identifier whatever their properties are.
    properties = case.properties[0] if case.identifiers else case.properties[1]

    assert taken in second.refused(body(kind, properties))
    assert case.read(local_aws.client("ecr", account=account)) == case.found[0]
    first.delete()
    second.delete()
    assert second.create(body(kind, properties))["It"] == identifier


@all_types
def test_accounts_and_regions_are_kept_apart(
    local_aws: LocalAws, new_account: Callable[[], str], kind: str, case: Case
) -> None:
    one, other = new_account(), new_account()
    Stack(local_aws, one, region="eu-central-1").create(body(kind, case.properties[0]))
    Stack(local_aws, one, region="us-west-2").create(body(kind, case.properties[1]))

    def read(account: str, region: str) -> Any:
        return case.read(local_aws.client("ecr", account=account, region=region))

    assert read(one, "eu-central-1") == case.found[0]
    assert read(one, "us-west-2") == case.found[1]
    assert read(one, "us-east-1") == read(other, "eu-central-1") == case.empty


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("ReplicationConfiguration", {"ReplicationConfiguration": {"Rules": []}}),
        ("RegistryScanningConfiguration", {"ScanType": "BASIC", "Rules": []}),
    ],
)
def test_settings_as_in_a_new_registry_have_an_owner_too(
    local_aws: LocalAws, account: str, kind: str, properties: dict[str, Any]
) -> None:
    first, second = Stack(local_aws, account), Stack(local_aws, account, name="Second")
    first.create(body(kind, CASES[kind].properties[0]))
    first.update(body(kind, properties))
    assert CASES[kind].read(local_aws.client("ecr", account=account)) == CASES[kind].empty
    assert "already exists" in second.refused(body(kind, properties))


def test_scanning_that_was_set_by_hand_is_not_taken_over(local_aws: LocalAws, account: str) -> None:
    ecr = local_aws.client("ecr", account=account)
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    stack = Stack(local_aws, account)
    assert "already exists" in stack.refused(body("RegistryScanningConfiguration", scanning("BASIC")))
    stack.delete()
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])
    assert stack.create(body("RegistryScanningConfiguration", scanning("BASIC"))) == {"It": account}


def test_a_cache_rule_that_is_replaced_under_its_prefix_collides(local_aws: LocalAws, account: str) -> None:
    stack = Stack(local_aws, account)
    stack.create(body("PullThroughCacheRule", cache("mirror", "quay.io")))
    reason = stack.refused(body("PullThroughCacheRule", cache("mirror", "registry.k8s.io")), update=True)
    assert "with identifier 'mirror' already exists" in reason
    assert read_caches(local_aws.client("ecr", account=account)) == [("mirror", "quay")]


def test_a_change_set_tells_replacement_from_update(local_aws: LocalAws, account: str) -> None:
    Stack(local_aws, account).create(body("RepositoryCreationTemplate", creation("a")))
    client = local_aws.client("cloudformation", account=account)

    def replacement(properties: dict[str, Any], name: str) -> str:
        client.create_change_set(
            StackName="Stack", ChangeSetName=name, TemplateBody=body("RepositoryCreationTemplate", properties)
        )
        (change,) = client.describe_change_set(StackName="Stack", ChangeSetName=name)["Changes"]
        return str(change["ResourceChange"]["Replacement"])

    assert replacement(creation("a", Description="New"), "update") == "False"
    assert replacement(creation("b"), "replace") == "True"


def test_a_template_reads_back_whole(local_aws: LocalAws, account: str) -> None:
    ecr = local_aws.client("ecr", account=account)
    stack = Stack(local_aws, account)
    key = f"arn:aws:kms:us-east-1:{account}:key/1234"
    lifecycle = json.dumps({"rules": [], "padding": "x" * 100})
    everything = creation(
        "team",
        Description="Teams",
        CustomRoleArn=ROLE,
        EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": key},
        ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        ImageTagMutabilityExclusionFilters=[
            {
                "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                "ImageTagMutabilityExclusionFilterValue": "dev-*",
            }
        ],
        LifecyclePolicy=lifecycle,
        RepositoryPolicy=json.dumps(POLICY),
        ResourceTags=[{"Key": "team", "Value": ""}],
    )
    outputs = stack.create(body("RepositoryCreationTemplate", everything, "CreatedAt", "UpdatedAt"))
    (found,) = ecr.describe_repository_creation_templates(prefixes=["team"])["repositoryCreationTemplates"]
    created = found.pop("createdAt")
    assert found.pop("updatedAt") == created
    assert datetime.datetime.fromisoformat(outputs["ItCreatedAt"]) == created.replace(
        microsecond=created.microsecond // 1000 * 1000
    )
    assert outputs["ItUpdatedAt"] == outputs["ItCreatedAt"]
    assert outputs["ItCreatedAt"].endswith("Z")
    assert found == {
        "prefix": "team",
        "description": "Teams",
        "appliedFor": ["REPLICATION"],
        "customRoleArn": ROLE,
        "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": key},
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev-*"}],
        "lifecyclePolicy": lifecycle,
        "repositoryPolicy": json.dumps(POLICY),
        "resourceTags": [{"Key": "team", "Value": ""}],
    }

    # What a template no longer has goes back to its default, in place.
    after = stack.update(body("RepositoryCreationTemplate", creation("team"), "CreatedAt", "UpdatedAt"))
    (found,) = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
    assert after["ItCreatedAt"] == outputs["ItCreatedAt"] < after["ItUpdatedAt"]
    assert found == {
        "prefix": "team",
        "appliedFor": ["REPLICATION"],
        "encryptionConfiguration": {"encryptionType": "AES256"},
        "imageTagMutability": "MUTABLE",
        "resourceTags": [],
        "createdAt": found["createdAt"],
        "updatedAt": found["updatedAt"],
    }
