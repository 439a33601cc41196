"""Checks an image for CloudFormation and for CodePipeline; runs in Lambda.

One invocation asks for as long as it may run, and then invokes the function again with the same event. A
resource is deleted without asking anybody, and a stack that is rolling back is never held up.
"""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .check import PASSED, WAITING, BadRequestError, Report, Request, check, timed_out, wait

_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 5})
_LEFT_SECONDS = 60  # for the last question, its retries and the answer
_ANSWER_ATTEMPTS = 3


def handler(event: dict[str, Any], context: Any) -> None:  # noqa: ANN401 - Lambda's own class
    """Do what CloudFormation or CodePipeline asks."""
    if "CodePipeline.job" in event:
        pipeline(event["CodePipeline.job"])
        return
    # Kept while the id stays: a new one would have CloudFormation delete the old one.
    physical_id = event.get("PhysicalResourceId") or f"scan-gate-{event['RequestId']}"
    status, reason, data = "SUCCESS", "", {}
    try:
        if event["RequestType"] != "Delete":
            report = resource(event, context)
            if report is None:
                return
            print(f"{report.state}: {report.reason}")
            data = {"Digest": report.digest}
            status, reason = ("SUCCESS" if report.state == PASSED else "FAILED"), report.reason
    except Exception as error:  # whatever it is: without an answer CloudFormation waits for its timeout
        status = "FAILED"
        reason = str(error) if isinstance(error, BadRequestError) else f"{type(error).__name__}: {error}"
        print(f"{event['RequestType']} failed: {reason}")
    answer(event, status=status, reason=reason, physical_id=physical_id, data=data)


def resource(event: dict[str, Any], context: Any) -> Report | None:  # noqa: ANN401
    """How the image of a custom resource stands; None if another invocation goes on asking."""
    properties = event["ResourceProperties"]
    if rolls_back(event):
        return _unchecked(properties)
    request = Request.of(properties)
    minutes = str(properties["TimeoutMinutes"])
    deadline = float(event.setdefault("Deadline", time.time() + 60 * int(minutes)))
    here = time.time() + context.get_remaining_time_in_millis() / 1000 - _LEFT_SECONDS
    report = wait(_ecr(request.region), request, deadline=min(deadline, here))
    if report.state != WAITING:
        return report
    if here < deadline:
        boto3.client("lambda", config=_CONFIG).invoke(
            FunctionName=context.invoked_function_arn, InvocationType="Event", Payload=json.dumps(event)
        )
        return None
    return timed_out(report, minutes)


def rolls_back(event: dict[str, Any]) -> bool:
    """Whether the stack goes back to what it was. If that can't be read, the image is checked."""
    if event["RequestType"] != "Update":
        return False
    region = event["StackId"].split(":")[3]
    try:
        client = boto3.client("cloudformation", region_name=region, config=_CONFIG)
        [stack] = client.describe_stacks(StackName=event["StackId"])["Stacks"]
        return "ROLLBACK" in stack["StackStatus"]
    except (BotoCoreError, ClientError, KeyError, ValueError) as error:
        print(f"The stack's status can't be read: {error}")
        return False


def pipeline(job: dict[str, Any]) -> None:
    """Check the image that a pipeline's step names. While it waits, CodePipeline asks again by itself."""
    client = boto3.client("codepipeline", config=_CONFIG)
    try:
        data = job["data"]
        properties = json.loads(data["actionConfiguration"]["configuration"]["UserParameters"])
        token = data.get("continuationToken")
        minutes = str(properties["TimeoutMinutes"])
        deadline = float(json.loads(token)["Deadline"] if token else time.time() + 60 * int(minutes))
        request = Request.of(properties)
        report = check(_ecr(request.region), request)
        if report.state == WAITING and time.time() >= deadline:
            report = timed_out(report, minutes)
    except Exception as error:  # without an answer the step waits for hours
        report = Report("unreadable", f"{type(error).__name__}: {error}"[:1000])
    print(f"{report.state}: {report.reason}")
    if report.state == PASSED:
        client.put_job_success_result(jobId=job["id"], outputVariables={"Digest": report.digest})
    elif report.state == WAITING:
        again = json.dumps({"Deadline": deadline})
        client.put_job_success_result(jobId=job["id"], continuationToken=again)
    else:
        details = {"type": "JobFailed", "message": report.reason}
        client.put_job_failure_result(jobId=job["id"], failureDetails=details)


def _unchecked(properties: dict[str, Any]) -> Report:
    """A pass without a check, for a rollback: what is put back ran before. A tag is resolved if it can be."""
    image = str(properties.get("Image", ""))
    if not image.startswith("sha256:"):
        try:
            report = check(_ecr(properties["Region"]), Request.of(properties))
            image = report.digest
        except (BadRequestError, BotoCoreError, KeyError) as error:
            print(f"The tag can't be resolved: {error}")
    return Report(PASSED, "Not checked: the stack is rolling back", image)


def _ecr(region: str) -> Any:  # noqa: ANN401
    return boto3.client("ecr", region_name=region, config=_CONFIG)


def answer(
    event: dict[str, Any], *, status: str, reason: str, physical_id: str, data: dict[str, str]
) -> None:
    """Tell CloudFormation how it went, at the address that it gave."""
    body = {
        "Status": status,
        "Reason": reason[:1000],
        "PhysicalResourceId": physical_id,
        "Data": data,
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    # The address is signed for a request without a content type.
    request = urllib.request.Request(  # noqa: S310 - CloudFormation's own address
        event["ResponseURL"], json.dumps(body).encode(), {"Content-Type": ""}, method="PUT"
    )
    for attempt in range(1, _ANSWER_ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310
                return
        except OSError as error:
            # The error's text alone: the address lets anybody answer.
            print(f"CloudFormation did not take the answer: {error}")
            if attempt == _ANSWER_ATTEMPTS:
                raise
            time.sleep(attempt)
