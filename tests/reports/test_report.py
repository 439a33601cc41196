"""How a judgment is split: new, known, acknowledged; and what a baseline can't hide."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.reports.acknowledgments import Acknowledgment
from registry_constructs.reports.baseline import read_baseline
from registry_constructs.reports.json_document import json_document
from registry_constructs.reports.report import Report
from registry_constructs.rules.rule import Severity
from tests.reports.judged import AT, app_judgment, judgment_of, live, live_judgment, report


def test_the_worst_comes_first_and_each_severity_is_counted() -> None:
    made = report(live_judgment(), judged="all")
    severities = [one.finding.rule.severity for one in made.findings]
    assert severities == sorted(severities, reverse=True)
    assert made.counts("new") == {
        Severity.CRITICAL: 6,
        Severity.HIGH: 2,
        Severity.MEDIUM: 2,
        Severity.LOW: 0,
    }
    assert made.counts("acknowledged")[Severity.LOW] == 3


def test_an_earlier_report_makes_its_findings_known_and_hides_nothing_unknown(tmp_path: Path) -> None:
    file = tmp_path / "earlier.json"
    file.write_text(json_document(Report.of(live_judgment(), judged="all", at=AT)))
    again = Report.of(live_judgment(), judged="all", at=AT, baseline=read_baseline(file))
    assert (len(again.having("new")), len(again.having("known")), len(again.unjudged)) == (0, 13, 2)
    more = judgment_of(("shop/checkout", live("shop/checkout")), ("shop/new", live("shop/new")))
    again = Report.of(more, judged="all", at=AT, baseline=read_baseline(file))
    assert {one.finding.state.name for one in again.having("new")} == {"shop/new"}


def test_what_was_acknowledged_then_counts_without_the_acknowledgment(tmp_path: Path) -> None:
    file = tmp_path / "earlier.json"
    file.write_text(json_document(report(live_judgment(), judged="all")))
    again = Report.of(live_judgment(), judged="all", at=AT, baseline=read_baseline(file))
    assert {one.finding.rule.id for one in again.having("new")} == {"images-scanned"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "can't be read"),
        ("[" * 100_000, "can't be read"),
        ('{"format": "registry-constructs-report", ', "can't be read"),
        ("[]", "no report of this tool"),
        ('{"runs": [], "version": "2.1.0"}', "no report of this tool"),
        ('{"format": "registry-constructs-report", "version": 2}', "another version"),
        ('{"format": "registry-constructs-report", "version": 1}', "no list of findings"),
        ('{"format": "registry-constructs-report", "version": 1, "findings": [{}]}', "has no fingerprint"),
        ('{"format": "registry-constructs-report", "version": 1, "findings": [3]}', "has no fingerprint"),
    ],
)
def test_a_broken_or_foreign_baseline_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "earlier.json"
    file.write_text(text)
    with pytest.raises(InvalidInputError, match=said) as error:
        read_baseline(file)
    assert error.value.where == str(file)


def test_an_acknowledgment_that_expired_or_is_for_nothing_is_told() -> None:
    made = report(app_judgment(), judged="the app")
    assert made.notes == (
        "ok.yaml:8: the acknowledgment of tags-immutable at shop/checkout expired on 2026-11-01; "
        "1 of the findings counts again",
        "ok.yaml:12: the acknowledgment of tags-immutable at no/such matches no finding",
        "ok.yaml:16: the acknowledgment of tags-imutable at * is for no rule that was evaluated",
    )
    expired = [one for one in made.having("new") if one.finding.state.name == "shop/checkout"]
    assert "tags-immutable" in {one.finding.rule.id for one in expired}


def test_an_expired_acknowledgment_beside_one_that_holds_lets_nothing_count() -> None:
    holding = Acknowledgment(id="tags-immutable", where="*", reason="meant")
    expired = replace(holding, until=date(2026, 1, 1))
    judgment = judgment_of(("shop/checkout", live("shop/checkout")))
    made = Report.of(judgment, judged="all", at=AT, acknowledgments=[expired, holding])
    assert made.counts("new")[Severity.MEDIUM] == 0
    assert made.notes == ("the app: the acknowledgment of tags-immutable at * expired on 2026-01-01",)
