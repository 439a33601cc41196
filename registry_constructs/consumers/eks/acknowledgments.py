"""Acknowledgments of cdk-nag findings for AWS managed policies that EKS needs."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge_managed_policies(scope: IConstruct, names: Sequence[str], reason: str) -> None:
    """Acknowledge cdk-nag's AwsSolutions-IAM4 for these AWS managed policies only, by finding id."""
    for name in names:
        cdk.Validations.of(scope).acknowledge(
            cdk.Acknowledgment(
                id=f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{name}]", reason=reason
            )
        )
