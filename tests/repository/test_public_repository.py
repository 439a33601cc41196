"""Public repositories: catalog data, policy, tags, and their one Region."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from registry_constructs import InvalidInputError, PublicRepository
from tests.synthesis import new_stack, properties, resources, warnings

TYPE = "AWS::ECR::PublicRepository"


def us_east_1() -> cdk.Stack:
    return new_stack(env=cdk.Environment(account="111122223333", region="us-east-1"))


def test_one_line() -> None:
    stack = us_east_1()
    PublicRepository(stack, "Tool")
    [tool] = resources(stack, TYPE).values()
    assert tool == {"Type": TYPE, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def test_catalog_data_keeps_cloudformations_names() -> None:
    stack = us_east_1()
    PublicRepository(stack, "Tool", about_text="# About", architectures=("x86-64",), tags={"owner": "us"})
    assert properties(stack, TYPE) == {
        "RepositoryCatalogData": {"AboutText": "# About", "Architectures": ["x86-64"]},
        "Tags": [{"Key": "owner", "Value": "us"}],
    }


def test_a_role_may_push() -> None:
    stack = us_east_1()
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    assert PublicRepository(stack, "Tool").grant_push(role).success
    [logical_id] = resources(stack, TYPE)
    push, token = properties(stack, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    assert push["Resource"] == {"Fn::GetAtt": [logical_id, "Arn"]}
    assert len(push["Action"]) == 5
    assert token["Action"] == ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"]
    assert "RepositoryPolicyText" not in str(properties(stack, "AWS::IAM::Policy"))


def test_another_account_may_push_by_the_repositorys_policy() -> None:
    stack = us_east_1()
    PublicRepository(stack, "Tool").grant_push(iam.AccountPrincipal("222233334444"))
    [statement] = properties(stack, TYPE)["RepositoryPolicyText"]["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::222233334444:root"}
    assert "ecr-public:PutImage" in statement["Action"]


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-2", "us-gov-west-1"])
def test_another_region_is_refused(region: str) -> None:
    stack = new_stack(env=cdk.Environment(account="111122223333", region=region))
    with pytest.raises(InvalidInputError) as refusal:
        PublicRepository(stack, "Tool")
    assert str(refusal.value) == (
        "Stack/Tool: A public repository can't be in this stack's Region.\n"
        f"  Got: {region!r}\n"
        "  Allowed: us-east-1\n"
        "  Fix: put it into a stack of its own with env=cdk.Environment(region='us-east-1')"
    )


def test_a_stack_without_a_region_warns() -> None:
    stack = new_stack(env=None)
    PublicRepository(stack, "Tool")
    [warning] = warnings(stack)
    assert "us-east-1" in warning


@pytest.mark.parametrize(
    ("keywords", "reason"),
    [
        ({"repository_name": "a--b"}, "separator"),
        ({"repository_name": "a" * 206}, "206 characters"),
        ({"repository_description": "a" * 1025}, "repository_description is too long"),
        ({"about_text": "a" * 10_241}, "about_text is too long"),
        ({"usage_text": "a" * 10_241}, "usage_text is too long"),
        ({"architectures": "x86-64"}, "architectures is not a list"),
        ({"architectures": ["x86", "x86"]}, "architectures is not a list"),
        ({"operating_systems": [str(number) for number in range(51)]}, "operating_systems is not a list"),
        ({"operating_systems": [""]}, "operating_systems is not a list"),
        ({"operating_systems": ["a" * 51]}, "operating_systems is not a list"),
    ],
)
def test_what_ecr_public_would_refuse_is_refused(keywords: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        PublicRepository(us_east_1(), "Tool", **keywords)
    assert str(refusal.value).startswith("Stack/Tool: ")
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    "keywords",
    [
        {"repository_name": "a" * 205},
        {"repository_description": "a" * 1024},
        {"about_text": "a" * 10_240, "usage_text": "a" * 10_240},
        {"operating_systems": [f"{number:050}" for number in range(50)]},
    ],
)
def test_limits_themselves_are_taken(keywords: dict[str, Any]) -> None:
    stack = us_east_1()
    PublicRepository(stack, "Tool", **keywords)
    assert len(properties(stack, TYPE)) == 1


def test_a_stack_without_a_policy_has_none() -> None:
    stack = us_east_1()
    PublicRepository(stack, "Tool", repository_name="tool")
    assert properties(stack, TYPE) == {"RepositoryName": "tool"}
