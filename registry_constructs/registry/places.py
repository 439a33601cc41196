"""Where constructs are deployed to: one account and Region, or every one that a StackSet reaches."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct, IConstruct

_ID = "RegistryConstructsRegions"


class StackSetRegions(Construct):
    """The Regions that a StackSet deploys a stack to; it is in that stack and deploys nothing."""

    def __init__(self, stack: cdk.Stack, regions: Sequence[str]) -> None:
        super().__init__(stack, _ID)
        self.regions = tuple(regions)


def stack_set_regions(scope: IConstruct) -> tuple[str, ...] | None:
    """The Regions that a StackSet deploys the stack of `scope` to; None for a stack of its own place."""
    found = cdk.Stack.of(scope).node.try_find_child(_ID)
    return found.regions if isinstance(found, StackSetRegions) else None


def regions_of(scope: IConstruct) -> tuple[str, ...]:
    """Every Region that the stack of `scope` is deployed to; each may be a token."""
    return stack_set_regions(scope) or (cdk.Stack.of(scope).region,)


def environment_of(scope: IConstruct) -> str:
    """What tells apart the places that stacks are deployed to, as people read it in a message."""
    stack = cdk.Stack.of(scope)
    if stack_set_regions(stack) is None:
        return stack.environment
    return f"every account and Region of {stack.node.path}"
