"""What is replicated where, as plain data: rules, limits, chains."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.registry.replication_rules import (
    Flow,
    RegistryEnvironment,
    broken_chains,
    check_replication,
    replication_rules,
)

A, B, C, D = (RegistryEnvironment(f"{digit}" * 12, "eu-west-1") for digit in "1234")


def flow(
    prefix: str,
    destination: RegistryEnvironment,
    source: RegistryEnvironment = A,
    path: str = "Stack/Replication",
) -> Flow:
    return Flow(source, prefix, destination, path)


def elsewhere(number: int) -> RegistryEnvironment:
    return RegistryEnvironment(f"{number:012}", "eu-central-1")


def said(rules: list[dict[str, Any]]) -> list[tuple[list[str], list[str]]]:
    """Each rule as its destinations' accounts and its prefixes."""
    return [
        (
            [place["registryId"] for place in rule["destinations"]],
            [entry["filter"] for entry in rule["repositoryFilters"] or []],
        )
        for rule in rules
    ]


def test_a_rule_as_cloudformation_takes_it() -> None:
    assert replication_rules([flow("shop/", B)]) == [
        {
            "destinations": [{"region": "eu-west-1", "registryId": "222222222222"}],
            "repositoryFilters": [{"filter": "shop/", "filterType": "PREFIX_MATCH"}],
        }
    ]


def test_everything_is_a_rule_without_filters() -> None:
    [rule] = replication_rules([flow("", B)])
    assert rule["repositoryFilters"] is None


def test_prefixes_with_the_same_destinations_share_a_rule() -> None:
    flows = [flow(prefix, place) for prefix in ("b/", "a/") for place in (C, B)]
    assert said(replication_rules(flows)) == [([B.account, C.account], ["a/", "b/"])]


def test_prefixes_with_other_destinations_have_rules_of_their_own() -> None:
    flows = [flow("a/", B), flow("a/", C), flow("b/", B), flow("c/", C)]
    assert said(replication_rules(flows)) == [
        ([B.account], ["b/"]),
        ([B.account, C.account], ["a/"]),
        ([C.account], ["c/"]),
    ]


def test_what_takes_everything_needs_no_prefix_beside_it() -> None:
    flows = [flow("", B), flow("a/", B), flow("a/", C), flow("b/", B)]
    assert said(replication_rules(flows)) == [([B.account], []), ([C.account], ["a/"])]


def test_the_same_said_twice_is_written_once() -> None:
    flows = [flow("a/", B, path="One"), flow("a/", B, path="Two")]
    assert said(replication_rules(flows)) == [([B.account], ["a/"])]


def test_no_flows_are_no_rules() -> None:
    assert replication_rules([]) == []
    check_replication([])


def rules(count: int) -> list[Flow]:
    """Flows that need this many rules."""
    return [flow(f"p{number}/", elsewhere(number)) for number in range(count)]


def destinations(count: int) -> list[Flow]:
    return [flow("shop/", elsewhere(number)) for number in range(count)]


def prefixes(count: int) -> list[Flow]:
    return [flow(f"p{number}/", B) for number in range(count)]


LIMITS = {"rules": (rules, 10), "destinations": (destinations, 25), "prefixes in one rule": (prefixes, 100)}


@pytest.mark.parametrize("what", LIMITS)
def test_what_ecr_takes(what: str) -> None:
    make, most = LIMITS[what]
    check_replication(make(most - 1))
    check_replication(make(most))


@pytest.mark.parametrize("what", LIMITS)
def test_one_more_is_refused_with_who_asked(what: str) -> None:
    make, most = LIMITS[what]
    flows = [*make(most), *(flow(one.prefix, one.destination, path="Team") for one in make(most + 1))]
    with pytest.raises(InvalidInputError, match=f"has {most + 1} {what}") as caught:
        check_replication(flows)
    assert caught.value.got == "replication from Stack/Replication, Team"
    assert str(most) in caught.value.allowed


def test_a_part_that_comes_later_can_bring_the_rules_below_the_limit() -> None:
    with pytest.raises(InvalidInputError, match="11 rules"):
        check_replication(rules(11))
    check_replication([*rules(11), flow("", elsewhere(0)), flow("", elsewhere(1))])


def test_each_rule_has_a_hundred_prefixes_of_its_own() -> None:
    check_replication([*prefixes(100), *(flow(f"q{number}/", C) for number in range(100))])


FLOWS = st.lists(
    st.builds(
        flow,
        prefix=st.sampled_from(["", "a", "a/", "a/b", "b/"]),
        destination=st.sampled_from([B, C, D]),
        path=st.sampled_from(["One", "Two"]),
    ),
    max_size=12,
)


@given(st.data())
def test_the_order_of_the_flows_changes_nothing(data: st.DataObject) -> None:
    flows = data.draw(FLOWS)
    assert replication_rules(data.draw(st.permutations(flows))) == replication_rules(flows)


@given(FLOWS)
def test_the_rules_replicate_exactly_what_was_asked(flows: list[Flow]) -> None:
    expressed = [
        (prefix, account)
        for accounts, filters in said(replication_rules(flows))
        for account in accounts
        for prefix in filters or [""]
    ]
    asked = {(one.prefix, one.destination.account) for one in flows}
    everything = {account for prefix, account in asked if prefix == ""}
    assert len(expressed) == len(set(expressed))
    assert set(expressed) == {pair for pair in asked if pair[0] == "" or pair[1] not in everything}


@given(FLOWS)
def test_no_two_rules_have_the_same_destinations(flows: list[Flow]) -> None:
    accounts = [tuple(accounts) for accounts, _ in said(replication_rules(flows))]
    assert len(accounts) == len(set(accounts))


def chains(*flows: Flow) -> list[tuple[str, str]]:
    return [(first.path, second.path) for first, second in broken_chains(flows)]


FIRST, SECOND = flow("shop/", B, A, "First"), flow("shop/", C, B, "Second")


def test_a_chain_is_found() -> None:
    assert chains(FIRST, SECOND) == [("First", "Second")]
    assert chains(SECOND, FIRST) == [("First", "Second")]


@pytest.mark.parametrize("prefix", ["", "shop", "shop/"])
def test_a_chain_with_a_direct_way_is_fine(prefix: str) -> None:
    assert chains(FIRST, SECOND, flow(prefix, C, A, "Direct")) == []


@pytest.mark.parametrize("prefix", ["shop/checkout", "base/"])
def test_a_direct_way_for_less_does_not_help(prefix: str) -> None:
    assert chains(FIRST, SECOND, flow(prefix, C, A, "Direct")) == [("First", "Second")]


@pytest.mark.parametrize(
    ("first", "second", "broken"),
    [("", "", True), ("", "shop/", True), ("shop/checkout", "shop/", True), ("shop/", "base/", False)],
)
def test_a_chain_needs_names_that_both_take(first: str, second: str, *, broken: bool) -> None:
    assert bool(chains(flow(first, B, A), flow(second, C, B))) is broken


def test_two_registries_that_replicate_to_each_other_are_no_chain() -> None:
    assert chains(flow("", B, A), flow("", A, B)) == []


def test_a_full_mesh_is_no_chain() -> None:
    places = [A, B, C]
    assert chains(*(flow("", end, start) for start in places for end in places if start != end)) == []


def test_a_longer_chain_breaks_at_each_step() -> None:
    third = flow("shop/", D, C, "Third")
    assert chains(FIRST, SECOND, third) == [("First", "Second"), ("Second", "Third")]
