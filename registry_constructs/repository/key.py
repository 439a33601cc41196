"""The customer-managed key that a stack's repositories share when they are given none."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

_KEY_ID = "RegistryConstructsKey"


def default_key(scope: Construct) -> kms.Key:
    """The key of the stack that `scope` stands in; made on first use.

    It rotates every year, has the alias `ecr/<stack name>` and stays when the stack goes: without it, the
    retained images could never be read again. One key for all repositories of a stack because each key costs
    a monthly fee.
    """
    stack = cdk.Stack.of(scope)
    existing = stack.node.try_find_child(_KEY_ID)
    if isinstance(existing, kms.Key):
        return existing
    return kms.Key(
        stack,
        _KEY_ID,
        alias=f"ecr/{stack.stack_name}",
        description=f"Encrypts the container images of stack {stack.stack_name}",
        enable_key_rotation=True,
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
