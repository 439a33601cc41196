"""What the function behind `Notifications` tells to a pretended SNS: whole, once an image, in any order."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs.monitoring.notifications.handler import index
from tests.monitoring.sample_events import ACCOUNT, DIGEST, SAMPLES, Event, sample

TOPICS = {"text": "arn:aws:sns:eu-west-1:111122223333:text", "chat": ""}
LINK = (
    f"https://eu-west-1.console.aws.amazon.com/ecr/repositories/private/{ACCOUNT}/shop/checkout/_/image/"
    f"{DIGEST}/details?region=eu-west-1"
)
IMAGE = f"Repository: shop/checkout (1.4.2, stable)\nDigest: {DIGEST}\nRegistry: {ACCOUNT} in eu-west-1"


class PretendedSns:
    """Keeps what is published; it refuses what holds any of the texts named, and what AWS would."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.published: list[dict[str, str]] = []

    def publish(self, **message: str) -> object:
        subject = message.get("Subject", "-")
        assert 1 <= len(subject) < 100
        assert subject.isascii()
        assert subject.isprintable()
        assert 1 <= len(message["Message"].encode()) <= 262_144
        if any(text in message["Message"] for text in self.refused):
            raise ClientError({"Error": {"Code": "Throttling", "Message": "slow down"}}, "Publish")
        self.published.append(message)
        return {}

    @property
    def texts(self) -> list[str]:
        return [message["Message"] for message in self.published]


class Time:
    """Lambda's context: each look at the clock takes a part of the function's two minutes."""

    def __init__(self, *, a_look: int = 0) -> None:
        self.left = 120_000
        self.a_look = a_look

    def get_remaining_time_in_millis(self) -> int:
        self.left -= self.a_look
        return self.left


def records(*events: Event | str) -> list[dict[str, Any]]:
    return [
        {"messageId": f"m{number}", "body": event if isinstance(event, str) else json.dumps(event)}
        for number, event in enumerate(events)
    ]


def tell(*events: Event | str, refused: tuple[str, ...] = ()) -> tuple[PretendedSns, list[str]]:
    sns = PretendedSns(*refused)
    return sns, index.run(records(*events), sns, TOPICS, Time())


def only(*events: Event | str) -> tuple[str, str]:
    """The subject and the text of the only message."""
    sns, failed = tell(*events)
    assert failed == []
    [message] = sns.published
    return message["Subject"], message["Message"]


def test_a_basic_scan() -> None:
    subject, text = only(SAMPLES["basic scan"])
    assert subject == "10 critical, 9 medium in shop/checkout:1.4.2"
    first = "The basic scan found vulnerabilities in an image."
    assert text == f"{first}\n{IMAGE}\nFindings: 10 critical, 9 medium\n\n{LINK}"


def test_an_enhanced_scan_names_the_repository_and_not_its_arn() -> None:
    subject, text = only(SAMPLES["enhanced scan"])
    assert subject == "7 critical, 61 high, 62 medium, 28 lower in shop/checkout:1.4.2"
    first = "The enhanced scan found vulnerabilities in an image."
    assert text == f"{first}\n{IMAGE}\nFindings: 7 critical, 61 high, 62 medium, 28 lower\n\n{LINK}"


def test_lower_findings_and_an_image_without_a_tag() -> None:
    assert only(SAMPLES["enhanced scan low"])[0] == "5 of low severity in shop/checkout:1.4.2"
    assert only(SAMPLES["basic scan untagged"])[0] == "1 high in shop/checkout@sha256:0123456789ab"


def test_a_vulnerability_that_became_known_later() -> None:
    subject, text = only(SAMPLES["finding of a rescan"])
    assert subject == "1 new vulnerability in shop/checkout:1.4.2"
    first = "Amazon Inspector found new vulnerabilities in an image that it had scanned before."
    assert text == f"{first}\n{IMAGE}\nFindings:\n- HIGH CVE-2019-17498 - libssh2\n\n{LINK}"


def test_findings_of_the_first_scan_and_changed_ones_are_not_told_one_by_one() -> None:
    sns, failed = tell(SAMPLES["finding of the first scan"], SAMPLES["finding updated"])
    assert (sns.published, failed) == ([], [])


def test_a_finding_whose_age_is_unknown_is_told() -> None:
    assert only(sample("finding of the first scan", firstObservedAt="yesterday"))[0].startswith("1 new")
    assert only(sample("finding updated", firstObservedAt=None))[0].startswith("1 new")


def test_many_findings_are_one_message() -> None:
    many = [
        sample("finding of a rescan", findingArn=f"arn:{number}", title=f"CVE-2026-{number}")
        for number in range(25)
    ]
    subject, text = only(*many)
    assert subject == "25 new vulnerabilities in shop/checkout:1.4.2"
    assert text.count("- HIGH CVE-2026-") == index.LISTED
    assert "- and 15 more" in text


def test_a_scan_beats_the_findings_that_it_counts() -> None:
    assert only(SAMPLES["finding of a rescan"], SAMPLES["enhanced scan"])[0].startswith("7 critical")


def test_a_failed_replication() -> None:
    subject, text = only(SAMPLES["replication failed"])
    assert subject == "Failed: shop/checkout:1.4.2"
    assert text.startswith("An image could not be replicated from 222233334444 in eu-central-1.\n")
    assert text.endswith(LINK)


def test_a_failed_cache_pull_links_to_the_repository() -> None:
    subject, text = only(SAMPLES["cache pull failed"])
    assert subject == "Failed: docker-hub/library/alpine:3.22"
    reason = 'UpstreamAccessDenied, Upstream said "unauthorized"'
    assert text == (
        f"An image could not be pulled from registry-1.docker.io: {reason}.\n"
        f"Repository: docker-hub/library/alpine (3.22)\nRegistry: {ACCOUNT} in eu-west-1\n\n"
        f"https://eu-west-1.console.aws.amazon.com/ecr/repositories/private/{ACCOUNT}"
        "/docker-hub/library/alpine?region=eu-west-1"
    )


def test_a_failure_and_a_scan_of_one_image_are_both_told() -> None:
    sns, _ = tell(SAMPLES["replication failed"], SAMPLES["basic scan"])
    assert [message["Subject"][:6] for message in sns.published] == ["Failed", "10 cri"]


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_the_console_of_other_partitions(region: str, domain: str) -> None:
    assert f"https://{domain}/ecr/" in only(SAMPLES["basic scan"] | {"region": region})[1]


@pytest.mark.parametrize(
    "region", ["us-iso-east-1", "us-isob-east-1", "us-isof-south-1", "eu-isoe-west-1", "eusc-de-east-1"]
)
def test_a_partition_without_a_known_console_gets_no_link(region: str) -> None:
    text = only(SAMPLES["basic scan"] | {"region": region})[1]
    assert "http" not in text
    assert text.endswith("\nFindings: 10 critical, 9 medium")


def test_chat_gets_a_custom_notification() -> None:
    sns = PretendedSns()
    assert index.run(records(SAMPLES["basic scan"]), sns, TOPICS | {"chat": "arn:chat"}, Time()) == []
    text, chat = sns.published
    assert chat["TopicArn"] == "arn:chat"
    assert json.loads(chat["Message"]) == {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": text["Subject"],
            "description": text["Message"],
        },
    }


MALFORMED: dict[str, Event | str] = {
    "no JSON": "{",
    "no object": "[]",
    "no detail": {"detail-type": "ECR Image Scan"},
    "another kind": SAMPLES["push"],
    "no counts": sample("basic scan", finding_severity_counts=None),
    "a count in words": sample("basic scan", finding_severity_counts={"HIGH": "many"}),
    "an endless count": sample("basic scan", finding_severity_counts={"HIGH": float("inf")}),
    "no image": sample("basic scan", image_digest="", image_tags=[]),
    "an instance": SAMPLES["finding of an instance"],
    "tags that are none": sample("basic scan", image_tags=[1]),
    "half a character": sample("basic scan", image_tags=["\ud800"]),
    "no time": SAMPLES["basic scan"] | {"time": None},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_cant_be_read_stays_in_the_queue_and_the_rest_is_told(name: str) -> None:
    sns, failed = tell(MALFORMED[name], SAMPLES["enhanced scan"])
    assert failed == ["m0"]
    assert len(sns.published) == 1


def test_what_cant_be_sent_stays_in_the_queue_with_all_that_it_would_have_told() -> None:
    other = sample("basic scan", repository_name="shop/cart")
    sns, failed = tell(SAMPLES["basic scan"], other, SAMPLES["enhanced scan"], refused=("checkout",))
    assert failed == ["m0", "m2"]
    assert [message["Subject"] for message in sns.published] == ["10 critical, 9 medium in shop/cart:1.4.2"]


def test_what_there_is_no_time_for_stays_in_the_queue() -> None:
    sns = PretendedSns()
    images = [sample("basic scan", repository_name=f"shop/{number}") for number in range(5)]
    failed = index.run(records(*images), sns, TOPICS, Time(a_look=25_000))
    assert len(sns.published) == 2
    assert failed == ["m2", "m3", "m4"]


def test_a_subject_is_what_sns_takes() -> None:
    subject, _ = only(sample("basic scan", repository_name="ä" * 300, image_tags=["\n"]))
    assert subject == "10 critical, 9 medium in " + "?" * 74


TOLD = ["basic scan", "enhanced scan", "finding of a rescan", "finding of the first scan"]


@given(
    drawn=st.lists(st.tuples(st.sampled_from(TOLD), st.sampled_from(["a", "b", "c"])), max_size=12),
    seed=st.integers(),
)
def test_order_and_duplicates_change_nothing(drawn: list[tuple[str, str]], seed: int) -> None:
    def event(kind: str, name: str) -> Event:
        one = sample(kind, image_digest=f"sha256:{name}")
        if "finding" in kind:
            one["detail"]["resources"][0]["details"]["awsEcrContainerImage"]["imageHash"] = f"sha256:{name}"
        # One image is scanned by one scanner, so of two summaries the later counts.
        return one | {"time": f"2026-11-16T01:54:{30 + TOLD.index(kind)}Z"}

    events = [event(*one) for one in drawn]
    again = [*events, *events]
    random.Random(seed).shuffle(again)  # noqa: S311 - an order to try
    once, twice = tell(*events), tell(*again)
    assert (once[1], twice[1]) == ([], [])
    assert sorted(once[0].texts) == sorted(twice[0].texts)
    assert len(set(twice[0].texts)) == len(twice[0].texts)


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """An event of any kind with one of its parts replaced."""
    event = sample(draw(st.sampled_from(sorted(SAMPLES))))
    part: Any = event
    while True:
        keys = sorted(part) if isinstance(part, dict) else list(range(len(part)))
        key = draw(st.sampled_from(keys))
        if not (isinstance(part[key], dict | list) and part[key] and draw(st.booleans())):
            part[key] = draw(JSON)
            return json.dumps(event)
        part = part[key]


@given(bodies=st.lists(damaged() | st.text(), max_size=4))
def test_damaged_events_never_keep_the_others_from_being_told(bodies: list[str]) -> None:
    good = sample("basic scan", repository_name="shop/good", image_tags=["good"])
    sns, failed = tell(*bodies, good)
    assert f"m{len(bodies)}" not in failed
    assert sum("Repository: shop/good (good)" in text for text in sns.texts) == 1


def test_the_handler_answers_as_sqs_expects(monkeypatch: pytest.MonkeyPatch) -> None:
    sns = PretendedSns()
    monkeypatch.setattr("boto3.client", lambda *arguments, **keywords: sns)
    monkeypatch.setenv("TOPIC_ARN", TOPICS["text"])
    answer = index.handler({"Records": records("{", SAMPLES["basic scan"])}, Time())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert [message["TopicArn"] for message in sns.published] == [TOPICS["text"]]


def test_the_handler_sends_to_chat_too_where_there_is_a_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[Any, Any]] = []
    sns = PretendedSns()

    def client(*arguments: Any, **keywords: Any) -> PretendedSns:
        made.append((arguments, keywords))
        return sns

    monkeypatch.setattr("boto3.client", client)
    monkeypatch.setenv("TOPIC_ARN", TOPICS["text"])
    monkeypatch.setenv("CHAT_TOPIC_ARN", "arn:chat")
    assert index.handler({"Records": records(SAMPLES["basic scan"])}, Time()) == {"batchItemFailures": []}
    assert [message["TopicArn"] for message in sns.published] == [TOPICS["text"], "arn:chat"]
    [(arguments, keywords)] = made
    assert arguments == ("sns",)
    settings = keywords["config"]
    assert (settings.connect_timeout, settings.read_timeout) == (3, 5)
    assert settings.retries == {"mode": "standard", "total_max_attempts": 3}
    # To both topics: three attempts, each as slow as it may be, and at most 1 and 2 seconds between them.
    assert index.RESERVE >= 2 * (3 * (3 + 5) + 1 + 2) * 1000


@pytest.mark.parametrize(("left", "sent"), [(59_999, 0), (60_000, 1)])
def test_a_message_is_sent_while_there_is_time_for_it(left: int, sent: int) -> None:
    sns, time = PretendedSns(), Time()
    time.left = left
    failed = index.run(records(SAMPLES["basic scan"]), sns, TOPICS, time)
    assert (len(sns.published), len(failed)) == (sent, 1 - sent)


def test_all_that_fails_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    other = sample("basic scan", repository_name="shop/cart", image_tags=[])
    sns, failed = tell(
        SAMPLES["push"],
        SAMPLES["basic scan"],
        sample("basic scan", repository_name=""),
        other,
        SAMPLES["replication failed"],
        refused=("The basic scan",),
    )
    assert failed == ["m0", "m2", "m1", "m3"]
    assert len(sns.published) == 1
    slow = "An error occurred (Throttling) when calling the Publish operation: slow down"
    assert capsys.readouterr().out.splitlines() == [
        "m0: not an event to report: ValueError: no words for ECR Image Action",
        "m2: not an event to report: ValueError: it names no image",
        f"shop/checkout:1.4.2: not reported: {slow}",
        f"shop/cart@sha256:0123456789ab: not reported: {slow}",
        "Sent: Failed: shop/checkout:1.4.2",
    ]


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (
            {"UNDEFINED": 6, "INFORMATIONAL": 5, "LOW": 4, "MEDIUM": 3, "HIGH": 2, "CRITICAL": 1},
            "1 critical, 2 high, 3 medium, 4 low, 5 informational, 6 undefined",
        ),
        ({"HIGH": 2, "TOTAL": 2}, "2 high"),
        ({"HIGH": 2, "TOTAL": 3}, "2 high, 1 lower"),
        ({"TOTAL": 1}, "1 of low severity"),
        ({"HIGH": 0, "UNTRIAGED": 4}, "none"),
        ({}, "none"),
    ],
)
def test_the_counts_of_a_scan_in_words(counts: dict[str, int], words: str) -> None:
    subject, text = only(sample("basic scan", finding_severity_counts=counts))
    assert subject == f"{words} in shop/checkout:1.4.2"
    assert f"\nFindings: {words}\n" in text


def test_of_two_scans_of_the_same_time_the_last_event_counts() -> None:
    later = sample("basic scan", finding_severity_counts={"LOW": 1})
    assert only(SAMPLES["basic scan"], later)[0] == "1 low in shop/checkout:1.4.2"
    earlier = later | {"time": "2026-11-16T01:54:33Z"}
    assert only(SAMPLES["basic scan"], earlier)[0].startswith("10 critical")


@pytest.mark.parametrize(
    ("pushed", "observed", "now", "reported"),
    [
        # An hour after the push it is no first scan; and an hour after it was found it is news no more.
        ("00:00:00", "01:00:00", "02:00:00", True),
        ("00:00:01", "01:00:00", "02:00:00", False),
        ("00:00:00", "01:00:00", "02:00:01", False),
        ("00:00:00", "00:59:59", "01:00:00", False),
        (None, "01:00:00", "02:00:01", True),
        ("00:00:01", None, "02:00:00", True),
    ],
)
def test_a_finding_is_new_for_an_hour_but_not_in_the_hour_after_the_push(
    pushed: str | None, observed: str | None, now: str, reported: bool
) -> None:
    event = sample("finding of a rescan", firstObservedAt=observed and f"2026-11-16T{observed}Z")
    event["detail"]["resources"][0]["details"]["awsEcrContainerImage"]["pushedAt"] = (
        pushed and f"2026-11-16T{pushed}Z"
    )
    sns, failed = tell(event | {"time": f"2026-11-16T{now}Z"})
    assert (len(sns.published), failed) == (int(reported), [])


def test_a_finding_is_told_where_its_event_has_no_time_of_day() -> None:
    assert only(SAMPLES["finding updated"] | {"time": "today"})[0].startswith("1 new")


def test_a_finding_of_an_image_without_tags() -> None:
    event = sample("finding of a rescan")
    del event["detail"]["resources"][0]["details"]["awsEcrContainerImage"]["imageTags"]
    subject, text = only(event)
    assert subject == "1 new vulnerability in shop/checkout@sha256:0123456789ab"
    assert f"\nRepository: shop/checkout\nDigest: {DIGEST}\nRegistry: " in text


def test_a_failed_cache_pull_without_a_reason() -> None:
    event = sample("cache pull failed")
    del event["detail"]["failure-code"], event["detail"]["failure-reason"]
    text = only(event)[1]
    assert text.startswith("An image could not be pulled from registry-1.docker.io.\nRepository: docker-hub/")


@pytest.mark.parametrize(
    ("number", "end"),
    [(1, "t0"), (10, "t8, t9"), (11, "t8, t9, and 1 more"), (12, "t8, t9, and 2 more")],
)
def test_ten_tags_are_listed(number: int, end: str) -> None:
    text = only(sample("basic scan", image_tags=[f"t{one}" for one in range(number)]))[1]
    line = text.splitlines()[1]
    assert line.startswith("Repository: shop/checkout (t0")
    assert line.endswith(f"{end})")
    assert line.count(", ") == min(number, 11) - 1


def test_a_text_is_as_long_as_sns_takes() -> None:
    long = sample("finding of a rescan", title="x" * 70_000)
    assert len(only(long)[1]) == 60_000


def test_a_subject_keeps_all_that_is_printable_in_ascii() -> None:
    subject, _ = only(sample("basic scan", repository_name="a ~!\x7f\x1f", image_tags=["t"]))
    assert subject == "10 critical, 9 medium in a ~!??:t"
