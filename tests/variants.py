"""Every named variant of the constructs, each in a stack of its own, for snapshots and scanners.

They are written beside the tests of their constructs; a name is unique.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk

from tests.consumers.ecs import variants_ecs
from tests.consumers.eks import variants_eks
from tests.consumers.network import variants_access
from tests.delivery.build import variants_build
from tests.delivery.deploy_on_push import variants_rollout
from tests.delivery.promotion import variants_promotion
from tests.delivery.publishers import variants_publishers
from tests.delivery.scan_gate import variants_gate
from tests.monitoring import variants_monitoring
from tests.registry import variants_organization, variants_registry
from tests.repository import variants_repository
from tests.synthesis import ENV, new_stack

VARIANTS: dict[str, Callable[[cdk.Stack], Any]] = {}
ENVIRONMENTS: dict[str, cdk.Environment] = {}
for module in (
    variants_ecs,
    variants_eks,
    variants_access,
    variants_build,
    variants_rollout,
    variants_promotion,
    variants_publishers,
    variants_gate,
    variants_monitoring,
    variants_organization,
    variants_registry,
    variants_repository,
):
    VARIANTS |= module.VARIANTS
    ENVIRONMENTS |= module.ENVIRONMENTS


def build(name: str, app: cdk.App | None = None) -> cdk.Stack:
    """The variant's stack, in an app of its own unless one is given."""
    stack = new_stack(name, env=ENVIRONMENTS.get(name, ENV), app=app)
    VARIANTS[name](stack)
    return stack
