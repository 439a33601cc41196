"""AWS::ECR::PublicRepository through CloudFormation, read back through the ecr-public API."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from registry_constructs.local import LocalAws
from tests.local.stacks import Stack, template

PUBLIC = "AWS::ECR::PublicRepository"


def public(**properties: Any) -> str:
    return template({"Public": (PUBLIC, properties)}, "Arn")


def test_everything_it_was_given_reads_back(local_aws: LocalAws, account: str) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr-public:*"}],
    }
    body = public(
        RepositoryName="tools/backup",
        RepositoryCatalogData={
            "AboutText": "Backs things up.",
            "UsageText": "docker run ...",
            "RepositoryDescription": "Backup",
            "Architectures": ["ARM 64", "x86-64"],
            "OperatingSystems": ["Linux"],
        },
        RepositoryPolicyText=policy,
        Tags=[{"Key": "team", "Value": "tools"}],
    )
    outputs = Stack(local_aws, account).create(body, Tags=[{"Key": "owner", "Value": "platform"}])
    client = local_aws.client("ecr-public", account=account)
    (repository,) = client.describe_repositories(repositoryNames=["tools/backup"])["repositories"]
    (registry,) = client.describe_registries()["registries"]
    tags = client.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]

    assert outputs == {"Public": "tools/backup", "PublicArn": repository["repositoryArn"]}
    assert repository["repositoryArn"] == f"arn:aws:ecr-public::{account}:repository/tools/backup"
    assert repository["registryId"] == registry["registryId"] == account
    assert repository["repositoryUri"] == f"{registry['registryUri']}/tools/backup"
    assert client.get_repository_catalog_data(repositoryName="tools/backup")["catalogData"] == {
        "aboutText": "Backs things up.",
        "usageText": "docker run ...",
        "description": "Backup",
        "architectures": ["ARM 64", "x86-64"],
        "operatingSystems": ["Linux"],
    }
    assert json.loads(client.get_repository_policy(repositoryName="tools/backup")["policyText"]) == policy
    own = {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")}
    assert own == {"team": "tools", "owner": "platform"}


def test_a_name_is_generated_when_missing(local_aws: LocalAws, account: str) -> None:
    name = Stack(local_aws, account).create(public())["Public"]
    client = local_aws.client("ecr-public", account=account)
    assert re.fullmatch(r"stack-public-[0-9a-f]{13}", name)
    with pytest.raises(client.exceptions.RepositoryCatalogDataNotFoundException):
        client.get_repository_catalog_data(repositoryName=name)
    with pytest.raises(client.exceptions.RepositoryPolicyNotFoundException):
        client.get_repository_policy(repositoryName=name)


def test_an_update_changes_it_in_place(local_aws: LocalAws, account: str) -> None:
    stack = Stack(local_aws, account)
    client = local_aws.client("ecr-public", account=account)
    tag = {"Key": "team", "Value": "tools"}
    stack.create(public(RepositoryName="tools", RepositoryPolicyText={"Statement": []}, Tags=[tag]))
    before = client.describe_repositories()["repositories"]
    stack.update(public(RepositoryName="tools", RepositoryCatalogData={"AboutText": "New"}))

    assert client.describe_repositories()["repositories"] == before
    assert client.get_repository_catalog_data(repositoryName="tools")["catalogData"] == {"aboutText": "New"}
    assert tag not in client.list_tags_for_resource(resourceArn=before[0]["repositoryArn"])["tags"]
    with pytest.raises(client.exceptions.RepositoryPolicyNotFoundException):
        client.get_repository_policy(repositoryName="tools")


def test_a_new_name_replaces_it_and_deleting_removes_it(local_aws: LocalAws, account: str) -> None:
    stack = Stack(local_aws, account)
    client = local_aws.client("ecr-public", account=account)
    stack.create(public(RepositoryName="old-name"))
    outputs = stack.update(public(RepositoryName="new-name"))

    names = [repository["repositoryName"] for repository in client.describe_repositories()["repositories"]]
    assert names == [outputs["Public"]] == ["new-name"]
    stack.delete()
    assert client.describe_repositories()["repositories"] == []
    with pytest.raises(client.exceptions.RepositoryNotFoundException):
        client.describe_repositories(repositoryNames=["new-name"])


def test_a_name_is_taken_once_in_an_account(local_aws: LocalAws, account: str) -> None:
    Stack(local_aws, account).create(public(RepositoryName="tools"))
    second = Stack(local_aws, account, name="Second")
    assert "with identifier 'tools' already exists" in second.refused(public(RepositoryName="tools"))
    assert local_aws.client("ecr-public", account=account).describe_repositories(repositoryNames=["tools"])


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"RepositoryName": "Tools"}, "#/RepositoryName: failed validation constraint"),
        ({"RepositoryName": "a"}, "#/RepositoryName: expected minLength: 2, actual: 1"),
        ({"RepositoryName": "a__b"}, "#/RepositoryName: failed validation constraint"),
        ({"RepositoryName": "a" * 206}, "#/RepositoryName: at most 205 characters"),
        ({"ImageTagMutability": "MUTABLE"}, "#: extraneous key [ImageTagMutability] is not permitted"),
        (
            {"RepositoryCatalogData": {"aboutText": "camelCase, as CDK's own class renders it"}},
            "#/RepositoryCatalogData: extraneous key [aboutText] is not permitted",
        ),
        (
            {"RepositoryCatalogData": {"AboutText": "a" * 10_241}},
            "#/RepositoryCatalogData/AboutText: expected maxLength: 10240, actual: 10241",
        ),
        (
            {"RepositoryCatalogData": {"RepositoryDescription": "a" * 1_025}},
            "#/RepositoryCatalogData/RepositoryDescription: expected maxLength: 1024, actual: 1025",
        ),
        (
            {"RepositoryCatalogData": {"Architectures": [f"x{number}" for number in range(51)]}},
            "#/RepositoryCatalogData/Architectures: expected maximum item count: 50, found: 51",
        ),
        (
            {"Tags": [{"Key": f"k{number}", "Value": "v"} for number in range(51)]},
            "#/Tags: expected maximum item count: 50, found: 51",
        ),
        ({"RepositoryPolicyText": "a" * 10_241}, "#/RepositoryPolicyText: at most 10240 characters"),
    ],
)
def test_what_the_schema_refuses_is_refused(
    local_aws: LocalAws, account: str, properties: dict[str, Any], reason: str
) -> None:
    assert reason in Stack(local_aws, account).refused(public(**properties))


def test_it_is_in_one_region_only(local_aws: LocalAws, account: str) -> None:
    with pytest.raises(
        Exception, match=r"Unrecognized.*Public: AWS::ECR::PublicRepository is not in eu-west-1"
    ):
        Stack(local_aws, account, region="eu-west-1").create(public())
    client = local_aws.client("ecr-public", account=account, region="eu-west-1")
    with pytest.raises(client.exceptions.UnsupportedCommandException, match="eu-west-1"):
        client.describe_repositories()


def test_an_unknown_type_is_named_with_its_logical_id(local_aws: LocalAws, account: str) -> None:
    body = template({"Signing": ("AWS::ECR::NoSuchThing", {}), "Public": (PUBLIC, {})})
    with pytest.raises(
        Exception, match=r"\[AWS::ECR::NoSuchThing\]\. Signing: AWS::ECR::NoSuchThing is not in"
    ):
        Stack(local_aws, account).create(body)


def test_an_operation_that_is_missing_says_so(local_aws: LocalAws) -> None:
    client = local_aws.client("ecr-public")
    with pytest.raises(client.exceptions.ClientError, match="no ecr-public:GetRegistryCatalogData"):
        client.get_registry_catalog_data()
