"""Checks an image for CloudFormation and for CodePipeline; runs in Lambda.

One invocation waits for as long as it may run, and then invokes the function again with the same event. A
resource is deleted without a check, and a stack that rolls back is never held up.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from registry_constructs._cdk.answer import answer

from .check import (
    LATE_RIGHTS_SECONDS,
    PASSING,
    UNREADABLE,
    WAITING,
    CheckResult,
    Memory,
    Request,
    check,
    timed_out,
    wait,
)
from .clients import client, clients_of
from .history import digests, mark, with_digest
from .reasons import LENGTH
from .request import BadRequestError, is_digest
from .scans import ScannedRepository

_LEFT_SECONDS = 180  # for the last look, three calls in it that nobody answers, and the answer
_RETRY_SECONDS = 5
_EXCEPTIONS = Path(__file__).parent / "exceptions.json"
"""The exceptions of a pipeline's action: its parameters have room for none (`ScanFunction`)."""


def handler(event: dict[str, Any], context: Any) -> None:  # noqa: ANN401 - Lambda's own class
    """Do what CloudFormation or CodePipeline asks for."""
    if "CodePipeline.job" in event:
        pipeline(event["CodePipeline.job"])
        return
    physical_id = event.get("PhysicalResourceId") or f"scan-gate-{event['RequestId']}"
    status, reason, digest = "SUCCESS", "", ""
    try:
        if event["RequestType"] == "Delete":
            pass
        elif rolls_back(event, context):
            reason, digest = "Not checked: the stack is rolling back", restored(event)
        else:
            report = resource(event, context)
            if report is None:
                return
            reason, digest = report.reason, report.digest
            status = "SUCCESS" if report.state in PASSING else "FAILED"
        if status == "SUCCESS" and digest:
            physical_id = with_digest(physical_id, event["ResourceProperties"], digest)
    except Exception as error:  # whatever it is: without an answer CloudFormation waits for its timeout
        status = "FAILED"
        reason = str(error) if isinstance(error, BadRequestError) else f"{type(error).__name__}: {error}"
    print(f"{event['RequestType']}: {status}: {reason}")
    # An attribute that is not known is left out: an empty one would make the image `repository@`.
    data = {"Digest": digest} if digest else {}
    answer(event, status=status, reason=reason, physical_id=physical_id, data=data)


def resource(event: dict[str, Any], context: Any) -> CheckResult | None:  # noqa: ANN401
    """The result for the image of a custom resource; None if another invocation goes on waiting."""
    properties = event["ResourceProperties"]
    request = Request.of(properties)
    seconds = 60 * int(properties["TimeoutMinutes"])
    deadline = float(event.setdefault("Deadline", time.time() + seconds))
    memory = Memory.of(event.get("Memory"))
    here = time.time() + context.get_remaining_time_in_millis() / 1000 - _LEFT_SECONDS
    clients = clients_of(request.region, properties.get("Role") or "")
    report = wait(clients, request, memory, deadline=min(deadline, here))
    if report.state != WAITING:
        return report
    if here < deadline:
        event["Memory"] = memory.kept
        client("lambda").invoke(
            FunctionName=context.invoked_function_arn, InvocationType="Event", Payload=json.dumps(event)
        )
        return None
    return timed_out(request, report, seconds)


def rolls_back(event: dict[str, Any], context: Any) -> bool:  # noqa: ANN401
    """Whether the stack goes back to what it was.

    The right to read its status may arrive late. If it can't be read, the stack counts as rolling back when
    the gate let these very properties through before, and as going forward when not.
    """
    if event["RequestType"] != "Update":
        return False
    region = event["StackId"].split(":")[3]
    left = context.get_remaining_time_in_millis() / 1000 - 2 * _LEFT_SECONDS
    deadline = time.time() + min(LATE_RIGHTS_SECONDS, left)
    while True:
        try:
            [stack] = client("cloudformation", region).describe_stacks(StackName=event["StackId"])["Stacks"]
            return "ROLLBACK" in stack["StackStatus"]
        except Exception as error:  # whatever it is: a rollback is not held up
            print(f"The stack's status can't be read: {type(error).__name__}: {error}")
        if time.time() + _RETRY_SECONDS > deadline:
            return mark(event["ResourceProperties"]) in digests(event.get("PhysicalResourceId"))
        time.sleep(_RETRY_SECONDS)


def restored(event: dict[str, Any]) -> str:
    """The digest that a rollback puts back: of a tag the one that ran before, if that is known."""
    properties = event["ResourceProperties"]
    kept = digests(event.get("PhysicalResourceId"))
    if is_digest(properties.get("Image")):
        return str(properties["Image"])
    if digest := kept.get(mark(properties)):
        return digest
    try:
        request = Request.of(properties)
        clients = clients_of(request.region, properties.get("Role") or "")
        registry = ScannedRepository(clients, request.region, request.registry, request.repository)
        return str(registry.describe(request.identifier)["imageDigest"])
    except Exception as error:  # whatever it is: a rollback is not held up
        print(f"The tag can't be resolved: {type(error).__name__}: {error}")
        return next(iter(kept.values()), "")


def pipeline(job: dict[str, Any]) -> None:
    """Check the image that a pipeline's action names. While it waits, CodePipeline calls again by itself."""
    codepipeline = client("codepipeline")
    try:
        data = job["data"]
        properties = json.loads(data["actionConfiguration"]["configuration"]["UserParameters"])
        if _EXCEPTIONS.exists():
            properties["Exceptions"] = json.loads(_EXCEPTIONS.read_bytes())
        kept = json.loads(data.get("continuationToken") or "{}")
        seconds = 60 * int(properties["TimeoutMinutes"])
        deadline = float(kept.get("Deadline", time.time() + seconds))
        memory = Memory.of(kept.get("Memory"))
        request = Request.of(properties)
        report = check(clients_of(request.region, properties.get("Role") or ""), request, memory)
        if report.state == WAITING and time.time() >= deadline:
            report = timed_out(request, report, seconds)
    except Exception as error:  # without an answer the action waits for hours
        report = CheckResult(UNREADABLE, f"{type(error).__name__}: {error}"[:LENGTH])
    print(f"{report.state}: {report.reason}")
    if report.state in PASSING:
        codepipeline.put_job_success_result(jobId=job["id"], outputVariables={"Digest": report.digest})
    elif report.state == WAITING:
        again = json.dumps({"Deadline": deadline, "Memory": memory.kept})
        codepipeline.put_job_success_result(jobId=job["id"], continuationToken=again)
    else:
        details = {"type": "JobFailed", "message": report.reason}
        codepipeline.put_job_failure_result(jobId=job["id"], failureDetails=details)
