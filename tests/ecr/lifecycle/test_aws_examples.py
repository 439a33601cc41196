"""The policies that AWS publishes (UG lifecycle-policy-examples), with the results that it gives for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry_constructs.ecr.lifecycle import LifecyclePolicy
from tests.ecr.lifecycle.evaluator import Image, evaluate


def rule(priority: int, *, action: str = "expire", **selection: Any) -> dict[str, Any]:
    tree: dict[str, Any] = {"type": action}
    if action == "transition":
        tree["targetStorageClass"] = "archive"
    return {"rulePriority": priority, "description": "x", "selection": selection, "action": tree}


def tags(*patterns: str) -> dict[str, Any]:
    return {"tagStatus": "tagged", "tagPatternList": list(patterns)}


def newest(number: int) -> dict[str, Any]:
    return {"countType": "imageCountMoreThan", "countNumber": number}


def days(number: int, since: str = "sinceImagePushed") -> dict[str, Any]:
    return {"countType": since, "countUnit": "days", "countNumber": number}


ANY = {"tagStatus": "any"}
UNTAGGED = {"tagStatus": "untagged"}
ARCHIVED = {"storageClass": "archive", **days(365, "sinceImageTransitioned")}

POLICIES = {
    "age": [rule(1, **tags("prod*"), **days(14))],
    "last pull": [rule(1, action="transition", **ANY, **days(90, "sinceImagePulled"))],
    "time in archive": [rule(1, **ANY, **ARCHIVED)],
    "count": [rule(1, **UNTAGGED, **newest(1))],
    "several rules A": [rule(1, **tags("prod*"), **newest(1)), rule(2, **tags("beta*"), **newest(1))],
    "several rules B": [rule(1, **tags("beta*"), **newest(1)), rule(2, **tags("prod*"), **newest(1))],
    "several tags A": [rule(1, **tags("alpha*", "beta*"), **days(5))],
    "several tags B": [rule(1, **tags("alpha*", "beta*"), **newest(1))],
    "all images A": [rule(1, **ANY, **newest(1))],
    "all images B": [
        rule(1, **tags("alpha*"), **newest(1)),
        rule(2, **UNTAGGED, **days(1)),
        rule(3, **ANY, **newest(1)),
    ],
    "archive by age": [rule(1, action="transition", **tags("prod*"), **days(30))],
    "archive, then expire": [rule(1, action="transition", **ANY, **days(30)), rule(2, **ANY, **ARCHIVED)],
}

BETA_AND_PROD = [
    Image("A", ("beta-1", "prod-1"), pushed=10),
    Image("B", ("beta-2", "prod-2"), pushed=9),
    Image("C", ("beta-3",), pushed=8),
]
RESULTS = [
    ("several rules A", BETA_AND_PROD, "A"),
    ("several rules B", BETA_AND_PROD, "AB"),
    (
        "several tags A",
        [
            Image("A", ("alpha-1",), pushed=12),
            Image("B", ("beta-1",), pushed=11),
            Image("C", ("alpha-2", "beta-2"), pushed=10),
            Image("D", ("alpha-3",), pushed=4),
            Image("E", ("beta-3",), pushed=3),
            Image("F", ("alpha-4", "beta-4"), pushed=2),
        ],
        "C",
    ),
    (
        "several tags B",
        [
            Image("A", ("alpha-1", "beta-1", "gamma-1"), pushed=10),
            Image("B", ("alpha-2", "beta-2"), pushed=9),
            Image("C", ("alpha-3", "beta-3", "gamma-2"), pushed=8),
        ],
        "AB",
    ),
    (
        "all images A",
        [
            Image("A", ("alpha-1",), pushed=4),
            Image("B", ("beta-1",), pushed=3),
            Image("C", (), pushed=2),
            Image("D", ("alpha-2",), pushed=1),
        ],
        "ABC",
    ),
    (
        "all images B",
        [
            Image("A", ("alpha-1", "beta-1"), pushed=4),
            Image("B", (), pushed=3),
            Image("C", ("alpha-2",), pushed=2),
            # Both pushed 1 day ago: by the result E is the newer one, and 1 day is not older than 1 day.
            Image("D", ("git-hash",), pushed=1),
            Image("E", (), pushed=1),
        ],
        "ABD",
    ),
]


@pytest.mark.parametrize("name", POLICIES)
def test_a_published_policy_is_read_and_written(name: str) -> None:
    policy = {"rules": POLICIES[name]}
    read = LifecyclePolicy.from_json(json.dumps(policy, indent=4))
    assert json.loads(read.to_json()) == policy
    assert LifecyclePolicy.from_json(read.to_json()) == read


@pytest.mark.parametrize(("name", "images", "expired"), RESULTS, ids=[name for name, _, _ in RESULTS])
def test_the_simulator_gives_the_published_result(name: str, images: list[Image], expired: str) -> None:
    assert set(evaluate(LifecyclePolicy.from_dict({"rules": POLICIES[name]}), images)) == set(expired)


@pytest.mark.parametrize(("name", "images", "expired"), RESULTS, ids=[name for name, _, _ in RESULTS])
def test_the_result_is_the_same_with_prefixes_and_in_another_order(
    name: str, images: list[Image], expired: str
) -> None:
    """As an earlier edition has it (awsdocs/amazon-ecr-user-guide, lifecycle_policy_examples.md)."""
    text = json.dumps({"rules": POLICIES[name]}).replace("tagPatternList", "tagPrefixList").replace("*", "")
    assert set(evaluate(LifecyclePolicy.from_json(text), images[::-1])) == set(expired)


def test_the_published_policies_that_warn() -> None:
    warned = {
        name: [warning.id for warning in LifecyclePolicy.from_dict({"rules": rules}).warnings()]
        for name, rules in POLICIES.items()
    }
    assert {name: ids for name, ids in warned.items() if ids} == {
        "time in archive": ["lifecycle-nothing-archived"],
        "several tags A": ["lifecycle-all-tags-required"],
        "several tags B": ["lifecycle-keep-requires-all-tags"],
    }
