"""What a catalog deploys: every template of the catalog for several Regions in docs/catalog.md."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from registry_constructs import Catalog, CatalogStage
from tests.cli.test_catalog_docs import CATALOGS
from tests.synthesis import new_app

NAMES = [
    "frankfurt-Registry",
    "ireland-Keys",
    "ireland-Publishers",
    "ireland-Registry",
    "ireland-Repositories1",
]


@pytest.fixture(scope="module")
def deployed() -> dict[str, dict[str, Any]]:
    [text] = [text for text in CATALOGS if "frankfurt" in text]
    app = new_app()
    CatalogStage.for_environments(app, Catalog.from_dict(yaml.safe_load(text)))
    return {stack.stack_name: stack.template for stack in app.synth().stacks_recursively}


def readable(template: dict[str, Any]) -> dict[str, Any]:
    """The template with lifecycle policies written out, and without what bootstrapping adds."""
    for resource in template["Resources"].values():
        policy = resource.get("Properties", {}).get("LifecyclePolicy", {})
        if isinstance(policy, dict) and "LifecyclePolicyText" in policy:
            policy["LifecyclePolicyText"] = json.loads(policy["LifecyclePolicyText"])
    return {name: part for name, part in template.items() if name not in {"Parameters", "Rules"}}


def test_these_stacks_are_made(deployed: dict[str, dict[str, Any]]) -> None:
    assert sorted(deployed) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_a_stack_deploys(
    name: str, deployed: dict[str, dict[str, Any]], snapshot: SnapshotAssertion
) -> None:
    assert readable(deployed[name]) == snapshot
