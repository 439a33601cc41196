"""The customer-managed key that a stack's repositories share when they are given none."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

_KEY_ID = "RegistryConstructsKey"
# Asking Node for it each time takes about an eighth of the time of an app of many repositories.
_default_keys: WeakKeyDictionary[Construct, kms.Key] = WeakKeyDictionary()


def default_key(scope: Construct) -> kms.Key:
    """The key of the stack of `scope`; made on first use.

    It rotates every year, has the alias `ecr/<stack name>` and stays when the stack goes: without it, the
    retained images could never be read again. One key for all repositories of a stack because each key costs
    a monthly fee.
    """
    if scope not in _default_keys:
        _default_keys[scope] = shared_key(scope, _KEY_ID, alias="ecr", encrypts="the container images")
    return _default_keys[scope]


def shared_key(scope: Construct, id: str, *, alias: str, encrypts: str) -> kms.Key:
    """The key with this id of the stack of `scope`; made on first use, rotated and retained.

    Args:
        scope: Anything in the stack.
        id: The key's id in the stack.
        alias: The alias's beginning, before the stack's name.
        encrypts: What it encrypts, for the description.
    """
    stack = cdk.Stack.of(scope)
    existing = stack.node.try_find_child(id)
    if isinstance(existing, kms.Key):
        return existing
    return kms.Key(
        stack,
        id,
        alias=f"{alias}/{stack.stack_name}",
        description=f"Encrypts {encrypts} of stack {stack.stack_name}",
        enable_key_rotation=True,
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
