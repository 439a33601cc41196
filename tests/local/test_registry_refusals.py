"""What CloudFormation and ECR refuse of a registry's settings, and the last that they take."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from registry_constructs.ecr import limits
from registry_constructs.local import LocalAws
from tests.local.registry_properties import (
    CASES,
    OTHER,
    POLICY,
    PROFILE,
    ROLE,
    body,
    cache,
    creation,
    principal,
    read_templates,
    replication,
    scanning,
    signing,
)
from tests.local.stacks import Stack, template


def secret(content: str, name: str = "ecr-pullthroughcache/hub") -> tuple[str, dict[str, Any]]:
    return "AWS::SecretsManager::Secret", {"Name": name, "SecretString": content}


def with_secret(content: str) -> str:
    rule = cache("hub", "registry-1.docker.io") | {"CredentialArn": {"Ref": "Secret"}}
    return template({"Secret": secret(content), "It": ("AWS::ECR::PullThroughCacheRule", rule)})


def test_a_cache_reads_a_secret_of_its_stack(local_aws: LocalAws, account: str) -> None:
    content = json.dumps({"username": "robot", "accessToken": "secret"})
    outputs = Stack(local_aws, account).create(with_secret(content))
    (rule,) = local_aws.client("ecr", account=account).describe_pull_through_cache_rules()[
        "pullThroughCacheRules"
    ]
    assert rule.pop("createdAt") == rule.pop("updatedAt")
    assert rule == {
        "ecrRepositoryPrefix": outputs["It"],
        "upstreamRegistryUrl": "registry-1.docker.io",
        "upstreamRegistry": "docker-hub",
        "upstreamRepositoryPrefix": "ROOT",
        "credentialArn": outputs["Secret"],
        "registryId": account,
    }


@pytest.mark.parametrize("content", ["token", "[]", '{"username": "robot"}'])
def test_a_secret_of_another_form_is_refused(local_aws: LocalAws, account: str, content: str) -> None:
    reason = Stack(local_aws, account).refused(with_secret(content))
    assert "must be a JSON object with username and accessToken" in reason


def test_a_secret_is_known_by_its_arn(local_aws: LocalAws, account: str) -> None:
    stack = Stack(local_aws, account)
    client = local_aws.client("secretsmanager", account=account)
    first = stack.create(template({"Secret": secret("old", "one")}, "Id"))
    assert first["Secret"] == first["SecretId"] == client.describe_secret(SecretId="one")["ARN"]
    assert stack.update(template({"Secret": secret("new", "one")}, "Id")) == first
    assert client.get_secret_value(SecretId=first["Secret"])["SecretString"] == "new"
    renamed = stack.update(template({"Secret": secret("new", "two")}, "Id"))
    assert [found["ARN"] for found in client.list_secrets()["SecretList"]] == [renamed["Secret"]]
    stack.delete()
    assert client.list_secrets()["SecretList"] == []


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_secret_must_be_in_the_registrys_region(local_aws: LocalAws, account: str, region: str) -> None:
    arn = local_aws.client("secretsmanager", account=account, region=region).create_secret(
        Name="ecr-pullthroughcache/ghcr", SecretString=json.dumps({"username": "robot", "accessToken": "x"})
    )["ARN"]
    stack = Stack(local_aws, account, region="eu-west-1")
    rule = body("PullThroughCacheRule", cache("ghcr", "ghcr.io", CredentialArn=arn))
    if region == "eu-west-1":
        assert stack.create(rule) == {"It": "ghcr"}
    else:
        assert "SecretNotFoundException" in stack.refused(rule)


@pytest.mark.parametrize(
    ("kind", "properties", "reason"),
    [
        ("RegistryPolicy", {}, "#: required key [PolicyText] not found"),
        ("RegistryPolicy", {"PolicyText": {"a": "x" * 10_240}}, "#/PolicyText: expected maxLength: 10240"),
        ("RegistryPolicy", {"PolicyText": "no JSON"}, "'policyText' failed to satisfy"),
        (
            "RegistryPolicy",
            {"PolicyText": POLICY, "RegistryId": OTHER},
            "#: extraneous key [RegistryId] is not permitted",
        ),
        (
            "ReplicationConfiguration",
            {"ReplicationConfiguration": {"Rules": [{"Destinations": []}]}},
            "#/ReplicationConfiguration/Rules/0/Destinations: expected minimum item count: 1, found: 0",
        ),
        (
            "ReplicationConfiguration",
            {"ReplicationConfiguration": {"Rules": "none"}},
            "#/ReplicationConfiguration/Rules: expected type: JSONArray, found: String",
        ),
        ("RegistryScanningConfiguration", scanning("FULL"), "#/ScanType: FULL is not a valid enum value"),
        (
            "RegistryScanningConfiguration",
            # The published pattern would take years to refuse this one.
            scanning("BASIC", wildcard="a" * 200 + "!"),
            "#/Rules/0/RepositoryFilters/0/Filter: failed validation constraint for keyword [pattern]",
        ),
        (
            "RegistryScanningConfiguration",
            scanning("BASIC", "CONTINUOUS_SCAN"),
            "BASIC does not support CONTINUOUS_SCAN",
        ),
        (
            "SigningConfiguration",
            signing("release"),
            "#/Rules/0/SigningProfileArn: failed validation constraint for keyword [pattern]",
        ),
        ("PullThroughCacheRule", cache("q"), "#/EcrRepositoryPrefix: expected minLength: 2, actual: 1"),
        ("PullThroughCacheRule", cache("Quay"), "#/EcrRepositoryPrefix: failed validation constraint"),
        ("PullThroughCacheRule", cache("quay\n"), "#/EcrRepositoryPrefix: failed validation constraint"),
        ("PullThroughCacheRule", {"EcrRepositoryPrefix": "quay"}, "'upstreamRegistryUrl' failed to satisfy"),
        ("PullThroughCacheRule", cache("quay", "example.com"), "UnsupportedUpstreamRegistryException"),
        (
            "PullThroughCacheRule",
            cache("quay", UpstreamRegistry="k8s"),
            "UnsupportedUpstreamRegistryException",
        ),
        *(
            ("PullThroughCacheRule", cache("mirror", url), "'credentialArn' failed to satisfy")
            for url in ("registry-1.docker.io", "ghcr.io", "registry.gitlab.com", "cgr.dev", "my.azurecr.io")
        ),
        ("RepositoryCreationTemplate", {"Prefix": "a"}, "#: required key [AppliedFor] not found"),
        (
            "RepositoryCreationTemplate",
            creation("a", AppliedFor=["PULL", "PULL"]),
            "#/AppliedFor: array items are not unique",
        ),
        (
            "RepositoryCreationTemplate",
            creation("a", Description="x" * 257),
            "#/Description: expected maxLength: 256, actual: 257",
        ),
        (
            "RepositoryCreationTemplate",
            creation("a", ResourceTags=[{"Key": "team", "Value": "a"}]),
            "'customRoleArn' failed to satisfy",
        ),
        (
            "RepositoryCreationTemplate",
            creation("a", EncryptionConfiguration={"EncryptionType": "KMS"}),
            "'customRoleArn' failed to satisfy",
        ),
        (
            "RepositoryCreationTemplate",
            # CloudFormation's schema takes an alias; the service doesn't.
            creation(
                "a",
                CustomRoleArn=ROLE,
                EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": "alias/images"},
            ),
            "'encryptionConfiguration.kmsKey' failed to satisfy",
        ),
        (
            "PullTimeUpdateExclusion",
            {"PrincipalArn": f"arn:aws:iam::{OTHER}:root"},
            "#/PrincipalArn: failed validation constraint for keyword [pattern]",
        ),
    ],
)
def test_bad_properties_are_refused(
    local_aws: LocalAws, account: str, kind: str, properties: dict[str, Any], reason: str
) -> None:
    assert reason in Stack(local_aws, account).refused(body(kind, properties))


def test_a_number_becomes_text(local_aws: LocalAws, account: str) -> None:
    rules = [{"Destinations": [{"Region": "eu-west-1", "RegistryId": int(OTHER)}]}]
    Stack(local_aws, account).create(
        body("ReplicationConfiguration", {"ReplicationConfiguration": {"Rules": rules}})
    )
    registry = local_aws.client("ecr", account=account).describe_registry()
    assert registry["replicationConfiguration"]["rules"][0]["destinations"] == [
        {"region": "eu-west-1", "registryId": OTHER}
    ]


def test_a_failed_update_leaves_what_was(local_aws: LocalAws, account: str) -> None:
    stack = Stack(local_aws, account)
    stack.create(body("RepositoryCreationTemplate", creation("a", Description="Old")))
    bad = creation("a", ResourceTags=[{"Key": "team", "Value": "a"}])
    assert "customRoleArn" in stack.refused(body("RepositoryCreationTemplate", bad), update=True)
    assert read_templates(local_aws.client("ecr", account=account)) == [("a", "Old")]


RULES, DESTINATIONS = limits.REPLICATION_RULES, limits.REPLICATION_DESTINATIONS
REGIONS = [f"region-{number}" for number in range(DESTINATIONS + 1)]


@pytest.mark.parametrize(
    ("kind", "most", "too_many", "reason"),
    [
        (
            "ReplicationConfiguration",
            replication("eu-west-1", rules=RULES),
            replication("eu-west-1", rules=RULES + 1),
            f"at most {RULES} rules",
        ),
        (
            "ReplicationConfiguration",
            replication(*REGIONS[:-1], rules=2),
            replication(*REGIONS),
            f"at most {DESTINATIONS} different destinations",
        ),
        (
            "SigningConfiguration",
            signing(*[PROFILE] * limits.SIGNING_RULES),
            signing(*[PROFILE] * (limits.SIGNING_RULES + 1)),
            f"at most {limits.SIGNING_RULES} members",
        ),
    ],
)
def test_rules_have_a_limit(
    local_aws: LocalAws, account: str, kind: str, most: Any, too_many: Any, reason: str
) -> None:
    stack = Stack(local_aws, account)
    assert stack.create(body(kind, most)) == {"It": account}
    before = CASES[kind].read(local_aws.client("ecr", account=account))
    assert reason in stack.refused(body(kind, too_many), update=True)
    assert CASES[kind].read(local_aws.client("ecr", account=account)) == before


@pytest.mark.parametrize(
    ("kind", "make", "most"),
    [
        ("PullThroughCacheRule", lambda number: cache(f"quay-{number}"), limits.PULL_THROUGH_CACHE_RULES),
        (
            "PullTimeUpdateExclusion",
            lambda number: principal(f"reader-{number}"),
            limits.PULL_TIME_EXCLUSIONS,
        ),
    ],
)
def test_a_registry_holds_so_many(
    local_aws: LocalAws, account: str, kind: str, make: Callable[[int], dict[str, Any]], most: int
) -> None:
    resources = {f"It{number}": (f"AWS::ECR::{kind}", make(number)) for number in range(most)}
    Stack(local_aws, account).create(template(resources))
    reason = Stack(local_aws, account, name="Second").refused(body(kind, make(most)))
    assert "LimitExceededException" in reason
    assert len(CASES[kind].read(local_aws.client("ecr", account=account))) == most


def test_a_registry_does_not_replicate_to_itself(local_aws: LocalAws, account: str) -> None:
    def rules(region: str) -> str:
        destination = {"Region": region, "RegistryId": {"Ref": "AWS::AccountId"}}
        return body(
            "ReplicationConfiguration",
            {"ReplicationConfiguration": {"Rules": [{"Destinations": [destination]}]}},
        )

    stack = Stack(local_aws, account)
    assert "cannot be the same as the source registry" in stack.refused(rules("us-east-1"))
    stack.delete()
    assert stack.create(rules("eu-west-1")) == {"It": account}


def test_signing_is_not_in_every_region(local_aws: LocalAws, account: str) -> None:
    stack = Stack(local_aws, account, region="eu-central-2")
    with pytest.raises(Exception, match="It: AWS::ECR::SigningConfiguration is not in eu-central-2"):
        stack.create(body("SigningConfiguration", signing(PROFILE)))
