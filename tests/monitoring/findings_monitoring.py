"""Accepted findings of cdk-nag and Checkov about notifications, alarms and dashboards, with the reason."""

from __future__ import annotations

from registry_constructs._cdk.queues import DEAD_LETTERS_REASON
from registry_constructs.monitoring.metrics import COUNTED_CALLS

_TELLERS = {
    "failures-defaults": "Failures/Notifications",
    "findings-defaults": "Findings/Notifications",
    "findings-of-some-repositories": "Notifications",
    "monitoring-with-everything": "Notifications",
    "notifications-with-chat": "Notifications",
}
"""By template, the `Notifications` in it."""

_LOGGED = "the log says which image was told; CloudWatch Logs encrypts it with its own key"
_POOL = "at most two of it run at a time: the event source mapping says so"
_QUEUE = "it is called by a queue that keeps what it failed at; a queue for asynchronous calls stays empty"
_MAPPING = "a mapping of SQS has no destination for failures: the queue's redrive policy is it"
_NO_VPC = "it talks to SNS alone, and has no place in a VPC"
_TRACING = "a call is one batch, and the log says what became of it"
_NO_SECRETS = "the environment holds ARNs of topics"
_OWN_KEY = "encrypted with SQS's own key; one of KMS would have to let EventBridge in without a condition"
_INLINE = "the CDK writes a role's grants into a policy of its own"
_SUBSCRIBER = "the subscriber is yours to configure; SNS itself tries a mailbox again for hours"
_NO_ACTION = "alarms without notifications only show; with notifications=... they publish"

_PACKS = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")
_BUS = "findings-to-a-bus-and-a-function"

CHECKOV: dict[tuple[str, str], str] = {
    **{
        (check, name): reason
        for name in _TELLERS
        for check, reason in {
            "CKV_AWS_115": _POOL,
            "CKV_AWS_116": _QUEUE,
            "CKV_AWS_117": _NO_VPC,
            "CKV_AWS_158": _LOGGED,
            "CKV_AWS_173": _NO_SECRETS,
            "CKV_AWS_27": _OWN_KEY,
        }.items()
    },
    ("CKV_AWS_27", _BUS): _OWN_KEY,
}
"""Check and template."""

_PATHS = tuple(f"{name}/{path}" for name, path in _TELLERS.items())
_DEAD_LETTERS = (*(f"{path}/DeadLetters" for path in _PATHS), f"{_BUS}/Findings/DeadLetters")

CDK_NAG: dict[tuple[str, str], str] = {
    **{
        (rule, f"{path}/{resource}/Resource"): reason
        for path in _PATHS
        for rule, resource, reason in (
            *((f"{pack}-CloudWatchLogGroupEncrypted", "Logs", _LOGGED) for pack in _PACKS),
            *((f"{pack}-IAMNoInlinePolicy", "Role/DefaultPolicy", _INLINE) for pack in _PACKS),
            *((f"{pack}-LambdaInsideVPC", "Function", _NO_VPC) for pack in _PACKS),
            ("HIPAA.Security-LambdaConcurrency", "Function", _POOL),
            ("NIST.800.53.R5-LambdaConcurrency", "Function", _POOL),
            ("HIPAA.Security-LambdaDLQ", "Function", _QUEUE),
            ("NIST.800.53.R5-LambdaDLQ", "Function", _QUEUE),
            ("Serverless-LambdaDLQ", "Function", _QUEUE),
            ("Serverless-LambdaTracing", "Function", _TRACING),
            ("Serverless-LambdaEventSourceMappingDestination", "Function/FromQueue", _MAPPING),
        )
    },
    **{("Serverless-SQSRedrivePolicy", f"{queue}/Resource"): DEAD_LETTERS_REASON for queue in _DEAD_LETTERS},
    **{
        (f"{pack}-IAMNoInlinePolicy", f"{_BUS}/Findings/{rule}/EventsRole/DefaultPolicy/Resource"): _INLINE
        for pack in _PACKS
        for rule in ("BasicScans", "EnhancedScans")
    },
    **{
        (f"{pack}-CloudWatchAlarmAction", f"alarms-defaults/Alarms/{alarm}/Resource"): _NO_ACTION
        for pack in ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5")
        for alarm in (*COUNTED_CALLS, "RepositoryCount")
    },
    (
        "Serverless-SNSRedrivePolicy",
        "notifications-with-chat/Notifications/Topic/platform@example.com/Resource",
    ): _SUBSCRIBER,
}
"""Rule and construct."""

CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
    ("AwsSolutions-SQS3", queue): DEAD_LETTERS_REASON for queue in _DEAD_LETTERS
}
"""Rule and construct, as the library acknowledges them itself."""
