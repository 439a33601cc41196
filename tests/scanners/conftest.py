"""The templates that the compliance tests read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest

import app as example
from registry_constructs import RegistryStackSet
from tests import variants
from tests.synthesis import baseline_template, new_app, raw_template


@pytest.fixture(scope="package")
def apps() -> list[cdk.App]:
    """The example app and one with a stack for each variant, synthesized, so that aspects count."""
    shop, every_variant = new_app(), new_app()
    example.build(shop)
    for name in variants.VARIANTS:
        variants.build(name, every_variant)
    for made in (shop, every_variant):
        made.synth()
    return [shop, every_variant]


@pytest.fixture(scope="package")
def templates(apps: list[cdk.App]) -> dict[str, dict[str, Any]]:
    found = {stack.stack_name: raw_template(stack) for app in apps for stack in stacks(app)}
    baselines = {
        f"{stack.stack_name}-baseline": baseline_template(child)
        for app in apps
        for stack in stacks(app)
        for child in stack.node.children
        if isinstance(child, RegistryStackSet)
    }
    return found | baselines


def stacks(app: cdk.App) -> Iterator[cdk.Stack]:
    return (child for child in app.node.children if isinstance(child, cdk.Stack))
