"""A deployment that fails when its image has vulnerabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_signer as signer
from constructs import Construct, IConstruct

from registry_constructs.consumers.image import Image
from registry_constructs.errors import InvalidInputError
from registry_constructs.registry import ManagedSigning
from registry_constructs.repository.located import located
from registry_constructs.supply_chain.scan_gate.demands import Demands, FindingException, Severity
from registry_constructs.supply_chain.scan_gate.function import ScanFunction
from registry_constructs.tokens import is_token


class ScanGate(Construct):
    """Fail a deployment whose image has findings, before what runs it is touched.

    CloudFormation asks a Lambda function, which waits for the scan, basic or enhanced, of the image or of
    every image in an index. What is not scanned, or can't be read, does not pass. It is asked when the image
    or a demand changes, not when new vulnerabilities become known. A stack that rolls back is not checked
    again, and a gate can always be deleted.

    Run `image`, the attribute: it is what was checked, by its digest, and waits for the gate. `guard` has
    anything else wait.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`.
        image: What is checked. A tag that moves is a warning: a deployment that changes nothing else does
            not check the image that it stands for by then.
        severity: Findings as bad as this, or worse, refuse the image.
        exceptions: Vulnerabilities that do not count for some time. One that has ended is a warning here and
            counts at deployment. Default: none.
        signed_by: The signing profile, or the `ManagedSigning`, that must have signed the image. An index
            needs the signature itself. Default: no signature is demanded.
        only_fixable: Whether findings do not count that Inspector knows no fix for. Basic scanning does not
            say, so there all count. Default: False.
        start_scan: Whether a basic scan is started if nobody has scanned the image; ECR does one a day.
            Inspector takes no orders. Default: False, as scanning on push is the registry's to say.
        timeout: How long a scan is waited for, in whole minutes, 1 to 55; the function costs while it waits.
            Default: 15 minutes.

    Attributes:
        image: The image that was checked, by its digest.
        digest: Its digest, known once the gate has passed.
        resource: The custom resource; what depends on it waits for the gate.

    Raises:
        InvalidInputError: For what could never pass or never be read.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        image: Image,
        severity: Severity = "HIGH",
        exceptions: Sequence[FindingException] = (),
        signed_by: ManagedSigning | signer.ISigningProfile | None = None,
        only_fixable: bool = False,
        start_scan: bool = False,
        timeout: cdk.Duration | None = None,
    ) -> None:
        super().__init__(scope, id)
        stack = cdk.Stack.of(self)
        demands = Demands(
            severity=severity,
            exceptions=exceptions,
            signed_by=signed_by,
            only_fixable=only_fixable,
            start_scan=start_scan,
            timeout=timeout or cdk.Duration.minutes(15),
        )
        with located(self):
            if not isinstance(image, Image):
                raise InvalidInputError(
                    "Not an image",
                    got=image,
                    allowed="an Image",
                    fix="write Image.of(repo, digest=...)",
                )
            demands.check()
        demands.warn(self)
        image.warn_if_moving(self)
        account, region = _place(image)
        self._warn_if_elsewhere(image, account)
        waiting = ScanFunction(
            self,
            "Scan",
            repository_arn=image.repository_arn,
            demands=demands,
            statements=[
                iam.PolicyStatement(actions=["cloudformation:DescribeStacks"], resources=[stack.stack_id])
            ],
        )
        # A policy of its own, as the function's ARN is not known to its role.
        again = iam.Policy(
            self,
            "GoOnWaiting",
            roles=[waiting.role],
            statements=[
                iam.PolicyStatement(
                    actions=["lambda:InvokeFunction"], resources=[waiting.function.function_arn]
                )
            ],
        )
        self.resource = cdk.CustomResource(
            self,
            "Resource",
            resource_type="Custom::ECRScanGate",
            service_token=waiting.function.function_arn,
            # Without it CloudFormation would wait an hour for a function that can't answer.
            service_timeout=demands.timeout.plus(cdk.Duration.minutes(5)),
            properties={
                "Registry": account,
                "Region": region,
                "Repository": image.repository_name,
                "Image": image.digest or image.tag,
                **demands.properties,
            },
        )
        self.resource.node.add_dependency(again)
        self.digest = self.resource.get_att_string("Digest")
        self.image = Image(
            repository=image.repository,
            cache=image.cache,
            repository_name=image.repository_name,
            repository_arn=image.repository_arn,
            digest=self.digest,
            tag=None,
            architectures=image.architectures,
        )

    def guard(self, *consumers: IConstruct) -> None:
        """Have constructs wait for the gate: services, tasks, functions, workloads, or constructs of yours.

        All that is in them waits, also their roles and log groups. In another stack, the whole stack waits.
        """
        for consumer in consumers:
            consumer.node.add_dependency(self.resource)

    def _warn_if_elsewhere(self, image: Image, account: str) -> None:
        here = cdk.Stack.of(self).account
        if is_token(account) or is_token(here) or account == here:
            return
        cdk.Validations.of(self).add_warning(
            "registry-constructs:scan-of-another-account",
            f"{image.repository_name} belongs to account {account}: its repository policy has to allow "
            f"account {here} ecr:BatchGetImage, ecr:DescribeImages and ecr:DescribeImageScanFindings, and "
            "what signed_by and start_scan need, or the gate fails. Or check it in that account's pipeline.",
        )


def _place(image: Image) -> tuple[str, str]:
    """The account and Region of the image's registry."""
    if image.repository is not None:
        return image.repository.env.account, image.repository.env.region
    stack = cdk.Stack.of(cast("IConstruct", image.cache))
    return stack.account, stack.region
