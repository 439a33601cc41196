"""A report as tables on a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType

from registry_constructs.cli.output import in_words, table
from registry_constructs.reports.report import Report, Reported, capitalized, place_in_words, printable
from registry_constructs.rules.rule import Severity

# Rows of a table; whoever wants all of them takes another format.
_ROWS = 40
_WIDTH = 120


def report_table(report: Report) -> Iterator[RenderableType]:
    """Tables by severity, what is unknown, and in the last line all in words."""
    new = report.having("new")
    for severity in sorted(Severity, reverse=True):
        if found := [one for one in new if one.finding.rule.severity is severity]:
            columns = ["Rule", "Where", "What is wrong, and how to fix it"]
            rows = map(_row, found[:_ROWS])
            title = f"{severity.name.capitalize()}: {in_words(len(found), 'finding')}"
            yield table(title, columns, rows, whole=["Rule"], apart=True)
            yield from _more(found)
    if report.unjudged:
        unknown = (
            (printable(one.where), one.rule.id if one.rule else "all", printable(capitalized(one.reason)))
            for one in report.unjudged[:_ROWS]
        )
        title = f"Unknown: {len(report.unjudged):,}"
        yield table(title, ["What", "Rule", "Why"], unknown, whole=["Rule"], apart=True)
        yield from _more(report.unjudged)
    yield summary(report)


def summary(report: Report) -> str:
    """A report in one line."""
    counts = report.counts("new")
    severities = ", ".join(
        f"{count:,} {severity.name.lower()}" for severity, count in counts.items() if count
    )
    total = sum(counts.values())
    parts = [in_words(total, "new finding" if report.compared else "finding") if total else "no finding"]
    if severities:
        parts[0] += f" ({severities})"
    for status, words in (("known", "known from the baseline"), ("acknowledged", "acknowledged")):
        if count := len(report.having(status)):
            parts.append(f"{count:,} {words}")
    parts.append(f"{sum(report.passed.values()):,} as they should be")
    unknown = f"; {len(report.unjudged):,} unknown, which may be all right or not" if report.unjudged else ""
    return f"{printable(capitalized(report.judged))}: {', '.join(parts)}{unknown}."


def as_text(parts: Iterator[RenderableType]) -> str:
    """Tables and sentences as plain text, for a file."""
    text = io.StringIO()
    console = Console(file=text, highlight=False, width=_WIDTH)
    for part in parts:
        console.print(part, markup=False)
    return text.getvalue()


def _more(rows: Sequence[object]) -> Iterator[str]:
    if len(rows) > _ROWS:
        yield f"... and {len(rows) - _ROWS:,} more; the formats json and html have all of them."


def _row(one: Reported) -> tuple[str, str, str]:
    finding, state = one.finding, one.finding.state
    place = state.place
    where = [f"{state.kind} {state.name}", place_in_words(place), place.path, place.source]
    return (
        finding.rule.id,
        printable("\n".join(filter(None, where))),
        printable(f"{capitalized(finding.message)}.\n{finding.rule.fix}."),
    )
