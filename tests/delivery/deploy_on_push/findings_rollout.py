"""Accepted findings of cdk-nag and Checkov about deployments on push, with the reason."""

from __future__ import annotations

from registry_constructs._cdk.queues import DEAD_LETTERS_REASON
from registry_constructs.consumers.ecs.container import PULL_REASON
from registry_constructs.delivery.ecs_rollout import ANY_DEFINITION_REASON
from tests.delivery.deploy_on_push.variants_rollout import NO_LOOP

_DEPLOYMENTS = {
    "deploy-on-push-of-a-moving-tag": "deployonpushofamovingtagWebTaskDefinition0DB40478",
    "deploy-on-push-of-versions": "deployonpushofversionsWebTaskDefinition81199AD3",
}
"""By template, the family of the task definition."""

_TOLD = "deploy-on-push-of-a-moving-tag"
_STARTED = "pipeline-on-push"

_PACKS = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")

_LOGGED = "the log says which image was rolled to; CloudWatch Logs encrypts it with its own key"
_NO_VPC = "it talks to ECR, ECS and Systems Manager alone, and has no place in a VPC"
_NO_SECRETS = "the environment holds names of a repository, a service and a parameter"
_OWN_KEY = "encrypted with SQS's own key; one of KMS would have to let EventBridge in without a condition"
_INLINE = "what one function may do is part of its role, which then is never without it"
_GRANTED = "the CDK writes a role's grants into a policy of its own"
_TRACING = "a call is one push, and the log says what became of it"

CHECKOV: dict[tuple[str, str], str] = {
    (check, name): reason
    for name in _DEPLOYMENTS
    for check, reason in {
        "CKV_AWS_117": _NO_VPC,
        "CKV_AWS_158": _LOGGED,
        "CKV_AWS_173": _NO_SECRETS,
        "CKV_AWS_27": _OWN_KEY,
    }.items()
}
CHECKOV["CKV_AWS_27", _STARTED] = _OWN_KEY
"""Check and template."""

CDK_NAG: dict[tuple[str, str], str] = {
    (rule, f"{name}/{resource}/Resource"): reason
    for name in _DEPLOYMENTS
    for rule, resource, reason in (
        *((f"{pack}-CloudWatchLogGroupEncrypted", "Deploy/Logs", _LOGGED) for pack in _PACKS),
        *((f"{pack}-IAMNoInlinePolicy", "Deploy/Role", _INLINE) for pack in _PACKS),
        *((f"{pack}-IAMNoInlinePolicy", "Web/ExecutionRole/DefaultPolicy", _GRANTED) for pack in _PACKS),
        *((f"{pack}-LambdaInsideVPC", "Deploy/Function", _NO_VPC) for pack in _PACKS),
        ("Serverless-LambdaStarPermissions", "Deploy/Role", ANY_DEFINITION_REASON),
        ("Serverless-LambdaTracing", "Deploy/Function", _TRACING),
        ("Serverless-SQSRedrivePolicy", "Deploy/DeadLetters", DEAD_LETTERS_REASON),
    )
}
CDK_NAG |= {
    (f"{pack}-IAMNoInlinePolicy", f"{role}/DefaultPolicy/Resource"): _GRANTED
    for pack in _PACKS
    for role in (f"{_TOLD}/Deploy/Role", f"{_STARTED}/Pipeline/EventsRole")
}
CDK_NAG["Serverless-SQSRedrivePolicy", f"{_STARTED}/Start/DeadLetters/Resource"] = DEAD_LETTERS_REASON
"""Rule and construct."""

_REVISIONS = "AwsSolutions-IAM5[Resource::arn:aws:ecs:eu-west-1:111122223333:task-definition/{}:*]"

CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
    acknowledged: reason
    for name, family in _DEPLOYMENTS.items()
    for acknowledged, reason in {
        ("AwsSolutions-SQS3", f"{name}/Deploy/DeadLetters"): DEAD_LETTERS_REASON,
        ("AwsSolutions-IAM5[Resource::*]", f"{name}/Deploy/Role"): ANY_DEFINITION_REASON,
        (_REVISIONS.format(family), f"{name}/Deploy/Role"): ANY_DEFINITION_REASON,
        ("AwsSolutions-IAM5[Resource::*]", f"{name}/Web/ExecutionRole"): PULL_REASON,
    }.items()
}
CDK_NAG_ACKNOWLEDGED |= {
    ("AwsSolutions-SQS3", f"{_STARTED}/Start/DeadLetters"): DEAD_LETTERS_REASON,
    ("registry-constructs:pipeline-may-push", f"{_STARTED}/Start"): NO_LOOP,
}
"""Rule and construct, as the library acknowledges them itself."""
