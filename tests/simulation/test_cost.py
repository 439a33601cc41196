from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule
from registry_constructs.simulation import ImageStatus, Inventory, SimulatedImage
from registry_constructs.simulation.cost import bill
from registry_constructs.simulation.families import family, family_of, wholes
from registry_constructs.simulation.prices import DAYS_PER_MONTH, Prices, Tier, read_prices
from tests.simulation.drawn import DIGESTS, NOW, ago

GB = 2**30
A, B, C, D, E, F = DIGESTS[:6]


@pytest.fixture
def prices() -> Prices:
    return read_prices()


def test_our_prices_are_dated_and_sourced(prices: Prices) -> None:
    assert (prices.region, prices.currency, prices.archive_minimum_days) == ("us-east-1", "USD", 90)
    assert prices.checked.year >= 2026
    assert prices.source


@pytest.mark.parametrize(
    ("standard_gb", "archive_gb", "cost"),
    [(0, 0, 0), (10, 0, 1), (0, 10, 1), (10, 10, 2), (0, 153_600, 15_360), (0, 153_700, 15_367)],
)
def test_tiers(prices: Prices, standard_gb: int, archive_gb: int, cost: float) -> None:
    assert prices.monthly(standard_gb * GB, archive_gb * GB) == pytest.approx(cost)


def test_what_archiving_and_restoring_cost_at_least(prices: Prices) -> None:
    assert prices.archive_commitment(10 * GB) == pytest.approx(90 / DAYS_PER_MONTH)
    assert prices.restore(10 * GB) == pytest.approx(0.3)


def table(**changes: Any) -> dict[str, Any]:
    return {
        "source": "a page",
        "checked": "2026-11-24",
        "region": "eu-west-1",
        "currency": "EUR",
        "bytesPerGb": 10**9,
        "standardPerGbMonth": [{"upToGb": 5, "price": 2}, {"upToGb": None, "price": 1}],
        "archivePerGbMonth": [{"upToGb": None, "price": 0.5}],
        "archiveMinimumDays": 30,
        "restorePerGb": 1,
    } | changes


def test_prices_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "prices.json").write_text(json.dumps(table()))
    prices = read_prices(tmp_path / "prices.json")
    assert prices.standard == (Tier(5, 2), Tier(None, 1))
    assert prices.monthly(7 * 10**9, 10**9) == pytest.approx(12.5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ([], "other keys"),
        ({"source": "x"}, "other keys"),
        (table(extra=1), "other keys"),
        (table(source=1), "source: The value has the wrong kind"),
        (table(bytesPerGb=0), "A GB has no bytes"),
        (table(bytesPerGb=True), "wrong kind"),
        (table(restorePerGb=-1), "wrong kind"),
        (table(checked="lately"), "not a day"),
        (table(standardPerGbMonth=[]), "standardPerGbMonth: These are no tiers"),
        (table(standardPerGbMonth=[{"upToGb": 5, "price": 1}]), "no tiers"),
        (table(standardPerGbMonth=[{"upToGb": None}]), "no tiers"),
        (table(standardPerGbMonth=[{"upToGb": None, "price": "1"}]), "no tiers"),
        (table(standardPerGbMonth=[{"upToGb": None, "price": 1}, {"upToGb": None, "price": 1}]), "no tiers"),
        (table(archivePerGbMonth=[{"upToGb": 5, "price": 1}, {"upToGb": 5, "price": 1}, {}]), "no tiers"),
    ],
)
def test_prices_that_are_refused(tmp_path: Path, content: object, message: str) -> None:
    (tmp_path / "prices.json").write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InvalidInputError, match=message):
        read_prices(tmp_path / "prices.json")


def test_prices_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="can't be opened"):
        read_prices(tmp_path / "prices.json")


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("v1.4.2", "v*"),
        ("main-4f2a91c", "main-*"),
        ("feature-login", "feature-*"),
        ("release_7", "release_*"),
        ("latest", "latest"),
        ("4f2a91c", "*"),
        ("deadbeef", "*"),
        ("1.2.3", "*"),
        ("pr12", "pr*"),
        ("_x", "*"),
    ],
)
def test_families(tag: str, expected: str) -> None:
    assert family(tag) == expected


def test_the_family_of_an_image() -> None:
    assert family_of(SimulatedImage(A, ("latest", "v1.2"))) == "v*"
    assert family_of(SimulatedImage(A, ("stable", "latest"))) == "latest"
    assert family_of(SimulatedImage(A)) == "untagged"


def test_parts_belong_to_the_outermost_whole() -> None:
    images = [
        SimulatedImage(A),
        SimulatedImage(B, children=(A, "elsewhere")),
        SimulatedImage(C, children=(B, A)),
        SimulatedImage(D, subject=C),
        SimulatedImage(E, subject="elsewhere", children=(E,)),
        SimulatedImage(F, subject=F),
    ]
    assert wholes(images) == {A: C, B: C, D: C}
    assert set(wholes([SimulatedImage(A, subject=B), SimulatedImage(B, subject=A)])) == {A, B}


def test_a_bill(prices: Prices) -> None:
    index = "application/vnd.oci.image.index.v1+json"
    checkout = [
        SimulatedImage(A, (), ago(50), 3 * GB),
        SimulatedImage(B, (), ago(50), 2 * GB),
        SimulatedImage(C, ("v1",), ago(50), 3 * GB, children=(A, B), media_type=index),
        SimulatedImage(D, ("pr-1",), ago(50), 5 * GB),
        SimulatedImage(E, ("v0",), ago(500), GB, status=ImageStatus.ARCHIVED, archived_at=ago(100)),
    ]
    cart = [SimulatedImage(A, ("pr-1",), ago(5), GB)]
    policy = LifecyclePolicy(
        [
            LifecycleRule.expire(tag_pattern_list=["pr-*"], days_since_pushed=10),
            LifecycleRule.archive(days_since_pulled=30),
            LifecycleRule.expire(days_since_transitioned=90),
        ]
    )
    inventories = [Inventory(checkout, "shop/checkout"), Inventory(cart, "shop/cart")]
    found = bill(iter(inventories), prices, policy=policy, now=NOW)
    rows: list[Any] = [
        (row.repository, row.family, row.storage.images, row.now, row.after) for row in found.rows
    ]
    assert rows == [
        ("shop/checkout", "v*", 4, pytest.approx(0.6), pytest.approx(0.5)),
        ("shop/checkout", "pr-*", 1, pytest.approx(0.5), 0),
        ("shop/cart", "pr-*", 1, pytest.approx(0.1), pytest.approx(0.1)),
    ]
    assert [found.now, found.after] == pytest.approx([1.2, 0.6])
    assert (found.total.expired, found.total.archived, found.total.images) == (2, 3, 6)
    assert (found.total.standard_bytes_after, found.total.archive_bytes_after) == (GB, 5 * GB)
    assert found.commitment == pytest.approx(prices.archive_commitment(5 * GB))
    plain = bill(inventories, prices, now=NOW)
    assert (plain.now, plain.after, plain.commitment) == (found.now, found.now, 0)


def test_the_tiers_count_the_whole_registry(prices: Prices) -> None:
    cheap = replace(prices, standard=(Tier(1, 0.2), Tier(None, 0.1)))
    inventories = [Inventory([SimulatedImage(A, (), ago(1), GB)], name) for name in ("a", "b")]
    found = bill(inventories, cheap, now=NOW)
    assert found.now == pytest.approx(0.3)
    assert [row.now for row in found.rows] == [pytest.approx(0.15)] * 2


def test_nothing_costs_nothing(prices: Prices) -> None:
    found = bill([], prices, now=NOW)
    assert (found.rows, found.now, found.after) == ((), 0, 0)
