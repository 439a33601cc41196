"""What each variant deploys, one JSON file a variant: read it when it changes."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from tests import variants
from tests.synthesis import template, warnings


@pytest.mark.parametrize("name", variants.VARIANTS)
def test_variant(name: str, snapshot: SnapshotAssertion) -> None:
    stack = variants.build(name)
    assert template(stack) == snapshot
    assert warnings(stack) == []
