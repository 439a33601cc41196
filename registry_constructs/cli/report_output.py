"""What the commands share that judge: the report in the format asked for, and the exit status."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import typer

from registry_constructs.cli.output import print_data, say
from registry_constructs.cli.report_table import as_text, report_table, summary
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.reports.acknowledgments import Acknowledgment
from registry_constructs.reports.asff import asff
from registry_constructs.reports.html_page import html_page
from registry_constructs.reports.json_document import json_document
from registry_constructs.reports.junit import junit
from registry_constructs.reports.report import Report
from registry_constructs.reports.sarif import sarif
from registry_constructs.rules.judge import Judgment
from registry_constructs.rules.rule import Severity

FINDINGS, UNKNOWN, BOTH = 3, 4, 5
"""Exit statuses: new findings that count, something unknown, both. 2 is bad input, as for every command."""


class ReportFormat(StrEnum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    ASFF = "asff"
    HTML = "html"


class FailOn(StrEnum):
    """From which severity on a new finding counts."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
    NEVER = "never"


_WRITERS: Final[dict[ReportFormat, Callable[[Report], str]]] = {
    ReportFormat.JSON: json_document,
    ReportFormat.SARIF: sarif,
    ReportFormat.JUNIT: junit,
    ReportFormat.ASFF: asff,
    ReportFormat.HTML: html_page,
}


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What was asked for, its files read.

    Attributes:
        format: How the report is written.
        output: The file. None: standard output.
        fail_on: From which severity on a new finding counts.
        baseline: The fingerprints of what is known. None: there is no baseline.
        acknowledgments: Accepted findings.
    """

    format: ReportFormat = ReportFormat.TABLE
    output: Path | None = None
    fail_on: FailOn = FailOn.LOW
    baseline: frozenset[str] | None = None
    acknowledgments: tuple[Acknowledgment, ...] = ()


def check_output(output: Path | None) -> None:
    """Refuse a file that can't be written, before the work begins.

    Raises:
        InvalidInputError: It is a folder, or there is no folder for it.
    """
    if output and (output.is_dir() or not output.parent.is_dir()):
        raise _unwritten(output, "a folder" if output.is_dir() else "there is no such folder")


def deliver(
    judgment: Judgment,
    delivery: Delivery,
    *,
    judged: str,
    at: datetime | None = None,
    recorded: Iterable[Acknowledgment] = (),
) -> None:
    """Write a judgment as it was asked for, and end the command with its status.

    Args:
        judgment: What was found.
        delivery: What was asked for.
        judged: What was judged, for people, such as `the app in cdk.out` or `2 accounts, 3 Regions`.
        at: When. None: now.
        recorded: Accepted findings beside the acknowledgments of the file, such as what an app has recorded.

    Raises:
        InvalidInputError: The format can't tell this, or the file can't be written.
        typer.Exit: New findings count (3), something is unknown (4), or both (5).
    """
    report = Report.of(
        judgment,
        judged=judged,
        at=at or datetime.now(UTC),
        acknowledgments=(*delivery.acknowledgments, *recorded),
        baseline=delivery.baseline,
    )
    _write(report, delivery)
    for note in report.notes:
        say(f"Note: {note}.", style="yellow")
    if ended := status(report, delivery.fail_on):
        raise typer.Exit(ended)


def status(report: Report, fail_on: FailOn) -> int:
    """The exit status of a report."""
    counting = fail_on is not FailOn.NEVER and any(
        count for severity, count in report.counts("new").items() if severity >= Severity[fail_on.name]
    )
    if counting and report.unjudged:
        return BOTH
    return FINDINGS if counting else UNKNOWN if report.unjudged else 0


def _write(report: Report, delivery: Delivery) -> None:
    writer = _WRITERS.get(delivery.format)
    if delivery.output:
        _replace(delivery.output, writer(report) if writer else as_text(report_table(report)))
        say(f"{summary(report)} See {delivery.output}.")
    elif writer:
        print(writer(report), end="")
    else:
        print_data(*report_table(report))


def _replace(path: Path, text: str) -> None:
    """Write a file whole, or leave what is there."""
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(target)
    except OSError as error:
        raise _unwritten(path, f"{type(error).__name__}: {error}") from None
    finally:
        draft.unlink(missing_ok=True)


def _unwritten(path: Path, got: str) -> InvalidInputError:
    return InvalidInputError(
        "The report can't be written",
        got=got,
        allowed="a file in a folder that is there",
        fix="choose another --output",
        where=str(path),
    )
