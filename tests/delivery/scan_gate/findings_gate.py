"""Accepted findings of cdk-nag and Checkov about scan gates, with the reason."""

from __future__ import annotations

from registry_constructs.delivery.scan_gate.access import INSPECTOR_REASON
from registry_constructs.delivery.scan_gate.action import JOB_REASON

_ONE_CALLER = "CloudFormation or one pipeline alone calls it, one deployment at a time, and hears of failures"
_NO_SECRET = "the log names images and vulnerabilities; CloudWatch encrypts it with a key of its own"
_NO_NETWORK = "it asks AWS's public API alone; in a VPC it would need endpoints for that"
_AGAIN = "the function's ARN is not known to the role's own policies"

_FUNCTIONS = ("gate-defaults/Gate/Scan", "gate-everything/Gate/Scan", "gate-step/Step")
_STACKS = ("gate-defaults", "gate-everything", "gate-step")
_PACKS = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")

CHECKOV: dict[tuple[str, str], str] = {
    **{("CKV_AWS_115", name): _ONE_CALLER for name in _STACKS},
    **{("CKV_AWS_116", name): _ONE_CALLER for name in _STACKS},
    **{("CKV_AWS_117", name): _NO_NETWORK for name in _STACKS},
    **{("CKV_AWS_158", name): _NO_SECRET for name in _STACKS},
}
"""Check and template."""

CDK_NAG: dict[tuple[str, str], str] = {
    (f"{pack}-{rule}", f"{function}/{construct}/Resource"): reason
    for rule, construct, reason in (
        ("CloudWatchLogGroupEncrypted", "Logs", _NO_SECRET),
        ("IAMNoInlinePolicy", "Role", "the policy is this role's alone, and goes with it"),
        ("LambdaInsideVPC", "Function", _NO_NETWORK),
    )
    for pack in _PACKS
    for function in _FUNCTIONS
}
CDK_NAG |= {
    (rule, f"{function}/Function/Resource"): reason
    for rule, reason in (
        ("HIPAA.Security-LambdaConcurrency", _ONE_CALLER),
        ("HIPAA.Security-LambdaDLQ", _ONE_CALLER),
        ("NIST.800.53.R5-LambdaConcurrency", _ONE_CALLER),
        ("NIST.800.53.R5-LambdaDLQ", _ONE_CALLER),
        ("Serverless-LambdaDLQ", _ONE_CALLER),
        ("Serverless-LambdaTracing", "a trace of one question shows nothing"),
    )
    for function in _FUNCTIONS
}
CDK_NAG |= {
    (f"{pack}-IAMNoInlinePolicy", f"{name}/Gate/GoOnWaiting/Resource"): _AGAIN
    for pack in _PACKS
    for name in _STACKS[:2]
}
_STARS = {
    "gate-defaults/Gate/Scan": INSPECTOR_REASON,
    "gate-everything/Gate/Scan": INSPECTOR_REASON,
    "gate-step/Step": f"{JOB_REASON} {INSPECTOR_REASON}",
}
CDK_NAG |= {
    ("Serverless-LambdaStarPermissions", f"{function}/Role/Resource"): reason
    for function, reason in _STARS.items()
}
"""Rule and construct."""

CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
    ("AwsSolutions-IAM5[Resource::*]", f"{function}/Role"): reason for function, reason in _STARS.items()
}
"""Rule and construct, as the library acknowledges them itself."""
