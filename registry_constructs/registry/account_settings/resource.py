"""The custom resource that sets ECR's account settings, and the function behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from registry_constructs._cdk.functions import function_logs, function_role, handler_function, write_logs
from registry_constructs.registry.account_settings.settings import AccountSettings
from registry_constructs.registry.places import stack_set_regions

ANY_RESOURCE_REASON: Final = (
    "ecr:GetAccountSetting and ecr:PutAccountSetting have neither resources nor condition keys (Service "
    "Authorization Reference, Amazon ECR), so a policy can only name *."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the function's role."""


class AccountSettingsResource(Construct):
    """ECR's account settings as one resource of the template.

    CloudFormation has no type for them, so a custom resource calls ECR from a Lambda function: Python, ARM64,
    with a role that may read and write ECR's account settings and write its own log, kept for a year. The
    function runs when the settings change and costs next to nothing. A deployment that fails half-way puts
    back what it had changed; deleting the resource always succeeds.

    The settings belong to the whole account and Region. Two of these in one account and Region overwrite each
    other.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`. Changing it makes a new custom resource and then deletes
            the old one, which with `on_delete="restore"` undoes what the new one set: deploy `"keep"` first.
        settings: The settings, and what becomes of them when they leave the template.

    Attributes:
        resource: The custom resource; what must find the settings in place depends on it.
    """

    def __init__(self, scope: Construct, id: str, *, settings: AccountSettings) -> None:
        super().__init__(scope, id)
        log = function_logs(self)
        function = handler_function(
            self,
            Path(__file__).parent / "handler",
            description="Sets Amazon ECR's account settings for CloudFormation",
            # By its ARN: for a role itself the CDK adds a DependsOn that cfn-lint finds redundant (W3005).
            role=iam.Role.from_role_arn(self, "FunctionRole", _role(self, log).role_arn, mutable=False),
            log_group=log,
            timeout=cdk.Duration.minutes(1),
            shared=["_cdk/answer.py"],
            # The accounts that a StackSet reaches can't read the bucket of this one's assets.
            inline=stack_set_regions(self) is not None,
        )
        self.resource = cdk.CustomResource(
            self,
            "Resource",
            resource_type="Custom::ECRAccountSettings",
            service_token=function.function_arn,
            # Without it CloudFormation would wait an hour for a function that can't answer.
            service_timeout=cdk.Duration.minutes(5),
            properties={"Settings": settings.values, "OnDelete": settings.on_delete},
        )


def _role(scope: Construct, log: logs.LogGroup) -> iam.Role:
    settings = iam.PolicyStatement(
        actions=["ecr:GetAccountSetting", "ecr:PutAccountSetting"], resources=["*"]
    )
    role = function_role(
        scope,
        description="Lets a function set Amazon ECR's account settings",
        policies={"AccountSettings": iam.PolicyDocument(statements=[settings, write_logs(log)])},
    )
    cdk.Validations.of(role).acknowledge(
        cdk.Acknowledgment(id="AwsSolutions-IAM5[Resource::*]", reason=ANY_RESOURCE_REASON)
    )
    return role
