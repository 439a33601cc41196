"""Accepted findings of cdk-nag and Checkov about private access and Lambda functions, with the reason."""

from __future__ import annotations

from registry_constructs._cdk.queues import DEAD_LETTERS_REASON
from registry_constructs.consumers.lambda_.image_function import TRACING_REASON, VPC_REASON

_ONLY_IF_ASKED = "costs or needs something of the account's, so it is there if it is asked for"
_POOL = f"executions of its own: {_ONLY_IF_ASKED}"
_QUEUE = f"a queue for failures: {_ONLY_IF_ASKED}"
_NO_VPC = "a function that reaches nothing in a VPC has no place in one; with vpc=... it is in yours"
_TRACING = f"tracing: {_ONLY_IF_ASKED}"
_INLINE = "the CDK writes a role's grants into a policy of its own"
_NO_SECRETS = "secrets are refused in the environment; Lambda encrypts what is there with its own key"
_PROVIDER = "the CDK's own function that closes a default security group; it runs in deployments only"
_OWN_KEY = "encrypted with SQS's own key, at no cost; the check knows keys of KMS only"

_DEFAULTS = ("lambda-another-account", "lambda-defaults", "lambda-plain-repository")
_PACKS = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")

CHECKOV: dict[tuple[str, str], str] = {
    **{("CKV_AWS_115", name): _POOL for name in (*_DEFAULTS, "Functions")},
    **{("CKV_AWS_116", name): _QUEUE for name in _DEFAULTS},
    **{("CKV_AWS_117", name): _NO_VPC for name in (*_DEFAULTS, "Functions")},
    **{("CKV_AWS_173", name): _NO_SECRETS for name in ("lambda-plain-repository", "Functions")},
    **{("CKV_AWS_27", name): _OWN_KEY for name in ("lambda-everything", "Functions")},
    ("CKV_AWS_111", "lambda-everything"): VPC_REASON,
    **{(check, "Network"): _PROVIDER for check in ("CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117")},
}
"""Check and template."""

_FUNCTIONS = (*(f"{name}/Resize" for name in _DEFAULTS), "Functions/Thumbnails")

CDK_NAG: dict[tuple[str, str], str] = {
    **{
        (f"{pack}-IAMNoInlinePolicy", f"{role}/DefaultPolicy/Resource"): _INLINE
        for pack in _PACKS
        for role in (
            *(f"{function}Role" for function in (*_FUNCTIONS, "lambda-everything/Resize")),
            "Network/Vpc/FlowLog/IAMRole",
        )
    },
    **{
        (f"{pack}-LambdaInsideVPC", f"{function}/Resource"): _NO_VPC
        for pack in _PACKS
        for function in _FUNCTIONS
    },
    **{
        (f"{pack}-LambdaConcurrency", f"{function}/Resource"): _POOL
        for pack in ("HIPAA.Security", "NIST.800.53.R5")
        for function in _FUNCTIONS
    },
    **{
        (f"{pack}-LambdaDLQ", f"{function}/Resource"): _QUEUE
        for pack in ("HIPAA.Security", "NIST.800.53.R5", "Serverless")
        for function in _FUNCTIONS
        if function != "Functions/Thumbnails"
    },
    **{("Serverless-LambdaTracing", f"{function}/Resource"): _TRACING for function in _FUNCTIONS},
    **{
        ("Serverless-SQSRedrivePolicy", f"{queue}DeadLetters/Resource"): DEAD_LETTERS_REASON
        for queue in ("Functions/Thumbnails", "lambda-everything/Resize")
    },
}
"""Rule and construct."""

_FLOW_LOG = (
    "AWS::EC2::FlowLog DestinationOptions accepts properties in camelCase, "
    "even they are listed as PascalCase in the spec"
)

CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
    ("AwsSolutions-IAM5[Resource::*]", "lambda-everything/ResizeRole"): f"{VPC_REASON} {TRACING_REASON}",
    ("AwsSolutions-SQS3", "lambda-everything/ResizeDeadLetters"): DEAD_LETTERS_REASON,
    ("AwsSolutions-SQS3", "Functions/ThumbnailsDeadLetters"): DEAD_LETTERS_REASON,
    ("CloudFormation-Validate::F3002", "Network/Vpc/FlowLog"): _FLOW_LOG,
    ("CloudFormation-Validate::F3003", "Network/Vpc/FlowLog"): _FLOW_LOG,
}
"""Rule and construct, as the library, and for flow logs the CDK, acknowledges them itself."""
