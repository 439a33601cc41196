"""Policies and repositories drawn at random."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule
from registry_constructs.simulation import ImageStatus, SimulatedImage

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = 86_400
TAG = st.text("ab-", min_size=1, max_size=4)
PATTERN = st.text("ab*", min_size=1, max_size=4).filter(lambda pattern: pattern.count("*") <= 4)
DIGESTS = [f"sha256:{number:064x}" for number in range(12)]


def ago(days: float) -> float:
    return NOW.timestamp() - days * DAY


def _arguments(*conditions: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    tags: st.SearchStrategy[dict[str, Any]] = st.one_of(
        st.fixed_dictionaries({"tag_pattern_list": st.lists(PATTERN, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"tag_prefix_list": st.lists(TAG, min_size=1, max_size=2)}),
        st.just({"untagged": True}),
        st.just({}),
    )
    return st.tuples(tags, st.one_of(*conditions)).map(lambda parts: parts[0] | parts[1])


def _rules() -> st.SearchStrategy[LifecycleRule]:
    count = st.fixed_dictionaries({"image_count_more_than": st.integers(1, 4)})
    days = st.integers(1, 20)
    expire = _arguments(
        count,
        st.fixed_dictionaries({"days_since_pushed": days}),
        st.fixed_dictionaries({"days_since_transitioned": st.integers(90, 110)}),
    )
    archive = _arguments(
        count,
        st.fixed_dictionaries({"days_since_pushed": days}),
        st.fixed_dictionaries({"days_since_pulled": days}),
    )
    return st.one_of(
        expire.map(lambda words: LifecycleRule.expire(**words)),
        archive.map(lambda words: LifecycleRule.archive(**words)),
    )


def _accepted(written: list[LifecycleRule]) -> LifecyclePolicy:
    """A policy of as many of the rules as go together."""
    policy = LifecyclePolicy([replace(written[0], priority=None)])
    for rule in written[1:]:
        try:
            policy = policy.with_rules(rule)
        except InvalidInputError:
            continue
    return policy


def policies(*, least: int = 1) -> st.SearchStrategy[LifecyclePolicy]:
    drawn = st.lists(_rules(), min_size=least, max_size=6).map(_accepted)
    return drawn.filter(lambda policy: len(policy.rules) >= least)


def repositories(*, tied: bool = False) -> st.SearchStrategy[list[SimulatedImage]]:
    """Images of one repository.

    Args:
        tied: Whether some are manifest lists of others, and some belong to others.
    """
    # Few values, so that ties and exact limits are drawn too.
    age = st.sampled_from([*range(22), 0.5, 95.0, 105.0, -1.0]).map(ago)
    nothing: st.SearchStrategy[Any] = st.none()
    image = st.builds(
        SimulatedImage,
        digest=st.sampled_from(DIGESTS),
        tags=st.lists(TAG, max_size=2, unique=True).map(tuple),
        pushed_at=age,
        size=st.integers(0, 10**9),
        status=st.sampled_from([ImageStatus.ACTIVE] * 3 + [ImageStatus.ARCHIVED, ImageStatus.ACTIVATING]),
        pulled_at=st.none() | age,
        archived_at=age,
        activated_at=st.none() | age,
        subject=st.none() | st.sampled_from(DIGESTS) if tied else nothing,
        children=st.none() | st.lists(st.sampled_from(DIGESTS), max_size=3).map(tuple) if tied else nothing,
    )
    return st.lists(image, max_size=len(DIGESTS), unique_by=lambda drawn: drawn.digest)
