"""What all tests share: this environment's Node, the project's CDK CLI, and snapshots as JSON files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

_TOOLS = [Path(sys.executable).parent, Path(__file__).parent.parent / "node_modules" / ".bin"]
os.environ["PATH"] = os.pathsep.join([*map(str, _TOOLS), os.environ.get("PATH", "")])


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """One JSON file for each snapshot, named by what it shows."""
    return snapshot.use_extension(JSONSnapshotExtension)
