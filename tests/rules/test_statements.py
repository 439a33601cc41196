"""Policies as rules read them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry_constructs.rules.statements import Statement, account_of, read_policy
from registry_constructs.rules.values import Unknown


def _only(**statement: Any) -> Statement:
    given = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage", **statement}
    found = read_policy({"Statement": [given]})
    assert isinstance(found, tuple)
    return found[0]


def test_text_and_document_say_the_same() -> None:
    policy = {
        "Statement": {"Sid": "Pull", "Effect": "Allow", "Principal": {"AWS": ["1", "2"]}, "Action": "a:B"}
    }
    assert read_policy(policy) == read_policy(json.dumps(policy))
    assert read_policy(policy) == (
        Statement(label="Pull", allows=True, principals=("AWS:1", "AWS:2"), actions=("a:B",)),
    )


@pytest.mark.parametrize("nothing", [None, "", {}])
def test_no_policy_has_no_statements(nothing: object) -> None:
    assert read_policy(nothing) == ()


@pytest.mark.parametrize(
    "broken",
    [
        "no JSON",
        "${Token}",
        "[]x",
        '"text"',
        "[1]",
        {"Version": "2012-10-17"},
        {"Statement": [1]},
        {"Statement": [{"Effect": "Allow", "Action": "a:B"}]},
        {"Statement": [{"Effect": "Allow", "Principal": "*"}]},
        {"Statement": [{"Effect": "Allow", "Principal": {"AWS": {"Fn::If": []}}, "Action": "a:B"}]},
        {"Statement": [{"Principal": "*", "Action": "a:B"}]},
    ],
)
def test_what_is_not_understood_is_unknown_and_never_empty(broken: object) -> None:
    assert isinstance(read_policy(broken), Unknown)


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": ["arn:aws:iam::111122223333:root", "*"]}},
        {"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1234567890"}}},
        {"Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1234567890"}}},
        {"Condition": {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}},
        {"Condition": {"StringLike": {"aws:PrincipalOrgID": "*"}}},
        {"Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}}},
        {"Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": True}}},
        {"NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}},
    ],
)
def test_everybody(statement: dict[str, Any]) -> None:
    if "NotPrincipal" in statement:
        [found] = read_policy({"Statement": [{"Effect": "Allow", "Action": "a:B", **statement}]})  # type: ignore[misc]
    else:
        found = _only(**statement)
    assert found.everybody


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny"},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
        {"Principal": {"Service": "lambda.amazonaws.com"}},
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}},
        {"Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-1234567890/*"]}}},
        {"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}},
        {"Condition": {"StringEquals": {"AWS:SourceVpce": "vpce-1"}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}},
    ],
)
def test_not_everybody(statement: dict[str, Any]) -> None:
    assert not _only(**statement).everybody


# Each key with a value of somebody's own, and values with wildcards: about somebody, and about everybody.
NARROWING = {
    "aws:PrincipalAccount": ("111122223333", ["111122223333*", "${Account}*"], ["1*", "?" * 12, "*3333"]),
    "aws:PrincipalArn": (
        "arn:aws:iam::111122223333:role/a",
        ["arn:aws:iam::111122223333:*", "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*"],
        [
            "arn:*",
            "arn:aws:iam::*",
            "arn:aws:iam::*:role/a",
            "arn:aws:iam::????????????:role/a",
            "arn:${AWS::Partition}:iam::*:role/111122223333",
            "*role/a",
        ],
    ),
    "aws:PrincipalOrgID": (
        "o-1234567890",
        ["o-1234567890*", "o-ab*", "${Organization}*", "o-${Id}*"],
        ["o-*", "?-1*"],
    ),
    "aws:PrincipalOrgPaths": ("o-1234567890/r-ab12/", ["o-1234567890/*"], ["o-*/r-ab12/ou-1/", "*/r-ab12/*"]),
    "aws:SourceAccount": ("111122223333", ["111122223333?"], ["11112222333?", "111122223*"]),
    "aws:SourceArn": (
        "arn:aws:s3:::bucket",
        ["arn:aws:s3:::bucket*", "arn:aws:sns:*:111122223333:*", "arn:aws:sns:*:${AWS::AccountId}:topic"],
        ["arn:aws:s3:::*", "arn:aws:s3:::?ucket", "arn:aws:sns:eu-west-1:*:topic"],
    ),
    "aws:SourceOrgID": ("o-1234567890", ["o-1*"], ["o-?234567890"]),
    "aws:SourceOrgPaths": ("o-1234567890/r-ab12/", ["o-1234567890/r-ab12/*"], ["o-*"]),
    "aws:SourceVpc": ("vpc-0a1b", ["vpc-0a*", "vpc-f*", "vpc-${Vpc}*"], ["vpc-*", "vp*"]),
    "aws:SourceVpce": ("vpce-0a1b", ["vpce-0a*", "vpce-f*", "vpce-${Endpoint}*"], ["vpce-*", "vpc?-0a1b"]),
    "aws:userid": ("AROAEXAMPLE:a", ["AROAEXAMPLE:*", "111122223333:*"], ["AROA*", "*:a", "1111*"]),
    "aws:VpceSourceAccount": ("111122223333", ["111122223333*"], ["*"]),
    "aws:VpceSourceOrgID": ("o-1234567890", ["o-12345*"], ["o-*"]),
}


@pytest.mark.parametrize("operator", ["StringLike", "StringEquals", "ForAnyValue:StringLike"])
@pytest.mark.parametrize(("key", "values"), NARROWING.items())
def test_a_condition_narrows_if_each_of_its_values_is_about_somebody(
    key: str, values: tuple[str, list[str], list[str]], operator: str
) -> None:
    own, about_somebody, about_everybody = values
    for narrow in (own, "${Parameter}", *about_somebody):
        assert not _only(Condition={operator: {key: narrow}}).everybody, narrow
        assert not _only(Condition={operator: {key.lower(): [narrow, own]}}).everybody, narrow
        for wide in ("*", "?*", *about_everybody):
            assert _only(Condition={operator: {key: wide}}).everybody, wide
            assert _only(Condition={operator: {key: [narrow, wide]}}).everybody, wide
            assert _only(Condition={operator: {key.upper(): [wide, narrow]}}).everybody, wide


@pytest.mark.parametrize("key", NARROWING)
@pytest.mark.parametrize(
    ("operator", "narrows"),
    [
        ("StringEquals", True),
        ("StringEqualsIgnoreCase", True),
        ("StringLike", True),
        ("ArnEquals", True),
        ("ArnLike", True),
        ("ForAnyValue:ArnLike", True),
        ("StringNotEquals", False),
        ("StringNotLike", False),
        ("ArnNotLike", False),
        ("StringLikeIfExists", False),
        ("ForAllValues:StringLike", False),
        ("Null", False),
    ],
)
def test_only_operators_that_demand_a_value_narrow(key: str, operator: str, narrows: bool) -> None:
    own = NARROWING[key][0]
    assert _only(Condition={operator: {key: own}}).everybody is not narrows
    # Of several conditions, one is enough.
    wide = {"StringEquals": {"aws:RequestedRegion": "eu-west-1", "aws:PrincipalTag/team": "a"}}
    assert _only(Condition=wide | {"ForAnyValue:StringLike": {key: "*"}, operator: {key: own}}).everybody is (
        not narrows or operator == "ForAnyValue:StringLike"
    )


def test_a_deny_and_a_named_principal_are_never_for_everybody() -> None:
    assert not _only(Effect="Deny", Principal="*").everybody
    assert not _only(Effect="Deny", Principal={"AWS": ["*"]}).everybody
    assert not _only(Principal={"Service": "*", "AWS": "111122223333"}).everybody


def test_the_values_of_a_condition_are_those_of_an_operator_that_demands_them() -> None:
    key = "aws:PrincipalOrgID"
    one = _only(
        Condition={
            "StringNotEquals": {key: "o-1"},
            "StringLike": {"aws:SourceVpc": "vpc-1", key: ["o-2", "o-3"]},
        }
    )
    assert one.values("aws:principalorgid") == ("o-2", "o-3")
    assert one.values("aws:sourcevpc") == ("vpc-1",)
    assert one.values("aws:sourceaccount") is None
    assert _only(Condition={"StringNotLike": {key: "o-1"}}).values("aws:principalorgid") is None
    assert _only(Condition={"ForAnyValue:ArnLike": {key: "o-1"}}).values("aws:principalorgid") == ("o-1",)


def test_the_parts_of_a_statement() -> None:
    first = {
        "Effect": "Deny",
        "NotPrincipal": {"AWS": ["111122223333", "*"], "Service": "ecs.amazonaws.com"},
        "NotAction": ["ecr:A", "ecr:B"],
        "Condition": {"Bool": {"aws:SecureTransport": [False, "x"]}, "NumericLessThan": {"a:B": 3}},
    }
    second = {"Effect": "Allow", "Principal": {"Federated": "a"}, "Action": "ecr:*", "Condition": {}}
    assert read_policy({"Statement": [first, second]}) == (
        Statement(
            label="statement 1",
            allows=False,
            principals=("AWS:111122223333", "AWS:*", "Service:ecs.amazonaws.com"),
            excluded_principals=True,
            actions=("ecr:A", "ecr:B"),
            excluded_actions=True,
            conditions=(("Bool", "aws:securetransport", ("false", "x")), ("NumericLessThan", "a:b", ("3",))),
        ),
        Statement(label="statement 2", allows=True, principals=("Federated:a",), actions=("ecr:*",)),
    )


def test_why_a_policy_is_unknown() -> None:
    assert read_policy("${Token}") == Unknown("the policy is no JSON before the deployment")
    reason = "the policy is not written as IAM has it, or not known before the deployment"
    assert read_policy("[1]") == Unknown(reason)


@pytest.mark.parametrize(
    ("principal", "account"),
    [
        ("AWS:111122223333", "111122223333"),
        ("AWS:arn:aws:iam::111122223333:root", "111122223333"),
        ("AWS:arn:aws-cn:iam::111122223333:role/path/name", "111122223333"),
        ("AWS:arn:aws:iam::${AWS::AccountId}:root", "${AWS::AccountId}"),
        ("AWS:${Parameter}", "${Parameter}"),
        ("AWS:arn:aws:iam::111122223333:role/two\nlines", "111122223333"),
        ("AWS:arn:${AWS::Partition}:iam::${AWS::AccountId}:root", "${AWS::AccountId}"),
        ("AWS:1111222233334", None),
        ("AWS:*", None),
        ("CanonicalUser:111122223333", None),
        ("AWS:AIDAEXAMPLE", None),
        ("Service:lambda.amazonaws.com", None),
        ("Federated:cognito-identity.amazonaws.com", None),
    ],
)
def test_the_account_of_a_principal(principal: str, account: str | None) -> None:
    assert account_of(principal) == account
