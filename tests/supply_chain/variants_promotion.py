"""Every named variant of a promotion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk

from registry_constructs import Promotion, Repository

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


VARIANTS: dict[str, Callable[[cdk.Stack], Any]] = {
    "promotion-same-account": _same_account,
    "promotion-other-account": _other_account,
}

ENVIRONMENTS: dict[str, cdk.Environment] = {}
