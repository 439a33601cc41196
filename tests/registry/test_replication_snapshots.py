"""What the destinations of the variant `replication` deploy; the source's snapshot is with the variants'."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from syrupy.assertion import SnapshotAssertion

from tests import variants
from tests.synthesis import template, warnings


@pytest.mark.parametrize("end", ["region", "account"])
def test_destination(end: str, snapshot: SnapshotAssertion) -> None:
    source = variants.build("replication")
    destination = source.node.root.node.find_child(f"replication-{end}")
    assert isinstance(destination, cdk.Stack)
    assert template(destination) == snapshot
    assert warnings(destination) == []
    assert destination in source.dependencies
