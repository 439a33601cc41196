"""The report as a page for people: one file, which loads nothing and runs only its own filter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from html import escape
from importlib.resources import files
from typing import Final

from registry_constructs.reports.pages import Markup, page, paragraph, table
from registry_constructs.reports.report import TOOL, Report, Reported, capitalized, place_in_words, printable
from registry_constructs.rules.controls import CONTROLS
from registry_constructs.rules.rule import Rule, Severity

_WORST_FIRST: Final = sorted(Severity, reverse=True)
_FOLDED: Final = 12
"""Places from which on their table is folded up."""


def html_page(report: Report) -> str:
    """The report as one HTML page, in UTF-8 and readable without its script."""
    here = files(__package__)
    new = report.having("new")
    parts = [
        paragraph(_introduction(report), kind="note"),
        _tiles(report),
        *_unknown(report),
        *_notes(report),
        *([_filter(report)] if report.findings else []),
        *_findings("New findings" if report.compared else "Findings", new, "No finding counts."),
        *_findings("Known from the baseline", report.having("known")),
        *_findings("Acknowledged", report.having("acknowledged")),
        *_places(report),
        _rules(report),
    ]
    return page(
        printable(f"Registries judged: {report.judged}"),
        *parts,
        style=(here / "page.css").read_text(encoding="utf-8"),
        script=(here / "page.js").read_text(encoding="utf-8") if report.findings else "",
    )


def _introduction(report: Report) -> str:
    at = report.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"By {len(report.rules):,} rules of {TOOL} {report.tool_version}, {at}."


def _tiles(report: Report) -> str:
    """The numbers that matter; a 0 of the unknown is shown too, for it is the good news."""
    tiles = [(severity.name.lower(), count) for severity, count in report.counts("new").items()]
    tiles.append(("unknown", len(report.unjudged)))
    tiles += [(status, len(report.having(status))) for status in ("known", "acknowledged")]
    tiles.append(("complying", sum(report.passed.values())))
    items = (
        f'<li class="{name if count else "none"}"><b>{count:,}</b> {name.capitalize()}</li>'
        for name, count in tiles
        if count or name not in {"known", "acknowledged"}
    )
    return f'<ul class="tiles" aria-label="Numbers">{"".join(items)}</ul>'


def _unknown(report: Report) -> Iterator[str]:
    if report.unjudged:
        rows = (
            [
                Markup(f"<b>{_text(one.where)}</b>"),
                _link(one.rule) if one.rule else "all",
                printable(capitalized(one.reason)),
            ]
            for one in report.unjudged
        )
        note = paragraph("This could not be evaluated: it may or may not comply.")
        title = f"Unknown: {len(report.unjudged):,}"
        head, body = table(title, ["What", "Rule", "Why"], rows).split("\n", 1)
        yield f'<section class="box">{head}\n{note}\n{body}</section>'


def _notes(report: Report) -> Iterator[str]:
    if report.notes:
        items = "".join(f"<li>{_text(note)}.</li>" for note in report.notes)
        yield f"<h2>Acknowledgments to look at</h2>\n<ul>{items}</ul>"


def _filter(report: Report) -> str:
    found = {one.finding.rule.id: one.finding.rule for one in report.findings}
    severities = [one for one in _WORST_FIRST if any(rule.severity is one for rule in found.values())]
    return (
        '<form id="filter" role="search" aria-label="Findings" hidden>'
        '<label>Text <input name="text" type="search" autocomplete="off"></label>'
        f"<label>Severity {_select('severity', [one.name.lower() for one in severities])}</label>"
        f"<label>Rule {_select('rule', sorted(found))}</label>"
        '<output name="shown" aria-live="polite"></output></form>'
    )


def _select(name: str, values: Iterable[str]) -> str:
    options = "".join(f'<option value="{_text(one)}">{_text(capitalized(one))}</option>' for one in values)
    return f'<select name="{name}"><option value="">All</option>{options}</select>'


def _findings(title: str, findings: Sequence[Reported], none: str = "") -> Iterator[str]:
    if findings:
        rows = "\n".join(map(_row, findings))
        head = "<th>Severity</th><th>What is wrong</th><th>Where</th><th>Rule</th>"
        yield (
            f"<h2>{escape(title)}: {len(findings):,}</h2>\n"
            f'<table class="findings">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>'
        )
    elif none:
        yield f"<h2>{escape(title)}</h2>\n{paragraph(none)}"


def _row(one: Reported) -> str:
    finding, rule, state = one.finding, one.finding.rule, one.finding.state
    severity = rule.severity.name.lower()
    accepted = one.acknowledgment
    reason = ""
    if accepted:
        until = f" (until {accepted.until})" if accepted.until else ""
        reason = f'<p class="reason">Acknowledged: {_text(accepted.reason)}{until}</p>'
    address = state.place.path or state.place.address
    source = f"<br>{_text(state.place.source)}" if state.place.source else ""
    return (
        f'<tr data-severity="{severity}" data-rule="{_text(rule.id)}">'
        f'<td><span class="{severity}">{severity.capitalize()}</span></td>'
        f"<td><p>{_text(capitalized(finding.message))}.</p>{reason}"
        f'<p class="note">Fix: {_text(rule.fix)}.</p></td>'
        f'<td><b>{_text(state.name)}</b><br><span class="note">{_text(capitalized(state.kind))}, '
        f"{_text(place_in_words(state.place))}</span><br><code>{_text(address)}</code>{source}</td>"
        f"<td>{_link(rule)}</td></tr>"
    )


def _places(report: Report) -> Iterator[str]:
    counts = Counter(
        (place_in_words(one.finding.state.place), one.finding.rule.severity) for one in report.having("new")
    )
    places = sorted({place for place, _ in counts})
    if places:
        rows = (
            [printable(place), *(f"{counts[place, severity]:,}" for severity in _WORST_FIRST)]
            for place in places
        )
        columns = ["Where", *(severity.name.capitalize() for severity in _WORST_FIRST)]
        title = "By account and Region"
        head, body = table(title, columns, rows, numbers=range(1, len(columns))).split("\n", 1)
        if len(places) > _FOLDED:
            body = f"<details><summary>{len(places):,} places</summary>\n{body}</details>"
        yield f"{head}\n{body}"


def _rules(report: Report) -> str:
    counts = Counter(one.finding.rule.id for one in report.findings)
    items = "\n".join(_rule(rule, report, counts[rule.id]) for rule in report.rules)
    return f'<h2>Rules</h2>\n<div class="rules">\n{items}\n</div>'


def _rule(rule: Rule, report: Report, findings: int) -> str:
    unknown = sum(1 for one in report.unjudged if one.rule and one.rule.id == rule.id)
    numbers = f"Comply: {report.passed.get(rule.id, 0):,}. Findings: {findings:,}. Unknown: {unknown:,}."
    owners = ", ".join(f"{CONTROLS[one].owner} {CONTROLS[one].name}" for one in rule.controls)
    owned = f'<p class="note">Required by {_text(owners)}.</p>' if owners else ""
    severity = rule.severity.name.lower()
    return (
        f'<section id="rule-{_text(rule.id)}"><h3>{_text(rule.id)} '
        f'<span class="{severity}">{severity.capitalize()}</span></h3>'
        f"<p>{_text(rule.demand)}. {_text(rule.why)}</p><p><b>Fix:</b> {_text(rule.fix)}.</p>{owned}"
        f'<p class="note">{numbers}</p></section>'
    )


def _link(rule: Rule) -> Markup:
    return Markup(f'<a href="#rule-{_text(rule.id)}">{_text(rule.id)}</a>')


def _text(text: str) -> str:
    return escape(printable(text))
