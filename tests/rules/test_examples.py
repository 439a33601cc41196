"""Each rule's examples, judged as a template."""

from __future__ import annotations

import pytest

from registry_constructs.rules.judge import judge
from registry_constructs.rules.packs import RULES
from registry_constructs.rules.rule import Rule
from registry_constructs.templates.app import read_templates
from tests.rules.declaring import stacks_of_example

WITH_EXAMPLE = [rule for rule in RULES.values() if rule.example]


@pytest.mark.parametrize("rule", WITH_EXAMPLE, ids=lambda rule: rule.id)
def test_what_complies_passes(rule: Rule) -> None:
    assert rule.example
    states = read_templates(stacks_of_example(rule.example, compliant=True))
    judgment = judge(states, [rule], rule.example.settings)
    assert (judgment.findings, judgment.unjudged) == ([], [])
    assert judgment.passed[rule.id] >= 1


@pytest.mark.parametrize("rule", WITH_EXAMPLE, ids=lambda rule: rule.id)
def test_what_does_not_comply_is_found(rule: Rule) -> None:
    assert rule.example
    states = read_templates(stacks_of_example(rule.example, compliant=False))
    judgment = judge(states, [rule], rule.example.settings)
    assert [finding.state.place.address for finding in judgment.findings] == ["Stack.Example"]
    assert judgment.unjudged == []


def test_only_what_needs_images_has_no_example() -> None:
    assert {rule.id for rule in RULES.values() if not rule.example} == {"images-scanned", "repository-unused"}
