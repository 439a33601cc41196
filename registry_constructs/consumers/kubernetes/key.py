"""The customer-managed key that Kubernetes Secrets are encrypted with when a cluster is given none."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

_KEY_ID = "RegistryConstructsEksKey"


def secrets_key(scope: Construct) -> kms.Key:
    """The key of the stack's clusters; made on first use, with the alias `eks/<stack name>`.

    It stays when the stack goes: without it no backup of the cluster's data could be read.
    """
    stack = cdk.Stack.of(scope)
    existing = stack.node.try_find_child(_KEY_ID)
    if isinstance(existing, kms.Key):
        return existing
    return kms.Key(
        stack,
        _KEY_ID,
        alias=f"eks/{stack.stack_name}",
        description=f"Encrypts the Kubernetes Secrets of stack {stack.stack_name}",
        enable_key_rotation=True,
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
