"""Which tags may be moved, said in one keyword or as `ecr.Repository` takes it."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import aws_ecr as ecr

from registry_constructs import InvalidInputError, Repository
from tests.synthesis import new_stack, properties


def exclusions(**keywords: Any) -> tuple[str, list[str]]:
    stack = new_stack()
    Repository(stack, "App", **keywords)
    found = properties(stack)
    filters = found.get("ImageTagMutabilityExclusionFilters", [])
    assert all(f["ImageTagMutabilityExclusionFilterType"] == "WILDCARD" for f in filters)
    return found["ImageTagMutability"], [f["ImageTagMutabilityExclusionFilterValue"] for f in filters]


def test_tags_are_immutable_if_nothing_is_said() -> None:
    assert exclusions() == ("IMMUTABLE", [])


def test_mutable() -> None:
    assert exclusions(image_tag_mutability=ecr.TagMutability.MUTABLE) == ("MUTABLE", [])


def test_immutable_except() -> None:
    assert exclusions(immutable_except=["latest", "cache-*"]) == (
        "IMMUTABLE_WITH_EXCLUSION",
        ["latest", "cache-*"],
    )


def test_mutable_except() -> None:
    assert exclusions(mutable_except=["v*"]) == ("MUTABLE_WITH_EXCLUSION", ["v*"])


def test_the_keywords_of_the_cdk_mean_the_same() -> None:
    assert exclusions(
        image_tag_mutability=ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
        image_tag_mutability_exclusion_filters=[ecr.ImageTagMutabilityExclusionFilter.wildcard("latest")],
    ) == exclusions(immutable_except=["latest"])


@pytest.mark.parametrize("count", [1, 5])
def test_one_to_five_filters_are_taken(count: int) -> None:
    filters = [f"{number}" * 128 for number in range(count)]
    assert exclusions(immutable_except=filters)[1] == filters


@pytest.mark.parametrize(
    ("keywords", "reason"),
    [
        ({"immutable_except": []}, "1 to 5 filters"),
        ({"immutable_except": ["a", "b", "c", "d", "e", "f"]}, "1 to 5 filters"),
        ({"immutable_except": "latest"}, "1 to 5 filters"),
        ({"immutable_except": {"latest"}}, "1 to 5 filters"),
        ({"immutable_except": [5]}, "a filter that ECR refuses"),
        ({"image_tag_mutability": ecr.TagMutability.MUTABLE_WITH_EXCLUSION}, "names no exclusion"),
        (
            {
                "image_tag_mutability_exclusion_filters": [
                    ecr.ImageTagMutabilityExclusionFilter.wildcard("latest")
                ]
            },
            "needs a mutability with exclusions",
        ),
        ({"mutable_except": ["a" * 129]}, "a filter that ECR refuses"),
        ({"mutable_except": [""]}, "a filter that ECR refuses"),
        ({"immutable_except": ["la test"]}, "a filter that ECR refuses"),
        ({"immutable_except": ["a"], "mutable_except": ["b"]}, "set more than once"),
        (
            {"immutable_except": ["a"], "image_tag_mutability": ecr.TagMutability.MUTABLE},
            "set more than once",
        ),
        (
            {
                "immutable_except": ["a"],
                "image_tag_mutability_exclusion_filters": [
                    ecr.ImageTagMutabilityExclusionFilter.wildcard("latest")
                ],
            },
            "set more than once",
        ),
    ],
)
def test_what_ecr_would_refuse_is_refused(keywords: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        Repository(new_stack(), "App", **keywords)
    assert str(refusal.value).startswith("Stack/App: ")
    assert reason in str(refusal.value)
