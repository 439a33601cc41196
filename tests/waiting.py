"""Waiting for what happens elsewhere, instead of for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Wait for a condition, but not for ever; whether it holds."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def next_second() -> None:
    """Wait for the clock's next second, where times are kept in whole seconds."""
    now = int(time.time())
    until(lambda: int(time.time()) > now)
