"""Each rule's examples, deployed and judged live: the verdict is the one that the template gets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from registry_constructs.live.audit.accounts import Scope
from registry_constructs.live.audit.audit import read_registries
from registry_constructs.local import LocalAws
from registry_constructs.rules.judge import Judgment, judge
from registry_constructs.rules.packs import RULES
from registry_constructs.rules.rule import Rule

REGION = "eu-west-1"
WITH_EXAMPLE = [rule for rule in RULES.values() if rule.example]


def _deploy(aws: LocalAws, account: str, region: str, resources: Mapping[str, Any]) -> None:
    cloudformation = aws.client("cloudformation", account=account, region=region)
    cloudformation.create_stack(
        StackName="Example",
        TemplateBody=json.dumps({"Resources": resources}),
        Capabilities=["CAPABILITY_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="Example", WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
    )


def _judged(
    aws: LocalAws, account: str, rule: Rule, resources: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Judgment:
    assert rule.example
    places = dict(rule.example.elsewhere)
    places[_home(resources)] = resources
    for region, found in places.items():
        _deploy(aws, account, region, found)
    for name, value in aws.environment(account=account, region=REGION).items():
        monkeypatch.setenv(name, value)
    audit = read_registries([rule], Scope(regions=sorted(places)))
    assert audit.unread == ()
    return judge(audit.states, [rule], rule.example.settings)


def _home(resources: Mapping[str, Any]) -> str:
    public = any(one["Type"] == "AWS::ECR::PublicRepository" for one in resources.values())
    return "us-east-1" if public else REGION


@pytest.mark.parametrize("rule", WITH_EXAMPLE, ids=lambda rule: rule.id)
def test_what_complies_passes_live_too(
    local_aws: LocalAws, account: str, rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rule.example
    judgment = _judged(local_aws, account, rule, rule.example.compliant, monkeypatch)
    assert (judgment.findings, judgment.unjudged) == ([], [])
    assert judgment.passed[rule.id] >= 1


@pytest.mark.parametrize("rule", WITH_EXAMPLE, ids=lambda rule: rule.id)
def test_what_does_not_comply_is_found_live_too(
    local_aws: LocalAws, account: str, rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rule.example
    judgment = _judged(local_aws, account, rule, rule.example.non_compliant, monkeypatch)
    assert {finding.rule.id for finding in judgment.findings} == {rule.id}
    assert len(judgment.findings) == 1
    assert judgment.unjudged == []
