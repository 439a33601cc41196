"""Wildcards in the rights of roles, acknowledged with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from constructs import Construct


def acknowledge_wildcards(scope: Construct, arns: Sequence[str], reason: str) -> None:
    """Acknowledge cdk-nag's AwsSolutions-IAM5 for these resources alone, by the ids that it prints."""
    for arn in arns:
        cdk.Validations.of(scope).acknowledge(
            cdk.Acknowledgment(
                id=f"AwsSolutions-IAM5[Resource::{_as_printed(cdk.Stack.of(scope).resolve(arn))}]",
                reason=reason,
            )
        )


def _as_printed(value: Any) -> str:  # noqa: ANN401 - text or an intrinsic function
    """How cdk-nag prints a resolved ARN: references in angle brackets."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return f"<{value['Ref']}>"
    if "Fn::GetAtt" in value:
        return "<" + ".".join(value["Fn::GetAtt"]) + ">"
    separator, parts = value["Fn::Join"]
    return str(separator).join(_as_printed(part) for part in parts)
