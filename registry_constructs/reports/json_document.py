"""The report as JSON: all that is known, with keys that stay."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from registry_constructs.reports.baseline import FORMAT, VERSION
from registry_constructs.reports.report import TOOL, Report, Reported
from registry_constructs.rules.controls import CONTROLS
from registry_constructs.rules.rule import Rule


def json_document(report: Report) -> str:
    """The report as one JSON document, in ASCII; it serves as a baseline too.

    Its keys:

    - `format`, `version`: `registry-constructs-report` and 1.
    - `tool` (`name`, `version`), `judged` and `at`: who judged, what, and when (ISO 8601).
    - `counts`: for `new`, `known` and `acknowledged` findings how many of each severity; for `unknown` and
      `passed` one number.
    - `rules`: the rules that were evaluated; each with `passed`, the number of things that comply.
    - `findings`: those that are `new` or `known` (`status`), the worst first. `acknowledged`: those that may
      accepted, with `acknowledgment` (`reason`, `until` and `source`, which may be null).
    - `unknown`: what could not be judged; `rule` is null where nothing was.
    - `notes`: acknowledgments that have expired or are for nothing.
    """
    documents = [_finding(one) for one in report.findings]
    counts: dict[str, Any] = {
        status: {severity.name: count for severity, count in report.counts(status).items()}
        for status in ("new", "known", "acknowledged")
    }
    document = {
        "format": FORMAT,
        "version": VERSION,
        "tool": {"name": TOOL, "version": report.tool_version},
        "judged": report.judged,
        "at": report.at.isoformat(),
        "counts": {**counts, "unknown": len(report.unjudged), "passed": sum(report.passed.values())},
        "rules": [
            {
                "id": rule.id,
                "severity": rule.severity.name,
                "demand": rule.demand,
                "why": rule.why,
                "fix": rule.fix,
                "controls": _controls(rule),
                "passed": report.passed.get(rule.id, 0),
            }
            for rule in report.rules
        ],
        "findings": [one for one in documents if one["status"] != "acknowledged"],
        "acknowledged": [one for one in documents if one["status"] == "acknowledged"],
        "unknown": [
            {"rule": one.rule and one.rule.id, "where": one.where, "reason": one.reason}
            for one in report.unjudged
        ],
        "notes": list(report.notes),
    }
    return json.dumps(document, indent=2) + "\n"


def _finding(one: Reported) -> dict[str, Any]:
    finding = one.finding
    place = asdict(finding.state.place)
    found = {
        "fingerprint": one.fingerprint,
        "status": one.status,
        "rule": finding.rule.id,
        "severity": finding.rule.severity.name,
        "kind": finding.state.kind,
        "name": finding.state.name,
        "message": finding.message,
        "fix": finding.rule.fix,
        "controls": _controls(finding.rule),
        "place": {"logicalId": place.pop("logical_id"), **place},
    }
    if accepted := one.acknowledgment:
        until = accepted.until and accepted.until.isoformat()
        found["acknowledgment"] = {
            "reason": accepted.reason,
            "until": until,
            "source": accepted.source or None,
        }
    return found


def _controls(rule: Rule) -> list[dict[str, str]]:
    return [{"owner": CONTROLS[one].owner, "name": CONTROLS[one].name} for one in rule.controls]
