"""The function behind `Notifications`, and an SNS that throttles, fails and cuts: told, or told later."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.config import Config

from registry_constructs.local import LocalAws
from registry_constructs.monitoring.notifications.handler import index
from tests.live.proxy import Proxy, in_front_of
from tests.monitoring.sample_events import SAMPLES, sample
from tests.monitoring.test_notifications_handler import Time, records
from tests.stub_server import StubServer

ACCOUNT = "180000000001"
REGION = "eu-west-1"
IMAGES = [sample("basic scan", repository_name=f"shop/number-{number}") for number in range(8)]


@pytest.fixture(scope="module")
def proxy(local_aws: LocalAws) -> Iterator[Proxy]:
    """microburst, in front of the local AWS."""
    with in_front_of(local_aws.endpoint_url) as started:
        yield started


@pytest.fixture
def mailbox(local_aws: LocalAws, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What the topic sent since, as a function; the handler reaches AWS through the proxy."""
    sns, sqs = (local_aws.client(name, account=ACCOUNT, region=REGION) for name in ("sns", "sqs"))
    topic = sns.create_topic(Name="told")["TopicArn"]
    url = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    for name, value in local_aws.environment(account=ACCOUNT, region=REGION).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    monkeypatch.setenv("TOPIC_ARN", topic)

    def received() -> list[str]:
        found: list[str] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            found += [json.loads(message["Body"])["Subject"] for message in messages]
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    yield received
    proxy.rules()
    sqs.delete_queue(QueueUrl=url)
    sns.delete_topic(TopicArn=topic)


def subjects(*numbers: int) -> list[str]:
    return [f"10 critical, 9 medium in shop/number-{number}:1.4.2" for number in numbers]


PASSING: dict[str, dict[str, Any]] = {
    "throttling": {"error": {"code": "Throttling", "status": 400}, "times": 1},
    "server error": {"error": {"code": "InternalError", "status": 500}, "times": 1},
    "unavailable": {"error": {"code": "ServiceUnavailable", "status": 503}, "times": 1},
    "reset": {"reset": True, "times": 1},
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_lived_through(
    mailbox: Any, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(index, "_CONFIG", index._CONFIG.merge(Config(read_timeout=60)))
    proxy.rules({"service": "sns", **PASSING[name]})
    assert index.handler({"Records": records(*IMAGES)}, Time()) == {"batchItemFailures": []}
    assert sorted(mailbox()) == subjects(*range(8))
    assert len(proxy.fired()) >= 1


def test_an_answer_that_comes_too_late_is_a_second_message(
    mailbox: Any, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a busy machine: SNS has published, and boto3 publishes again."""
    waited: list[str] = []

    class Late(StubServer):
        def respond(
            self, method: str, path: str, headers: Mapping[str, str], body: bytes
        ) -> tuple[int, dict[str, str], bytes]:
            sent = {name: value for name, value in headers.items() if name != "host"}
            url = local_aws.endpoint_url + path
            request = urllib.request.Request(url, body, sent, method=method)  # noqa: S310
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                content = answer.read()
            if not waited:
                waited.append(path)
                time.sleep(2)
            return 200, {"Content-Type": "text/xml"}, content

    monkeypatch.setattr(index, "_CONFIG", index._CONFIG.merge(Config(read_timeout=1)))
    with Late() as late:
        monkeypatch.setenv("AWS_ENDPOINT_URL", late.url)
        assert index.handler({"Records": records(IMAGES[0])}, Time()) == {"batchItemFailures": []}
    assert mailbox() == subjects(0) * 2


def test_what_lasts_stays_in_the_queue_and_is_told_when_it_comes_again(mailbox: Any, proxy: Proxy) -> None:
    batch = records(*IMAGES[:3], SAMPLES["push"])
    proxy.rules({"service": "sns", "error": {"code": "InternalError", "status": 500}})
    answer = index.handler({"Records": batch}, Time())
    failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    assert failed == {"m0", "m1", "m2", "m3"}
    assert mailbox() == []
    proxy.rules()
    again = [record for record in batch if record["messageId"] in failed]
    assert index.handler({"Records": again}, Time()) == {"batchItemFailures": [{"itemIdentifier": "m3"}]}
    assert sorted(mailbox()) == subjects(0, 1, 2)


def test_a_topic_that_is_gone_loses_nothing(mailbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPIC_ARN", f"arn:aws:sns:{REGION}:{ACCOUNT}:gone")
    answer = index.handler({"Records": records(*IMAGES[:2])}, Time())
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["m0", "m1"]
    assert mailbox() == []
