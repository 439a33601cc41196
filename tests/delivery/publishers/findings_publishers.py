"""Accepted findings of cdk-nag and Checkov about publishers, with the reason."""

from __future__ import annotations

from registry_constructs.delivery.publishers.publisher import TOKEN_REASON
from tests.delivery.publishers import variants_publishers

_ROLES = [f"{name}/Publisher/Role" for name in variants_publishers.VARIANTS]

CHECKOV: dict[tuple[str, str], str] = {
    ("CKV_AWS_107", "publisher-github-public"): TOKEN_REASON,
}

CDK_NAG: dict[tuple[str, str], str] = {
    (
        rule,
        f"{role}/DefaultPolicy/Resource",
    ): "the CDK writes a role's grants into a policy of its own"
    for rule in (
        "HIPAA.Security-IAMNoInlinePolicy",
        "NIST.800.53.R4-IAMNoInlinePolicy",
        "NIST.800.53.R5-IAMNoInlinePolicy",
        "PCI.DSS.321-IAMNoInlinePolicy",
    )
    for role in _ROLES
}

CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
    ("AwsSolutions-IAM5[Resource::*]", role): TOKEN_REASON for role in _ROLES
}
