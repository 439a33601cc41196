"""The function that checks images for a gate or for a step of a pipeline, and its rights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from registry_constructs.supply_chain.scan_gate.demands import Demands

_PACKAGE = Path(__file__).parent


class ScanFunction(Construct):
    """A function that may read the scans of one repository, and write its own log, kept for a year.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`.
        repository_arn: The repository.
        demands: What it will check, which decides what it may read.
        statements: What else it may do.

    Attributes:
        function: The function.
        role: Its role.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository_arn: str,
        demands: Demands,
        statements: Sequence[iam.PolicyStatement] = (),
    ) -> None:
        super().__init__(scope, id)
        log = logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays.ONE_YEAR,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        actions = ["ecr:BatchGetImage", "ecr:DescribeImageScanFindings", "ecr:DescribeImages"]
        if demands.signed_by is not None:
            actions.append("ecr:DescribeImageSigningStatus")
        if demands.start_scan:
            actions.append("ecr:StartImageScan")
        reading = iam.PolicyStatement(actions=actions, resources=[repository_arn])
        writing = iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log.log_group_arn]
        )
        self.role = iam.Role(
            self,
            "Role",
            description="Lets a function read the scans of one repository",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"Scans": iam.PolicyDocument(statements=[reading, writing, *statements])},
        )
        self.function = lambda_.Function(
            self,
            "Function",
            description="Refuses images with vulnerabilities",
            # The folder itself is the package; what is compiled would change the asset.
            code=lambda_.Code.from_asset(
                str(_PACKAGE), exclude=["*", "!handler", "!handler/*.py"], ignore_mode=cdk.IgnoreMode.GIT
            ),
            handler="handler.index.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=256,
            timeout=cdk.Duration.minutes(15),
            # By its ARN: for a role itself the CDK adds a DependsOn that cfn-lint finds redundant (W3005).
            role=iam.Role.from_role_arn(self, "FunctionRole", self.role.role_arn, mutable=False),
            log_group=log,
        )
