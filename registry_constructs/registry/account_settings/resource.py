"""The custom resource that sets ECR's account settings, and the function behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from registry_constructs.registry.account_settings.settings import AccountSettings
from registry_constructs.registry.places import stack_set_regions

ANY_RESOURCE_REASON: Final = (
    "ecr:GetAccountSetting and ecr:PutAccountSetting have neither resources nor condition keys (Service "
    "Authorization Reference, Amazon ECR), so a policy can only name *."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the function's role."""

_HANDLER = Path(__file__).parent / "handler"


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
        log = logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays.ONE_YEAR,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        function = lambda_.Function(
            self,
            "Function",
            description="Sets Amazon ECR's account settings for CloudFormation",
            code=_code(self),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=256,
            timeout=cdk.Duration.minutes(1),
            # By its ARN: for a role itself the CDK adds a DependsOn that cfn-lint finds redundant (W3005).
            role=iam.Role.from_role_arn(self, "FunctionRole", _role(self, log).role_arn, mutable=False),
            log_group=log,
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


def _code(scope: Construct) -> lambda_.Code:
    if stack_set_regions(scope) is not None:
        # The accounts that a StackSet reaches can't read the bucket of this one's assets.
        return lambda_.Code.from_inline((_HANDLER / "index.py").read_text())
    # All but index.py is left out, so that compiled files don't change the asset.
    return lambda_.Code.from_asset(str(_HANDLER), exclude=["*", "!index.py"])


def _role(scope: Construct, log: logs.LogGroup) -> iam.Role:
    """The function's role. Its policy is part of it, so it is there whenever the function is."""
    settings = iam.PolicyStatement(
        actions=["ecr:GetAccountSetting", "ecr:PutAccountSetting"], resources=["*"]
    )
    writing = iam.PolicyStatement(
        actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log.log_group_arn]
    )
    role = iam.Role(
        scope,
        "Role",
        description="Lets a function set Amazon ECR's account settings",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={"AccountSettings": iam.PolicyDocument(statements=[settings, writing])},
    )
    cdk.Validations.of(role).acknowledge(
        cdk.Acknowledgment(id="AwsSolutions-IAM5[Resource::*]", reason=ANY_RESOURCE_REASON)
    )
    return role
