"""The scan gate as a CodePipeline action."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_signer as signer
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.delivery.scan_gate.demands import Demands
from registry_constructs.delivery.scan_gate.exceptions import ScanException
from registry_constructs.delivery.scan_gate.function import ScanFunction
from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.severities import Severity
from registry_constructs.ecr.tokens import is_token
from registry_constructs.registry import ManagedSigning

_VARIABLE = re.compile(r"#\{[^{}]+\}")

JOB_REASON = (
    "codepipeline:PutJobSuccessResult and codepipeline:PutJobFailureResult have no resource type (Service "
    "Authorization Reference, AWS CodePipeline), so a policy can only name *."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the function's role."""


class ScanGateAction(actions.LambdaInvokeAction):
    """A CodePipeline action that fails when an image has findings, like `ScanGate` for CloudFormation.

    While a scan runs CodePipeline calls again by itself. The action's variable `Digest` is what was checked.
    The exceptions are part of the function's code, as a pipeline's parameters hold 1,000 characters.

    Args:
        scope: The construct that the action's function belongs to.
        id: The id of the function's construct, unique in `scope`.
        action_name: The action's name in its stage.
        repository: The repository.
        image: A digest or a tag, mostly a variable of an earlier action: `#{Build.IMAGE_DIGEST}`.
        severity: As for `ScanGate`.
        exceptions: As for `ScanGate`.
        signed_by: As for `ScanGate`.
        only_fixable: As for `ScanGate`.
        start_scan: As for `ScanGate`.
        warn_only: As for `ScanGate`.
        timeout: As for `ScanGate`.
        settle: As for `ScanGate`.
        scan_role: As for `ScanGate`.
        run_order: The action's run order in its stage. Default: 1.
        variables_namespace: What later actions name the variables by. Default: none.

    Raises:
        InvalidInputError: For what could never pass or never be read.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        action_name: str,
        repository: ecr.IRepository,
        image: str,
        severity: Severity = "HIGH",
        exceptions: Sequence[ScanException] = (),
        signed_by: ManagedSigning | signer.ISigningProfile | None = None,
        only_fixable: bool = False,
        start_scan: bool = False,
        warn_only: bool = False,
        timeout: cdk.Duration | None = None,
        settle: cdk.Duration | None = None,
        scan_role: iam.IRole | None = None,
        run_order: int | None = None,
        variables_namespace: str | None = None,
    ) -> None:
        demands = Demands(
            severity=severity,
            exceptions=exceptions,
            signed_by=signed_by,
            only_fixable=only_fixable,
            start_scan=start_scan,
            warn_only=warn_only,
            timeout=timeout,
            settle=settle,
            scan_role=scan_role,
        )
        with located(scope, id):
            if not _is_image(image):
                raise InvalidInputError(
                    "Not an image of the repository",
                    got=image,
                    allowed="a digest, a tag, or a variable of an earlier action",
                    fix="write image='#{Build.IMAGE_DIGEST}'",
                )
            demands.check()
            scan = ScanFunction(
                scope,
                id,
                owner=repository,
                account=repository.env.account,
                region=repository.env.region,
                repository_name=repository.repository_name,
                repository_arn=repository.repository_arn,
                demands=demands,
                statements=[
                    iam.PolicyStatement(
                        actions=["codepipeline:PutJobFailureResult", "codepipeline:PutJobSuccessResult"],
                        resources=["*"],
                    )
                ],
                reason=JOB_REASON,
                exceptions_in_code=True,
            )
            parameters = {**scan.properties, "Image": image}
            _check_length(scan, parameters)
        demands.warn(scan)
        super().__init__(
            action_name=action_name,
            lambda_=scan.function,
            run_order=run_order,
            variables_namespace=variables_namespace,
            user_parameters=parameters,
        )


def _check_length(scope: Construct, parameters: dict[str, Any]) -> None:
    """Check that the parameters fit into CodePipeline's limit; tokens count as empty."""
    stack = cdk.Stack.of(scope)
    written = stack.resolve(stack.to_json_string(parameters))
    parts = [written] if isinstance(written, str) else written["Fn::Join"][1]
    length = sum(len(part) for part in parts if isinstance(part, str))
    if length > limits.PIPELINE_VALUE_LENGTH:
        raise InvalidInputError(
            "The action's parameters are too long for CodePipeline",
            got=f"{length:,} characters",
            allowed=f"{limits.PIPELINE_VALUE_LENGTH:,} characters (ActionConfigurationValue)",
            fix="shorten the names of repository, signing profile and role",
        )


def _is_image(image: object) -> bool:
    """Whether a text names an image in a repository, or may do so when the pipeline runs."""
    if not isinstance(image, str):
        return False
    return (
        is_token(image)
        or bool(limits.IMAGE_TAG.fullmatch(image) or limits.IMAGE_DIGEST.fullmatch(image))
        or bool(_VARIABLE.search(image))
    )
