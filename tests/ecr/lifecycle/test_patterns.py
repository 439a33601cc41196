from __future__ import annotations

import re
from itertools import product

import pytest

from registry_constructs.ecr.lifecycle.patterns import can_match, covers, matches, of_prefix


def words(alphabet: str, longest: int) -> list[str]:
    return ["".join(word) for length in range(longest + 1) for word in product(alphabet, repeat=length)]


PATTERNS = [word for word in words("ab*", 4) if word]
# "c" stands in no pattern, as there is always a tag character that a real pattern does not name.
TAGS = words("abc", 5)


def by_regex(pattern: str) -> frozenset[str]:
    expression = re.compile(".*".join(map(re.escape, pattern.split("*"))))
    return frozenset(tag for tag in TAGS if expression.fullmatch(tag))


LANGUAGES = {pattern: by_regex(pattern) for pattern in PATTERNS}


def test_matching_agrees_with_regular_expressions() -> None:
    for pattern, language in LANGUAGES.items():
        assert {tag for tag in TAGS if matches(pattern, tag)} == language


def test_containment_agrees_with_brute_force() -> None:
    for wide, narrow in product(PATTERNS, repeat=2):
        assert covers(wide, narrow) == (LANGUAGES[narrow] <= LANGUAGES[wide]), (wide, narrow)


def test_a_prefix_is_the_pattern_with_a_star_after_it() -> None:
    assert covers(of_prefix("v1"), "v1*")
    assert covers("v1*", of_prefix("v1"))


def test_a_star_in_a_prefix_is_an_ordinary_character() -> None:
    assert not matches(of_prefix("a*"), "abc")
    assert not can_match(of_prefix("a*"))


def test_a_pattern_that_no_tag_has_covers_nothing() -> None:
    assert not covers("\0", "*")


@pytest.mark.parametrize(
    "pattern", ["*", "v1", "_*", "*-rc", "*.", "****", "a" * 128, "*" + "a" * 128, "*" + "-" * 127]
)
def test_patterns_that_a_tag_can_have(pattern: str) -> None:
    assert can_match(pattern)


@pytest.mark.parametrize(
    "pattern", ["a/b", "ä*", "v 1", "-rc*", ".*", "v1+*", "a" * 129, "*" + "-" * 128, "v1\n"]
)
def test_patterns_that_no_tag_has(pattern: str) -> None:
    assert not can_match(pattern)
