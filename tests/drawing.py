"""How many random examples a property is tried with."""

from __future__ import annotations

import os
from typing import Final

FACTOR: Final = float(os.environ.get("EXAMPLES", "1"))
"""`make unit` draws a quarter of them, `make test-long` ten times as many."""


def examples(number: int) -> int:
    """`number` in `make test`, in proportion elsewhere."""
    return max(1, round(number * FACTOR))
