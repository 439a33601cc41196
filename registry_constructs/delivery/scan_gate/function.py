"""The function that checks images for a gate or for a pipeline's action, and its rights."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct, IConstruct

from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.delivery.scan_gate.access import (
    ecr_statement,
    grant_inspector,
    role_of_owner,
    warn_of_unknown_account,
)
from registry_constructs.delivery.scan_gate.demands import Demands
from registry_constructs.ecr.tokens import known_to_differ

_PACKAGE = Path(__file__).parent


class ScanFunction(Construct):
    """A function that may read the scans of one repository, and write its own log, kept for a year.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`.
        owner: The repository, or the cache.
        account: The account of its registry.
        region: The registry's Region.
        repository_name: The repository's name.
        repository_arn: Its ARN.
        demands: What it will check, which decides what it may read.
        statements: What else it may do.
        reason: Why these name `*`, if they do.
        exceptions_in_code: Whether the exceptions are part of the function's code: a pipeline's parameters
            have no room for them. Default: False.

    Attributes:
        function: The function.
        role: Its role.
        properties: What it is called with, beside the image.

    Raises:
        InvalidInputError: If the registry is another account's that is not of this app, and no role is given.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        owner: IConstruct,
        account: str,
        region: str,
        repository_name: str,
        repository_arn: str,
        demands: Demands,
        statements: Sequence[iam.PolicyStatement] = (),
        reason: str = "",
        exceptions_in_code: bool = False,
    ) -> None:
        super().__init__(scope, id)
        log = logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays.ONE_YEAR,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        writing = iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log.log_group_arn]
        )
        here = cdk.Stack.of(self)
        elsewhere = demands.scan_role is not None or known_to_differ(account, here.account)
        reading = [] if elsewhere else [ecr_statement(repository_arn, demands)]
        document = iam.PolicyDocument(statements=[*reading, writing, *statements])
        self.role = iam.Role(
            self,
            "Role",
            role_name=cdk.PhysicalName.GENERATE_IF_NEEDED if elsewhere else None,
            description="Lets a function read the scans of one repository",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"Scans": document},
        )
        self.properties = {
            "Registry": account,
            "Region": region,
            "Repository": repository_name,
            **demands.properties,
        }
        if elsewhere:
            reader = role_of_owner(
                self,
                owner,
                account=account,
                repository_name=repository_name,
                repository_arn=repository_arn,
                demands=demands,
                function_role=self.role,
            )
            document.add_statements(
                iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[reader.role_arn])
            )
            self.properties["Role"] = reader.role_arn
            acknowledge_wildcards(self.role, ["*"] if reason else [], reason)
        else:
            warn_of_unknown_account(self, account)
            there = cdk.Stack.of(owner)
            known = (there.account, there.region) == (account, region)
            grant_inspector(self.role, document, there if known else None, reason=reason)
        self.function = lambda_.Function(
            self,
            "Function",
            description="Refuses images with vulnerabilities",
            code=_code(demands.exceptions_written if exceptions_in_code else []),
            handler="handler.index.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=256,
            timeout=cdk.Duration.minutes(15),
            # By its ARN: for a role itself the CDK adds a DependsOn that cfn-lint finds redundant (W3005).
            role=iam.Role.from_role_arn(self, "FunctionRole", self.role.role_arn, mutable=False),
            log_group=log,
        )


def _code(exceptions: list[dict[str, str]]) -> lambda_.Code:
    """The package, and the exceptions beside it."""
    folder = _PACKAGE
    if exceptions:
        folder = Path(tempfile.mkdtemp(prefix="scan-gate-"))
        shutil.copytree(
            _PACKAGE / "handler", folder / "handler", ignore=shutil.ignore_patterns("__pycache__")
        )
        written = json.dumps(exceptions, indent=1)
        (folder / "handler" / "exceptions.json").write_text(written, encoding="utf-8")
    # The folder itself is the package; what is compiled would change the asset.
    return lambda_.Code.from_asset(
        str(folder),
        exclude=["*", "!handler", "!handler/*.py", "!handler/*.json"],
        ignore_mode=cdk.IgnoreMode.GIT,
    )
