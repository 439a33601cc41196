"""Logs that are encrypted and kept for a known time."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from registry_constructs._cdk.keys import shared_key

_KEY_ID = "RegistryConstructsLogKey"
_KEY_ACTIONS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


def encrypted_log_group(scope: Construct, id: str) -> logs.LogGroup:
    """Logs that are kept for a year, stay when the stack goes, and are encrypted with the stack's log key."""
    return logs.LogGroup(
        scope,
        id,
        encryption_key=_log_key(scope),
        retention=logs.RetentionDays.ONE_YEAR,
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )


def _log_key(scope: Construct) -> kms.Key:
    """The key of the stack's log groups; made on first use, with the alias `logs/<stack name>`.

    It is not the key of the images: CloudWatch Logs has to be let in by the key's policy, and has no business
    with images.
    """
    stack = cdk.Stack.of(scope)
    is_new = stack.node.try_find_child(_KEY_ID) is None
    key = shared_key(scope, _KEY_ID, alias="logs", encrypts="the logs")
    if not is_new:
        return key
    groups = stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name="*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    # The principal names the Region, and the encryption context the log group (CloudWatch Logs User Guide,
    # encrypt-log-data-kms).
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.{stack.url_suffix}")],
            actions=list(_KEY_ACTIONS),
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        )
    )
    return key
