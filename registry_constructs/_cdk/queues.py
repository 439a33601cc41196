"""Encrypted queues: for what failed, and for what EventBridge rules send."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk.interfaces import aws_events as interfaces
from constructs import Construct

DEAD_LETTERS_REASON: Final = "The queue holds what failed; it is the last stop itself."
"""Why cdk-nag's AwsSolutions-SQS3 is acknowledged on a queue for dead letters."""

_RETENTION_DAYS: Final = 14  # SQS's longest


def encrypted_dead_letters(scope: Construct, id: str) -> sqs.Queue:
    """An encrypted queue that keeps what failed for 14 days, and stays when the stack goes."""
    queue = sqs.Queue(
        scope,
        id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=cdk.Duration.days(_RETENTION_DAYS),
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
    _acknowledge_last_stop(queue)
    return queue


class RulesQueue(sqs.Queue):
    """A queue that the EventBridge rules of its account and Region may send to.

    It keeps messages for 14 days, SQS's longest, and is encrypted with SQS's own key: a key of one's own
    would have to let EventBridge in without a condition, since its requests to KMS carry no source account
    (Amazon SNS Developer Guide, key management).

    Its policy stays as it is whatever sends to it, so that rules of other stacks can use it: the CDK's own
    targets would make the two stacks depend on each other.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id.
        dead_letters: Where messages go that were received five times. Default: it is one for dead letters
            itself, and stays when the stack goes.
        visibility_timeout: Default: SQS's 30 seconds.

    Attributes:
        for_dead_letters: The queue as the CDK's targets take it for dead letters.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        dead_letters: sqs.IQueue | None = None,
        visibility_timeout: cdk.Duration | None = None,
    ) -> None:
        super().__init__(
            scope,
            id,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(_RETENTION_DAYS),
            visibility_timeout=visibility_timeout,
            dead_letter_queue=(
                None if dead_letters is None else sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=5)
            ),
            removal_policy=cdk.RemovalPolicy.DESTROY if dead_letters else cdk.RemovalPolicy.RETAIN,
        )
        self.for_dead_letters = sqs.Queue.from_queue_arn(self, "ForDeadLetters", self.queue_arn)
        self.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.queue_arn],
                conditions={
                    "ArnLike": {
                        "aws:SourceArn": self.stack.format_arn(
                            service="events", resource="rule", resource_name="*"
                        )
                    }
                },
            )
        )
        if dead_letters is None:
            _acknowledge_last_stop(self)


@jsii.implements(events.IRuleTarget)
class RulesQueueTarget:
    """Sends a rule's events to a queue as they are; what can't be sent for a day goes to its dead letters."""

    def __init__(self, queue: RulesQueue, dead_letters: RulesQueue) -> None:
        self._queue = queue
        self._dead_letters = dead_letters

    def bind(self, rule: interfaces.IRuleRef, id: str | None = None) -> events.RuleTargetConfig:  # noqa: ARG002
        """The target as EventBridge takes it."""
        return events.RuleTargetConfig(
            arn=self._queue.queue_arn,
            dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=self._dead_letters.queue_arn),
        )


def _acknowledge_last_stop(queue: sqs.Queue) -> None:
    cdk.Validations.of(queue).acknowledge(
        cdk.Acknowledgment(id="AwsSolutions-SQS3", reason=DEAD_LETTERS_REASON)
    )
