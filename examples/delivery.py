"""The example app's delivery, from a push to the running service, on an AWS on this machine.

Run it with `make deploy-local`. The local AWS scans nothing, sends no events of its own and starts no
container: scan results are set, and events are put on its bus as AWS would send them.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aws_cdk
import boto3
from botocore.exceptions import ClientError

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
# This environment's Node, and the CDK CLI that the project pins.
_TOOLS = [Path(sys.executable).parent, ROOT / "node_modules" / ".bin"]
os.environ["PATH"] = os.pathsep.join([*map(str, _TOOLS), os.environ.get("PATH", "")])

import app as example  # noqa: E402
from registry_constructs.local import CommandError, LocalAws, cdk, images, registry  # noqa: E402

ACCOUNT, REGION = "111122223333", "eu-west-1"
DEVELOPMENT, PRODUCTION = "development/checkout", "shop/checkout"
JOB = "repo:acme@123456/checkout@456789:ref:refs/heads/main"
STACKS = ("Repositories", "Network", "Fargate", "Delivery")


class Walk:
    """The deployed stacks, and each step as a method that returns what it has seen."""

    def __init__(self, aws: LocalAws) -> None:
        self.aws = aws
        self.digests: dict[str, str] = {}

    def deploy(self, *stacks: str, **context: str) -> None:
        """Synthesize the example app with some context, and deploy stacks of it."""
        with tempfile.TemporaryDirectory() as folder:
            settings = json.loads((ROOT / "cdk.json").read_text())["context"] | context
            app = aws_cdk.App(context=settings, outdir=folder)
            example.build(app)
            with cdk.synthesized(self.aws, app.synth().directory) as assembly:
                assembly.bootstrap()
                assembly.deploy(*stacks)

    def publish(self) -> tuple[str, list[str]]:
        """Push v1.0.0 with the publisher's role, as a job of GitHub, and try what it may not.

        Returns:
            The digest, and what was refused.
        """
        assumed = self._assume(_token(JOB))
        ecr = boto3.client(
            "ecr",
            region_name=REGION,
            endpoint_url=self.aws.endpoint_url,
            aws_access_key_id=assumed["AccessKeyId"],
            aws_secret_access_key=assumed["SecretAccessKey"],
            aws_session_token=assumed["SessionToken"],
        )
        artifact = images.image({"version": b"v1.0.0"})
        for digest, blob in artifact.blobs.items():
            upload = ecr.initiate_layer_upload(repositoryName=DEVELOPMENT)["uploadId"]
            ecr.upload_layer_part(
                repositoryName=DEVELOPMENT,
                uploadId=upload,
                partFirstByte=0,
                partLastByte=len(blob) - 1,
                layerPartBlob=blob,
            )
            ecr.complete_layer_upload(repositoryName=DEVELOPMENT, uploadId=upload, layerDigests=[digest])
        put = ecr.put_image(
            repositoryName=DEVELOPMENT,
            imageManifest=artifact.manifest.decode(),
            imageManifestMediaType=artifact.media_type,
            imageTag="v1.0.0",
        )
        self.digests["v1.0.0"] = put["image"]["imageId"]["imageDigest"]
        forbidden: dict[str, Callable[[], object]] = {
            "to push to production": lambda: ecr.initiate_layer_upload(repositoryName=PRODUCTION),
            "to delete the repository": lambda: ecr.delete_repository(repositoryName=DEVELOPMENT),
            "to let tags move": lambda: ecr.put_image_tag_mutability(
                repositoryName=DEVELOPMENT, imageTagMutability="MUTABLE"
            ),
            "the same to a job of another branch": lambda: self._assume(_token(JOB.replace("main", "test"))),
        }
        refused = [what for what, call in forbidden.items() if _is_refused(call)]
        return self.digests["v1.0.0"], refused

    def send_findings(self) -> str:
        """A scan's event, and the message that people get."""
        topic = self._output("Topic")
        sqs, sns = self.aws.client("sqs"), self.aws.client("sns")
        queue = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:mailbox"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        scan = {
            "scan-status": "COMPLETE",
            "finding-severity-counts": {"CRITICAL": 1, "MEDIUM": 4},
            "image-tags": ["v1.0.0"],
        }
        self._put("ECR Image Scan", scan, DEVELOPMENT, self.digests["v1.0.0"])
        for _ in range(60):
            for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
                return str(json.loads(message["Body"])["Message"])
        raise TimeoutError("no message about the scan's findings came")

    def gate(self) -> tuple[str, str]:
        """Deploy an image without findings, then one with: the image that runs, and why the other doesn't."""
        good = self.push("v1.1.0")
        bad = self.push("v1.2.0")
        self._scanned(good)
        self._scanned(bad, "CRITICAL")
        self.deploy("Fargate", checkout=good, severity="HIGH")
        try:
            self.deploy("Fargate", checkout=bad, severity="HIGH")
        except CommandError:
            stacks = self.aws.client("cloudformation")
            [reason] = {
                event["ResourceStatusReason"]
                for event in stacks.describe_stack_events(StackName="Fargate")["StackEvents"]
                if event["LogicalResourceId"].startswith("Gate")
                and event["ResourceStatus"] == "UPDATE_FAILED"
            }
            return self.running(), str(reason)
        raise AssertionError("an image with a critical finding was deployed")

    def promote(self) -> str:
        """Push v1.3.0 to the development repository, and wait until the production one has it."""
        digest = self.push("v1.3.0", DEVELOPMENT)
        self._pushed(DEVELOPMENT, "v1.3.0")
        ecr = self.aws.client("ecr")
        _until(lambda: digest in _tagged(ecr, "v1.3.0"), "the push was not promoted")
        return digest

    def roll(self) -> str:
        """Put the event of the promoted image's push on the bus, and wait until the service has it."""
        self._pushed(PRODUCTION, "v1.3.0")
        _until(lambda: self.running() == self.digests["v1.3.0"], "the push did not roll the service")
        return self.running()

    def push(self, tag: str, name: str = PRODUCTION) -> str:
        """Push an image, whose content is its tag."""
        self.digests[tag] = registry.push(self.aws, name, images.image({"version": tag.encode()}), tag=tag)
        return self.digests[tag]

    def running(self) -> str:
        """The digest of the image in the service's task definition."""
        ecs = self.aws.client("ecs")
        found = (
            service
            for cluster in ecs.list_clusters()["clusterArns"]
            for arn in ecs.list_services(cluster=cluster)["serviceArns"]
            for service in ecs.describe_services(cluster=cluster, services=[arn])["services"]
        )
        [service] = found
        definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
        return str(definition["containerDefinitions"][0]["image"].partition("@")[2])

    def _assume(self, token: str) -> dict[str, Any]:
        role = f"arn:aws:iam::{ACCOUNT}:role/publish-checkout"
        found = self.aws.client("sts").assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="publish", WebIdentityToken=token
        )
        return dict(found["Credentials"])

    def _scanned(self, digest: str, *severities: str) -> None:
        findings = [
            {"name": f"CVE-2026-000{n}", "severity": one} for n, one in enumerate(severities, start=1)
        ]
        page = {"findings": findings, "imageScanCompletedAt": time.time()}
        answer = {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": page}
        self.aws.set_image_answer("DescribeImageScanFindings", answer, repository=PRODUCTION, digest=digest)

    def _pushed(self, name: str, tag: str) -> None:
        pushed = {"action-type": "PUSH", "result": "SUCCESS", "image-tag": tag}
        self._put("ECR Image Action", pushed, name, self.digests[tag])

    def _put(self, kind: str, detail: Mapping[str, object], name: str, digest: str) -> None:
        detail_json = json.dumps({**detail, "repository-name": name, "image-digest": digest})
        entry = {"Source": "aws.ecr", "DetailType": kind, "Detail": detail_json}
        answer = self.aws.client("events").put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise RuntimeError(f"the event was refused: {answer}")

    def _output(self, key: str) -> str:
        [stack] = self.aws.client("cloudformation").describe_stacks(StackName="Delivery")["Stacks"]
        return str(next(one["OutputValue"] for one in stack["Outputs"] if one["OutputKey"] == key))


def _until(reached: Callable[[], bool], otherwise: str) -> None:
    for _ in range(300):
        if reached():
            return
        time.sleep(0.2)
    raise TimeoutError(otherwise)


def _tagged(ecr: Any, tag: str) -> list[str]:  # noqa: ANN401
    found = ecr.batch_get_image(repositoryName=PRODUCTION, imageIds=[{"imageTag": tag}])["images"]
    return [image["imageId"]["imageDigest"] for image in found]


def _is_refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"]).startswith("AccessDenied")
    return False


def _token(subject: str) -> str:
    """A token of GitHub's but for its signature, which the local AWS does not check."""
    parts = [
        {"alg": "RS256"},
        {"iss": "https://token.actions.githubusercontent.com", "aud": "sts.amazonaws.com", "sub": subject},
    ]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "c2lnbmVk"])


@contextmanager
def walk() -> Iterator[Walk]:
    """The stacks, deployed."""
    with LocalAws(account=ACCOUNT, region=REGION, auth=True) as aws:
        found = Walk(aws)
        found.deploy(*STACKS)
        yield found


def main() -> None:
    """Walk the way, and say what was seen."""
    with walk() as way:
        digest, refused = way.publish()
        say(f"A job of GitHub pushed {DEVELOPMENT}:v1.0.0 ({digest[:19]}). Refused: {', '.join(refused)}.")
        say("A scan's findings were sent:", *way.send_findings().splitlines())
        running, reason = way.gate()
        say(f"The gate let v1.1.0 in ({running[:19]}), and stopped v1.2.0 before the service:", reason)
        say(f"The push of v1.3.0 was promoted to {PRODUCTION}, by its digest ({way.promote()[:19]}).")
        say(f"The push of the promoted image rolled the service to it ({way.roll()[:19]}).")


def say(headline: str, *lines: str) -> None:
    """Print a step, and what it showed."""
    print(f"\u2713 {headline}", *(f"    {line}" for line in lines), sep="\n", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Interrupted; the local AWS is stopped.")
