"""Tells in words what happened to images; runs in Lambda, on batches of EventBridge events from SQS.

What a batch says about one image becomes one message. An event that can't be read and a message that can't
be sent are left in the queue, which tries again and then puts them aside; nothing is dropped. SQS and
EventBridge may deliver an event twice, in another order, and minutes apart: then its message may come twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import index
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from registry_constructs.ecr.regions import console_url
from registry_constructs.ecr.severities import SEVERITIES

FIRST_SCAN = timedelta(hours=1)
"""What Inspector finds so soon after the push belongs to the first scan, which has an event of its own."""
LISTED = 10
"""Tags, vulnerabilities or failures that one message names."""
SUBJECT_LENGTH = 99  # SNS Publish: fewer than 100 characters
TEXT_LENGTH = 60_000  # SNS Publish: 262,144 bytes, of which a character takes up to four
RESERVE = 60_000
"""Milliseconds that one message may take at worst, to both topics, with every attempt."""

_CONFIG = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


class TopicPublisher(Protocol):
    """SNS, as far as it is used here."""

    def publish(self, **message: str) -> object:
        """Publish to a topic."""


@dataclass
class Message:
    """A message about one image."""

    subject: str
    lines: list[str]
    link: str

    @property
    def text(self) -> str:
        """The message as a mail shows it."""
        return "\n".join([*self.lines, *(["", self.link] if self.link else [])])[:TEXT_LENGTH]

    @property
    def chat(self) -> str:
        """The message as Amazon Q Developer in chat applications takes it (custom notifications)."""
        content = {"textType": "client-markdown", "title": self.subject, "description": self.text}
        return json.dumps({"version": "1.0", "source": "custom", "content": content})


@dataclass
class ImageEvents:
    """What the events of a batch report about one image, and the SQS messages that they came in."""

    image: PushedImage
    records: list[str] = field(default_factory=list)
    scan: tuple[str, str, dict[str, int]] | None = None
    """When, the scanner, and the counts; of several scans the last."""
    findings: dict[str, str] = field(default_factory=dict)
    failures: dict[str, None] = field(default_factory=dict)

    def message(self) -> Message | None:
        """One message, or None if nothing is worth one: a scan's summary holds its findings."""
        image = self.image
        if self.failures:
            return Message(f"Failed: {image}", [*_some(self.failures), *image.lines], image.link)
        if self.scan:
            _, scanner, counts = self.scan
            found = _counted(counts)
            lines = [f"The {scanner} found vulnerabilities in an image.", *image.lines, f"Findings: {found}"]
            return Message(f"{found} in {image}", lines, image.link)
        if self.findings:
            lines = [
                "Amazon Inspector found new vulnerabilities in an image that it had scanned before.",
                *image.lines,
                "Findings:",
                *(f"- {finding}" for finding in _some(sorted(self.findings.values()))),
            ]
            number = len(self.findings)
            new = f"{number} new {'vulnerability' if number == 1 else 'vulnerabilities'}"
            return Message(f"{new} in {image}", lines, image.link)
        return None


@dataclass(frozen=True)
class PushedImage:
    """An image, as far as an event names it."""

    account: str
    region: str
    repository: str
    digest: str
    tags: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.repository}:{self.tags[0]}" if self.tags else f"{self.repository}@{self.digest[:19]}"

    @property
    def lines(self) -> list[str]:
        """The image in a message."""
        tags = f" ({', '.join(_some(self.tags))})" if self.tags else ""
        named = [f"Repository: {self.repository}{tags}"]
        if self.digest:
            named.append(f"Digest: {self.digest}")
        return [*named, f"Registry: {self.account} in {self.region}"]

    @property
    def link(self) -> str:
        """The image's page in the ECR console, or the repository's; empty where no console is known."""
        return console_url(self.account, self.region, self.repository, self.digest)


class LambdaContext(Protocol):
    """Lambda's own, as far as it is used here."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the function."""


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send what the batch tells, and name the SQS messages that have to come again."""
    topics = {"text": os.environ["TOPIC_ARN"], "chat": os.environ.get("CHAT_TOPIC_ARN", "")}
    failed = run(event["Records"], boto3.client("sns", config=_CONFIG), topics, context)
    return {"batchItemFailures": [{"itemIdentifier": record} for record in failed]}


def run(
    records: Iterable[dict[str, Any]], sns: TopicPublisher, topics: dict[str, str], context: LambdaContext
) -> list[str]:
    """Send one message an image, and return the ids of the records that failed."""
    images, failed = gather(records)
    for events in images:
        if context.get_remaining_time_in_millis() < RESERVE:
            # Ended by Lambda, the function could not report what it has sent.
            failed += events.records
            continue
        message = events.message()
        try:
            if message is not None:
                send(message, sns, topics)
        except (BotoCoreError, ClientError) as error:
            print(f"{events.image}: not reported: {error}")
            failed += events.records
    return failed


def gather(records: Iterable[dict[str, Any]]) -> tuple[list[ImageEvents], list[str]]:
    """The events of the records by image, and the ids of the records that can't be read."""
    images: dict[tuple[str, ...], ImageEvents] = {}
    unreadable = []
    for record in records:
        try:
            event = json.loads(record["body"])
            # JSON can hold halves of characters, which can neither be sent nor printed.
            json.dumps(event, ensure_ascii=False).encode()
            image = _image(event)
            kind = "failure" if event["detail-type"].endswith("Action") else "scan"
            key = (kind, image.account, image.region, image.repository, image.digest or image.tags[0])
            events = images.get(key, ImageEvents(image))
            _add(events, event)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            print(f"{record['messageId']}: not an event to report: {type(error).__name__}: {error}")
            unreadable.append(record["messageId"])
        else:
            events.records.append(record["messageId"])
            images[key] = events
    return list(images.values()), unreadable


def send(message: Message, sns: TopicPublisher, topics: dict[str, str]) -> None:
    """Publish the message to the topic, and to the one for chat if there is one."""
    # SNS takes printable ASCII in a subject.
    subject = "".join(letter if " " <= letter <= "~" else "?" for letter in message.subject)
    sns.publish(TopicArn=topics["text"], Subject=subject[:SUBJECT_LENGTH], Message=message.text)
    if topics["chat"]:
        sns.publish(TopicArn=topics["chat"], Message=message.chat)
    print(f"Sent: {message.subject}")


def _image(event: dict[str, Any]) -> PushedImage:
    """The image that an event is about."""
    detail = event["detail"]
    if event["detail-type"] == "Inspector2 Finding":
        found = _container_image(detail)
        name, digest, tags = found["repositoryName"], found["imageHash"], found.get("imageTags", [])
    else:
        # Inspector writes the repository's ARN where ECR writes its name.
        name = detail["repository-name"].rpartition(":repository/")[2]
        digest = detail.get("image-digest", "")
        tags = detail.get("image-tags") or [detail[key] for key in ("image-tag",) if key in detail]
    parts = (event["account"], event["region"], event["time"], name, digest, *tags)
    if not all(isinstance(part, str) for part in parts) or not name or not (digest or tags):
        raise ValueError("it names no image")
    return PushedImage(event["account"], event["region"], name, digest, tuple(tags))


def _container_image(detail: dict[str, Any]) -> dict[str, Any]:
    image: dict[str, Any] = detail["resources"][0]["details"]["awsEcrContainerImage"]
    return image


def _add(events: ImageEvents, event: dict[str, Any]) -> None:
    """Take in one event."""
    kind, detail, when = event["detail-type"], event["detail"], event["time"]
    if kind in {"ECR Image Scan", "Inspector2 Scan"}:
        scanner = "basic scan" if kind == "ECR Image Scan" else "enhanced scan"
        counts = {name: index(count) for name, count in detail["finding-severity-counts"].items()}
        if events.scan is None or events.scan[0] <= when:
            events.scan = when, scanner, counts
    elif kind == "Inspector2 Finding":
        if not _of_an_earlier_time(event):
            events.findings[detail["findingArn"]] = f"{detail['severity']} {detail['title']}"
    elif kind == "ECR Replication Action":
        source = f"{detail['source-account']} in {detail['source-region']}"
        events.failures[f"An image could not be replicated from {source}."] = None
    elif kind == "ECR Pull Through Cache Action":
        reasons = [detail[name] for name in ("failure-code", "failure-reason") if detail.get(name)]
        why = f": {', '.join(reasons)}" if reasons else ""
        events.failures[f"An image could not be pulled from {detail['upstream-registry-url']}{why}."] = None
    else:
        raise ValueError(f"no words for {kind}")


def _of_an_earlier_time(event: dict[str, Any]) -> bool:
    """Whether a finding belongs to the image's first scan, or was made long before and only changed now.

    Findings of first scans come one by one, beside the scan's summary. What can't be told apart is reported.
    """
    detail = event["detail"]
    pushed = _time(_container_image(detail).get("pushedAt"))
    first, now = _time(detail.get("firstObservedAt")), _time(event["time"])
    if first is None or pushed is None or now is None:
        return False
    return first - pushed < FIRST_SCAN or now - first > FIRST_SCAN


_TIMES = ("%Y-%m-%dT%H:%M:%SZ", "%b %d, %Y, %I:%M:%S %p", "%a %b %d %H:%M:%S.%f UTC %Y")
"""EventBridge's, and the two that Inspector's documentation shows."""


def _time(text: object) -> datetime | None:
    for form in _TIMES:
        try:
            return datetime.strptime(" ".join(str(text).split()), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _some(texts: Iterable[str]) -> list[str]:
    """The first of them, and how many more there are."""
    listed = list(texts)
    more = len(listed) - LISTED
    return [*listed[:LISTED], f"and {more} more"] if more > 0 else listed


def _counted(counts: dict[str, int]) -> str:
    """The counts in words, the worst first. Inspector counts the lower ones in TOTAL alone."""
    shown = [f"{counts[name]} {name.lower()}" for name in SEVERITIES if counts.get(name)]
    others = counts.get("TOTAL", 0) - sum(count for name, count in counts.items() if name in SEVERITIES)
    if others > 0:
        shown.append(f"{others} lower" if shown else f"{others} of low severity")
    return ", ".join(shown) or "none"
