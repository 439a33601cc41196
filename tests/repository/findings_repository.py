"""Accepted findings of cdk-nag and Checkov about repositories, with the reason."""

from __future__ import annotations

from registry_constructs.repository.access import ORGANIZATION_REASON

_ASKED = "asked for by name in the code"
_DUAL_LAYER = "KMS_DSSE is stronger than what the check knows: it compares with KMS to the letter"
_EXCLUSION = "the check knows no exclusion filters; all tags but those named are immutable"
_AES_256 = "asked for by name, to take over a repository that was made without a key"

CHECKOV: dict[tuple[str, str], str] = {
    (
        "CKV_AWS_107",
        "public",
    ): "a client that pushes needs a token; its actions know no resource but *",
    ("CKV_AWS_136", "encryption-aes-256"): _AES_256,
    ("CKV_AWS_136", "encryption-two-layers"): _DUAL_LAYER,
    (
        "CKV_AWS_163",
        "scanning-left-to-the-registry",
    ): "the registry's own rules scan; CloudFormation can't show it",
    ("CKV_AWS_51", "tags-mutable"): _ASKED,
    ("CKV_AWS_51", "tags-mutable-except"): _ASKED,
    ("CKV_AWS_51", "tags-immutable-except"): _EXCLUSION,
}
"""Check and template."""

ROLE_RULES = {
    "AwsSolutions-IAM5[Resource::*]": "a token is asked for on *: its actions know no resource",
    "HIPAA.Security-IAMNoInlinePolicy": "the CDK writes a role's grants into a policy of its own",
    "NIST.800.53.R4-IAMNoInlinePolicy": "the CDK writes a role's grants into a policy of its own",
    "NIST.800.53.R5-IAMNoInlinePolicy": "the CDK writes a role's grants into a policy of its own",
    "PCI.DSS.321-IAMNoInlinePolicy": "the CDK writes a role's grants into a policy of its own",
}
_ROLES = ("all-grants/Pipeline", "imported/Role", "public/Role")

CDK_NAG: dict[tuple[str, str], str] = {
    (rule, f"{role}/DefaultPolicy/Resource"): reason for role in _ROLES for rule, reason in ROLE_RULES.items()
}
"""Rule and construct: the roles that the variants' grants are tried on."""

CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
    ("AwsSolutions-ECR1", "all-grants/App"): ORGANIZATION_REASON,
}
"""Rule and construct, as the library acknowledges them itself."""
