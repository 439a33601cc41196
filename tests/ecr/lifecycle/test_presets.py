from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from registry_constructs.ecr.lifecycle import Action, LifecyclePolicy, presets
from tests.ecr.lifecycle.evaluator import Image, evaluate
from tests.ecr.lifecycle.test_rule import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

PRESETS: dict[str, Callable[..., LifecyclePolicy]] = {
    name: preset
    for name, preset in vars(presets).items()
    if inspect.isfunction(preset) and not name.startswith("_") and "__" not in name
}

TAG_LISTS = [
    (name, argument.name)
    for name, preset in PRESETS.items()
    for argument in inspect.signature(preset).parameters.values()
    if isinstance(argument.default, tuple)
]


def expired(policy: LifecyclePolicy, images: list[Image]) -> set[str]:
    """The images that it deletes, when it archives none."""
    marked = evaluate(policy, images)
    assert set(marked.values()) <= {Action.EXPIRE}
    return set(marked)


def numbered(pattern: str, number: int, *, oldest: int = 1000) -> list[Image]:
    """Images tagged `pattern` with 0, 1, 2 ... in its place, the oldest first."""
    return [
        Image(pattern.format(index), (pattern.format(index),), pushed=oldest - index)
        for index in range(number)
    ]


@pytest.mark.parametrize("name", PRESETS)
def test_no_preset_has_a_flaw(name: str) -> None:
    assert PRESETS[name]().warnings() == ()


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        (name, argument.name)
        for name, preset in PRESETS.items()
        for argument in inspect.signature(preset).parameters.values()
    ],
)
def test_arguments_are_keywords_and_checked(name: str, argument: str) -> None:
    assert inspect.signature(PRESETS[name]).parameters[argument].kind is inspect.Parameter.KEYWORD_ONLY
    wrong: Any
    for wrong in (0, "v*", {}):
        error = refusal(PRESETS[name], **{argument: wrong})
        assert (error.got, error.where) == (wrong, argument)


@pytest.mark.parametrize(("name", "argument"), TAG_LISTS)
def test_an_empty_list_leaves_the_rule_out(name: str, argument: str) -> None:
    left_out = inspect.signature(PRESETS[name]).parameters[argument].default
    rules = PRESETS[name](**{argument: []}).rules
    patterns = [rule.tag_pattern_list[0] for rule in PRESETS[name]().rules if rule.tag_pattern_list]
    assert [rule.tag_pattern_list[0] for rule in rules if rule.tag_pattern_list] == [
        pattern for pattern in patterns if pattern not in left_out
    ]
    assert PRESETS[name](**{argument: ()}).rules == rules


@pytest.mark.parametrize(("name", "argument"), TAG_LISTS)
def test_a_wrong_entry_is_named_by_the_parameter(name: str, argument: str) -> None:
    assert refusal(PRESETS[name], **{argument: ["a", ""]}).where == f"{argument}[1]"


@pytest.mark.parametrize("name", ["releases", "continuous_delivery"])
def test_without_any_tags_untagged_images_still_go(name: str) -> None:
    nothing: dict[str, Any] = {argument: [] for preset, argument in TAG_LISTS if preset == name}
    assert PRESETS[name](**nothing) == presets.default()


def test_days_in_the_archive_below_90_are_named_by_the_parameter() -> None:
    error = refusal(presets.long_term_archive, archived_days=89)
    assert (error.where, error.allowed) == ("archived_days", "90 days or more")


@pytest.mark.parametrize("name", ["default", "releases", "continuous_delivery", "pull_through_mirror"])
def test_untagged_images_go_after_30_days(name: str) -> None:
    images = [Image("old", pushed=31), Image("young", pushed=30)]
    assert expired(PRESETS[name](), images) == {"old"}


@pytest.mark.parametrize("name", ["default", "releases", "continuous_delivery"])
def test_other_tags_stay(name: str) -> None:
    assert expired(PRESETS[name](), [Image("other", ("something",), pushed=9999)]) == set()


def test_releases_keeps_releases_and_promoted_candidates() -> None:
    images = [
        Image("release", ("v1.0.0",), pushed=9999),
        Image("promoted", ("rc-7", "v1.1.0"), pushed=9999),
        Image("semantic candidate", ("v2.0.0-rc.1",), pushed=9999),
        Image("candidate", ("rc-8",), pushed=91),
        Image("two candidates", ("alpha-1", "beta-1"), pushed=91),
        Image("young candidate", ("rc-9",), pushed=90),
    ]
    assert expired(presets.releases(), images) == {"candidate", "two candidates"}


def test_continuous_delivery_keeps_the_newest_of_each_release_pattern() -> None:
    images = [*numbered("v{}", 51), *numbered("main-{}", 52)]
    assert expired(presets.continuous_delivery(), images) == {"v0", "main-0", "main-1"}


def test_continuous_delivery_keeps_what_is_deployed() -> None:
    images = [
        *numbered("main-{}", 60),
        Image("deployed", ("main-old", "prod"), pushed=5000),
        Image("deployed branch", ("pr-1", "staging"), pushed=5000),
    ]
    assert expired(presets.continuous_delivery(), images) == {f"main-{index}" for index in range(10)}


def test_continuous_delivery_expires_branches_unless_they_are_releases() -> None:
    images = [
        Image("branch", ("pr-5",), pushed=15),
        Image("two branches", ("pr-6", "feature-6"), pushed=15),
        Image("young branch", ("feature-7",), pushed=14),
        Image("merged", ("pr-8", "main-8"), pushed=15),
        Image("released", ("pr-9", "v1"), pushed=15),
    ]
    assert expired(presets.continuous_delivery(), images) == {"branch", "two branches"}


def test_continuous_delivery_goes_by_the_first_release_pattern() -> None:
    newer_builds = numbered("main-{}", 50, oldest=100)
    old_release = Image("old release", ("main-x", "v1"), pushed=2000)
    assert expired(presets.continuous_delivery(), [*newer_builds, old_release]) == set()
    newer_releases = numbered("v2.{}", 50, oldest=100)
    assert expired(presets.continuous_delivery(), [*newer_releases, old_release]) == {"old release"}


def test_development_keeps_only_the_kept_tags() -> None:
    images = [
        Image("latest", ("latest", "abc"), pushed=999),
        Image("main", ("main",), pushed=999),
        Image("old", ("abd",), pushed=31),
        Image("young", ("abe",), pushed=30),
        Image("untagged", pushed=8),
        Image("young untagged", pushed=7),
    ]
    assert expired(presets.development(), images) == {"old", "untagged"}


def test_build_cache_keeps_the_caches_written_last() -> None:
    images = [*numbered("branch-{}", 52), Image("untagged", pushed=1.1), Image("young", pushed=1)]
    assert expired(presets.build_cache(), images) == {"branch-0", "branch-1", "untagged"}


def test_pull_through_mirror_does_not_count_untagged_images() -> None:
    platforms = [Image(f"platform {index}", pushed=1) for index in range(900)]
    assert expired(presets.pull_through_mirror(), [*numbered("{}", 501), *platforms]) == {"0"}


def test_long_term_archive_archives_what_is_not_pulled_and_expires_it_years_later() -> None:
    images = [
        Image("unused", ("v1",), pushed=999, pulled=181),
        Image("never pulled", ("v2",), pushed=181),
        Image("untagged", pushed=181),
        Image("pulled", ("v3",), pushed=999, pulled=180),
        Image("long archived", ("v4",), pushed=9999, archived=2556),
        Image("archived", ("v5",), pushed=9999, archived=2555),
    ]
    assert evaluate(presets.long_term_archive(), images) == {
        "unused": Action.TRANSITION,
        "never pulled": Action.TRANSITION,
        "untagged": Action.TRANSITION,
        "long archived": Action.EXPIRE,
    }
