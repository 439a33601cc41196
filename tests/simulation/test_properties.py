"""What holds for every policy and every repository."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from registry_constructs.ecr.lifecycle import Action, LifecyclePolicy
from registry_constructs.ecr.lifecycle.patterns import matches
from registry_constructs.simulation import ImageStatus, Reason, SimulatedImage, Simulation, simulate
from registry_constructs.simulation.forecast import Pushes, forecast
from registry_constructs.simulation.selection import select
from tests.simulation.drawn import NOW, PATTERN, TAG, policies, repositories
from tests.simulation.reference import evaluate


def actions(simulation: Simulation) -> dict[str, tuple[Action | None, int | None]]:
    return {
        one.image.digest: (one.action, one.rule.priority if one.action and one.rule else None)
        for one in simulation
    }


@given(policies(), repositories())
def test_it_agrees_with_the_rules_in_their_shortest_form(
    policy: LifecyclePolicy, images: list[SimulatedImage]
) -> None:
    found = {
        digest: action for digest, (action, _) in actions(simulate(policy, images, now=NOW)).items() if action
    }
    assert found == evaluate(policy, images, NOW.timestamp())


@given(policies(), repositories(tied=True), st.randoms(use_true_random=False))
def test_the_order_of_images_is_irrelevant(
    policy: LifecyclePolicy, images: list[SimulatedImage], chance: object
) -> None:
    shuffled = images.copy()
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = simulate(policy, images, now=NOW), simulate(policy, shuffled, now=NOW)
    assert {each.image.digest: each.why for each in one if not each.held_by} == {
        each.image.digest: each.why for each in other if not each.held_by
    }
    assert actions(one) == actions(other)
    assert [each.image for each in one.going()] == [each.image for each in other.going()]
    assert one.counts == other.counts


@given(policies(least=2), repositories())
def test_a_rule_of_lower_priority_only_adds(policy: LifecyclePolicy, images: list[SimulatedImage]) -> None:
    before = actions(simulate(LifecyclePolicy(policy.rules[:-1]), images, now=NOW))
    after = actions(simulate(policy, images, now=NOW))
    last = policy.rules[-1].priority
    for digest, done in before.items():
        assert after[digest] == done or (done[0] is None and after[digest][1] == last)


@given(policies(least=2), repositories(tied=True))
def test_a_rule_of_lower_priority_changes_nothing_that_earlier_rules_did(
    policy: LifecyclePolicy, images: list[SimulatedImage]
) -> None:
    before = actions(simulate(LifecyclePolicy(policy.rules[:-1]), images, now=NOW))
    after = actions(simulate(policy, images, now=NOW))
    assert {digest: done for digest, done in before.items() if done[0]}.items() <= after.items()


@given(policies(), repositories(tied=True))
def test_an_image_goes_by_the_first_rule_that_selects_it_or_by_none(
    policy: LifecyclePolicy, images: list[SimulatedImage]
) -> None:
    simulation = simulate(policy, images, now=NOW)
    priorities = [rule.priority for rule in policy.rules]
    for place, outcome in enumerate(simulation):
        if outcome.reason is Reason.TAKEN:
            assert simulation.first[place] == simulation.taker[place]
        if outcome.spared_from and outcome.rule:
            assert priorities.index(outcome.spared_from.priority) > priorities.index(outcome.rule.priority)
            assert outcome.action is None
        assert outcome.why.endswith(".")


@given(policies(), repositories(tied=True))
def test_no_platform_goes_before_its_manifest_list(
    policy: LifecyclePolicy, images: list[SimulatedImage]
) -> None:
    simulation = simulate(policy, images, now=NOW)
    gone = {outcome.image.digest for outcome in simulation.going()}
    archived = {image.digest for image in images if image.status is ImageStatus.ARCHIVED}
    for image in images:
        for child in set(image.children or ()) - {image.digest}:
            if child in gone:
                assert image.digest in gone | archived


@given(policies(), repositories(tied=True))
def test_a_referrer_does_what_its_subject_does(policy: LifecyclePolicy, images: list[SimulatedImage]) -> None:
    by_digest = {outcome.image.digest: outcome for outcome in simulate(policy, images, now=NOW)}
    for outcome in by_digest.values():
        if outcome.follows and outcome.action:
            assert outcome.action is by_digest[outcome.follows.digest].action


@given(policies(), repositories(tied=True))
def test_the_totals_are_those_of_the_images(policy: LifecyclePolicy, images: list[SimulatedImage]) -> None:
    simulation = simulate(policy, images, now=NOW)
    for action in Action:
        assert simulation.total(action) == sum(outcome.action is action for outcome in simulation)
    assert len(simulation) == len(list(simulation)) == len(images)


@given(st.lists(PATTERN, min_size=1, max_size=3), st.lists(st.lists(TAG, max_size=3).map(tuple), max_size=8))
def test_tags_are_matched_as_patterns_say(patterns: list[str], tags: list[tuple[str, ...]]) -> None:
    from registry_constructs.ecr.lifecycle import LifecycleRule

    rules = [
        LifecycleRule.expire(tag_pattern_list=patterns, image_count_more_than=1),
        LifecycleRule.expire(tag_pattern_list=patterns[:1], image_count_more_than=1),
    ]
    for rule in rules:
        expected = [
            place
            for place, owned in enumerate(tags)
            if all(any(matches(pattern, tag) for tag in owned) for pattern in rule.tag_pattern_list or ())
        ]
        assert select(rule, range(len(tags)), tags) == expected


@given(policies(), repositories(tied=True), st.floats(0, 3))
def test_a_forecast_never_has_more_with_a_policy_than_without(
    policy: LifecyclePolicy, images: list[SimulatedImage], per_day: float
) -> None:
    found = forecast(images, policy, [Pushes("ab*", per_day, 7), Pushes("b", per_day, 5)], now=NOW, days=6)
    for without, with_policy in zip(found.without, found.with_policy, strict=True):
        assert with_policy.images <= without.images
        assert sum(with_policy[1:]) <= sum(without[1:])
    assert found.without[-1].images == len(images) + 2 * int(per_day * 6 + 1e-9)
