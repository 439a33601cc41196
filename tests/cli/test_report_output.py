"""The report's options: format, file, what is known, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from syrupy.assertion import SnapshotAssertion

from registry_constructs.cli.report_output import FailOn, ReportFormat, deliver, status
from registry_constructs.cli.report_table import as_text, report_table
from registry_constructs.cli.rule_options import RuleOptions
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.reports.report import Report
from registry_constructs.rules.judge import Judgment, Unjudged
from tests.reports.judged import AT, RULES, app_judgment, judgment_of, live, live_judgment, report


@pytest.mark.parametrize("name", ["app", "live"])
def test_tables(name: str, snapshot: SnapshotAssertion) -> None:
    judgment = app_judgment() if name == "app" else live_judgment()
    text = as_text(report_table(report(judgment, judged=name, known=name == "app")))
    assert not {"\x1b", "\u202e"} & {*text}
    assert text.splitlines() == snapshot(name=name)


@pytest.mark.parametrize(
    ("severities", "unknown", "fail_on", "expected"),
    [
        ((), False, FailOn.LOW, 0),
        ((2,), False, FailOn.LOW, 3),
        ((2,), False, FailOn.MEDIUM, 3),
        ((2,), False, FailOn.HIGH, 0),
        ((), True, FailOn.CRITICAL, 4),
        ((0,), True, FailOn.CRITICAL, 5),
        ((0,), True, FailOn.NEVER, 4),
        ((0,), False, FailOn.NEVER, 0),
    ],
)
def test_status(severities: tuple[int, ...], unknown: bool, fail_on: FailOn, expected: int) -> None:
    findings = judgment_of(("shop/cart", live("shop/cart"))).findings
    kept = [one for one in findings if RULES.index(one.rule) in severities]
    unjudged = [Unjudged(rule=None, where="somewhere", reason="why")] if unknown else []
    judgment = Judgment(rules=RULES, findings=kept, unjudged=unjudged)
    assert status(Report.of(judgment, judged="all", at=AT), fail_on) == expected


def test_a_json_file_is_the_next_baseline(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.json"
    judgment = judgment_of(("shop/cart", live("shop/cart")))
    with pytest.raises(typer.Exit) as end:
        deliver(judgment, RuleOptions(format=ReportFormat.JSON, output=file).delivery(), judged="all", at=AT)
    assert end.value.exit_code == 3
    assert capfd.readouterr().out == ""
    deliver(judgment, RuleOptions(format=ReportFormat.JSON, baseline=file).delivery(), judged="all", at=AT)
    printed = json.loads(capfd.readouterr().out)
    assert {one["status"] for one in printed["findings"]} == {"known"}


def test_a_file_is_written_whole_or_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text("before")
    with pytest.raises(InvalidInputError, match="about an app"):
        deliver(
            app_judgment(), RuleOptions(format=ReportFormat.ASFF, output=file).delivery(), judged="all", at=AT
        )
    assert file.read_text() == "before"
    assert [*tmp_path.iterdir()] == [file]


def test_bad_options_are_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="can't be written"):
        RuleOptions(output=tmp_path).delivery()
    with pytest.raises(InvalidInputError, match="can't be written"):
        RuleOptions(output=tmp_path / "no" / "report.json").delivery()
    with pytest.raises(InvalidInputError, match="can't be read"):
        RuleOptions(baseline=tmp_path / "no.json").delivery()
    with pytest.raises(InvalidInputError, match="can't be read"):
        RuleOptions(acknowledgments=tmp_path / "no.yaml").delivery()
