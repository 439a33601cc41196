"""What the StackSets of the variants deploy; their own snapshots are with the variants'."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from registry_constructs import RegistryStackSet
from tests import variants
from tests.registry import variants_organization
from tests.synthesis import baseline_template


@pytest.mark.parametrize("name", variants_organization.VARIANTS)
def test_baseline(name: str, snapshot: SnapshotAssertion) -> None:
    stack_set = variants.build(name).node.find_child("Everywhere")
    assert isinstance(stack_set, RegistryStackSet)
    rendered = baseline_template(stack_set)
    for resource in rendered["Resources"].values():
        code = resource["Properties"].get("Code")
        if code:
            assert code.pop("ZipFile").startswith('"""Sets ECR\'s account settings')
    assert rendered == snapshot
    constructs = stack_set.baseline.node.find_all()
    assert [entry.data for one in constructs for entry in one.node.metadata if "warning" in entry.type] == []
