"""Findings and failures on a local AWS: events on the bus, messages in a queue that subscribes.

Its CloudWatch takes no alarms on metric math, so `RegistryAlarms` can't be deployed there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import aws_cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from registry_constructs import (
    Notifications,
    RegistryDashboard,
    RegistryFailures,
    ScanFindings,
)
from registry_constructs.local import LocalAws, cdk
from tests.monitoring.sample_events import ACCOUNT, REGION, SAMPLES, Event, sample

NOW = "%b %d, %Y, %I:%M:%S %p"


class Deployed(NamedTuple):
    """The stack's outputs, and how to reach them."""

    aws: LocalAws
    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        return self.aws.client(service, region=REGION)

    def put(self, *sent: Event) -> None:
        """Put events on the default bus in one call."""
        entries = [
            {
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": json.dumps(event["detail"]),
                "Resources": event["resources"],
            }
            for event in sent
        ]
        assert self.client("events").put_events(Entries=entries)["FailedEntryCount"] == 0

    def received(self, queue: str, wanted: int, seconds: float = 30) -> list[Any]:
        """What a queue gets: `wanted` messages, and then a little longer for those that shouldn't come."""
        client, found = self.client("sqs"), []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = client.receive_message(
                QueueUrl=self.outputs[queue], MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            for message in answer.get("Messages", []):
                client.delete_message(QueueUrl=self.outputs[queue], ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
            if len(found) >= wanted:
                end = min(end, time.monotonic() + 2)
        return found


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """With IAM in front of it: the function's role has to allow what it does."""
    app = aws_cdk.App(outdir=str(tmp_path_factory.mktemp("assembly")))
    stack = aws_cdk.Stack(app, "Shop", env=aws_cdk.Environment(account=ACCOUNT, region=REGION))
    notifications = Notifications(stack, "Notifications")
    bus = events.EventBus(stack, "Bus")
    ScanFindings(stack, "Findings", repositories=["shop/*"], notifications=notifications, event_bus=bus)
    RegistryFailures(stack, "Failures", notifications=notifications)
    RegistryDashboard(stack, "Dashboard", dashboard_name="images")
    _subscribe(stack, "Mailbox", notifications.topic)
    _subscribe(stack, "ChatRoom", notifications.chat_topic)
    aws_cdk.CfnOutput(stack, "DeadLetters", value=notifications.dead_letters.queue_url)
    with LocalAws(account=ACCOUNT, auth=True) as aws:
        with cdk.synthesized(aws, app.synth().directory) as assembly:
            assembly.bootstrap()
            assembly.deploy()
        [described] = aws.client("cloudformation", region=REGION).describe_stacks(StackName="Shop")["Stacks"]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}
        yield Deployed(aws, outputs)


def _subscribe(stack: aws_cdk.Stack, id: str, topic: sns.Topic) -> None:
    queue = sqs.Queue(stack, id)
    topic.add_subscription(aws_cdk.aws_sns_subscriptions.SqsSubscription(queue))
    aws_cdk.CfnOutput(stack, f"{id}Url", value=queue.queue_url)


def test_an_image_with_findings_is_told_once_and_nothing_else(deployed: Deployed) -> None:
    deployed.put(
        SAMPLES["basic scan low"],
        SAMPLES["basic scan clean"],
        SAMPLES["push"],
        SAMPLES["enhanced scan clean"],
        SAMPLES["enhanced scan of an instance"],
        SAMPLES["finding medium"],
        SAMPLES["cache pull"],
        SAMPLES["replication"],
        sample("basic scan", repository_name="base/python"),
        SAMPLES["enhanced scan"],
    )
    [told] = deployed.received("MailboxUrl", 1)
    assert told["Subject"] == "7 critical, 61 high, 62 medium, 28 lower in shop/checkout:1.4.2"
    assert told["Message"].startswith("The enhanced scan found vulnerabilities in an image.\n")
    [chat] = deployed.received("ChatRoomUrl", 1)
    assert json.loads(chat["Message"])["content"]["title"] == told["Subject"]
    assert deployed.received("DeadLetters", 0, seconds=1) == []


def test_a_vulnerability_that_became_known_today_and_failures_are_told(deployed: Deployed) -> None:
    today = time.strftime(NOW, time.gmtime())
    deployed.put(
        sample("finding of a rescan", firstObservedAt=today),
        SAMPLES["finding updated"],
        SAMPLES["replication failed"],
        SAMPLES["cache pull failed"],
    )
    told = deployed.received("MailboxUrl", 3)
    assert sorted(message["Subject"] for message in told) == [
        "1 new vulnerability in shop/checkout:1.4.2",
        "Failed: docker-hub/library/alpine:3.22",
        "Failed: shop/checkout:1.4.2",
    ]


def test_the_dashboard_and_the_alarm_on_dead_letters_stand(deployed: Deployed) -> None:
    cloudwatch = deployed.client("cloudwatch")
    body = json.loads(cloudwatch.get_dashboard(DashboardName="images")["DashboardBody"])
    assert body["widgets"][0]["properties"]["title"] == "Pulls in an hour"
    [alarm] = cloudwatch.describe_alarms()["MetricAlarms"]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)
