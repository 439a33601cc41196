"""One AWS for all of these tests; each keeps to accounts of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

_accounts = itertools.count(100_000_000_000)


@pytest.fixture
def new_account() -> Callable[[], str]:
    """Accounts that no other test has used."""
    return lambda: str(next(_accounts))


@pytest.fixture
def account(new_account: Callable[[], str]) -> str:
    return new_account()
