"""The function that checks images for a gate or a pipeline action, and its permissions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from registry_constructs._cdk.functions import function_logs, function_role, handler_function, write_logs
from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.delivery.scan_gate.access import (
    ecr_statement,
    grant_inspector,
    role_of_owner,
    warn_of_unknown_account,
)
from registry_constructs.delivery.scan_gate.demands import Demands
from registry_constructs.ecr.tokens import known_to_differ


class ScanFunction(Construct):
    """A function that can read the scans of one repository and write its own log, kept for a year.

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
        log = function_logs(self)
        here = cdk.Stack.of(self)
        elsewhere = demands.scan_role is not None or known_to_differ(account, here.account)
        reading = [] if elsewhere else [ecr_statement(repository_arn, demands)]
        document = iam.PolicyDocument(statements=[*reading, write_logs(log), *statements])
        self.role = function_role(
            self,
            description="Lets a function read the scans of one repository",
            policies={"Scans": document},
            role_name=cdk.PhysicalName.GENERATE_IF_NEEDED if elsewhere else None,
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
        exceptions = demands.exceptions_written if exceptions_in_code else []
        self.function = handler_function(
            self,
            Path(__file__).parent / "handler",
            description="Refuses images with vulnerabilities",
            # By its ARN: for a role itself the CDK adds a DependsOn that cfn-lint finds redundant (W3005).
            role=iam.Role.from_role_arn(self, "FunctionRole", self.role.role_arn, mutable=False),
            log_group=log,
            timeout=cdk.Duration.minutes(15),
            shared=["_cdk/answer.py", "ecr/regions.py", "ecr/severities.py"],
            files={"exceptions.json": json.dumps(exceptions, indent=1)} if exceptions else None,
        )
