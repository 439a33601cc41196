"""One AWS for all of these tests; each keeps to accounts of its own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_accounts = itertools.count(100_000_000_000)


@pytest.fixture(scope="session", autouse=True)
def _project_cli() -> None:
    """The project's CDK CLI also for apps in temporary folders."""
    os.environ["PATH"] = os.pathsep.join([str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]])


@pytest.fixture
def new_account() -> Callable[[], str]:
    """Accounts that no other test has used."""
    return lambda: str(next(_accounts))


@pytest.fixture
def account(new_account: Callable[[], str]) -> str:
    return new_account()
