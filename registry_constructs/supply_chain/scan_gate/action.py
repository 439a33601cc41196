"""The gate as a step of a pipeline."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_signer as signer
from constructs import Construct

from registry_constructs.errors import InvalidInputError
from registry_constructs.registry import ManagedSigning
from registry_constructs.repository.located import located
from registry_constructs.supply_chain.scan_gate.demands import Demands, FindingException, Severity
from registry_constructs.supply_chain.scan_gate.function import ScanFunction

JOB_REASON = (
    "codepipeline:PutJobSuccessResult and codepipeline:PutJobFailureResult have no resource type (Service "
    "Authorization Reference, AWS CodePipeline), so a policy can only name *."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the function's role."""


class ScanGateAction(actions.LambdaInvokeAction):
    """A step of CodePipeline that fails when an image has findings: `ScanGate`, without CloudFormation.

    While a scan runs CodePipeline asks again by itself. The step's variable `Digest` is what was checked.

    Args:
        scope: The construct that the step's function belongs to.
        id: The id of the function's construct, unique in `scope`.
        action_name: The step's name in its stage.
        repository: The repository.
        image: A digest or a tag, mostly a variable of an earlier step: `#{Build.IMAGE_DIGEST}`.
        severity: As for `ScanGate`.
        exceptions: As for `ScanGate`.
        signed_by: As for `ScanGate`.
        only_fixable: As for `ScanGate`.
        start_scan: As for `ScanGate`.
        timeout: As for `ScanGate`.
        run_order: The step's place in its stage. Default: 1.
        variables_namespace: What later steps name the variables by. Default: none.

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
        exceptions: Sequence[FindingException] = (),
        signed_by: ManagedSigning | signer.ISigningProfile | None = None,
        only_fixable: bool = False,
        start_scan: bool = False,
        timeout: cdk.Duration | None = None,
        run_order: int | None = None,
        variables_namespace: str | None = None,
    ) -> None:
        demands = Demands(
            severity=severity,
            exceptions=exceptions,
            signed_by=signed_by,
            only_fixable=only_fixable,
            start_scan=start_scan,
            timeout=timeout or cdk.Duration.minutes(15),
        )
        with located(scope, id):
            if not isinstance(image, str) or not image:
                raise InvalidInputError(
                    "The step's image is not said",
                    got=image,
                    allowed="a digest, a tag, or a variable of an earlier step",
                    fix="write image='#{Build.IMAGE_DIGEST}'",
                )
            demands.check()
        scan = ScanFunction(
            scope,
            id,
            repository_arn=repository.repository_arn,
            demands=demands,
            statements=[
                iam.PolicyStatement(
                    actions=["codepipeline:PutJobFailureResult", "codepipeline:PutJobSuccessResult"],
                    resources=["*"],
                )
            ],
        )
        demands.warn(scan)
        cdk.Validations.of(scan.role).acknowledge(
            cdk.Acknowledgment(id="AwsSolutions-IAM5[Resource::*]", reason=JOB_REASON)
        )
        super().__init__(
            action_name=action_name,
            lambda_=scan.function,
            run_order=run_order,
            variables_namespace=variables_namespace,
            user_parameters={
                "Registry": repository.env.account,
                "Region": repository.env.region,
                "Repository": repository.repository_name,
                "Image": image,
                **demands.properties,
            },
        )
