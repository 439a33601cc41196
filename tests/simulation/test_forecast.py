from __future__ import annotations

from xml.etree import ElementTree

import pytest

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule
from registry_constructs.reports.forecast_plot import forecast_svg, nice_ticks, panels
from registry_constructs.simulation import SimulatedImage
from registry_constructs.simulation.forecast import (
    Level,
    Pushes,
    added,
    forecast,
    pushes_from,
    pushes_given,
    resized,
    together,
)
from registry_constructs.simulation.prices import read_prices
from tests.simulation.drawn import DIGESTS, NOW, ago

A, B, C, D, E = DIGESTS[:5]
KEEP_TWO = LifecyclePolicy([LifecycleRule.expire(image_count_more_than=2)])


def test_pushes_that_the_inventory_shows() -> None:
    images = [
        SimulatedImage(A, ("main-1",), ago(1), 100),
        SimulatedImage(B, ("main-2",), ago(5), 200),
        SimulatedImage(C, (), ago(2), 30),
        SimulatedImage(D, ("v1",), ago(2), 30, children=(C,)),
        SimulatedImage(E, (), ago(1), 5, subject=D),
        SimulatedImage("old", ("main-0",), ago(400), 999),
        SimulatedImage("future", ("main-3",), ago(-1), 999),
    ]
    assert pushes_from(images, now=NOW, days=10) == [Pushes("main-*", 0.2, 150), Pushes("v*", 0.1, 35)]
    assert pushes_from(images[:3], now=NOW) == [Pushes("main-*", 0.4, 150), Pushes("untagged", 0.2, 30)]
    assert pushes_from([], now=NOW) == []


def test_pushes_that_somebody_writes_down() -> None:
    seen = [Pushes("main-*", 3, 100), Pushes("v*", 1, 500)]
    assert pushes_given(["main-*=12", "latest=0.5", "untagged=0"], seen) == [
        Pushes("main-*", 12, 100),
        Pushes("latest", 0.5, 200),
        Pushes("untagged", 0, 200),
    ]
    assert pushes_given(["a=1"], [], size=7) == [Pushes("a", 1, 7)]


@pytest.mark.parametrize(
    "texts",
    [["main-*"], ["=1"], ["a=-1"], ["a=x"], ["a=nan"], ["a=inf"], ["a/b=1"], ["a=1", "a=2"], ["a=1e9"]],
)
def test_pushes_that_are_refused(texts: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="does not say what is pushed"):
        pushes_given(texts, [], size=1)


def test_a_size_has_to_be_known() -> None:
    with pytest.raises(InvalidInputError, match="size of an image is not known"):
        pushes_given(["a=1"], [])


def test_pushes_resized_and_together() -> None:
    pushes = [Pushes("b", 1, 100), Pushes("a", 2, 10), Pushes("b", 3, 200)]
    assert together(pushes) == [Pushes("a", 2, 10), Pushes("b", 4, 175)]
    assert together([Pushes("a", 0, 10)]) == [Pushes("a", 0, 0)]
    assert resized(pushes, None) == pushes
    assert {each.size for each in resized(pushes, 5)} == {5}


def test_days_go_by() -> None:
    found = forecast([SimulatedImage(A, (), ago(1), 7)], KEEP_TWO, [Pushes("a-*", 1.5, 10)], now=NOW, days=3)
    assert found.times == tuple(NOW.timestamp() + day * 86_400 for day in range(4))
    assert found.without == (Level(1, 7, 0), Level(2, 17, 0), Level(4, 37, 0), Level(5, 47, 0))
    assert found.with_policy == (Level(1, 7, 0), Level(2, 17, 0), Level(2, 20, 0), Level(2, 20, 0))


def test_a_fixed_tag_moves_on() -> None:
    policy = LifecyclePolicy([LifecycleRule.expire(untagged=True, days_since_pushed=2)])
    found = forecast(
        [SimulatedImage(A, ("latest", "v1"), ago(9), 7)], policy, [Pushes("latest", 1, 10)], now=NOW, days=4
    )
    # The first keeps v1. The last one has the tag, the one before it waits until it is two days old.
    assert [level.images for level in found.with_policy] == [1, 2, 3, 3, 3]


def test_archived_bytes_are_charged_for_the_minimum() -> None:
    policy = LifecyclePolicy(
        [LifecycleRule.archive(days_since_pulled=1), LifecycleRule.expire(days_since_transitioned=90)]
    )
    images = [SimulatedImage(A, (), ago(5), 7)]
    short = forecast(images, policy, [], now=NOW, days=95)
    assert short.with_policy[1] == Level(1, 0, 7)
    assert short.with_policy[92] == Level(0, 0, 0)
    long = forecast(images, policy, [], now=NOW, days=185, archive_minimum_days=180)
    assert (long.with_policy[92], long.with_policy[181]) == (Level(0, 0, 7), Level(0, 0, 0))


def test_progress_and_bad_days() -> None:
    told: list[int] = []
    forecast([], KEEP_TWO, [], now=NOW, days=3, progress=told.append)
    assert told == [1, 2, 3]
    with pytest.raises(InvalidInputError, match="no day"):
        forecast([], KEEP_TWO, [], now=NOW, days=0)


def test_repositories_are_added_up() -> None:
    one = forecast([SimulatedImage(A, (), ago(1), 7)], KEEP_TWO, [], now=NOW, days=2)
    assert added([one, one]).without == (Level(2, 14, 0),) * 3


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0, [0, 1]),
        (4, [0, 1, 2, 3, 4]),
        (7, [0, 2, 4, 6, 8]),
        (100, [0, 50, 100]),
        (659, [0, 200, 400, 600, 800]),
    ],
)
def test_ticks_are_round_numbers(highest: float, ticks: list[float]) -> None:
    assert nice_ticks(highest) == pytest.approx(ticks)


@pytest.mark.parametrize("days", [1, 2, 90])
def test_the_plot_is_one_file_with_axes_and_legend(days: int) -> None:
    prices = read_prices()
    found = forecast(
        [SimulatedImage(A, (), ago(1), 10**9)], KEEP_TWO, [Pushes("v*", 3, 10**9)], now=NOW, days=days
    )
    text = forecast_svg(found, prices, title="A <b> & c")
    root = ElementTree.fromstring(text)  # noqa: S314 - our own
    name = "{http://www.w3.org/2000/svg}"
    labels = [element.text for element in root.iter(f"{name}text")]
    assert {"A <b> & c", "without the policy", "with the policy", "Images", "Gigabytes"} <= set(labels)
    assert "2026-11-24" in labels
    lines = list(root.iter(f"{name}polyline"))
    assert len(lines) == 2 * len(panels(found, prices))
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.get("points", "").split()]
        assert len(points) == days + 1
        assert all(0 < x < width and 0 < y < height for x, y in points)
    assert "prefers-color-scheme:dark" in text
    assert "href" not in text
