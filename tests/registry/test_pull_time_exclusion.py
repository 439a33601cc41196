"""Principals whose pulls don't count: roles, users, ARNs, and none twice."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from registry_constructs import InvalidInputError, PullTimeExclusion
from registry_constructs.ecr import limits
from tests.registry.places import FRANKFURT, inhabited
from tests.synthesis import cfn_lint, new_app, new_stack, properties, raw_template, resources

EXCLUSION = "AWS::ECR::PullTimeUpdateExclusion"
ARN = "arn:aws:iam::111122223333:"


def service() -> iam.ServicePrincipal:
    return iam.ServicePrincipal("codebuild.amazonaws.com")


@pytest.mark.parametrize("kind", ["role", "user"])
def test_a_role_or_user_of_the_app(kind: str) -> None:
    stack = new_stack()
    made: iam.Role | iam.User = (
        iam.Role(stack, "Scanner", assumed_by=service()) if kind == "role" else iam.User(stack, "Scanner")
    )
    PullTimeExclusion(stack, "Exclusion", principal=made)
    [principal_id] = resources(stack, f"AWS::IAM::{kind.title()}")
    assert properties(stack, EXCLUSION) == {"PrincipalArn": {"Fn::GetAtt": [principal_id, "Arn"]}}
    assert cfn_lint(raw_template(stack)) == []


def test_an_imported_role_or_user() -> None:
    stack = new_stack()
    role = iam.Role.from_role_arn(stack, "Role", f"{ARN}role/service/scanner")
    user = iam.User.from_user_arn(stack, "User", f"{ARN}user/backup")
    for name, principal in (("A", role), ("B", user)):
        PullTimeExclusion(stack, name, principal=principal)
    arns = {body["Properties"]["PrincipalArn"] for body in resources(stack, EXCLUSION).values()}
    assert arns == {f"{ARN}role/service/scanner", f"{ARN}user/backup"}


@pytest.mark.parametrize(
    "arn",
    [
        f"{ARN}role/scanner",
        f"{ARN}user/a/b/c",
        "arn:aws-cn:iam::111122223333:role/scanner",
        "arn:aws-us-gov:iam::222233334444:user/a+=,.@-_",
        ARN + "role/" + "r" * (200 - len(ARN) - 5),
    ],
)
def test_an_arn_as_text(arn: str) -> None:
    stack = new_stack()
    PullTimeExclusion(stack, "Exclusion", principal=arn)
    assert properties(stack, EXCLUSION) == {"PrincipalArn": arn}
    assert cfn_lint(raw_template(stack)) == []


def test_an_arn_that_is_known_only_at_deployment() -> None:
    stack = new_stack()
    PullTimeExclusion(stack, "Exclusion", principal=cdk.CfnParameter(stack, "Arn").value_as_string)
    assert properties(stack, EXCLUSION) == {"PrincipalArn": {"Ref": "Arn"}}


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sts::111122223333:assumed-role/scanner/session",
        f"{ARN}root",
        f"{ARN}group/scanners",
        f"{ARN}role/",
        f"{ARN}role/*",
        f"{ARN}role/é",
        "arn:aws:iam::1234:role/scanner",
        "scanner",
        "",
        ARN + "role/" + "r" * (201 - len(ARN) - 5),
        f"{ARN}role/scanner\n",
    ],
)
def test_what_is_neither_a_role_nor_a_user_is_refused(arn: str) -> None:
    with pytest.raises(InvalidInputError, match="Stack/Exclusion: Not the ARN of a role or user") as caught:
        PullTimeExclusion(new_stack(), "Exclusion", principal=arn)
    assert "assumed-role" in caught.value.fix


def test_a_group_is_refused() -> None:
    stack = new_stack()
    group: Any = iam.Group(stack, "Group")
    with pytest.raises(InvalidInputError, match="Not the ARN of a role or user"):
        PullTimeExclusion(stack, "Exclusion", principal=group)


@pytest.mark.parametrize("as_text", [True, False])
def test_a_principal_is_excluded_once(*, as_text: bool) -> None:
    app = new_app()
    first, second = inhabited("A", app), inhabited("B", app)
    principal: iam.IRole | str = (
        f"{ARN}role/scanner" if as_text else iam.Role(first, "Role", assumed_by=service())
    )
    PullTimeExclusion(first, "Exclusion", principal=principal)
    with pytest.raises(InvalidInputError, match=r"B/Exclusion: .* has two pull-time exclusions") as caught:
        PullTimeExclusion(second, "Exclusion", principal=principal)
    assert caught.value.got == "one at A/Exclusion and another one at B/Exclusion"
    PullTimeExclusion(inhabited("C", app, env=FRANKFURT), "Exclusion", principal=f"{ARN}role/scanner")


def test_roles_with_the_same_logical_id_in_two_stacks_are_told_apart() -> None:
    app = new_app()
    stacks = [new_stack(name, app=app) for name in ("A", "B")]
    for stack in stacks:
        PullTimeExclusion(stack, "Exclusion", principal=iam.Role(stack, "Role", assumed_by=service()))
    first, second = (properties(stack, EXCLUSION) for stack in stacks)
    assert first == second


def test_up_to_a_hundred_principals() -> None:
    stack = new_stack()
    for number in range(limits.PULL_TIME_EXCLUSIONS):
        PullTimeExclusion(stack, f"E{number}", principal=f"{ARN}role/r{number}")
    assert len(resources(stack, EXCLUSION)) == 100
    with pytest.raises(
        InvalidInputError, match=r"Stack/Last: .* has more than 100 pull-time exclusions"
    ) as caught:
        PullTimeExclusion(stack, "Last", principal=f"{ARN}role/last")
    assert "Stack/Last after Stack/E0" in str(caught.value.got)
