"""A custom resource that fails a deployment whose image has vulnerabilities."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_signer as signer
from constructs import Construct, IConstruct

from registry_constructs._cdk.located import located
from registry_constructs.delivery.scan_gate.demands import Demands
from registry_constructs.delivery.scan_gate.exceptions import ScanException
from registry_constructs.delivery.scan_gate.function import ScanFunction
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.severities import Severity
from registry_constructs.images.image import Image
from registry_constructs.registry import ManagedSigning


class ScanGate(Construct):
    """Fails a deployment whose image has findings, before the services that run it are updated.

    CloudFormation calls a Lambda function, which waits for the scan, basic or enhanced, of the image or of
    every image in an index that can run. What is not scanned, or can't be read, does not pass. It is called
    when the image or a requirement changes, not when new vulnerabilities become known. A stack that rolls
    back is not checked again and gets the digest that ran before, and a gate can always be deleted.

    Run `image`, the attribute: it is what was checked, by its digest, and waits for the gate. `guard` has
    anything else wait.

    A repository of another account has to be part of the app, where the gate makes a role that reads its
    scans, or `scan_role` is that role: under enhanced scanning ECR shows no scan to other accounts.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`.
        image: What is checked. A tag that moves is a warning: a deployment that changes nothing else does
            not check the image that it refers to by then.
        severity: Findings as bad as this, or worse, refuse the image.
        exceptions: Vulnerabilities and packages that do not count for some time (`FindingException`), and
            repositories whose images no scanner can read (`UnsupportedImageException`); up to 120 KiB as
            JSON. One that has ended is a warning here and counts at deployment. Default: none.
        signed_by: The signing profile, or the `ManagedSigning`, that must have signed the image. An index
            needs the signature itself. Default: no signature is required.
        only_fixable: Whether findings do not count that Inspector knows no fix for. Basic scanning does not
            say, so there all count. Default: False.
        start_scan: Whether a basic scan is started if there is none; ECR does one a day. Inspector takes no
            orders. Default: False, as scanning on push is configured at the registry.
        warn_only: Whether the image passes regardless of its scan: the reasons to refuse it are in the
            function's log. An image that is not there still fails. Default: False.
        timeout: How long a scan is waited for, in whole minutes, 2 to 55; the function costs while it waits.
            Default: 15 minutes.
        settle: For how long Inspector's findings have to stay the same before they are believed, 60 seconds
            or more, and less than `timeout`: they arrive one after the other. Basic scans don't wait for it.
            Default: 60 seconds.
        scan_role: A role of the registry's account that the function assumes to read the scans, for a
            repository of another account that is not part of the app. Default: made where the repository is,
            if that is another account.

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
        exceptions: Sequence[ScanException] = (),
        signed_by: ManagedSigning | signer.ISigningProfile | None = None,
        only_fixable: bool = False,
        start_scan: bool = False,
        warn_only: bool = False,
        timeout: cdk.Duration | None = None,
        settle: cdk.Duration | None = None,
        scan_role: iam.IRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        stack = cdk.Stack.of(self)
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
        with located(self):
            waiting = ScanFunction(
                self,
                "Scan",
                owner=image.source,
                account=image.account,
                region=image.region,
                repository_name=image.repository_name,
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
            service_timeout=cdk.Duration.minutes(demands.timeout_minutes + 5),
            properties={
                **waiting.properties,
                "Image": image.digest or image.tag,
                "Exceptions": demands.exceptions_written,
            },
        )
        self.resource.node.add_dependency(again)
        self.digest = self.resource.get_att_string("Digest")
        self.image = image.at_digest(self.digest)

    def guard(self, *consumers: IConstruct) -> None:
        """Make constructs depend on the gate: services, tasks, functions, workloads, or your own constructs.

        All that is in them waits, also their roles and log groups. In another stack, the whole stack waits.
        """
        for consumer in consumers:
            consumer.node.add_dependency(self.resource)
