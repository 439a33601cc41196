"""Accepted findings of cdk-nag and Checkov about an organization's baseline, with the reason."""

from __future__ import annotations

from registry_constructs.registry.account_settings.resource import ANY_RESOURCE_REASON
from registry_constructs.registry.creation_template import ROLE_REASON
from registry_constructs.repository.access import ORGANIZATION_REASON

_BASELINE = "organization-everything/Everywhere/Baseline"
_SETTINGS = f"{_BASELINE}/Registry/AccountSettings"
_TEMPLATE_ROLES = {f"{_BASELINE}/Pushed/Role": "*", f"{_BASELINE}/Quay/Template/Role": "quay/*"}
_PACKS = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")

_INLINE = "the CDK writes a role's grants into a policy of its own"
_NO_SECRET = "the log names settings and their values, no secret; CloudWatch encrypts it with its own key"
_ONE_CALLER = "CloudFormation alone calls the function, once for each change, and reports its failure"
_NO_NETWORK = "the function calls ECR and CloudFormation, and nothing that is in a VPC"

CHECKOV: dict[tuple[str, str], str] = {
    ("CKV_AWS_115", "organization-everything-baseline"): _ONE_CALLER,
    ("CKV_AWS_116", "organization-everything-baseline"): _ONE_CALLER,
    ("CKV_AWS_117", "organization-everything-baseline"): _NO_NETWORK,
    ("CKV_AWS_158", "organization-everything-baseline"): _NO_SECRET,
}
"""Check and template."""

CDK_NAG: dict[tuple[str, str], str] = {
    (f"{pack}-{rule}", f"{_SETTINGS}/{construct}/Resource"): reason
    for rule, construct, reason in (
        ("CloudWatchLogGroupEncrypted", "Logs", _NO_SECRET),
        ("IAMNoInlinePolicy", "Role", "the policy is this role's alone, and goes with it"),
        ("LambdaInsideVPC", "Function", _NO_NETWORK),
    )
    for pack in _PACKS
}
CDK_NAG |= {
    (rule, f"{_SETTINGS}/{construct}/Resource"): reason
    for rule, construct, reason in (
        ("HIPAA.Security-LambdaConcurrency", "Function", _ONE_CALLER),
        ("HIPAA.Security-LambdaDLQ", "Function", _ONE_CALLER),
        ("NIST.800.53.R5-LambdaConcurrency", "Function", _ONE_CALLER),
        ("NIST.800.53.R5-LambdaDLQ", "Function", _ONE_CALLER),
        ("Serverless-LambdaDLQ", "Function", _ONE_CALLER),
        ("Serverless-LambdaStarPermissions", "Role", ANY_RESOURCE_REASON),
        ("Serverless-LambdaTracing", "Function", "a trace of one call for each deployment shows nothing"),
    )
}
CDK_NAG |= {
    (f"{pack}-IAMNoInlinePolicy", f"{role}/DefaultPolicy/Resource"): _INLINE
    for role in _TEMPLATE_ROLES
    for pack in _PACKS
}
"""Rule and construct."""

_ARN = "arn:<AWS::Partition>:ecr:<AWS::Region>:<AWS::AccountId>:repository/"

CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
    ("AwsSolutions-ECR1", f"{_BASELINE}/Registry"): ORGANIZATION_REASON,
    ("AwsSolutions-IAM5[Resource::*]", f"{_SETTINGS}/Role"): ANY_RESOURCE_REASON,
    **{
        (f"AwsSolutions-IAM5[Resource::{_ARN}{names}]", role): ROLE_REASON
        for role, names in _TEMPLATE_ROLES.items()
    },
}
"""Rule and construct, as the library acknowledges them itself."""
