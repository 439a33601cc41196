from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import Action, CountType, LifecyclePolicy, LifecycleRule, TagStatus
from tests.ecr.lifecycle.evaluator import Image, evaluate

TAG = st.text("ab.-/", min_size=1, max_size=5)
PATTERN = st.text("ab*", min_size=1, max_size=4)
NUMBER = st.integers(1, 400)


def tag_arguments() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.fixed_dictionaries({"tag_pattern_list": st.lists(PATTERN, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"tag_prefix_list": st.lists(TAG, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any_of": st.lists(PATTERN, min_size=1, max_size=3)}),
        st.just({"untagged": True}),
        st.just({}),
    )


def options() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={"description": st.text(), "priority": NUMBER})


def rules() -> st.SearchStrategy[LifecycleRule]:
    expire = st.one_of(
        st.fixed_dictionaries({"image_count_more_than": NUMBER}),
        st.fixed_dictionaries({"days_since_pushed": NUMBER}),
        st.fixed_dictionaries({"days_since_transitioned": st.integers(90, 400)}),
    )
    archive = st.one_of(
        st.fixed_dictionaries({"image_count_more_than": NUMBER}),
        st.fixed_dictionaries({"days_since_pulled": NUMBER}),
    )
    return st.one_of(
        st.builds(lambda *parts: LifecycleRule.expire(**merge(parts)), tag_arguments(), expire, options()),
        st.builds(lambda *parts: LifecycleRule.archive(**merge(parts)), tag_arguments(), archive, options()),
    )


def merge(parts: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {key: value for part in parts for key, value in part.items()}


def accepted(written: list[LifecycleRule]) -> LifecyclePolicy:
    """A policy of as many of the rules as go together."""
    policy = LifecyclePolicy([replace(written[0], priority=None)])
    for rule in written[1:]:
        try:
            policy = policy.with_rules(rule)
        except InvalidInputError:
            continue
    return policy


POLICIES = st.lists(rules(), min_size=1, max_size=8).map(accepted)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.one_of(st.text(max_size=5), st.integers()), max_size=3),
    st.sampled_from([*TagStatus, *CountType, *Action, "archive", "${Token[TOKEN.1]}", ("v*",)]),
)
REQUIRED = ("tag_status", "count_type", "count_number", "action")
TAG_LISTS = ("tag_pattern_list", "tag_prefix_list", "any_of")
OPTIONAL = (*TAG_LISTS, "storage_class", "priority", "description")
CONDITIONS = ("image_count_more_than", "days_since_pushed", "days_since_transitioned")
ARGUMENTS = (*TAG_LISTS, *CONDITIONS, "untagged", "priority", "description")


def images() -> st.SearchStrategy[list[Image]]:
    image = st.builds(
        Image,
        name=st.uuids().map(str),
        tags=st.lists(st.text("abc", min_size=1, max_size=4), max_size=2).map(tuple),
        pushed=st.integers(0, 800),
        pulled=st.none() | st.integers(0, 800),
        archived=st.none() | st.integers(0, 800),
    )
    return st.lists(image, max_size=10)


@given(POLICIES)
def test_a_policy_survives_its_json(policy: LifecyclePolicy) -> None:
    assert LifecyclePolicy.from_json(policy.to_json()) == policy
    assert LifecyclePolicy.from_dict(policy.to_dict()) == policy


@given(POLICIES)
def test_priorities_ascend_and_any_image_is_last_in_its_storage_class(policy: LifecyclePolicy) -> None:
    numbers = [rule.priority or 0 for rule in policy.rules]
    assert all(lower < higher for lower, higher in pairwise([0, *numbers]))
    for storage_class in {rule.effective_storage_class for rule in policy.rules}:
        same = [rule for rule in policy.rules if rule.effective_storage_class is storage_class]
        assert TagStatus.ANY not in [rule.tag_status for rule in same[:-1]]


@given(POLICIES)
def test_warnings_are_about_a_rule_of_the_policy(policy: LifecyclePolicy) -> None:
    numbers = {rule.priority for rule in policy.rules}
    assert {warning.priority for warning in policy.warnings()} <= numbers


@given(st.fixed_dictionaries(dict.fromkeys(REQUIRED, VALUES), optional=dict.fromkeys(OPTIONAL, VALUES)))
def test_any_fields_make_a_rule_or_a_refusal(fields: dict[str, Any]) -> None:
    try:
        rule = LifecycleRule(**fields)
    except InvalidInputError as error:
        assert error.where
    else:
        assert rule.expand()


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(ARGUMENTS, VALUES)))
def test_any_arguments_make_a_rule_or_a_refusal(arguments: dict[str, Any]) -> None:
    try:
        rule = LifecycleRule.expire(**arguments)
    except InvalidInputError as error:
        assert error.fix
    else:
        assert rule.action is Action.EXPIRE


@given(POLICIES, images())
def test_a_rule_that_never_acts_can_be_dropped(policy: LifecyclePolicy, inventory: list[Image]) -> None:
    idle = {
        warning.priority
        for warning in policy.warnings()
        if warning.id in {"lifecycle-shadowed-rule", "lifecycle-never-matches"}
    }
    acting = [rule for rule in policy.rules if rule.priority not in idle]
    expected = evaluate(LifecyclePolicy(acting), inventory) if acting else {}
    assert evaluate(policy, inventory) == expected


@given(
    st.recursive(
        VALUES, lambda inner: st.dictionaries(st.sampled_from(["rules", "selection", "action"]), inner)
    )
)
def test_any_tree_makes_a_policy_or_a_refusal(tree: Any) -> None:
    try:
        LifecyclePolicy.from_dict(tree)
    except InvalidInputError as error:
        assert error.fix
    else:
        raise AssertionError("nothing drawn here is a whole policy")


@given(st.text())
def test_any_text_makes_a_policy_or_a_refusal(text: str) -> None:
    try:
        LifecyclePolicy.from_json(text)
    except InvalidInputError as error:
        assert error.fix
    else:
        raise AssertionError("nothing drawn here is a whole policy")
