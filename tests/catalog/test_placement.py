"""No repository is moved by a neighbor: over any edits, what was not touched stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from registry_constructs import Catalog, InvalidCatalogError, InvalidInputError
from registry_constructs.catalog.growth import grown
from registry_constructs.catalog.placement import REPOSITORIES_OF_A_STACK, logical_id
from registry_constructs.catalog.rendering import resource
from tests.drawing import examples

names = st.from_regex(r"[a-z]{1,4}/[a-z0-9]{1,4}(-[a-z0-9]{1,3})?", fullmatch=True)
teams = st.sampled_from(["shop", "data", "web"])
said = st.fixed_dictionaries(
    {},
    optional={
        "team": teams,
        "profile": st.sampled_from(["service", "library"]),
        "lifecycle": st.sampled_from(["default", "releases", [], "development"]),
        "image_tag_mutability": st.sampled_from(["MUTABLE", "IMMUTABLE"]),
        "encryption": st.sampled_from(["AES_256", "KMS"]),
        "access": st.fixed_dictionaries({"accounts": st.just(["222233334444"])}),
        "tags": st.dictionaries(st.sampled_from(["a", "b"]), st.text("xyz", max_size=2), max_size=2),
    },
)
BASE: dict[str, Any] = {
    "teams": {"shop": {"owner": "shop"}, "data": {"lifecycle": "releases"}, "web": {}},
    "profiles": {"service": {"lifecycle": "continuous_delivery"}, "library": {"encryption": "AES_256"}},
}


def standing(catalog: Catalog) -> dict[str, tuple[str, str, str]]:
    """Where each repository stands, and as what."""
    return {
        one.name: (
            catalog.stack(one),
            logical_id(one.name),
            json.dumps(resource(one, catalog.stack_environment(), "key"), sort_keys=True),
        )
        for one in catalog.repositories()
    }


def _other_than(entries: Iterable[tuple[str, Any]]) -> Callable[[str], bool]:
    taken = {name for name, _ in entries}
    return lambda name: name not in taken


@st.composite
def edits(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any], set[str]]:
    """A catalog's repositories, the same after some edits, and the names that no edit touched."""
    before = draw(st.dictionaries(names, said, max_size=12))
    after = list(before.items())
    touched: set[str] = set()
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["add", "remove", "rename", "reorder", "alter"]))
        if kind == "add":
            name = draw(names.filter(_other_than(after)))
            after.insert(draw(st.integers(0, len(after))), (name, draw(said)))
            touched.add(name)
        elif after and kind == "reorder":
            after = draw(st.permutations(after))
        elif after:
            index = draw(st.integers(0, len(after) - 1))
            name, entry = after.pop(index)
            touched.add(name)
            if kind == "rename":
                name = draw(names.filter(_other_than(after)))
                touched.add(name)
            if kind == "alter":
                entry = draw(said)
            if kind != "remove":
                after.insert(index, (name, entry))
    return before, dict(after), touched


@given(change=edits(), count=st.integers(1, 20), by=st.sampled_from(["name", "team"]))
@settings(max_examples=examples(60))
def test_edits_move_and_change_nothing_that_they_do_not_touch(
    change: tuple[dict[str, Any], dict[str, Any], set[str]], count: int, by: str
) -> None:
    before, after, touched = change
    stacks = {"count": count, "by": by}
    old, new = (
        standing(Catalog.from_dict({**BASE, "stacks": stacks, "repositories": repositories}))
        for repositories in (before, after)
    )
    untouched = (old.keys() & new.keys()) - touched
    assert untouched == before.keys() - touched
    assert {name: old[name] for name in untouched} == {name: new[name] for name in untouched}


@given(
    generations=st.lists(st.tuples(st.lists(names, max_size=6), st.integers(1, 9)), min_size=2, max_size=4),
    by=st.sampled_from(["name", "team"]),
)
@settings(max_examples=examples(40))
def test_growth_moves_nothing(generations: list[tuple[list[str], int]], by: str) -> None:
    """Each step adds repositories and plans anew; whoever stood before a step stands there after it."""
    data: dict[str, Any] = {**BASE, "stacks": {"count": 1, "by": by}, "pinned": [], "repositories": {}}
    for number, (added, count) in enumerate(generations):
        for name in added:
            data["repositories"].setdefault(name, {"team": "shop"})
        catalog = Catalog.from_dict(data)
        before = standing(catalog)
        kept = {name for one in data["pinned"] for name in one["repositories"]}
        if before.keys() - kept:
            [written] = yaml.safe_load(grown(catalog, count))["pinned"]
            # Files are read in the order of their names, which says nothing of what was count first.
            data["pinned"].insert(0 if number % 2 else len(data["pinned"]), written)
        data["stacks"] = {"count": count, "by": by}
        if before.keys() - kept:
            assert standing(Catalog.from_dict(data)) == before


def test_new_repositories_go_into_the_new_stacks_only() -> None:
    old: dict[str, Any] = {f"a/{number}": {} for number in range(200)}
    catalog = Catalog.from_dict({"stacks": {"count": 2}, "repositories": old})
    pinned = yaml.safe_load(grown(catalog, 3))["pinned"]
    new: dict[str, Any] = {f"b/{number}": {} for number in range(200)}
    after = Catalog.from_dict({"stacks": {"count": 3}, "pinned": pinned, "repositories": old | new})
    stacks = {one.name: after.stack(one) for one in after.repositories()}
    assert {stacks[name] for name in old} == {"Repositories0", "Repositories1"}
    assert {stacks[name] for name in new} == {"Repositories2", "Repositories3", "Repositories4"}


def test_a_full_catalog_grows_by_what_is_deployed() -> None:
    repositories: dict[str, Any] = {f"a/{number}": {} for number in range(REPOSITORIES_OF_A_STACK + 10)}
    data = {"repositories": repositories}
    with pytest.raises(InvalidCatalogError, match="The stack Repositories0 is full"):
        Catalog.from_dict(data)
    catalog = Catalog._of([(data, str)], [], allow_full=True)
    with pytest.raises(InvalidInputError, match="The stack Repositories0 has more repositories than fit, so"):
        grown(catalog, 4)
    deployed = {f"a/{number}" for number in range(REPOSITORIES_OF_A_STACK)}
    pinned = yaml.safe_load(grown(catalog, 4, deployed))["pinned"]
    after = Catalog.from_dict({**data, "stacks": {"count": 4}, "pinned": pinned})
    stacks = {one.name: after.stack(one) for one in after.repositories()}
    assert {stacks[name] for name in deployed} == {"Repositories0"}
    assert "Repositories0" not in {stacks[name] for name in repositories.keys() - deployed}


def test_places_and_logical_ids_are_for_ever() -> None:
    """A change here replaces every repository that a catalog has ever deployed."""
    found = {}
    for name in ("shop/checkout", "shop/checkout-cache", "platform/python-base", "a1"):
        catalog = Catalog.from_dict({"stacks": {"count": 16}, "repositories": {name: {}}})
        [one] = catalog.repositories()
        found[name] = (catalog.stack(one), logical_id(name))
    assert found == {
        "a1": ("Repositories0", "A1F55FF16F"),
        "platform/python-base": ("Repositories13", "PlatformPythonBase33600C45"),
        "shop/checkout": ("Repositories14", "ShopCheckout1DFC2EA5"),
        "shop/checkout-cache": ("Repositories15", "ShopCheckoutCache8BC6B4FB"),
    }


def test_a_team_has_stacks_of_its_own_if_asked_for() -> None:
    catalog = Catalog.from_dict(
        {
            **BASE,
            "stacks": {"by": "team", "count": 2},
            "repositories": {"shop/a": {"team": "shop"}, "web/a": {"team": "web"}, "free": {}},
        }
    )
    stacks = {one.name: catalog.stack(one).rpartition("-")[0] for one in catalog.repositories()}
    assert stacks == {"shop/a": "Repositories-shop", "web/a": "Repositories-web", "free": ""}


def test_logical_ids_are_ones_that_cloudformation_takes_and_differ() -> None:
    same_letters = ["a/b", "a-b", "a.b", "a_b", "ab", "a--b"]
    ids = {logical_id(name) for name in same_letters}
    assert len(ids) == len(same_letters)
    longest = logical_id("/".join(["x" * 63] * 4))
    assert len(longest) == 200 + 8
    assert longest.isalnum()
    assert len(longest) <= 255


def test_nothing_stays_in_two_places() -> None:
    pinned = [
        {"first": 0, "count": 1, "repositories": ["a/b"]},
        {"first": 2, "count": 1, "repositories": ["a/b"]},
    ]
    with pytest.raises(InvalidCatalogError) as raised:
        Catalog.from_dict({"pinned": pinned, "repositories": {"a/b": {}}})
    assert [problem.problem for problem in raised.value.problems] == [
        "The numbers of pinned stacks have a gap or overlap",
        "a/b is pinned twice",
    ]
