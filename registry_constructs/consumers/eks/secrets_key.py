"""The default customer managed key for Kubernetes Secrets."""

from __future__ import annotations

from aws_cdk import aws_kms as kms
from constructs import Construct

from registry_constructs._cdk.keys import shared_key

_KEY_ID = "RegistryConstructsEksKey"


def secrets_key(scope: Construct) -> kms.Key:
    """The key of the stack's clusters, created on first use with the alias `eks/<stack name>`.

    It stays when the stack goes: without it no backup of the cluster's data could be read.
    """
    return shared_key(scope, _KEY_ID, alias="eks", encrypts="the Kubernetes Secrets")
