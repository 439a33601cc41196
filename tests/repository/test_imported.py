"""Repositories that somebody else owns: what can be granted works, what can't says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from registry_constructs import InvalidInputError, Repository
from tests.synthesis import new_app, new_stack, properties, template, warnings

ARN = "arn:aws:ecr:eu-west-1:111122223333:repository/team/app"
FOREIGN_ARN = "arn:aws:ecr:us-east-1:222233334444:repository/team/app"
IMPORTS = ("name", "arn", "attributes", "lookup")


def imported(stack: cdk.Stack, how: str, **keywords: Any) -> ecr.IRepository:
    if how == "name":
        return Repository.from_repository_name(stack, "App", "team/app", **keywords)
    if how == "arn":
        return Repository.from_repository_arn(stack, "App", ARN, **keywords)
    if how == "attributes":
        return Repository.from_repository_attributes(
            stack, "App", repository_arn=ARN, repository_name="team/app", **keywords
        )
    return Repository.from_lookup(stack, "App", repository_name="team/app", **keywords)


def role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))


@pytest.mark.parametrize("how", ["name", "arn", "attributes"])
def test_an_import_has_the_names_that_the_cdks_own_has(how: str) -> None:
    stack = new_stack()
    repository = imported(stack, how)
    plain = ecr.Repository.from_repository_arn(stack, "Plain", ARN)
    for attribute in ("repository_arn", "repository_name", "repository_uri", "registry_uri"):
        ours, theirs = getattr(repository, attribute), getattr(plain, attribute)
        assert stack.resolve(ours) == stack.resolve(theirs)
    assert stack.resolve(repository.repository_uri_for_digest("sha256:ab")) == stack.resolve(
        plain.repository_uri_for_digest("sha256:ab")
    )


def test_an_arn_brings_its_account_and_region() -> None:
    repository = Repository.from_repository_arn(new_stack(), "App", FOREIGN_ARN)
    assert (repository.env.account, repository.env.region) == ("222233334444", "us-east-1")


def test_a_lookup_asks_the_cli_for_the_repository() -> None:
    app = new_app()
    stack = new_stack(app=app)
    imported(stack, "lookup").grant_pull(role(stack))
    manifest = json.loads((Path(app.synth().directory) / "manifest.json").read_text())
    [missing] = manifest["missing"]
    assert missing["props"]["exactIdentifier"] == "team/app"


@pytest.mark.parametrize("how", IMPORTS)
def test_a_role_of_the_app_can_be_granted(how: str) -> None:
    stack = new_stack()
    assert imported(stack, how).grant_pull(role(stack)).success
    [token, pull] = sorted(
        properties(stack, "AWS::IAM::Policy")["PolicyDocument"]["Statement"],
        key=lambda s: len(s["Action"]),
        reverse=True,
    )
    assert token["Action"] == "ecr:GetAuthorizationToken"
    assert "ecr:BatchGetImage" in pull["Action"]


GRANTEES: dict[str, Callable[[cdk.Stack], Any]] = {
    "another account": lambda stack: iam.AccountPrincipal("333344445555"),
    "a service": lambda stack: iam.ServicePrincipal("lambda.amazonaws.com"),
    "an organization": lambda stack: iam.OrganizationPrincipal("o-a1b2c3d4e5"),
}


@pytest.mark.parametrize("grantee", GRANTEES)
@pytest.mark.parametrize("how", IMPORTS)
def test_a_grant_that_needs_its_policy_is_an_error_that_says_what_to_do(how: str, grantee: str) -> None:
    stack = new_stack()
    with pytest.raises(RuntimeError) as refusal:
        imported(stack, how).grant_pull(GRANTEES[grantee](stack))
    message = str(refusal.value)
    assert "Stack/App: An imported repository's policy can't be changed from here" in message
    assert "ecr:BatchGetImage" in message
    assert "policy_managed_elsewhere=True" in message


def test_a_role_of_another_account_is_an_error_too() -> None:
    app = new_app()
    other = new_stack("Other", app=app, env=cdk.Environment(account="222233334444", region="eu-west-1"))
    repository = imported(new_stack(app=app), "name")
    with pytest.raises(RuntimeError, match="policy can't be changed from here"):
        repository.grant_pull(role(other))


def test_a_statement_is_an_error_of_this_library() -> None:
    repository = imported(new_stack(), "name")
    with pytest.raises(InvalidInputError) as refusal:
        repository.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.AccountPrincipal("333344445555")], actions=["ecr:BatchGetImage"]
            )
        )
    assert json.loads(str(refusal.value.got)) == {
        "Action": "ecr:BatchGetImage",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::333344445555:root"},
    }


@pytest.mark.parametrize("how", IMPORTS)
def test_a_policy_managed_elsewhere_is_left_alone(how: str) -> None:
    stack = new_stack()
    repository = imported(stack, how, policy_managed_elsewhere=True)
    lambda_.DockerImageFunction(stack, "Function", code=lambda_.DockerImageCode.from_ecr(repository))
    assert "AWS::Lambda::Function" in str(template(stack))


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        ("team/app", "Not an ECR repository's ARN"),
        ("arn:aws:s3:::bucket", "Not an ECR repository's ARN"),
        ("arn:aws:ecr:eu-west-1:111122223333:repository/", "Not an ECR repository's ARN"),
        ("arn:aws:ecr:eu-west-1:111122223333:repository/Team", "upper-case letters"),
        (None, "Not an ECR repository's ARN"),
    ],
)
def test_what_is_no_arn_is_refused(arn: Any, reason: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        Repository.from_repository_arn(new_stack(), "App", arn)
    assert str(refusal.value).startswith("Stack/App: ")
    assert reason in str(refusal.value)


def test_an_arn_known_only_at_deployment_is_refused_with_the_way_out() -> None:
    with pytest.raises(InvalidInputError, match=r"Stack/App: .*only at deployment(?s:.*)_attributes"):
        Repository.from_repository_arn(new_stack(), "App", cdk.Fn.import_value("Arn"))


def test_attributes_may_be_tokens() -> None:
    stack = new_stack()
    repository = Repository.from_repository_attributes(
        stack,
        "App",
        repository_arn=cdk.Fn.import_value("Arn"),
        repository_name=cdk.Fn.import_value("Name"),
    )
    repository.grant_pull(role(stack))
    assert {"Fn::ImportValue": "Arn"} in [
        s["Resource"] for s in properties(stack, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    ]


def test_a_name_that_ecr_refuses_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="Stack/App: A repository name has upper-case letters"):
        Repository.from_repository_name(new_stack(), "App", "Team/App")


@pytest.mark.parametrize(
    ("arn", "name", "reason"),
    [(ARN, "team/other", "two repositories"), ("nope", "team/app", "Not an ECR repository's ARN")],
)
def test_attributes_that_contradict_each_other_are_refused(arn: str, name: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=f"Stack/App: .*{reason}"):
        Repository.from_repository_attributes(new_stack(), "App", repository_arn=arn, repository_name=name)


def test_in_a_stack_without_an_account_a_role_is_granted_with_a_warning() -> None:
    stack = new_stack(env=None)
    repository = Repository.from_repository_arn(stack, "App", ARN)
    repository.grant_pull(role(stack))
    assert "ecr:BatchGetImage" in str(properties(stack, "AWS::IAM::Policy"))
    [warning] = warnings(stack)
    assert "The stack names no account" in warning
    assert "ecr:BatchGetImage" in warning


def test_push_is_granted_as_on_an_own_repository() -> None:
    stack = new_stack()
    imported(stack, "name").grant_push(role(stack))
    assert "ecr:BatchGetImage" in str(properties(stack, "AWS::IAM::Policy"))
