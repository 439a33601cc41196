"""The customer-managed key that a stack's repositories share when they are given none."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from registry_constructs._cdk.asked_once import asked_once

_KEY_ID = "RegistryConstructsKey"


@asked_once
def default_key(scope: Construct) -> kms.Key:
    """The key of the stack that `scope` stands in; made on first use.

    It rotates every year, has the alias `ecr/<stack name>` and stays when the stack goes: without it, the
    retained images could never be read again. One key for all repositories of a stack because each key costs
    a monthly fee.
    """
    return shared_key(scope, _KEY_ID, alias="ecr", encrypts="the container images")


def shared_key(scope: Construct, id: str, *, alias: str, encrypts: str) -> kms.Key:
    """The key with this id of the stack that `scope` stands in; made on first use, rotated and retained.

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
