"""Which of an app's stacks is deployed before which."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct


def deploy_first(first: Construct, then: Construct) -> bool:
    """Have the stack of one construct ready before another's, unless it waits for that one already.

    Stages are deployed by themselves, so no order is set across them.

    Returns:
        Whether it is ready before, or both are one stack.
    """
    ready, waiting = _deployed_stack(first), _deployed_stack(then)
    if ready is waiting:
        return True
    if cdk.Stage.of(ready) is not cdk.Stage.of(waiting):
        return False
    waits_for, seen = [ready], set()
    while waits_for:
        stack = waits_for.pop()
        if stack is waiting:
            return False
        if stack.node.path not in seen:
            seen.add(stack.node.path)
            waits_for += stack.dependencies
    waiting.add_stack_dependency(ready)
    return True


def _deployed_stack(construct: Construct) -> cdk.Stack:
    """The stack that a construct is deployed with: dependencies of a nested one are its parent's."""
    stack = cdk.Stack.of(construct)
    while stack.nested_stack_parent is not None:
        stack = stack.nested_stack_parent
    return stack
