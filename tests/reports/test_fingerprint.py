"""Which findings of two runs are the same one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs.reports.fingerprint import fingerprints
from tests.reports.judged import finding, live


def same(one: str, other: str) -> bool:
    return fingerprints([finding(one)]) == fingerprints([finding(other)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It has 900 images", "It has 1,200 images"),
        ("It has 2 images (79.5% of 10,000)", "It has 3 images (81% of 20,000)"),
        ("Nothing was pushed to it since 2026-10-01", "Nothing was pushed to it since 2025-01-31"),
        ("Not scanned since 2026-10-01T12:00:00+00:00", "Not scanned since 2026-10-02T01:02:03Z"),
        (
            "3 of its images have not been scanned, such as v1",
            "4 of its images have not been scanned, such as b",
        ),
        ("statement 2 allows everybody", "statement 3 allows everybody"),
    ],
)
def test_counts_dates_and_examples_do_not_make_another_finding(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("AllowPull lets in the account 111122223333", "AllowPull lets in the account 444455556666"),
        ("It runs shop/cart:1.2, a tag that can be moved", "It runs shop/cart:1.3, a tag that can be moved"),
        ("Pull1 allows everybody", "Pull2 allows everybody"),
        (
            "It has no role to pull from arn:aws:iam::1:role/a-1",
            "It has no role to pull from arn:aws:iam::1:role/a-2",
        ),
        ("It has no tag", "It lacks the tags team"),
    ],
)
def test_other_accounts_tags_and_names_are_another_finding(one: str, other: str) -> None:
    assert not same(one, other)


def test_another_place_or_name_is_another_finding() -> None:
    findings = [
        finding("Wrong"),
        finding("Wrong", name="shop/checkout"),
        finding("Wrong", place=live("shop/cart", "444455556666")),
        finding("Wrong", place=live("shop/cart", region="us-east-1")),
    ]
    assert len({*fingerprints(findings)}) == 4


def test_of_two_flaws_that_differ_in_a_count_the_one_that_stays_is_not_new() -> None:
    both = fingerprints([finding("statement 1 allows everybody"), finding("statement 2 allows everybody")])
    left = fingerprints([finding("statement 1 allows everybody")])
    assert len({*both}) == 2
    assert {*left} < {*both}


@given(
    st.lists(st.sampled_from(["1 is open", "2 are open", "a", "a\x00", "\ud800"]) | st.text(), max_size=12)
)
def test_no_two_findings_of_a_run_are_alike_and_a_run_again_gives_the_same(messages: list[str]) -> None:
    findings = [finding(message) for message in messages]
    made = fingerprints(findings)
    assert len({*made}) == len(messages)
    assert made == fingerprints(findings)
