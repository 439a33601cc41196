"""Accepted findings of cdk-nag and Checkov about promotions, with the reason."""

from __future__ import annotations

from registry_constructs._cdk.queues import DEAD_LETTERS_REASON
from registry_constructs.delivery.promotion.promotion import AUTHORIZATION_REASON
from registry_constructs.registry.signing_rights import GENERATED_NAME_REASON

_SIGNED = "promotion-signed-in-another-account"
_NAMES = ("promotion-other-account", "promotion-same-account", _SIGNED)
_PACKS = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")

_LOGGED = "the log says which image was copied where; CloudWatch Logs encrypts it with its own key"
_NO_VPC = "it talks to registries, which it reaches by AWS's public endpoints with its role's token"
_NO_SECRETS = "the environment holds names of repositories and Regions"
_OWN_KEY = "encrypted with SQS's own key; one of KMS would have to let EventBridge in without a condition"
_INLINE = "what one function may do is part of its role, which then is never without it"
_SIGNS = "the profiles that sign in the destination are known only once the whole app is"
_AGAIN = "the function's ARN is not known to the role's own policies"
_SIDE_BY_SIDE = "copies may run side by side: what is pushed is named by its digest, and tags are read again"
_TRACING = "a call is one image, and the log says what became of it"

CHECKOV: dict[tuple[str, str], str] = {
    (check, name): reason
    for name in _NAMES
    for check, reason in {
        "CKV_AWS_115": _SIDE_BY_SIDE,
        "CKV_AWS_117": _NO_VPC,
        "CKV_AWS_158": _LOGGED,
        "CKV_AWS_173": _NO_SECRETS,
        "CKV_AWS_27": _OWN_KEY,
    }.items()
}
"""Check and template."""

CDK_NAG: dict[tuple[str, str], str] = {
    (rule, f"{name}/Promotion/{resource}/Resource"): reason
    for name in _NAMES
    for rule, resource, reason in (
        *((f"{pack}-CloudWatchLogGroupEncrypted", "Logs", _LOGGED) for pack in _PACKS),
        *((f"{pack}-IAMNoInlinePolicy", "Role", _INLINE) for pack in _PACKS),
        *((f"{pack}-IAMNoInlinePolicy", "GoOn", _AGAIN) for pack in _PACKS),
        *((f"{pack}-LambdaInsideVPC", "Function", _NO_VPC) for pack in _PACKS),
        ("HIPAA.Security-LambdaConcurrency", "Function", _SIDE_BY_SIDE),
        ("NIST.800.53.R5-LambdaConcurrency", "Function", _SIDE_BY_SIDE),
        ("Serverless-LambdaStarPermissions", "Role", AUTHORIZATION_REASON),
        ("Serverless-LambdaTracing", "Function", _TRACING),
        ("Serverless-SQSRedrivePolicy", "DeadLetters", DEAD_LETTERS_REASON),
    )
} | {
    (f"{pack}-IAMNoInlinePolicy", f"{_SIGNED}/Promotion/Role/DefaultPolicy/Resource"): _SIGNS
    for pack in _PACKS
}
"""Rule and construct."""

CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
    acknowledged: reason
    for name in _NAMES
    for acknowledged, reason in {
        ("AwsSolutions-SQS3", f"{name}/Promotion/DeadLetters"): DEAD_LETTERS_REASON,
        ("AwsSolutions-IAM5[Resource::*]", f"{name}/Promotion/Role"): AUTHORIZATION_REASON,
    }.items()
} | {
    (
        "AwsSolutions-IAM5[Resource::arn:aws:signer:eu-central-1:888899990000:/signing-profiles/"
        "SigningProfile7B1552DC_*]",
        f"{_SIGNED}/Promotion/Role",
    ): GENERATED_NAME_REASON
}
"""Rule and construct, as the library acknowledges them itself."""
