"""The selection agrees with `lifecycle.patterns.matches` on all short tags and patterns."""

from __future__ import annotations

from itertools import product

import pytest

from registry_constructs.ecr.lifecycle import LifecycleRule
from registry_constructs.ecr.lifecycle.patterns import matches
from registry_constructs.simulation.selection import select


def words(alphabet: str, longest: int) -> list[str]:
    return ["".join(word) for length in range(1, longest + 1) for word in product(alphabet, repeat=length)]


TAGS = words("abc", 5)
PATTERNS = [word for word in words("ab*", 6) if word.count("*") <= 4]


def rule(*patterns: str) -> LifecycleRule:
    return LifecycleRule.expire(tag_pattern_list=patterns, image_count_more_than=1)


def test_single_patterns() -> None:
    for pattern in PATTERNS:
        expected = [place for place, tag in enumerate(TAGS) if matches(pattern, tag)]
        assert select(rule(pattern), range(len(TAGS)), [(tag,) for tag in TAGS]) == expected, pattern


def test_patterns_beside_each_other() -> None:
    pairs = list(product(PATTERNS[::37], PATTERNS[::41]))
    owned = [(), *zip(TAGS, TAGS[100:] + TAGS[:100], strict=True), ("aab",)]
    for pair in pairs:
        expected = [
            place
            for place, tags in enumerate(owned)
            if all(any(matches(pattern, tag) for tag in tags) for pattern in pair)
        ]
        assert select(rule(*pair), range(len(owned)), owned) == expected, pair


@pytest.mark.parametrize("pattern", ["*a*a*a*ab", "a*a*a*a*c", "*aa*aa*aa*ab"])
def test_no_tag_makes_a_pattern_slow(pattern: str) -> None:
    tags = [("a" * 128,)] * 2_000
    assert select(rule(pattern), range(len(tags)), tags) == []
