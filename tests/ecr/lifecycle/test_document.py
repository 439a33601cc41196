from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule
from tests.ecr.lifecycle.test_rule import refusal

POLICY: dict[str, Any] = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "old ä",
            "selection": {
                "tagStatus": "tagged",
                "tagPrefixList": ["a"],
                "countType": "sinceImagePushed",
                "countNumber": 7,
                "countUnit": "days",
            },
            "action": {"type": "transition", "targetStorageClass": "archive"},
        },
        {
            "rulePriority": 4,
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["b*", "c*"],
                "storageClass": "standard",
                "countType": "imageCountMoreThan",
                "countNumber": 3,
            },
            "action": {"type": "expire"},
        },
    ]
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The policy with another value at a dotted path; `...` deletes it."""
    policy = copy.deepcopy(POLICY)
    *parents, last = path.split(".")
    target: Any = policy
    for step in parents:
        target = target[int(step) if step.isdigit() else step]
    if value is ...:
        del target[last]
    else:
        target[int(last) if last.isdigit() else last] = value
    return policy


def test_the_text_is_the_cdks_character_for_character() -> None:
    text = LifecyclePolicy.from_dict(POLICY).to_json()
    assert text == json.dumps(POLICY, separators=(",", ":"), ensure_ascii=False)


def test_the_storage_class_stands_before_the_count() -> None:
    rule = LifecycleRule.expire(tag_pattern_list=["a"], days_since_transitioned=90)
    [written] = LifecyclePolicy([rule]).to_dict()["rules"]
    assert list(written["selection"]) == [
        "tagStatus",
        "tagPatternList",
        "storageClass",
        "countType",
        "countNumber",
        "countUnit",
    ]


def test_order_and_spaces_do_not_matter() -> None:
    shuffled = {"rules": [dict(reversed(rule.items())) for rule in reversed(POLICY["rules"])]}
    assert LifecyclePolicy.from_json(json.dumps(shuffled, indent=4)) == LifecyclePolicy.from_dict(POLICY)


def test_gaps_in_the_priorities_stay() -> None:
    assert [rule.priority for rule in LifecyclePolicy.from_dict(POLICY).rules] == [1, 4]


def test_reading_leaves_the_dictionary_alone() -> None:
    given = copy.deepcopy(POLICY)
    LifecyclePolicy.from_dict(given).to_dict()["rules"][0]["selection"]["tagPrefixList"].append("x")
    assert given == POLICY


@pytest.mark.parametrize(
    ("path", "value", "where", "problem"),
    [
        ("rules", {}, "rules", "This is not a list"),
        ("rules", ..., "", "rules is missing"),
        ("rules.1", [], "rules[1]", "This is not an object"),
        ("rules.1.selection", "any", "rules[1].selection", "This is not an object"),
        ("rules.1.selection", ..., "rules[1]", "selection is missing"),
        ("rules.1.rulePriority", ..., "rules[1]", "rulePriority is missing"),
        ("rules.1.rulePriority", "4", "rules[1].rulePriority", "not a whole number"),
        ("rules.0.description", None, "rules[0].description", "The value is null"),
        ("rules.0.description", 5, "rules[0].description", "not text"),
        ("rules.0.selection.tagPrefixList", "a", "rules[0].selection.tagPrefixList", "One string"),
        ("rules.0.selection.tagPrefixList", [], "rules[0].selection.tagPrefixList", "is empty"),
        ("rules.0.selection.tagPrefixList", [5], "rules[0].selection.tagPrefixList[0]", "not text"),
        ("rules.1.selection.tagPatternList.1", "", "rules[1].selection.tagPatternList[1]", "empty"),
        ("rules.1.selection.tagStatus", "all", "rules[1].selection.tagStatus", "does not know"),
        ("rules.1.selection.tagStatus", "any", "rules[1].selection.tagStatus", "takes no tags"),
        ("rules.1.selection.countType", "age", "rules[1].selection.countType", "does not know"),
        ("rules.1.selection.countNumber", 0, "rules[1].selection.countNumber", "too small"),
        ("rules.1.selection.countNumber", 3.0, "rules[1].selection.countNumber", "not a whole number"),
        ("rules.1.selection.countNumber", ..., "rules[1].selection", "countNumber is missing"),
        ("rules.1.selection.countUnit", "days", "rules[1].selection.countUnit", "does not go"),
        ("rules.0.selection.countUnit", ..., "rules[0].selection.countUnit", "does not go"),
        ("rules.0.selection.countUnit", "hours", "rules[0].selection.countUnit", "does not go"),
        ("rules.1.selection.storageClass", "archive", "rules[1].selection.storageClass", "does not go"),
        ("rules.1.action", {}, "rules[1].action", "type is missing"),
        ("rules.1.action.type", "delete", "rules[1].action.type", "does not know"),
        ("rules.1.action.targetStorageClass", "archive", "rules[1].action.targetStorageClass", "not go"),
        ("rules.0.action.targetStorageClass", ..., "rules[0].action.targetStorageClass", "not go"),
        ("rules.0.action.targetStorageClass", "ARCHIVE", "rules[0].action.targetStorageClass", "not go"),
    ],
)
def test_refusals_name_the_path(path: str, value: Any, where: str, problem: str) -> None:
    error = refusal(LifecyclePolicy.from_dict, policy=changed(path, value))
    assert (error.where, problem in error.problem) == (where, True)


@pytest.mark.parametrize(
    ("path", "where", "fix"),
    [
        ("Rules", "Rules", "write rules"),
        ("rules.0.priority", "rules[0].priority", "write rulePriority"),
        ("rules.0.selection.countNumbr", "rules[0].selection.countNumbr", "write countNumber"),
        ("rules.0.selection.zzz", "rules[0].selection.zzz", "remove it"),
        ("rules.0.action.targetClass", "rules[0].action.targetClass", "write targetStorageClass"),
    ],
)
def test_unknown_keys_are_refused_with_the_nearest_known_one(path: str, where: str, fix: str) -> None:
    error = refusal(LifecyclePolicy.from_dict, policy=changed(path, 1))
    assert error.problem == "ECR does not know this key"
    assert (error.where, error.fix) == (where, fix)


def test_broken_json_is_refused_with_line_and_column() -> None:
    error = refusal(LifecyclePolicy.from_json, text='{\n  "rules": [,]\n}')
    assert error.where == "line 2 column 13"
    assert error.got == '  "rules": [,]'
    assert "The policy is not JSON: Expecting value" in error.problem


def test_a_key_twice_is_refused() -> None:
    text = json.dumps(POLICY).replace('"countNumber": 3', '"countNumber": 3, "countNumber": 300')
    error = refusal(LifecyclePolicy.from_json, text=text)
    assert error.problem == "Duplicate key countNumber in one object"
    assert error.got == [3, 300]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not JSON"),
        ("\ufeff{}", "not JSON"),
        (b"{}", "not text"),
        (None, "not text"),
        ("[]", "not an object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"rules": NaN}', "not a list"),
        ('{"rules": -' + 5000 * "9" + "}", "a number of 5,000 digits"),
        ('{"rules": []}', "has no rules"),
    ],
)
def test_texts_that_are_no_policy(text: Any, problem: str) -> None:
    assert problem in refusal(LifecyclePolicy.from_json, text=text).problem
