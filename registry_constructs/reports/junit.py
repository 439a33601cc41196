"""The report as JUnit XML, which CI servers show as tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from registry_constructs.reports.report import TOOL, Report, Reported, place_in_words, printable
from registry_constructs.rules.judge import Unjudged
from registry_constructs.rules.rule import Rule
from registry_constructs.rules.state import State

_COUNTED: Final = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


def junit(report: Report) -> str:
    """The report as JUnit XML: a suite for each rule, a test for each thing that has a finding of it.

    A finding that is acknowledged or known from the baseline is skipped, what is unknown is an error. Of what
    complies only the number is known: it is one test with the number in its name, and the property `passed`
    of the suite. What no rule could evaluate is in a suite `unknown`.
    """
    by_rule: defaultdict[str, defaultdict[int, list[Reported]]] = defaultdict(lambda: defaultdict(list))
    for one in report.findings:
        # A state holds lists and mappings and has no hash; its findings are of the same object.
        by_rule[one.finding.rule.id][id(one.finding.state)].append(one)
    unknown: defaultdict[str, list[Unjudged]] = defaultdict(list)
    for missing in report.unjudged:
        unknown[missing.rule.id if missing.rule else ""].append(missing)
    root = Element("testsuites", name=printable(f"{TOOL}: {report.judged}"))
    for rule in report.rules:
        suite = _suite(root, rule.id, report)
        _passed(suite, rule, report.passed.get(rule.id, 0))
        for findings in by_rule[rule.id].values():
            _finding(suite, rule, findings)
        _unknown(suite, unknown[rule.id])
    if unknown[""]:
        _unknown(_suite(root, "unknown", report), unknown[""])
    for element in (root, *root):
        for attribute, tag in _COUNTED.items():
            element.set(attribute, str(sum(1 for _ in element.iter(tag))))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, name: str, report: Report) -> Element:
    at = report.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return SubElement(root, "testsuite", name=name, timestamp=at, time="0")


def _passed(suite: Element, rule: Rule, passed: int) -> None:
    SubElement(SubElement(suite, "properties"), "property", name="passed", value=str(passed))
    if passed:
        _case(suite, f"{passed:,} comply: {rule.demand}")


def _finding(suite: Element, rule: Rule, findings: Sequence[Reported]) -> None:
    state = findings[0].finding.state
    case = _case(suite, _name(state))
    new = [one for one in findings if one.status == "new"]
    if new:
        message = "; ".join(one.finding.message for one in new)
        failure = SubElement(case, "failure", type=rule.severity.name, message=printable(message))
        place = state.place
        where = filter(None, (place.source, place.path, place.address))
        failure.text = printable("\n".join([f"{message}.", f"Why: {rule.why}", f"Fix: {rule.fix}.", *where]))
        return
    reasons = [
        f"acknowledged: {one.acknowledgment.reason}" if one.acknowledgment else "known from the baseline"
        for one in findings
    ]
    SubElement(case, "skipped", message=printable("; ".join(dict.fromkeys(reasons))))


def _unknown(suite: Element, missing: Sequence[Unjudged]) -> None:
    for one in missing:
        SubElement(_case(suite, one.where), "error", type="UNKNOWN", message=printable(one.reason))


def _case(suite: Element, name: str) -> Element:
    return SubElement(
        suite, "testcase", classname=f"{TOOL}.{suite.get('name')}", name=printable(name), time="0"
    )


def _name(state: State) -> str:
    return f"{state.kind} {state.name} ({place_in_words(state.place)}, {state.place.address})"
