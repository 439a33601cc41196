"""The example app: what its stacks deploy, and where."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from syrupy.assertion import SnapshotAssertion

import app as example
from tests.synthesis import new_app, template


def stacks(**context: str) -> dict[str, cdk.Stack]:
    app = new_app()
    for name, value in context.items():
        app.node.set_context(name, value)
    example.build(app)
    return {child.node.id: child for child in app.node.children if isinstance(child, cdk.Stack)}


def without_bootstrap_check(rendered: dict[str, Any]) -> dict[str, Any]:
    """The template without what the default synthesizer adds to every stack."""
    return {name: part for name, part in rendered.items() if name not in {"Parameters", "Rules"}}


NAMES = ["DestinationRegistry", "PublicImages", "Repositories", "SourceRegistry"]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_stack_deploys(name: str, snapshot: SnapshotAssertion) -> None:
    assert without_bootstrap_check(template(stacks()[name])) == snapshot


def test_the_app_has_no_other_stack() -> None:
    assert sorted(stacks()) == NAMES


def test_in_an_account_of_the_users_nobody_else_may_pull_unless_named() -> None:
    for context in ({"account": "444455556666"}, {"account": "444455556666", "readers": ""}):
        assert "RepositoryPolicyText" not in str(template(stacks(**context)["Repositories"]))


def test_in_an_account_of_the_users_the_registry_is_left_alone_until_its_replicas_have_a_place() -> None:
    assert sorted(stacks(account="444455556666")) == ["PublicImages", "Repositories"]
    found = stacks(account="444455556666", replica_account="444455556666", replica_region="eu-north-1")
    assert found["DestinationRegistry"].environment == "aws://444455556666/eu-north-1"
    assert "RegistryPolicy" not in str(template(found["DestinationRegistry"]))


def test_account_region_and_readers_come_from_the_context() -> None:
    found = stacks(account="444455556666", region="ap-south-1", readers="555566667777, 666677778888")
    assert found["Repositories"].environment == "aws://444455556666/ap-south-1"
    assert found["PublicImages"].environment == "aws://444455556666/us-east-1"
    rendered = str(template(found["Repositories"]))
    assert "arn:aws:iam::555566667777:root" in rendered
    assert "arn:aws:iam::666677778888:root" in rendered
    assert "222233334444" not in rendered
