"""Every pattern against every sample event, with the local AWS's own matcher."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import aws_events
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import eventbridge

from registry_constructs import InvalidInputError
from registry_constructs.ecr.severities import RATED_SEVERITIES, RatedSeverity
from registry_constructs.monitoring import event_patterns
from tests.monitoring.sample_events import DIGEST, SAMPLES, Event, repository_arn, sample


def matches(pattern: aws_events.EventPattern, event: Event) -> bool:
    """What TestEventPattern of EventBridge answers."""
    text = json.dumps(
        {"source": pattern.source, "detail-type": pattern.detail_type, "detail": pattern.detail}
    )
    status, _, body = eventbridge._test_event_pattern({"Event": json.dumps(event), "EventPattern": text})
    assert status == 200, body
    result: bool = json.loads(body)["Result"]
    return result


def matched(pattern: aws_events.EventPattern) -> set[str]:
    return {name for name, event in SAMPLES.items() if matches(pattern, event)}


LATER = {"finding of the first scan", "finding of a rescan", "finding updated"}

PATTERNS: list[tuple[aws_events.EventPattern, set[str]]] = [
    (event_patterns.image_pushed(), {"push", "push untagged"}),
    (event_patterns.image_pushed(tags=["*"]), {"push"}),
    (event_patterns.image_pushed(tags=["1.*"], repositories=["shop/*"]), {"push"}),
    (event_patterns.image_pushed(tags=["v*", "stable"]), set()),
    (event_patterns.image_pushed(repositories=["shop"]), set()),
    (event_patterns.referrer_pushed(), {"push untagged"}),
    (event_patterns.referrer_pushed(repositories=["shop"]), set()),
    (
        event_patterns.basic_scan_completed(),
        {"basic scan", "basic scan untagged", "basic scan low", "basic scan undefined", "basic scan clean"},
    ),
    (event_patterns.basic_scan_completed(severity="CRITICAL"), {"basic scan"}),
    (event_patterns.basic_scan_completed(severity="HIGH"), {"basic scan", "basic scan untagged"}),
    (
        event_patterns.basic_scan_completed(severity="LOW"),
        {"basic scan", "basic scan untagged", "basic scan low"},
    ),
    (
        event_patterns.basic_scan_completed(severity="INFORMATIONAL"),
        {"basic scan", "basic scan untagged", "basic scan low", "basic scan undefined"},
    ),
    (event_patterns.basic_scan_completed(severity="LOW", repositories=["shop/check"]), set()),
    (event_patterns.enhanced_scan_completed(), {"enhanced scan", "enhanced scan low", "enhanced scan clean"}),
    (event_patterns.enhanced_scan_completed(severity="MEDIUM"), {"enhanced scan"}),
    (event_patterns.enhanced_scan_completed(severity="LOW"), {"enhanced scan", "enhanced scan low"}),
    (event_patterns.enhanced_scan_completed(severity="HIGH", repositories=["shop/*"]), {"enhanced scan"}),
    (
        event_patterns.enhanced_scan_completed(severity="HIGH", repositories=["shop/checkout"]),
        {"enhanced scan"},
    ),
    (event_patterns.enhanced_scan_completed(severity="HIGH", repositories=["checkout", "shop"]), set()),
    (event_patterns.image_finding(severity="HIGH"), LATER),
    (event_patterns.image_finding(severity="MEDIUM"), LATER | {"finding medium"}),
    (event_patterns.image_finding(severity="INFORMATIONAL"), LATER | {"finding medium", "finding untriaged"}),
    (event_patterns.image_finding(severity="HIGH", repositories=["shop/c*t"]), LATER),
    (event_patterns.image_finding(severity="HIGH", repositories=["docker-hub/*"]), set()),
    (event_patterns.replication_failed(), {"replication failed"}),
    (event_patterns.replication_failed(repositories=["base/*"]), set()),
    (event_patterns.cache_pull_failed(), {"cache pull failed"}),
    (event_patterns.cache_pull_failed(repositories=["docker-hub/*"]), {"cache pull failed"}),
    (event_patterns.cache_pull_failed(repositories=["quay/*"]), set()),
]


@pytest.mark.parametrize(("pattern", "expected"), PATTERNS)
def test_a_pattern_matches_its_events_and_no_other(
    pattern: aws_events.EventPattern, expected: set[str]
) -> None:
    assert matched(pattern) == expected


@pytest.mark.parametrize(
    ("tag", "expected"), [("", True), (f"{DIGEST.replace(':', '-')}.sig", True), ("1.4.2", False)]
)
def test_a_tag_made_of_a_digest_is_that_of_a_referrer(tag: str, *, expected: bool) -> None:
    assert matches(event_patterns.referrer_pushed(), sample("push", image_tag=tag)) == expected


COUNTS = st.dictionaries(
    st.sampled_from([*RATED_SEVERITIES, "UNDEFINED"]), st.integers(min_value=0, max_value=2)
)


@given(counts=COUNTS, severity=st.sampled_from(RATED_SEVERITIES))
def test_a_basic_scan_matches_when_a_count_from_the_severity_upwards_is_above_zero(
    counts: dict[str, int], severity: RatedSeverity
) -> None:
    ranks = [*RATED_SEVERITIES, "UNDEFINED"]
    # Without a severity of its own, a finding is told where any finding is.
    wanted = ranks if severity == "INFORMATIONAL" else ranks[: ranks.index(severity) + 1]
    event = sample("basic scan", finding_severity_counts=counts)
    pattern = event_patterns.basic_scan_completed(severity=severity)
    assert matches(pattern, event) == any(counts.get(name, 0) > 0 for name in wanted)


@given(
    name=st.from_regex(r"[a-z]{1,4}(/[a-z]{1,4}){0,2}", fullmatch=True),
    filters=st.sampled_from(["a*", "*", "*/b*"]),
)
def test_a_filter_means_the_same_for_both_scanners(name: str, filters: str) -> None:
    basic = sample("basic scan", repository_name=name)
    enhanced = sample("enhanced scan", repository_name=repository_arn(name))
    keywords: dict[str, Any] = {"severity": "HIGH", "repositories": [filters, "shop"]}
    assert matches(event_patterns.basic_scan_completed(**keywords), basic) == matches(
        event_patterns.enhanced_scan_completed(**keywords), enhanced
    )


def test_another_severity_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="Not a severity"):
        event_patterns.checked_severity("high")  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["shop/*", [], [""], ["shop/**"], [None], {"shop": 1}])
def test_repositories_that_match_nothing_are_refused(given: Any) -> None:
    with pytest.raises(InvalidInputError, match="repositories"):
        event_patterns.checked_repositories(given)


def test_samples_are_whole_events() -> None:
    envelope = {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
    assert all(set(event) == envelope for event in SAMPLES.values())
    assert sample("push", image_tag="2")["detail"]["image-tag"] == "2"
    assert SAMPLES["push"]["detail"]["image-digest"] == DIGEST
