"""Whatever is drawn: a readable error where the mistake is made, or a template that CloudFormation takes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry_constructs import InvalidInputError, LifecycleRule, Repository
from registry_constructs.ecr import limits
from tests.drawing import examples
from tests.synthesis import cfn_lint, new_stack, raw_template

OWN_KEY = "own key"
TAGS = st.text("abcXYZ019._-*", min_size=1, max_size=12)
# What cfn-lint's own reader takes: neither control characters nor those above U+FFFF.
ANY_TEXT = st.characters(max_codepoint=0xFFFF, exclude_categories=["C"])


def names(*, valid: bool) -> st.SearchStrategy[str]:
    good = st.from_regex(limits.REPOSITORY_NAME, fullmatch=True).filter(lambda name: 2 <= len(name) <= 256)
    return good if valid else good | st.text("aZ0-_./ é", max_size=8) | st.text("a", min_size=250)


def tag_lists(*, valid: bool) -> st.SearchStrategy[list[str]]:
    good = TAGS.filter(lambda tag: tag.count("*") <= limits.LIFECYCLE_PATTERN_WILDCARDS)
    if valid:
        return st.lists(good, min_size=1, max_size=5, unique=True)
    return st.lists(TAGS | st.text(ANY_TEXT, max_size=140), max_size=7)


def rules(*, valid: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Keywords of `LifecycleRule.expire`, or of `archive` where images are counted by their last pull."""
    number = st.integers(1, 400) if valid else st.integers(-2, 400)
    conditions = [
        "image_count_more_than",
        "days_since_pushed",
        "days_since_pulled",
        "days_since_transitioned",
    ]
    selectors = ["tag_pattern_list", "tag_prefix_list", "any_of"]
    one_condition = st.tuples(st.sampled_from(conditions), number).map(lambda pair: dict([pair]))
    one_selector = st.tuples(st.sampled_from(selectors), tag_lists(valid=valid)).map(
        lambda pair: dict([pair])
    )
    if valid:
        condition = one_condition.map(
            lambda c: {k: max(v, 90) if k == "days_since_transitioned" else v for k, v in c.items()}
        )
        return st.builds(lambda a, b: {**a, **b}, condition, one_selector)
    untagged = st.fixed_dictionaries({"untagged": st.booleans()})
    priority = st.fixed_dictionaries({}, optional={"priority": st.integers(-1, 60)})
    return st.builds(
        lambda *parts: {key: value for part in parts for key, value in part.items()},
        one_condition,
        st.sampled_from([{}, {"days_since_pushed": 7}]),
        one_selector | untagged | st.just({}),
        priority,
    )


def told_apart(drawn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rules with tags that no two of them share: ECR refuses the same tags twice."""
    return [
        {
            key: [f"{index}{tag}" for tag in value] if isinstance(value, list) else value
            for key, value in rule.items()
        }
        for index, rule in enumerate(drawn)
    ]


def keywords(*, valid: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Keywords of `Repository`; an own key is named and made by the test, rules are keywords of their own."""
    filters = st.lists(TAGS, min_size=1, max_size=5)
    if not valid:
        filters = st.lists(TAGS | st.text(ANY_TEXT, max_size=130), max_size=7)
    exclusion = st.sampled_from(["immutable_except", "mutable_except"])
    mutability: st.SearchStrategy[dict[str, Any]] = st.one_of(
        st.just({}),
        st.sampled_from([ecr.TagMutability.MUTABLE, ecr.TagMutability.IMMUTABLE]).map(
            lambda value: {"image_tag_mutability": value}
        ),
        st.tuples(exclusion, filters).map(lambda pair: dict([pair])),
    )
    if not valid:
        mutability = st.builds(lambda a, b: {**a, **b}, mutability, mutability)
    keys = [{}, {"encryption_key": OWN_KEY}]
    encryptions = [ecr.RepositoryEncryption.KMS, ecr.RepositoryEncryption.KMS_DSSE]
    encryption = st.sampled_from([*keys, *({**key, "encryption": e} for key in keys for e in encryptions)])
    aes = {"encryption": ecr.RepositoryEncryption.AES_256}
    encryption |= st.just(aes if valid else {**aes, "encryption_key": OWN_KEY})
    kept: list[dict[str, Any]] = [{}, {"removal_policy": cdk.RemovalPolicy.RETAIN}]
    removal: st.SearchStrategy[dict[str, Any]] = st.sampled_from(kept) | st.booleans().map(
        lambda emptied: {"removal_policy": cdk.RemovalPolicy.DESTROY, "empty_on_delete": emptied}
    )
    if not valid:
        removal |= st.just({"empty_on_delete": True})
    lifecycle = st.lists(rules(valid=valid), max_size=4)
    others = st.fixed_dictionaries(
        {},
        optional={
            "repository_name": names(valid=valid),
            "image_scan_on_push": st.booleans(),
            "lifecycle": lifecycle.map(told_apart) if valid else lifecycle,
        },
    )
    return st.builds(
        lambda *parts: {k: v for part in parts for k, v in part.items()},
        mutability,
        encryption,
        removal,
        others,
    )


def synthesize(drawn: dict[str, Any]) -> dict[str, Any]:
    stack = new_stack()
    arguments = dict(drawn)
    if arguments.get("encryption_key") == OWN_KEY:
        arguments["encryption_key"] = kms.Key.from_key_arn(
            stack, "Key", "arn:aws:kms:eu-west-1:111122223333:key/own"
        )
    if "lifecycle" in arguments:
        arguments["lifecycle"] = [
            (LifecycleRule.archive if "days_since_pulled" in rule else LifecycleRule.expire)(**rule)
            for rule in arguments["lifecycle"]
        ]
    Repository(stack, "App", **arguments)
    return raw_template(stack)


SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@given(drawn=keywords(valid=True))
@settings(SLOW, max_examples=examples(80))
def test_what_is_allowed_becomes_a_template_that_cloudformation_takes(drawn: dict[str, Any]) -> None:
    rendered = synthesize(drawn)
    assert cfn_lint(rendered) == []
    [repository] = [r for r in rendered["Resources"].values() if r["Type"] == "AWS::ECR::Repository"]
    assert repository["Properties"].get("RepositoryName") == drawn.get("repository_name")
    destroyed = drawn.get("removal_policy") is cdk.RemovalPolicy.DESTROY
    assert repository["DeletionPolicy"] == ("Delete" if destroyed else "Retain")


@pytest.mark.deploy
def test_everything_else_is_an_error_that_can_be_read() -> None:
    outcomes: Counter[str] = Counter()

    @given(drawn=keywords(valid=False))
    @settings(SLOW, max_examples=examples(80))
    def check(drawn: dict[str, Any]) -> None:
        try:
            rendered = synthesize(drawn)
        except InvalidInputError as error:
            outcomes["refused"] += 1
            assert error.problem
            assert error.allowed
            assert error.fix
            return
        outcomes["accepted"] += 1
        assert cfn_lint(rendered) == []

    check()
    assert min(outcomes["refused"], outcomes["accepted"]) >= 3, outcomes
