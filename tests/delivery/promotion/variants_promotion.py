"""Every named variant of a promotion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import aws_cdk as cdk

from registry_constructs import ManagedSigning, Promotion, Registry, Repository

PRODUCTION = "arn:aws:ecr:eu-central-1:222233334444:repository/shop/checkout"


def _same_account(stack: cdk.Stack) -> Promotion:
    source = Repository(stack, "Development", repository_name="development/checkout")
    destination = Repository(stack, "Production", repository_name="production/checkout")
    return Promotion(stack, "Promotion", source=source, destination=destination, tags=["v*"])


def _other_account(stack: cdk.Stack) -> Promotion:
    source = Repository.from_repository_name(stack, "Development", "shop/checkout")
    destination = Repository.from_repository_arn(
        stack, "Production", PRODUCTION, policy_managed_elsewhere=True
    )
    return Promotion(
        stack,
        "Promotion",
        source=source,
        destination=destination,
        tags=["release-*", "stable"],
        role_name="promote-checkout",
    )


def _signed_in_another_account(stack: cdk.Stack) -> Promotion:
    """Where production is signed with a profile of its own account."""
    production = cdk.Stack(
        cast("cdk.App", stack.node.root),
        f"{stack.stack_name}-production",
        env=cdk.Environment(account="888899990000", region="eu-central-1"),
        synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
    )
    Registry(production, "Registry")
    ManagedSigning(production, "Signing", repositories=["shop/*"])
    source = Repository.from_repository_name(stack, "Development", "shop/checkout")
    destination = Repository(production, "Checkout", repository_name="shop/checkout")
    return Promotion(stack, "Promotion", source=source, destination=destination, tags=["v*"])


VARIANTS: dict[str, Callable[[cdk.Stack], Any]] = {
    "promotion-same-account": _same_account,
    "promotion-other-account": _other_account,
    "promotion-signed-in-another-account": _signed_in_another_account,
}

ENVIRONMENTS: dict[str, cdk.Environment] = {}
