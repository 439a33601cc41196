"""How fast a StackSet goes through its accounts: numbers that it takes, and those that it doesn't."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from registry_constructs import InvalidInputError, Rollout


def test_nothing_said_is_one_account_after_the_other_and_none_may_fail() -> None:
    assert Rollout.accounts() == Rollout(failures=0, at_once=1, counts="accounts", regions_in_parallel=False)


def test_as_many_at_once_as_the_failures_allow() -> None:
    assert Rollout.accounts(failures=9).at_once == 10
    assert Rollout.percent(failures=10).at_once == 10


@pytest.mark.parametrize(
    ("make", "keywords", "allowed"),
    [
        (Rollout.accounts, {"failures": -1}, "0 or more accounts"),
        (Rollout.accounts, {"failures": True}, "0 or more accounts"),
        (Rollout.accounts, {"failures": "2"}, "0 or more accounts"),
        (Rollout.accounts, {"failures": None}, "0 or more accounts"),
        (Rollout.accounts, {"at_once": 2}, "1 to 1 accounts"),
        (Rollout.accounts, {"failures": 4, "at_once": 6}, "1 to 5 accounts"),
        (Rollout.accounts, {"at_once": 0}, "1 to 1 accounts"),
        (Rollout.percent, {"failures": 0}, "1 to 100 percent"),
        (Rollout.percent, {"failures": 101}, "1 to 100 percent"),
        (Rollout.percent, {"failures": 10, "at_once": 11}, "1 to 10 percent"),
        (Rollout.percent, {"failures": 10, "at_once": 2.5}, "1 to 10 percent"),
        (Rollout.percent, {"failures": 10, "regions_in_parallel": 1}, "True or False"),
        (
            Rollout,
            {"failures": 0, "at_once": 1, "counts": "regions", "regions_in_parallel": False},
            "accounts or percent",
        ),
    ],
)
def test_what_a_stack_set_does_not_take(
    make: Callable[..., Rollout], keywords: dict[str, Any], allowed: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        make(**keywords)
    assert refusal.value.allowed == allowed
