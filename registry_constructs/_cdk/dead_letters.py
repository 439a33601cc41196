"""The queue for what failed: a schedule's starts, a function's asynchronous calls."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

DEAD_LETTERS_REASON: Final = "The queue holds what failed; it is the last stop itself."
"""Why cdk-nag's AwsSolutions-SQS3 is acknowledged on it."""


def encrypted_dead_letters(scope: Construct, id: str) -> sqs.Queue:
    """An encrypted queue that keeps what failed for 14 days, and stays when the stack goes."""
    queue = sqs.Queue(
        scope,
        id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=cdk.Duration.days(14),
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
    cdk.Validations.of(queue).acknowledge(
        cdk.Acknowledgment(id="AwsSolutions-SQS3", reason=DEAD_LETTERS_REASON)
    )
    return queue
