"""Accepted findings of cdk-nag and Checkov about the example's delivery: those of the variants it is like."""

from __future__ import annotations

from registry_constructs._cdk.queues import DEAD_LETTERS_REASON
from registry_constructs.delivery.ecs_rollout import ANY_DEFINITION_REASON
from registry_constructs.delivery.promotion.promotion import AUTHORIZATION_REASON
from registry_constructs.delivery.publishers.publisher import TOKEN_REASON
from registry_constructs.registry.signing_rights import GENERATED_NAME_REASON
from tests.delivery.deploy_on_push import findings_rollout
from tests.delivery.promotion import findings_promotion
from tests.delivery.publishers import findings_publishers
from tests.monitoring import findings_monitoring

_STACK = "Delivery"
_LIKE = (
    # Whose template, the construct in it, and the module with the reasons.
    ("findings-of-some-repositories", "Notifications", findings_monitoring),
    ("deploy-on-push-of-versions", "Deploy", findings_rollout),
    ("promotion-signed-in-another-account", "Promotion", findings_promotion),
    ("publisher-github", "Publisher", findings_publishers),
)

CHECKOV: dict[tuple[str, str], str] = {
    (check, _STACK): reason
    for template, _, module in _LIKE
    for (check, name), reason in module.CHECKOV.items()
    if name == template
}
"""Check and template."""

CDK_NAG: dict[tuple[str, str], str] = {
    (rule, path.replace(f"{template}/", f"{_STACK}/", 1)): reason
    for template, construct, module in _LIKE
    for (rule, path), reason in module.CDK_NAG.items()
    if path.startswith(f"{template}/{construct}/")
}
"""Rule and construct."""

_REVISIONS = "arn:aws:ecs:eu-west-1:111122223333:task-definition/FargateCheckoutTaskDefinitionD3294BA9:*"

_PROFILE = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/SigningProfile7B1552DC_*"

CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
    ("AwsSolutions-IAM5[Resource::*]", f"{_STACK}/Deploy/Role"): ANY_DEFINITION_REASON,
    ("AwsSolutions-IAM5[Resource::*]", f"{_STACK}/Publisher/Role"): TOKEN_REASON,
    ("AwsSolutions-IAM5[Resource::*]", f"{_STACK}/Promotion/Role"): AUTHORIZATION_REASON,
    (f"AwsSolutions-IAM5[Resource::{_PROFILE}]", f"{_STACK}/Promotion/Role"): GENERATED_NAME_REASON,
    (f"AwsSolutions-IAM5[Resource::{_REVISIONS}]", f"{_STACK}/Deploy/Role"): ANY_DEFINITION_REASON,
    ("AwsSolutions-SQS3", f"{_STACK}/Deploy/DeadLetters"): DEAD_LETTERS_REASON,
    ("AwsSolutions-SQS3", f"{_STACK}/Notifications/DeadLetters"): DEAD_LETTERS_REASON,
    ("AwsSolutions-SQS3", f"{_STACK}/Promotion/DeadLetters"): DEAD_LETTERS_REASON,
}
"""Rule and construct, as the library acknowledges them itself."""
