"""ECR's API of a registry's settings, spoken by boto3."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from registry_constructs.local import LocalAws
from tests.local.registry_properties import OTHER, POLICY, PROFILE, ROLE


@pytest.fixture
def ecr(local_aws: LocalAws, account: str) -> Any:
    return local_aws.client("ecr", account=account)


def filters(*values: str) -> list[dict[str, str]]:
    return [{"filter": value, "filterType": "WILDCARD"} for value in values]


def test_a_policy_comes_and_goes(ecr: Any, account: str) -> None:
    text = json.dumps(POLICY)
    with pytest.raises(ecr.exceptions.RegistryPolicyNotFoundException):
        ecr.get_registry_policy()
    for answer in (
        ecr.put_registry_policy(policyText=text),
        ecr.get_registry_policy(),
        ecr.delete_registry_policy(),
    ):
        assert (answer["registryId"], answer["policyText"]) == (account, text)
    with pytest.raises(ecr.exceptions.RegistryPolicyNotFoundException):
        ecr.delete_registry_policy()


def test_replication_is_part_of_the_registry(ecr: Any, account: str) -> None:
    destination = {"region": "eu-west-1", "registryId": account}
    rules = [
        {
            "destinations": [destination],
            "repositoryFilters": [{"filter": "apps/", "filterType": "PREFIX_MATCH"}],
        }
    ]
    answer = ecr.put_replication_configuration(replicationConfiguration={"rules": rules})
    assert answer["replicationConfiguration"] == {"rules": rules}
    registry = ecr.describe_registry()
    assert (registry["registryId"], registry["replicationConfiguration"]) == (account, {"rules": rules})
    ecr.put_replication_configuration(replicationConfiguration={"rules": []})
    assert ecr.describe_registry()["replicationConfiguration"] == {"rules": []}


def test_signing_comes_and_goes(ecr: Any, account: str) -> None:
    configuration = {"rules": [{"signingProfileArn": PROFILE}]}
    with pytest.raises(ecr.exceptions.SigningConfigurationNotFoundException):
        ecr.get_signing_configuration()
    ecr.put_signing_configuration(signingConfiguration=configuration)
    for answer in (ecr.get_signing_configuration(), ecr.delete_signing_configuration()):
        assert (answer["registryId"], answer["signingConfiguration"]) == (account, configuration)
    with pytest.raises(ecr.exceptions.SigningConfigurationNotFoundException):
        ecr.delete_signing_configuration()


@pytest.mark.parametrize(
    ("kind", "rules", "expected"),
    [
        ("BASIC", {}, {"apps/web": ("MANUAL", []), "pushed": ("SCAN_ON_PUSH", [])}),
        (
            "BASIC",
            {"SCAN_ON_PUSH": ["apps", "web"]},
            {"apps/web": ("SCAN_ON_PUSH", ["apps", "web"]), "tools/web": ("SCAN_ON_PUSH", ["web"])},
        ),
        ("ENHANCED", {}, {"apps/web": ("MANUAL", []), "pushed": ("MANUAL", [])}),
        (
            "ENHANCED",
            {"SCAN_ON_PUSH": ["*"], "CONTINUOUS_SCAN": ["apps/*", "*/w*b"]},
            {
                "apps/web": ("CONTINUOUS_SCAN", ["apps/*", "*/w*b"]),
                "tools/web": ("CONTINUOUS_SCAN", ["*/w*b"]),
                "pushed": ("SCAN_ON_PUSH", ["*"]),
            },
        ),
        ("ENHANCED", {"CONTINUOUS_SCAN": ["app*", "*web2"]}, {"tools/web": ("MANUAL", [])}),
    ],
)
def test_a_repository_is_scanned_as_the_rules_say(
    ecr: Any, kind: str, rules: dict[str, list[str]], expected: dict[str, tuple[str, list[str]]]
) -> None:
    for name in ("apps/web", "tools/web", "pushed"):
        ecr.create_repository(
            repositoryName=name, imageScanningConfiguration={"scanOnPush": name == "pushed"}
        )
    wanted = [
        {"scanFrequency": frequency, "repositoryFilters": filters(*values)}
        for frequency, values in rules.items()
    ]
    answer = ecr.put_registry_scanning_configuration(scanType=kind, rules=wanted)
    assert answer["registryScanningConfiguration"] == {"scanType": kind, "rules": wanted}
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"]["rules"] == wanted

    answer = ecr.batch_get_repository_scanning_configuration(repositoryNames=[*expected, "missing"])
    assert {
        one["repositoryName"]: (
            one["scanFrequency"],
            [entry["filter"] for entry in one["appliedScanFilters"]],
        )
        for one in answer["scanningConfigurations"]
    } == expected
    assert all(
        one["scanOnPush"] == (one["scanFrequency"] == "SCAN_ON_PUSH")
        and one["repositoryArn"].endswith(f":repository/{one['repositoryName']}")
        for one in answer["scanningConfigurations"]
    )
    assert [(one["repositoryName"], one["failureCode"]) for one in answer["failures"]] == [
        ("missing", "REPOSITORY_NOT_FOUND")
    ]


def test_cache_rules(ecr: Any, local_aws: LocalAws, account: str) -> None:
    arn = local_aws.client("secretsmanager", account=account).create_secret(
        Name="ecr-pullthroughcache/quay", SecretString='{"username": "robot", "accessToken": "x"}'
    )["ARN"]
    rule = {"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io"}
    created = ecr.create_pull_through_cache_rule(**rule)
    assert (created["registryId"], created["upstreamRegistry"]) == (account, "quay")
    with pytest.raises(ecr.exceptions.PullThroughCacheRuleAlreadyExistsException):
        ecr.create_pull_through_cache_rule(**rule)
    updated = ecr.update_pull_through_cache_rule(ecrRepositoryPrefix="quay", credentialArn=arn)
    assert updated["updatedAt"] > created["createdAt"]
    (found,) = ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=["quay"])["pullThroughCacheRules"]
    assert (found["credentialArn"], found["createdAt"]) == (arn, created["createdAt"])
    with pytest.raises(ecr.exceptions.SecretNotFoundException):
        ecr.update_pull_through_cache_rule(ecrRepositoryPrefix="quay", credentialArn=arn + "x")
    assert ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="quay")["upstreamRegistryUrl"] == "quay.io"
    for operation in ("delete_pull_through_cache_rule", "update_pull_through_cache_rule"):
        with pytest.raises(ecr.exceptions.PullThroughCacheRuleNotFoundException, match="'quay'"):
            getattr(ecr, operation)(ecrRepositoryPrefix="quay")
    with pytest.raises(ecr.exceptions.PullThroughCacheRuleNotFoundException):
        ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=["quay"])


def test_templates(ecr: Any, account: str) -> None:
    tags = [{"Key": "team", "Value": "a"}]
    answer = ecr.create_repository_creation_template(
        prefix="a", appliedFor=["CREATE_ON_PUSH"], resourceTags=tags, customRoleArn=ROLE
    )
    assert answer["registryId"] == account
    with pytest.raises(ecr.exceptions.TemplateAlreadyExistsException):
        ecr.create_repository_creation_template(prefix="a", appliedFor=["REPLICATION"])
    # What an update doesn't name stays.
    after = ecr.update_repository_creation_template(prefix="a", description="New")
    template = after["repositoryCreationTemplate"]
    assert template["updatedAt"] > template["createdAt"]
    assert (template["description"], template["resourceTags"]) == ("New", tags)
    assert ecr.delete_repository_creation_template(prefix="a")["repositoryCreationTemplate"] == template
    for operation in ("delete_repository_creation_template", "update_repository_creation_template"):
        with pytest.raises(ecr.exceptions.TemplateNotFoundException, match="'a'"):
            getattr(ecr, operation)(prefix="a")
    assert ecr.describe_repository_creation_templates(prefixes=["a"])["repositoryCreationTemplates"] == []


def test_exclusions(ecr: Any) -> None:
    arn = f"arn:aws:iam::{OTHER}:user/scanner"
    assert ecr.register_pull_time_update_exclusion(principalArn=arn)["principalArn"] == arn
    with pytest.raises(ecr.exceptions.ExclusionAlreadyExistsException):
        ecr.register_pull_time_update_exclusion(principalArn=arn)
    assert ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == [arn]
    assert ecr.deregister_pull_time_update_exclusion(principalArn=arn)["principalArn"] == arn
    with pytest.raises(ecr.exceptions.ExclusionNotFoundException):
        ecr.deregister_pull_time_update_exclusion(principalArn=arn)


def test_lists_come_in_pages(ecr: Any) -> None:
    for number in range(3):
        ecr.create_pull_through_cache_rule(
            ecrRepositoryPrefix=f"quay-{number}", upstreamRegistryUrl="quay.io"
        )
        ecr.create_repository_creation_template(prefix=f"team-{number}", appliedFor=["REPLICATION"])
        ecr.register_pull_time_update_exclusion(principalArn=f"arn:aws:iam::{OTHER}:role/r{number}")

    def sizes(operation: str, result: str) -> list[int]:
        pages = ecr.get_paginator(operation).paginate(PaginationConfig={"PageSize": 2})
        return [len(page[result]) for page in pages]

    assert sizes("describe_pull_through_cache_rules", "pullThroughCacheRules") == [2, 1]
    assert sizes("describe_repository_creation_templates", "repositoryCreationTemplates") == [2, 1]
    first = ecr.list_pull_time_update_exclusions(maxResults=2)
    rest = ecr.list_pull_time_update_exclusions(nextToken=first["nextToken"])
    assert "nextToken" not in rest
    assert [
        arn.rpartition("/")[2] for arn in first["pullTimeUpdateExclusions"] + rest["pullTimeUpdateExclusions"]
    ] == ["r0", "r1", "r2"]
    with pytest.raises(ecr.exceptions.InvalidParameterException, match="nextToken"):
        ecr.list_pull_time_update_exclusions(nextToken="other")


@pytest.mark.parametrize(
    ("name", "default", "values", "refused"),
    [
        ("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE", ["AWS_NATIVE"], "CLAIR"),
        ("REGISTRY_POLICY_SCOPE", "V2", ["V2"], "V1"),
        ("BLOB_MOUNTING", "DISABLED", ["ENABLED", "DISABLED"], "ON"),
    ],
)
def test_account_settings(
    ecr: Any, local_aws: LocalAws, account: str, name: str, default: str, values: list[str], refused: str
) -> None:
    elsewhere = local_aws.client("ecr", account=account, region="eu-west-1")
    assert ecr.get_account_setting(name=name)["value"] == default
    for value in values:
        answer = ecr.put_account_setting(name=name, value=value)
        assert (answer["name"], answer["value"]) == (name, value)
        assert ecr.get_account_setting(name=name)["value"] == value
        assert elsewhere.get_account_setting(name=name)["value"] == default
    with pytest.raises(ecr.exceptions.InvalidParameterException, match=f"{name}"):
        ecr.put_account_setting(name=name, value=refused)


Request = Callable[[Any], Any]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (lambda ecr: ecr.put_registry_policy(policyText="[]"), "'policyText'.*must be a policy"),
        (lambda ecr: ecr.put_registry_policy(policyText="x" * 10_241), "'policyText'.*0 to 10240"),
        (lambda ecr: ecr.get_account_setting(name="OTHER"), "'name'.*BLOB_MOUNTING"),
        (
            lambda ecr: ecr.put_registry_scanning_configuration(
                rules=[{"scanFrequency": "DAILY", "repositoryFilters": []}]
            ),
            "'rules.1.scanFrequency'.*must be one of SCAN_ON_PUSH",
        ),
        (
            lambda ecr: ecr.put_signing_configuration(
                signingConfiguration={"rules": [{"signingProfileArn": "mine"}]}
            ),
            "'signingConfiguration.rules.1.signingProfileArn'.*regular expression",
        ),
        (
            lambda ecr: ecr.create_pull_through_cache_rule(
                ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io", registryId=OTHER
            ),
            "'registryId'.*the account's own",
        ),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(ecr: Any, request_: Request, reason: str) -> None:
    with pytest.raises(ecr.exceptions.InvalidParameterException, match=reason):
        request_(ecr)


def test_ministacks_own_operations_still_answer(ecr: Any) -> None:
    ecr.create_repository(repositoryName="web")
    assert [one["repositoryName"] for one in ecr.describe_repositories()["repositories"]] == ["web"]
    with pytest.raises(ecr.exceptions.ClientError, match="Unknown action: ValidatePullThroughCacheRule"):
        ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="quay")


@pytest.mark.deploy
def test_with_auth_policies_decide() -> None:
    with LocalAws(auth=True) as aws:
        import boto3

        iam = aws.client("iam")
        iam.create_user(UserName="reader")
        key = iam.create_access_key(UserName="reader")["AccessKey"]
        reader = boto3.client(
            "ecr",
            region_name="us-east-1",
            endpoint_url=aws.endpoint_url,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )
        statement = {"Effect": "Allow", "Action": ["ecr:Describe*", "ecr:GetRegistry*"], "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=json.dumps(policy))

        assert reader.describe_registry()["replicationConfiguration"] == {"rules": []}
        assert reader.describe_pull_through_cache_rules()["pullThroughCacheRules"] == []
        assert reader.get_registry_scanning_configuration()["scanningConfiguration"]["scanType"] == "BASIC"
        denied: dict[str, Request] = {
            "PutRegistryPolicy": lambda ecr: ecr.put_registry_policy(policyText=json.dumps(POLICY)),
            "GetSigningConfiguration": lambda ecr: ecr.get_signing_configuration(),
            "ListPullTimeUpdateExclusions": lambda ecr: ecr.list_pull_time_update_exclusions(),
            "DeleteRepositoryCreationTemplate": lambda ecr: ecr.delete_repository_creation_template(
                prefix="a"
            ),
            "PutAccountSetting": lambda ecr: ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED"),
        }
        for operation, call in denied.items():
            with pytest.raises(reader.exceptions.ClientError, match=rf"not authorized.*ecr:{operation}"):
                call(reader)
        root = aws.client("ecr")
        assert root.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"


def test_repositories_come_in_pages_none_of_them_lost(ecr: Any) -> None:
    names = {f"many/{number:04}" for number in range(120)}
    for name in names:
        ecr.create_repository(repositoryName=name)
    for size in ({}, {"PageSize": 7}, {"PageSize": 1000}):
        pages = list(ecr.get_paginator("describe_repositories").paginate(PaginationConfig=size))
        found = [one["repositoryName"] for page in pages for one in page["repositories"]]
        assert len(found) == len(set(found))
        assert names <= set(found)
    assert len(ecr.describe_repositories()["repositories"]) == 100
    [one] = ecr.describe_repositories(repositoryNames=["many/0007"])["repositories"]
    assert one["repositoryName"] == "many/0007"
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_repositories(repositoryNames=["many/none"])
    with pytest.raises(ecr.exceptions.InvalidParameterException):
        ecr.describe_repositories(nextToken="none")
