from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule
from tests.ecr.lifecycle.test_rule import refusal

ANY = LifecycleRule.expire(image_count_more_than=100)
UNTAGGED = LifecycleRule.expire(untagged=True, days_since_pushed=7)
ARCHIVED = LifecycleRule.expire(days_since_transitioned=90)


def tagged(pattern: str, priority: int | None = None) -> LifecycleRule:
    return LifecycleRule.expire(tag_pattern_list=[pattern], days_since_pushed=7, priority=priority)


def order(policy: LifecyclePolicy) -> list[tuple[int | None, str]]:
    return [(rule.priority, (rule.tag_pattern_list or (rule.tag_status.value,))[0]) for rule in policy.rules]


def refused(*rules: Any) -> InvalidInputError:
    return refusal(LifecyclePolicy, rules=rules)


class TestPriorities:
    def test_follow_the_order_written(self) -> None:
        policy = LifecyclePolicy([tagged("b"), UNTAGGED, tagged("a")])
        assert order(policy) == [(1, "b"), (2, "untagged"), (3, "a")]

    def test_any_image_comes_last(self) -> None:
        assert order(LifecyclePolicy([ANY, tagged("a"), UNTAGGED])) == [
            (1, "a"),
            (2, "untagged"),
            (3, "any"),
        ]

    def test_any_image_of_both_storage_classes_keep_their_order(self) -> None:
        policy = LifecyclePolicy([ARCHIVED, ANY, tagged("a")])
        assert [rule.storage_class for rule in policy.rules] == [None, "archive", None]

    def test_stated_numbers_stay(self) -> None:
        policy = LifecyclePolicy([tagged("a", 20), tagged("b", 10)])
        assert order(policy) == [(10, "b"), (20, "a")]

    def test_rules_without_a_number_come_after_all_stated_ones(self) -> None:
        policy = LifecyclePolicy([tagged("a"), tagged("b", 10), ANY, tagged("c")])
        assert order(policy) == [(10, "b"), (11, "a"), (12, "c"), (13, "any")]
        assert order(LifecyclePolicy([tagged("pr-*"), tagged("v*", 10)])) == [(10, "v*"), (11, "pr-*")]

    def test_a_stated_any_does_not_raise_the_numbers_of_other_rules(self) -> None:
        policy = LifecyclePolicy([replace(ANY, priority=9), tagged("a"), tagged("b")])
        assert order(policy) == [(1, "a"), (2, "b"), (9, "any")]

    def test_the_number_of_a_stated_any_is_not_taken_twice(self) -> None:
        policy = LifecyclePolicy([replace(ARCHIVED, priority=1), ANY, tagged("a")])
        assert [(rule.priority, rule.storage_class) for rule in policy.rules] == [
            (1, "archive"),
            (2, None),
            (3, None),
        ]

    def test_a_rule_without_a_number_that_lands_behind_a_stated_any_is_refused(self) -> None:
        error = refused(replace(ANY, priority=11), tagged("a", 10), tagged("b"))
        assert error.problem == "The rule for any image of storage class standard is not the last"
        assert error.got == "priority 11, with 12 in use after it"
        assert "leave it out" in error.fix

    def test_a_numbered_any_goes_above_stated_numbers(self) -> None:
        assert order(LifecyclePolicy([ANY, tagged("a", 40)])) == [(40, "a"), (41, "any")]

    def test_any_of_takes_consecutive_numbers(self) -> None:
        either = LifecycleRule.expire(any_of=["pr-*", "wip-*"], days_since_pushed=7)
        assert order(LifecyclePolicy([either, tagged("a")])) == [(1, "pr-*"), (2, "wip-*"), (3, "a")]
        policy = LifecyclePolicy([replace(either, priority=5), tagged("a")])
        assert order(policy) == [(5, "pr-*"), (6, "wip-*"), (7, "a")]
        policy = LifecyclePolicy([tagged("a"), replace(either, priority=5)])
        assert order(policy) == [(5, "pr-*"), (6, "wip-*"), (7, "a")]

    def test_new_rules_are_numbered_before_the_any_that_stated_no_number(self) -> None:
        policy = LifecyclePolicy([ANY, tagged("a")])
        assert order(policy.with_rules(tagged("b"), UNTAGGED)) == [
            (1, "a"),
            (2, "b"),
            (3, "untagged"),
            (4, "any"),
        ]
        assert order(policy) == [(1, "a"), (2, "any")]

    def test_a_stated_any_that_is_too_low_says_what_to_change(self) -> None:
        policy = LifecyclePolicy.from_json(LifecyclePolicy([tagged("a"), ANY]).to_json())
        error = refusal(lambda: policy.with_rules(tagged("b"), tagged("c")))
        assert error.problem == "The rule for any image of storage class standard is not the last"
        assert error.got == "priority 2, with 4 in use after it"
        assert error.allowed == "a priority above 4"
        assert "leave it out" in error.fix


class TestRefusals:
    @pytest.mark.parametrize("rules", [[], (), iter([])])
    def test_no_rules(self, rules: Any) -> None:
        error = refusal(LifecyclePolicy, rules=rules)
        assert error.problem == "The policy has no rules"
        assert "leave the policy out" in error.fix

    @pytest.mark.parametrize("rules", [ANY, 7, None, "", '{"rules": []}', b"[]", {"rules": [ANY]}])
    def test_not_a_list(self, rules: Any) -> None:
        error = refusal(LifecyclePolicy, rules=rules)
        assert (error.problem, error.got) == ("The rules are not a list", rules)

    def test_not_a_rule(self) -> None:
        error = refused(ANY, {"rulePriority": 1})
        assert error.problem == "This is not a lifecycle rule"
        assert error.where == "rules[1]"
        assert (
            "aws_ecr.LifecycleRule goes into lifecycle_rules=...; here write LifecycleRule.expire("
            in error.fix
        )
        assert "from_dict" in error.fix

    def test_more_than_50_rules(self) -> None:
        fifty = [tagged(f"a{number}") for number in range(50)]
        assert len(LifecyclePolicy(fifty).rules) == 50
        error = refused(*fifty, UNTAGGED)
        assert (error.problem, error.got) == ("The policy has too many rules", 51)

    def test_patterns_of_any_of_count_as_rules(self) -> None:
        many = LifecycleRule.expire(any_of=[f"a{number}" for number in range(50)], days_since_pushed=1)
        assert len(LifecyclePolicy([many]).rules) == 50
        assert refused(many, UNTAGGED).got == 51

    def test_a_priority_twice(self) -> None:
        error = refused(tagged("a", 3), tagged("b", 3))
        assert error.problem == "2 rules have priority 3"
        assert error.got == [
            "expire images tagged a 7 days after the push",
            "expire images tagged b 7 days after the push",
        ]

    def test_a_priority_taken_by_any_of(self) -> None:
        either = LifecycleRule.expire(any_of=["a", "b"], days_since_pushed=7, priority=3)
        assert refused(either, tagged("c", 4)).problem == "2 rules have priority 4"

    def test_any_before_others_of_its_storage_class(self) -> None:
        error = refused(replace(ANY, priority=1), tagged("a", 2))
        assert "is not the last" in error.problem

    def test_any_before_others_of_the_other_storage_class_is_accepted(self) -> None:
        archived = LifecycleRule.expire(tag_pattern_list=["a"], days_since_transitioned=90, priority=2)
        assert order(LifecyclePolicy([replace(ANY, priority=1), archived])) == [(1, "any"), (2, "a")]

    def test_two_for_any_image(self) -> None:
        error = refused(ANY, LifecycleRule.archive(days_since_pulled=1))
        assert error.problem == "2 rules select any image of storage class standard"
        assert error.got == "priorities [1, 2]"
        assert len(LifecyclePolicy([ANY, ARCHIVED]).rules) == 2

    def test_two_for_untagged_images(self) -> None:
        error = refused(UNTAGGED, LifecycleRule.expire(untagged=True, image_count_more_than=1))
        assert error.problem == "2 rules select untagged images of storage class standard"
        archived = LifecycleRule.expire(untagged=True, days_since_transitioned=90)
        assert len(LifecyclePolicy([UNTAGGED, archived]).rules) == 2

    def test_the_same_prefixes_twice(self) -> None:
        one = LifecycleRule.expire(tag_prefix_list=["a", "b"], days_since_pushed=1)
        same = LifecycleRule.expire(tag_prefix_list=["b", "a", "a"], image_count_more_than=1)
        error = refused(one, same)
        assert error.problem == "Two rules select the same prefixes in storage class standard"
        assert error.got == "priorities 1 and 2: ['a', 'b']"
        other = LifecycleRule.expire(tag_prefix_list=["a"], days_since_pushed=1)
        archived = LifecycleRule.expire(tag_prefix_list=["a", "b"], days_since_transitioned=90)
        assert len(LifecyclePolicy([one, other, archived]).rules) == 3

    def test_a_text_of_more_than_30720_characters(self) -> None:
        empty = len(LifecyclePolicy([replace(ANY, description="")]).to_json())
        longest = replace(ANY, description="ä" * (30_720 - empty))
        assert len(LifecyclePolicy([longest]).to_json()) == 30_720
        error = refused(replace(ANY, description="ä" * (30_721 - empty)))
        assert error.got == "30,721 characters"
        assert error.allowed == "at most 30,720 characters"


def test_the_shortest_policy_is_long_enough() -> None:
    shortest = LifecyclePolicy([LifecycleRule.expire(image_count_more_than=1)])
    assert len(shortest.to_json()) == 138


def test_a_generator_is_read_once() -> None:
    assert len(LifecyclePolicy(tagged(name) for name in "abc").rules) == 3


def test_policies_are_equal_by_what_they_say() -> None:
    implicit, explicit = (
        LifecyclePolicy([tagged("a"), ANY]),
        LifecyclePolicy([replace(ANY, priority=2), tagged("a", 1)]),
    )
    assert implicit == explicit
    assert hash(implicit) == hash(explicit)
    assert implicit != LifecyclePolicy([tagged("b"), ANY])
    assert implicit != implicit.to_json()


def test_a_policy_cannot_be_changed() -> None:
    policy = LifecyclePolicy([ANY])
    with pytest.raises(AttributeError):
        policy.rules = ()  # type: ignore[misc]
    policy.to_dict()["rules"].clear()
    assert len(policy.rules) == 1


def test_repr_reads_as_sentences() -> None:
    assert repr(LifecyclePolicy([UNTAGGED, ANY])) == (
        "<LifecyclePolicy 1: expire untagged images 7 days after the push; "
        "2: expire any images beyond the 100 newest>"
    )
