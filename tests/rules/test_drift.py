"""What stands against what is declared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from registry_constructs.rules.checks.drift import compare
from registry_constructs.rules.examples import repository as resource
from registry_constructs.rules.state import Location, RepositoryState, ScanningRule, ScanningState, State
from registry_constructs.rules.statements import read_policy
from registry_constructs.rules.values import Unknown
from registry_constructs.templates.app import read_templates
from tests.rules.declaring import stack
from tests.rules.states import ACCOUNT, REGION, registry_policy, repository

NAMED = {"RepositoryName": "shop/web"}


def _declared(**properties: Any) -> list[State]:
    states = read_templates(
        [stack({"Web": resource(**NAMED, **properties), "Role": {"Type": "AWS::IAM::Role"}})]
    )
    return [state for state in states if isinstance(state, RepositoryState)]


def _messages(declared: list[State], *standing: State) -> list[str]:
    judgment = compare(declared, standing)
    assert judgment.unjudged == []
    return [finding.message for finding in judgment.findings]


def test_what_stands_as_declared_is_no_drift() -> None:
    judgment = compare(_declared(), [repository()])
    assert (judgment.findings, judgment.unjudged, judgment.passed) == ([], [], {"drift": 1})


@pytest.mark.parametrize(
    ("properties", "changed", "said"),
    [
        (
            {},
            {"mutability": "IMMUTABLE"},
            "Mutability not as declared: IMMUTABLE is deployed, MUTABLE is declared",
        ),
        (
            {},
            {"lifecycle": '{"rules": []}'},
            'Lifecycle policy not as declared: {"rules": []} is deployed, no',
        ),
        ({}, {"tags": {"team": "x"}}, 'Tags not as declared: {"team": "x"} is deployed, nothing is declared'),
        ({}, {"encryption": "KMS", "key": "arn:aws:kms:x"}, "Encryption not as declared"),
        (
            {"ImageScanningConfiguration": {"ScanOnPush": True}},
            {},
            "Scanning not as declared: MANUAL is deployed, SCAN_ON_PUSH is declared",
        ),
    ],
)
def test_each_part_that_differs_is_said(properties: Any, changed: dict[str, Any], said: str) -> None:
    messages = _messages(_declared(**properties), replace(repository(), **changed))
    assert messages
    assert said in messages[0]


def test_a_lifecycle_policy_is_compared_by_what_it_says() -> None:
    declared = _declared(LifecyclePolicy={"LifecyclePolicyText": '{"rules":[1,  2]}'})
    assert _messages(declared, repository(lifecycle='{ "rules": [1, 2] }')) == []


def test_scanning_by_somebody_else_is_no_drift() -> None:
    assert _messages(_declared(), repository(scan="CONTINUOUS_SCAN")) == []


def _allow(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": ["ecr:B", "ecr:A"], **more}]}


ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ROLE = {"Fn::GetAtt": ["Role", "Arn"]}


@pytest.mark.parametrize(
    ("declared", "live", "same"),
    [
        ({"AWS": ACCOUNT}, {"AWS": ROOT}, True),
        (
            {"AWS": ROLE},
            {"AWS": f"arn:aws:iam::{ACCOUNT}:role/Stack-Role-1A"},
            True,
        ),
        ({"AWS": ROLE}, {"AWS": "arn:aws:iam::999988887777:role/x"}, False),
        (
            {"AWS": ACCOUNT},
            {"AWS": [ROOT, "arn:aws:iam::999988887777:root"]},
            False,
        ),
        ({"AWS": ACCOUNT}, {"Service": "lambda.amazonaws.com"}, False),
    ],
)
def test_a_policy_is_compared_by_whom_it_lets_in(declared: Any, live: Any, same: bool) -> None:
    states = _declared(RepositoryPolicyText=_allow(declared))
    messages = _messages(states, repository(policy=read_policy(_allow(live))))
    assert (messages == []) is same


def test_conditions_count() -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-a"}}
    states = _declared(RepositoryPolicyText=_allow("*", Condition=condition))
    assert _messages(states, repository(policy=read_policy(_allow("*", Condition=condition)))) == []
    assert _messages(states, repository(policy=read_policy(_allow("*")))) != []


def test_what_is_missing_and_what_nobody_declares() -> None:
    assert _messages(_declared(), repository("by-hand")) == [
        "The app declares this repository, and it does not exist",
        "This repository exists, and no template of the app declares it",
    ]


def test_what_ecr_and_the_cdk_make_is_declared_by_nobody() -> None:
    cache = {
        "Type": "AWS::ECR::PullThroughCacheRule",
        "Properties": {"EcrRepositoryPrefix": "hub", "UpstreamRegistryUrl": "registry-1.docker.io"},
    }
    declared = [state for state in read_templates([stack({"Cache": cache})]) if state.kind == "repository"]
    assets = f"cdk-hnb659fds-container-assets-{ACCOUNT}-{REGION}"
    standing = [repository(assets), registry_policy(), repository("hub/library/nginx")]
    assert len(_messages(declared, *standing)) == 1
    declared = [state for state in read_templates([stack({"Cache": cache})]) if state.kind != "registry"]
    messages = _messages(declared, *standing)
    assert messages == ["The app declares this pull-through cache, and it does not exist"]


def test_what_was_not_read_is_unknown_and_never_the_same() -> None:
    judgment = compare(_declared(), [repository(policy=Unknown("AWS does not allow it"))])
    assert [one.reason for one in judgment.unjudged] == ["policy: AWS does not allow it"]
    assert (judgment.findings, judgment.passed["drift"]) == ([], 0)


def test_a_place_that_was_not_read_is_unknown() -> None:
    judgment = compare(_declared(), [])
    assert [one.reason for one in judgment.unjudged] == [f"{ACCOUNT} {REGION} was not read"]


def test_what_only_the_deployment_knows_is_not_compared() -> None:
    assert _messages(_declared(ImageTagMutability={"Ref": "P"}), repository(mutability="IMMUTABLE")) == []


def test_an_app_without_an_account_is_compared_everywhere() -> None:
    declared = read_templates([stack({"Web": resource(**NAMED)}, account="", region="")])[:1]
    there = Location(account="222233334444", region="us-east-1", address="arn")
    elsewhere = RepositoryState(name="shop/web", place=there, mutability="IMMUTABLE")
    assert len(_messages(declared, repository(), elsewhere)) == 1


def test_scanning_rules_in_another_order_are_the_same() -> None:
    place = repository().place
    first = ScanningRule(frequency="SCAN_ON_PUSH", filters=("b", "a"))
    second = ScanningRule(frequency="CONTINUOUS_SCAN", filters=("c",))
    one = ScanningState(name="s", place=place, type="ENHANCED", rules=(first, second))
    turned = (second, replace(first, filters=("a", "b")))
    assert _messages([one], replace(one, rules=turned)) == []
    assert _messages([one], replace(one, rules=(second,))) != []
