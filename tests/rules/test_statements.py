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


@pytest.mark.parametrize(
    ("principal", "account"),
    [
        ("AWS:111122223333", "111122223333"),
        ("AWS:arn:aws:iam::111122223333:root", "111122223333"),
        ("AWS:arn:aws-cn:iam::111122223333:role/path/name", "111122223333"),
        ("AWS:arn:aws:iam::${AWS::AccountId}:root", "${AWS::AccountId}"),
        ("AWS:${Parameter}", "${Parameter}"),
        ("AWS:*", None),
        ("AWS:AIDAEXAMPLE", None),
        ("Service:lambda.amazonaws.com", None),
        ("Federated:cognito-identity.amazonaws.com", None),
    ],
)
def test_the_account_of_a_principal(principal: str, account: str | None) -> None:
    assert account_of(principal) == account
