"""The readings of AWS's documentation that its examples do not show, one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import Action, LifecyclePolicy, LifecycleRule
from registry_constructs.simulation import ImageStatus, Outcome, Reason, SimulatedImage, simulate
from tests.simulation.drawn import NOW, ago

INDEX = "application/vnd.oci.image.index.v1+json"


def image(digest: str, *tags: str, pushed: float = 0, **fields: Any) -> SimulatedImage:
    """An image; times are in days before now."""
    for name in ("pulled_at", "archived_at", "activated_at"):
        if name in fields:
            fields[name] = ago(fields[name])
    return SimulatedImage(digest, tags, ago(pushed), **fields)


def outcomes(policy: LifecyclePolicy, *images: SimulatedImage) -> dict[str, Outcome]:
    return {outcome.image.digest: outcome for outcome in simulate(policy, images, now=NOW)}


def gone(rules: LifecycleRule | list[LifecycleRule], *images: SimulatedImage) -> str:
    policy = LifecyclePolicy(rules if isinstance(rules, list) else [rules])
    return "".join(sorted(digest for digest, outcome in outcomes(policy, *images).items() if outcome.action))


OLD = LifecycleRule.expire(days_since_pushed=10)
UNTAGGED = LifecycleRule.expire(untagged=True, days_since_pushed=10)
UNUSED = LifecycleRule.archive(days_since_pulled=10)
KEEP_ONE = LifecycleRule.expire(image_count_more_than=1)
ARCHIVED = LifecycleRule.expire(days_since_transitioned=90)
SECOND = 1 / 86_400


def test_exactly_n_days_is_not_older() -> None:
    assert gone(OLD, image("A", pushed=10), image("B", pushed=10 + SECOND)) == "B"


def test_of_equally_old_images_the_greater_digest_is_newer() -> None:
    assert gone(KEEP_ONE, image("B", pushed=1), image("A", pushed=1)) == "A"


def test_a_restored_image_is_as_old_as_its_restoration() -> None:
    restored = image("A", pushed=300, archived_at=100, activated_at=5)
    assert gone(OLD, restored, image("B", pushed=20)) == "B"
    assert gone(KEEP_ONE, restored, image("B", pushed=20)) == "B"
    [outcome] = outcomes(LifecyclePolicy([LifecycleRule.expire(days_since_pushed=2)]), restored).values()
    assert outcome.why.endswith("restored 5 days ago.")


@pytest.mark.parametrize(
    ("fields", "evidence"),
    [
        ({"pushed": 300, "pulled_at": 11}, "pulled 11 days ago."),
        ({"pushed": 11}, "pushed 11 days ago, not pulled since."),
        ({"pushed": 300, "pulled_at": 200, "activated_at": 11}, "restored 11 days ago, not pulled since."),
        ({"pushed": 300, "activated_at": 50, "pulled_at": 11}, "pulled 11 days ago."),
    ],
)
def test_what_the_last_pull_falls_back_to(fields: dict[str, float], evidence: str) -> None:
    [outcome] = outcomes(LifecyclePolicy([UNUSED]), image("A", **fields)).values()
    assert outcome.action is Action.TRANSITION
    assert outcome.why.endswith(evidence)


@pytest.mark.parametrize(
    "fields",
    [
        {"pushed": 300, "pulled_at": 9},
        {"pushed": 9},
        {"pushed": 300, "pulled_at": 200, "activated_at": 9},
        {"pushed": 300, "activated_at": 200, "pulled_at": 9},
    ],
)
def test_a_pull_a_push_or_a_restoration_of_late_keeps_it(fields: dict[str, float]) -> None:
    assert gone(UNUSED, image("A", **fields)) == ""


def test_the_archive_is_a_world_of_its_own() -> None:
    images = [
        image("A", "v1", pushed=400, archived_at=91, status=ImageStatus.ARCHIVED),
        image("B", "v1", pushed=400, archived_at=89, status=ImageStatus.ARCHIVED),
        image("C", "v1", pushed=400),
    ]
    keep = LifecycleRule.expire(tag_pattern_list=["v*"], image_count_more_than=5)
    found = outcomes(LifecyclePolicy([keep, ARCHIVED]), *images)
    assert [found[digest].action for digest in "ABC"] == [Action.EXPIRE, None, None]
    assert found["A"].why.endswith("archived 91 days ago.")
    assert found["C"].rule == LifecyclePolicy([keep]).rules[0]


def test_what_is_being_restored_is_seen_by_no_rule() -> None:
    images = [
        image("A", pushed=400, status=ImageStatus.ACTIVATING),
        image("B", pushed=9),
        image("C", pushed=8),
    ]
    found = outcomes(LifecyclePolicy([KEEP_ONE, ARCHIVED]), *images)
    assert (found["A"].reason, found["A"].action) == (Reason.RESTORING, None)
    assert "being restored" in found["A"].why
    assert found["B"].why.endswith("1 newer image is selected.")


def test_an_archived_image_without_a_date_is_an_error() -> None:
    with pytest.raises(InvalidInputError, match="does not say since when"):
        gone(ARCHIVED, image("A", status=ImageStatus.ARCHIVED))


def test_a_time_without_offset_is_an_error() -> None:
    with pytest.raises(InvalidInputError, match="ambiguous"):
        simulate(LifecyclePolicy([OLD]), [], now=datetime(2026, 1, 1))


def test_nothing_is_left_as_nothing() -> None:
    result = simulate(LifecyclePolicy([OLD]), [], now=NOW)
    assert (len(result), result.going(), result.total(Action.EXPIRE)) == (0, [], 0)


def test_an_image_of_the_future_is_the_newest_and_never_old() -> None:
    images = [image("A", pushed=-30), image("B", pushed=1)]
    assert gone(OLD, *images) == ""
    assert gone(KEEP_ONE, *images) == "B"
    assert simulate(LifecyclePolicy([OLD]), images, now=NOW).future == 1


def test_an_earlier_rule_shields_what_it_keeps() -> None:
    keep = LifecycleRule.expire(tag_pattern_list=["v*"], image_count_more_than=5)
    found = outcomes(LifecyclePolicy([keep, OLD]), image("A", "v1", pushed=99))
    assert found["A"].reason is Reason.LEFT
    assert found["A"].why == (
        "Rule 1 (expire images tagged v* beyond the 5 newest) selects it and leaves it, "
        "which spares it from rule 2."
    )


def test_what_an_earlier_rule_marked_still_counts() -> None:
    first = LifecycleRule.expire(tag_pattern_list=["a"], days_since_pushed=1)
    second = LifecycleRule.expire(tag_pattern_list=["b"], image_count_more_than=1)
    images = [image("A", "b", pushed=9), image("B", "a", "b", pushed=8)]
    assert gone([first, second], *images) == "AB"


def test_platforms_wait_for_every_list_that_has_them() -> None:
    children = [image("a", pushed=50), image("b", pushed=50)]
    one = image("L", "old", pushed=50, children=("a", "b"), media_type=INDEX)
    other = image("M", "v1", pushed=50, children=("b",), media_type=INDEX)
    rule = LifecycleRule.expire(tag_pattern_list=["old"], days_since_pushed=10)
    assert gone([rule, UNTAGGED], *children, one, other) == "La"
    assert gone([rule, UNTAGGED], *children, one) == "Lab"
    found = outcomes(LifecyclePolicy([rule, UNTAGGED]), *children, one, other)
    assert (found["b"].reason, found["b"].held_by) == (Reason.HELD, other)
    assert "part of manifest list M, which stays" in found["b"].why


def test_a_list_that_goes_takes_nothing_along() -> None:
    rule = LifecycleRule.expire(tag_pattern_list=["*"], days_since_pushed=10)
    assert gone(rule, image("a", pushed=50), image("L", "v1", pushed=50, children=("a",))) == "L"


def test_lists_in_lists_hold_too() -> None:
    images = [
        image("a", pushed=50),
        image("L", pushed=50, children=("a",)),
        image("M", "v1", pushed=50, children=("L",)),
    ]
    assert gone(UNTAGGED, *images) == ""
    assert gone(OLD, *images) == "LMa"


def test_an_archived_list_holds_nothing() -> None:
    archived = image("L", "v1", pushed=50, children=("a",), status=ImageStatus.ARCHIVED, archived_at=1)
    assert gone(UNTAGGED, image("a", pushed=50), archived) == "a"


def test_a_list_of_unknown_contents_holds_nothing_and_is_reported() -> None:
    images = [image("a", pushed=50), image("L", "v1", pushed=50, media_type=INDEX)]
    assert gone(UNTAGGED, *images) == "a"
    assert simulate(LifecyclePolicy([UNTAGGED]), images, now=NOW).lists_without_children == 1


def test_referrers_follow_to_the_end_of_the_chain() -> None:
    images = [
        image("A", "v1", pushed=50),
        image("S", pushed=1, subject="A"),
        image("T", pushed=50, subject="S"),
    ]
    old = LifecycleRule.expire(tag_pattern_list=["v*"], days_since_pushed=10)
    found = outcomes(LifecyclePolicy([old, UNTAGGED]), *images)
    assert [found[digest].action for digest in "AST"] == [Action.EXPIRE] * 3
    assert found["T"].follows == images[0]
    assert found["T"].why.startswith("It belongs to A, which goes the same way, by rule 1 ")
    kept = outcomes(LifecyclePolicy([UNTAGGED]), *images)
    assert kept["T"].action is None
    assert kept["T"].why == "It belongs to A, which stays."


def test_referrers_are_not_counted_while_their_subject_is_there() -> None:
    images = [
        image("A", pushed=3),
        image("S", pushed=1, subject="A"),
        image("U", pushed=2, subject="elsewhere"),
    ]
    assert gone(KEEP_ONE, *images) == "AS"


def test_referrers_are_archived_with_their_subject_once() -> None:
    images = [
        image("A", "v1", pushed=50),
        image("S", subject="A"),
        image("T", subject="A", status=ImageStatus.ARCHIVED, archived_at=5),
    ]
    found = outcomes(LifecyclePolicy([UNUSED]), *images)
    assert [found[digest].action for digest in "AST"] == [Action.TRANSITION, Action.TRANSITION, None]


def test_a_circle_of_referrers_is_a_row_of_images() -> None:
    images = [image("A", pushed=50, subject="B"), image("B", pushed=50, subject="A")]
    assert gone(OLD, *images) == "AB"
    assert gone(OLD, image("C", pushed=50, subject="C", children=("C",))) == "C"
    assert gone(OLD, *images, image("D", subject="A")) == "ABD"


def test_the_counts_say_what_each_rule_did() -> None:
    keep = LifecycleRule.expire(tag_pattern_list=["v*"], image_count_more_than=1)
    images = [image("A", "v1", pushed=9), image("B", "v2", pushed=8), image("C", pushed=50)]
    counts = simulate(LifecyclePolicy([keep, OLD]), images, now=NOW).counts
    assert [(count.rule.priority, count.selected, count.taken) for count in counts] == [(1, 2, 1), (2, 3, 1)]


def test_times_of_any_zone_are_the_same_instant() -> None:
    from datetime import timedelta, timezone

    there = NOW.astimezone(timezone(timedelta(hours=9)))
    images = [image("A", pushed=10.2)]
    assert [one.action for one in simulate(LifecyclePolicy([OLD]), images, now=there)] == [Action.EXPIRE]
    assert there.astimezone(UTC) == NOW
