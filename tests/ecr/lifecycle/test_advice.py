from __future__ import annotations

from dataclasses import replace

import pytest

from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule, LifecycleWarning

UNTAGGED = LifecycleRule.expire(untagged=True, days_since_pushed=7)
KEEP_ANY = LifecycleRule.expire(image_count_more_than=100)
ARCHIVE_UNUSED = LifecycleRule.archive(days_since_pulled=90)


def keep(*patterns: str) -> LifecycleRule:
    return LifecycleRule.expire(tag_pattern_list=patterns, image_count_more_than=10)


def expire(*patterns: str) -> LifecycleRule:
    return LifecycleRule.expire(tag_pattern_list=patterns, days_since_pushed=30)


def prefixed(*prefixes: str) -> LifecycleRule:
    return LifecycleRule.expire(tag_prefix_list=prefixes, days_since_pushed=30)


def warnings(*rules: LifecycleRule) -> list[tuple[str, int]]:
    return [(warning.id, warning.priority) for warning in LifecyclePolicy(rules).warnings()]


def only_warning(*rules: LifecycleRule) -> LifecycleWarning:
    [warning] = LifecyclePolicy(rules).warnings()
    return warning


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (keep("v*"), expire("v1*")),
        (keep("v*"), expire("v*")),
        (keep("v*"), expire("v1.0")),
        (keep("v*"), prefixed("v")),
        (prefixed("v"), expire("v*")),
        (keep("*"), expire("*-rc")),
        (keep("a*"), expire("a1*", "a2*")),
        (keep("a*", "a1*"), expire("a1*")),
    ],
)
def test_a_rule_whose_images_an_earlier_one_selects_is_shadowed(
    first: LifecycleRule, second: LifecycleRule
) -> None:
    assert ("lifecycle-shadowed-rule", 2) in warnings(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (keep("v1*"), expire("v*")),
        (keep("v*"), expire("*-rc")),
        (keep("a*", "a1*"), expire("a2*")),
        (keep("v*"), UNTAGGED),
        (UNTAGGED, expire("v*")),
        (keep("*"), KEEP_ANY),
        (UNTAGGED, KEEP_ANY),
        (prefixed("*"), expire("a")),
        (
            LifecycleRule.archive(tag_pattern_list=["v*"], days_since_pushed=30),
            LifecycleRule.expire(tag_pattern_list=["v*"], days_since_transitioned=365),
        ),
    ],
)
def test_a_rule_with_images_of_its_own_is_not_shadowed(first: LifecycleRule, second: LifecycleRule) -> None:
    assert "lifecycle-shadowed-rule" not in dict(warnings(first, second))


def test_all_tagged_and_untagged_images_together_shadow_any_image() -> None:
    warning = only_warning(keep("*"), UNTAGGED, KEEP_ANY)
    assert (warning.id, warning.priority) == ("lifecycle-shadowed-rule", 3)
    assert (
        "rule 1 (expire images tagged * beyond the 10 newest) and rule 2 (expire untagged" in warning.message
    )
    assert "Narrow those rules" in warning.message


def test_the_message_names_both_rules_and_the_remedy() -> None:
    message = only_warning(keep("v*"), expire("v1*")).message
    assert message.startswith("Rule 2 (expire images tagged v1* 30 days after the push) never acts")
    assert "rule 1 (expire images tagged v* beyond the 10 newest)" in message
    assert "Give it a lower number than that rule, or drop it." in message


def test_deleting_after_archiving_is_done_in_the_archive() -> None:
    archive = LifecycleRule.archive(tag_pattern_list=["v*"], days_since_pushed=10)
    assert "use days_since_transitioned" in only_warning(archive, expire("v*")).message


@pytest.mark.parametrize(
    "rule", [expire("a/b"), keep("-x*"), prefixed("v*"), prefixed("a" * 129), expire("v*", "ö")]
)
def test_a_rule_that_no_tag_matches(rule: LifecycleRule) -> None:
    warning = only_warning(keep("*"), rule)
    assert (warning.id, warning.priority) == ("lifecycle-never-matches", 2)
    assert "Correct the pattern or prefix" in warning.message


def test_a_tag_without_wildcard_matches_an_image() -> None:
    assert warnings(expire("latest")) == []


@pytest.mark.parametrize("rule", [expire("dev", "staging"), prefixed("dev", "staging"), expire("a*", "*b")])
def test_a_list_that_looks_like_or(rule: LifecycleRule) -> None:
    warning = only_warning(rule)
    assert warning.id == "lifecycle-all-tags-required"
    assert "use any_of" in warning.message


@pytest.mark.parametrize(
    "rule",
    [
        expire("dev*"),
        expire("dev*", "dev-1*"),
        expire("dev*", "dev*"),
        LifecycleRule.expire(any_of=["dev", "staging"], days_since_pushed=1),
    ],
)
def test_a_list_that_does_not_look_like_or(rule: LifecycleRule) -> None:
    assert warnings(rule) == []


def test_keeping_the_newest_of_several_tags_at_once_protects_nothing() -> None:
    old = LifecycleRule.expire(days_since_pushed=30)
    found = LifecyclePolicy([keep("dev-*", "staging-*"), old]).warnings()
    assert [warning.id for warning in found] == [
        "lifecycle-keep-requires-all-tags",
        "lifecycle-can-empty-repository",
    ]
    assert "A later rule may delete what this one seems to keep" in found[0].message


@pytest.mark.parametrize("rule", [LifecycleRule.expire(days_since_pushed=30), expire("*"), expire("*", "**")])
def test_age_alone_can_empty_a_repository(rule: LifecycleRule) -> None:
    assert warnings(UNTAGGED, rule) == [("lifecycle-can-empty-repository", 2)]
    message = only_warning(UNTAGGED, rule).message
    assert "once nothing is pushed for 30 days" in message
    assert "image_count_more_than" in message


@pytest.mark.parametrize(
    "rules",
    [
        [keep("v*"), LifecycleRule.expire(days_since_pushed=30)],
        [KEEP_ANY],
        [UNTAGGED],
        [expire("pr-*")],
        [LifecycleRule.archive(days_since_pushed=30)],
        [ARCHIVE_UNUSED, LifecycleRule.expire(days_since_transitioned=90)],
    ],
)
def test_policies_that_leave_something(rules: list[LifecycleRule]) -> None:
    assert warnings(*rules) == []


def test_keeping_untagged_images_does_not_help_the_tagged() -> None:
    keep_untagged = LifecycleRule.expire(untagged=True, image_count_more_than=1)
    assert warnings(keep_untagged, LifecycleRule.expire(days_since_pushed=30)) == [
        ("lifecycle-can-empty-repository", 2)
    ]


def test_expiring_from_an_archive_that_nothing_fills() -> None:
    rule = LifecycleRule.expire(days_since_transitioned=90)
    warning = only_warning(UNTAGGED, rule)
    assert warning.id == "lifecycle-nothing-archived"
    assert "archived by hand" in warning.message
    assert warnings(ARCHIVE_UNUSED, rule) == []


def test_warnings_come_by_priority() -> None:
    rules = [replace(expire("a", "b"), priority=9), replace(expire("*"), priority=4)]
    assert [priority for _, priority in warnings(*rules)] == [4, 9, 9]
