"""Variants of what a StackSet brings to an organization's accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk

from registry_constructs import (
    AccountSettings,
    ManagedSigning,
    PullThroughCache,
    PullTimeExclusion,
    Registry,
    RegistryStackSet,
    RepositoryCreationTemplate,
    RepositorySettings,
    Rollout,
    Scanning,
    Upstream,
    presets,
)

UNITS = ["ou-ab12-11111111", "ou-ab12-22222222"]


def defaults(stack: cdk.Stack) -> RegistryStackSet:
    everywhere = RegistryStackSet(stack, "Everywhere", units=UNITS[:1], regions=["eu-west-1"])
    Registry(everywhere.baseline, "Registry", scanning=Scanning.basic())
    return everywhere


def everything(stack: cdk.Stack) -> RegistryStackSet:
    """Every keyword, and every construct that a baseline may hold."""
    everywhere = RegistryStackSet(
        stack,
        "Everywhere",
        units=UNITS,
        regions=["eu-west-1", "us-east-1"],
        exclude_accounts=["444455556666"],
        stack_set_name="registry-baseline",
        description="The registry baseline of the organization",
        delegated_admin=False,
        auto_deployment=False,
        rollout=Rollout.percent(failures=10, at_once=5, regions_in_parallel=True),
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    baseline = everywhere.baseline
    registry = Registry(
        baseline,
        "Registry",
        scanning=Scanning.enhanced(continuous=["prod/*"]),
        account_settings=AccountSettings(blob_mounting=True, registry_policy_scope="V2"),
    )
    registry.allow_pull(organization="o-a1b2c3d4e5", prefixes=["platform/"])
    RepositoryCreationTemplate(
        baseline,
        "Pushed",
        prefix="ROOT",
        applied_for=["CREATE_ON_PUSH"],
        settings=RepositorySettings(lifecycle=presets.releases(), tags={"owner": "platform"}),
    )
    ManagedSigning(baseline, "Signing", repositories=["prod/*"])
    scanner = baseline.format_arn(service="iam", region="", resource="role", resource_name="scanner")
    PullTimeExclusion(baseline, "Scanner", principal=scanner)
    cache = PullThroughCache(baseline, "Quay", upstream=Upstream.quay(), prefix="quay")
    cache.grant_pull_to_organization("o-a1b2c3d4e5")
    cdk.Tags.of(everywhere).add("owner", "platform")
    return everywhere


VARIANTS: dict[str, Callable[[cdk.Stack], Any]] = {
    "organization-defaults": defaults,
    "organization-everything": everything,
}

ENVIRONMENTS: dict[str, cdk.Environment] = {}
