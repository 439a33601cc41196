"""The gate before a service, deployed by the real CDK CLI, with IAM in front of the function.

The local AWS scans nothing: what the scans found is told to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aws_cdk
import pytest
from aws_cdk import aws_ssm as ssm

from registry_constructs import Image, Repository, ScanGate
from registry_constructs.local import CommandError, LocalAws, cdk, images, registry

ACCOUNT, REGION, NAME = "111122223333", "eu-west-1", "shop/checkout"
GOOD, BAD = (images.image({"app": text}) for text in (b"good", b"bad"))

Deploy = Callable[[str], cdk.CloudAssembly]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(account=ACCOUNT, region=REGION, auth=True) as local:
        yield local


@pytest.fixture
def deploy(aws: LocalAws, tmp_path: Path) -> Deploy:
    """Deploys what runs an image, behind its gate; a parameter stands for the service."""

    def deploy_image(digest: str) -> cdk.CloudAssembly:
        app = aws_cdk.App(outdir=str(tmp_path / digest[7:12]))
        stack = aws_cdk.Stack(app, "Service", env=aws_cdk.Environment(account=ACCOUNT, region=REGION))
        repository = Repository.from_repository_name(stack, "Repository", NAME)
        gate = ScanGate(stack, "Gate", image=Image.of(repository, digest=digest))
        ssm.StringParameter(stack, "Running", parameter_name="/running", string_value=gate.image.uri)
        with cdk.synthesized(aws, app.synth().directory) as assembly:
            assembly.bootstrap()
            assembly.deploy()
            return assembly

    return deploy_image


def told(aws: LocalAws, digest: str, *severities: str) -> None:
    findings = [{"name": f"CVE-2026-{n}", "severity": severity} for n, severity in enumerate(severities)]
    page = {"findings": findings, "imageScanCompletedAt": 1_790_000_000}
    answer = {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": page}
    aws.set_image_answer("DescribeImageScanFindings", answer, repository=NAME, digest=digest)


def events(aws: LocalAws) -> list[dict[str, Any]]:
    client = aws.client("cloudformation")
    return list(client.describe_stack_events(StackName="Service")["StackEvents"])


def running(aws: LocalAws) -> str:
    return str(aws.client("ssm").get_parameter(Name="/running")["Parameter"]["Value"])


def test_a_bad_image_stops_before_what_runs_it_and_all_goes_back(aws: LocalAws, deploy: Deploy) -> None:
    aws.client("ecr").create_repository(repositoryName=NAME)
    for artifact, tag in ((GOOD, "good"), (BAD, "bad")):
        registry.push(aws, NAME, artifact, tag=tag)
    told(aws, GOOD.digest, "MEDIUM")
    told(aws, BAD.digest, "HIGH", "CRITICAL")
    assembly = deploy(GOOD.digest)
    assert running(aws).endswith(GOOD.digest)
    # What was good is bad by now: going back to it must not be held up.
    told(aws, GOOD.digest, "CRITICAL")
    with pytest.raises(CommandError):
        deploy(BAD.digest)
    assert running(aws).endswith(GOOD.digest)
    found = events(aws)
    [reason] = {
        event["ResourceStatusReason"]
        for event in found
        if event["ResourceStatus"] == "UPDATE_FAILED" and event["ResourceType"] == "Custom::ECRScanGate"
    }
    assert "1 CRITICAL, 1 HIGH. CRITICAL CVE-2026-1; HIGH CVE-2026-0" in reason
    [stack] = aws.client("cloudformation").describe_stacks(StackName="Service")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    touched = {event["ResourceStatus"] for event in found if event["ResourceType"] == "AWS::SSM::Parameter"}
    assert "UPDATE_FAILED" not in touched
    assembly.destroy()
    assert "Service" not in str(
        aws.client("cloudformation").list_stacks(StackStatusFilter=["UPDATE_COMPLETE"])
    )
