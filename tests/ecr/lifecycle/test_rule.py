from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import Action, CountType, LifecycleRule, StorageClass, TagStatus

TOKEN = "${Token[TOKEN.12]}"
TOKEN_NUMBER = -1.8881545897087935e289
TOKEN_LIST = ["#{Token[TOKEN.13]}"]


def refusal(make: Any, **arguments: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        make(**arguments)
    return caught.value


def full(**changes: Any) -> LifecycleRule:
    return LifecycleRule(
        **{
            "tag_status": TagStatus.ANY,
            "count_type": CountType.SINCE_IMAGE_PUSHED,
            "count_number": 1,
            "action": Action.EXPIRE,
            **changes,
        }
    )


def test_expire_without_tags_is_about_all_images() -> None:
    rule = LifecycleRule.expire(image_count_more_than=10)
    assert rule == full(count_type=CountType.IMAGE_COUNT_MORE_THAN, count_number=10)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({"tag_pattern_list": ["v*"]}, TagStatus.TAGGED),
        ({"tag_prefix_list": ["v"]}, TagStatus.TAGGED),
        ({"any_of": ["v*", "w*"]}, TagStatus.TAGGED),
        ({"untagged": True}, TagStatus.UNTAGGED),
        ({}, TagStatus.ANY),
    ],
)
@pytest.mark.parametrize("make", [LifecycleRule.expire, LifecycleRule.archive])
def test_the_tag_arguments_decide_the_tag_status(
    make: Any, arguments: dict[str, Any], status: TagStatus
) -> None:
    assert make(days_since_pushed=1, **arguments).tag_status is status


def test_lists_become_tuples_so_that_a_rule_is_hashable() -> None:
    rule = LifecycleRule.expire(tag_pattern_list=["a*", "b*"], days_since_pushed=1)
    assert rule.tag_pattern_list == ("a*", "b*")
    assert hash(rule) == hash(LifecycleRule.expire(tag_pattern_list=("a*", "b*"), days_since_pushed=1))


def test_plain_text_becomes_a_member() -> None:
    rule = full(
        tag_status="untagged", count_type="sinceImagePushed", action="expire", storage_class="standard"
    )
    assert rule.tag_status is TagStatus.UNTAGGED
    assert rule.count_type is CountType.SINCE_IMAGE_PUSHED
    assert rule.action is Action.EXPIRE
    assert rule.storage_class is StorageClass.STANDARD


def test_time_in_the_archive_selects_archived_images() -> None:
    rule = LifecycleRule.expire(days_since_transitioned=90)
    assert rule.storage_class is rule.effective_storage_class is StorageClass.ARCHIVE


def test_standard_is_left_out_and_still_effective() -> None:
    rule = LifecycleRule.archive(days_since_pulled=90)
    assert rule.storage_class is None
    assert rule.effective_storage_class is StorageClass.STANDARD
    assert rule.action is Action.TRANSITION


def test_a_rule_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        LifecycleRule.expire(days_since_pushed=1).count_number = 2  # type: ignore[misc]


def test_any_of_expands_into_one_rule_for_each_pattern() -> None:
    rule = LifecycleRule.expire(
        any_of=["pr-*", "feature-*"], days_since_pushed=7, priority=3, description="short"
    )
    assert rule.expand() == (
        LifecycleRule.expire(tag_pattern_list=["pr-*"], days_since_pushed=7, priority=3, description="short"),
        LifecycleRule.expire(
            tag_pattern_list=["feature-*"], days_since_pushed=7, priority=4, description="short"
        ),
    )


def test_without_any_of_a_rule_expands_to_itself() -> None:
    rule = LifecycleRule.expire(untagged=True, days_since_pushed=7)
    assert rule.expand() == (rule,)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            LifecycleRule.expire(tag_pattern_list=["a", "b*"], image_count_more_than=3),
            "expire images tagged a and b* beyond the 3 newest",
        ),
        (
            LifecycleRule.expire(any_of=["a", "b*"], days_since_pushed=3),
            "expire images tagged a or b* 3 days after the push",
        ),
        (
            LifecycleRule.archive(tag_prefix_list=["a"], days_since_pulled=3),
            "archive images tagged a... 3 days after the last pull",
        ),
        (
            LifecycleRule.expire(untagged=True, days_since_transitioned=90),
            "expire untagged images 90 days after the archiving",
        ),
        (LifecycleRule.archive(days_since_pushed=3), "archive any images 3 days after the push"),
    ],
)
def test_a_rule_reads_as_a_sentence(rule: LifecycleRule, words: str) -> None:
    assert str(rule) == words


@pytest.mark.parametrize("make", [LifecycleRule.expire, LifecycleRule.archive])
@pytest.mark.parametrize("conditions", [{}, {"image_count_more_than": 1, "days_since_pushed": 1}])
def test_exactly_one_condition(make: Any, conditions: dict[str, int]) -> None:
    error = refusal(make, **conditions)
    assert "exactly one condition" in error.problem
    assert error.got == list(conditions)
    assert "image_count_more_than, days_since_pushed, days_since_" in error.allowed


@pytest.mark.parametrize(
    "tags",
    [
        {"tag_pattern_list": ["a"], "tag_prefix_list": ["a"]},
        {"tag_pattern_list": ["a"], "any_of": ["a"]},
        {"any_of": ["a"], "untagged": True},
    ],
)
def test_one_way_to_say_which_images(tags: dict[str, Any]) -> None:
    error = refusal(LifecycleRule.expire, days_since_pushed=1, **tags)
    assert "in one way" in error.problem
    assert error.got == list(tags)


@pytest.mark.parametrize("tags", [{}, {"tag_pattern_list": ("a",), "tag_prefix_list": ("a",)}])
def test_tagged_needs_exactly_one_list(tags: dict[str, Any]) -> None:
    error = refusal(full, tag_status=TagStatus.TAGGED, **tags)
    assert "exactly one list" in error.problem
    assert error.where == "tag_status"


@pytest.mark.parametrize("status", [TagStatus.ANY, TagStatus.UNTAGGED])
@pytest.mark.parametrize("name", ["tag_pattern_list", "tag_prefix_list", "any_of"])
def test_only_tagged_takes_a_list(status: TagStatus, name: str) -> None:
    error = refusal(full, tag_status=status, **{name: ("a",)})
    assert error.problem == f"A rule for {status} images takes no tags"
    assert name in error.fix


@pytest.mark.parametrize("name", ["tag_pattern_list", "tag_prefix_list", "any_of"])
@pytest.mark.parametrize(
    ("value", "problem", "place"),
    [
        ("v*", "One string was given instead of a list", ""),
        ([], "The list of tags is empty", ""),
        ((), "The list of tags is empty", ""),
        ({"v*"}, "The value is not a list", ""),
        (7, "The value is not a list", ""),
        (["v*", ""], "The string is empty", "[1]"),
        ([7], "The value is not text", "[0]"),
        ([None], "The value is not text", "[0]"),
        (TOKEN_LIST, "CDK token", ""),
        ([TOKEN], "CDK token", "[0]"),
        (TOKEN, "CDK token", ""),
    ],
)
def test_tag_lists_that_are_refused(name: str, value: Any, problem: str, place: str) -> None:
    error = refusal(LifecycleRule.expire, days_since_pushed=1, **{name: value})
    assert problem in error.problem
    assert error.where == f"{name}{place}"


def test_the_fix_for_a_string_is_the_list() -> None:
    assert refusal(LifecycleRule.expire, days_since_pushed=1, tag_pattern_list="v*").fix == "write ['v*']"


@pytest.mark.parametrize("name", ["tag_pattern_list", "any_of"])
def test_a_pattern_has_four_wildcards_at_most(name: str) -> None:
    four: dict[str, Any] = {name: ["*a*b*c*"]}
    assert LifecycleRule.expire(days_since_pushed=1, **four).expand()[0].tag_pattern_list == ("*a*b*c*",)
    error = refusal(LifecycleRule.expire, days_since_pushed=1, **{name: ["a", "*a*b*c*d*"]})
    assert error.problem == "The pattern has 5 wildcards"
    assert error.where == f"{name}[1]"
    assert "at most 4" in error.allowed


def test_a_star_in_a_prefix_is_no_wildcard() -> None:
    assert LifecycleRule.expire(days_since_pushed=1, tag_prefix_list=["*****"]).tag_prefix_list == ("*****",)


NUMBERS = ["image_count_more_than", "days_since_pushed", "days_since_transitioned", "priority"]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (0, "too small"),
        (-1, "too small"),
        (True, "not a whole number"),
        (1.0, "not a whole number"),
        ("1", "not a whole number"),
        (TOKEN_NUMBER, "CDK token"),
        (TOKEN, "CDK token"),
    ],
)
def test_numbers_that_are_refused(name: str, value: Any, problem: str) -> None:
    arguments = {"days_since_pushed": 1, name: value} if name == "priority" else {name: value}
    error = refusal(LifecycleRule.expire, **arguments)
    assert problem in error.problem
    assert error.where == name
    assert error.got == value


@pytest.mark.parametrize("name", NUMBERS[:2])
def test_the_least_number_is_one(name: str) -> None:
    assert LifecycleRule.expire(priority=1, **{name: 1}).count_number == 1  # type: ignore[arg-type]


def test_archived_images_stay_90_days() -> None:
    error = refusal(LifecycleRule.expire, days_since_transitioned=89)
    assert "Archived images can't be expired so early" in error.problem
    assert error.allowed == "90 days or more"
    assert error.where == "days_since_transitioned"


@pytest.mark.parametrize(("value", "problem"), [(7, "not text"), (TOKEN, "CDK token")])
def test_descriptions_that_are_refused(value: Any, problem: str) -> None:
    error = refusal(LifecycleRule.expire, days_since_pushed=1, description=value)
    assert problem in error.problem
    assert error.where == "description"


@pytest.mark.parametrize("name", ["tag_status", "count_type", "action", "storage_class"])
@pytest.mark.parametrize(
    ("value", "problem"), [("EXPIRE", "does not know"), (7, "does not know"), (TOKEN, "CDK token")]
)
def test_words_that_are_refused(name: str, value: Any, problem: str) -> None:
    error = refusal(full, **{name: value})
    assert problem in error.problem
    assert error.where == name


def test_a_refused_word_names_the_words_known() -> None:
    assert refusal(full, tag_status="all").allowed == "tagged, untagged, any"


@pytest.mark.parametrize("count_type", list(CountType))
@pytest.mark.parametrize("storage_class", [None, *StorageClass])
@pytest.mark.parametrize("action", list(Action))
def test_what_goes_together(
    count_type: CountType, storage_class: StorageClass | None, action: Action
) -> None:
    fields = {
        "count_type": count_type,
        "storage_class": storage_class,
        "action": action,
        "count_number": 90,
    }
    from_archive = count_type is CountType.SINCE_IMAGE_TRANSITIONED
    only = {
        CountType.SINCE_IMAGE_PULLED: Action.TRANSITION,
        CountType.SINCE_IMAGE_TRANSITIONED: Action.EXPIRE,
    }.get(count_type, action)
    if (storage_class is StorageClass.ARCHIVE) is not from_archive:
        error = refusal(full, **fields)
        assert error.where == "storage_class"
        assert error.allowed == ("archive" if from_archive else "standard")
    elif action is not only:
        error = refusal(full, **fields)
        assert error.where == "action"
        assert error.allowed == only.value
        assert "archive images by last pull" in error.fix
    else:
        assert full(**fields).action is action
