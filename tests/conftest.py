"""What all tests share: this environment's Node, the project's CDK CLI, and snapshots as JSON files."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

_TOOLS = [Path(sys.executable).parent, Path(__file__).parent.parent / "node_modules" / ".bin"]
os.environ["PATH"] = os.pathsep.join([*map(str, _TOOLS), os.environ.get("PATH", "")])

# A shell's job in the background ignores Ctrl-C and hands that on: what tests start would ignore it too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """One JSON file for each snapshot, named by what it shows."""
    return snapshot.use_extension(JSONSnapshotExtension)
