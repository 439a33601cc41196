"""Managed signing beside pull-through caches, whose images stay unsigned."""

from __future__ import annotations

import json
import re

import aws_cdk as cdk
import pytest

from registry_constructs import (
    ManagedSigning,
    Registry,
)
from tests.registry.places import FRANKFURT, IRELAND, OTHER_ACCOUNT
from tests.registry.signing_app import (
    CACHED,
    organization,
    owner,
    quay,
    two_stacks,
)
from tests.synthesis import (
    new_app,
    warnings,
)


@pytest.mark.parametrize("signing_first", [True, False])
@pytest.mark.parametrize(
    ("filters", "prefix", "named"),
    [
        (["*"], "quay", "*"),
        (["quay/*"], "quay", "quay/*"),
        (["shop/*", "quay*"], "quay", "quay*"),
        (["quay/prometheus/node-exporter"], "quay", "quay/prometheus/node-exporter"),
        (["*/nginx", "shop/*", "*y/*"], "quay", "*/nginx, *y/*"),
        (["shop/*"], "ROOT", "shop/*"),
        (["a/b/*"], "a/b", "a/b/*"),
    ],
)
def test_a_cache_that_a_filter_matches_is_a_warning(
    filters: list[str],
    prefix: str,
    named: str,
    signing_first: bool,
) -> None:
    stack = owner()
    if signing_first:
        ManagedSigning(stack, "Signing", repositories=filters)
    quay(stack, prefix)
    if not signing_first:
        ManagedSigning(stack, "Signing", repositories=filters)
    [warning] = warnings(stack)
    where = "any prefix" if prefix == "ROOT" else f"{prefix}/"
    assert f"Stack/Signing signs what is pushed to repositories that match {named}, and this" in warning
    assert f"under {where}." in warning
    assert f"registry-constructs:{CACHED}" in warning


@pytest.mark.parametrize(
    "filters", [["shop/*"], ["quay"], ["quay-*"], ["shop-quay*"], ["quayside/*", "qu/*"]]
)
def test_a_cache_that_no_filter_matches_is_none(filters: list[str]) -> None:
    stack = owner()
    ManagedSigning(stack, "Signing", repositories=filters)
    quay(stack)
    assert warnings(stack) == []


@pytest.mark.parametrize("acknowledged_first", [True, False])
def test_a_cache_s_warning_can_be_acknowledged(acknowledged_first: bool) -> None:
    stack = owner()
    cache = quay(stack)
    known = cdk.Acknowledgment(id=f"registry-constructs:{CACHED}", reason="Nothing verifies tools.")
    if acknowledged_first:
        cdk.Validations.of(cache).acknowledge(known)
    ManagedSigning(stack, "Signing")
    if not acknowledged_first:
        cdk.Validations.of(cache).acknowledge(known)
    assert warnings(stack) == []


def test_a_cache_of_another_stack_of_the_registry() -> None:
    _, central, team = two_stacks()
    ManagedSigning(central, "First", repositories=["quay/*"])
    quay(team)
    ManagedSigning(central, "Second")
    assert warnings(central) == []
    assert [re.sub(r" signs .*", "", one) for one in warnings(team)] == ["Central/First", "Central/Second"]


@pytest.mark.parametrize("env", [FRANKFURT, OTHER_ACCOUNT, None])
def test_a_cache_of_another_registry_is_none(env: cdk.Environment | None) -> None:
    app = new_app()
    elsewhere, here = owner(env, "Elsewhere", app), owner(IRELAND, "Here", app)
    ManagedSigning(elsewhere, "Signing")
    quay(here)
    assert warnings(here) == warnings(elsewhere) == []


@pytest.mark.parametrize("cache_in_stack_set", [True, False])
def test_a_cache_and_signing_of_a_stack_set(cache_in_stack_set: bool) -> None:
    app = new_app()
    everywhere = organization(app, ["eu-west-1"])
    team = owner(IRELAND, "Team", app)
    cache, signing = (everywhere.baseline, team) if cache_in_stack_set else (team, everywhere.baseline)
    made = quay(cache)
    ManagedSigning(signing, "Signing")
    assert CACHED in json.dumps([entry.data for entry in made.node.metadata], default=str)


def test_a_cache_in_a_stage() -> None:
    app = new_app()
    stage = cdk.Stage(app, "Stage", env=IRELAND)
    stack = cdk.Stack(stage, "Stack", synthesizer=cdk.LegacyStackSynthesizer())
    Registry(stack, "Registry")
    quay(stack)
    ManagedSigning(stack, "Signing")
    [found] = stage.synth().get_stack_artifact(stack.artifact_id).messages
    assert CACHED in str(found.entry.data)
