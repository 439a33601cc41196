"""The report as SARIF 2.1.0, which code hosts and editors show beside the code."""

from __future__ import annotations

import json
import re
from datetime import UTC
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final
from urllib.parse import quote

from registry_constructs.reports.report import TOOL, Report, Reported, capitalized, printable
from registry_constructs.rules.controls import CONTROLS
from registry_constructs.rules.judge import Unjudged
from registry_constructs.rules.rule import Rule, Severity
from registry_constructs.rules.state import Location

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
}
# GitHub reads critical from over 9.0, high from 7.0, medium from 4.0 (Docs, SARIF support for code scanning).
_SCORES: Final = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
}
_AWS_CONTROL: Final = re.compile(r"securityhub-(ecr-[0-9]+)")
_AWS_CONTROLS: Final = "https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html"
_LINE: Final = re.compile(r"(?P<file>.+):(?P<line>[1-9][0-9]*)", re.DOTALL)


def sarif(report: Report) -> str:
    """The report as one SARIF log with one run, in ASCII.

    A result is at the line that made the construct, or else at the template's file; what is live has only its
    ARN as a logical location, which GitHub's code scanning does not take. What is acknowledged is suppressed,
    what the baseline has is `unchanged`. What is unknown is a notification, and then the run did not succeed.
    """
    indexes = {rule.id: index for index, rule in enumerate(report.rules)}
    run = {
        "tool": {
            "driver": {
                "name": TOOL,
                "semanticVersion": report.tool_version,
                "rules": [_rule(rule) for rule in report.rules],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not report.unjudged,
                "endTimeUtc": report.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "toolExecutionNotifications": [_notification(one, indexes) for one in report.unjudged],
                "toolConfigurationNotifications": [
                    {"level": "warning", "message": _message(f"{note}.")} for note in report.notes
                ],
            }
        ],
        "results": [_result(one, indexes, report.compared) for one in report.findings],
        "properties": {"judged": report.judged, "passed": dict(report.passed)},
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    names = [f"{CONTROLS[one].owner} {CONTROLS[one].name}" for one in rule.controls]
    found = {
        "id": rule.id,
        "shortDescription": {"text": f"{rule.demand}."},
        "fullDescription": {"text": f"{rule.demand}. {rule.why}"},
        "help": {
            "text": f"{rule.why}\n\n{rule.fix}.",
            "markdown": f"{rule.why}\n\n**Fix:** {rule.fix}."
            + (f"\n\n**Asked for by:** {', '.join(names)}." if names else ""),
        },
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "security-severity": _SCORES[rule.severity],
            "precision": "very-high",
            "tags": ["security", "ecr", *names],
        },
    }
    anchors = [match[1] for one in rule.controls if (match := _AWS_CONTROL.fullmatch(one))]
    return {**found, "helpUri": f"{_AWS_CONTROLS}#{anchors[0]}"} if anchors else found


def _result(one: Reported, indexes: dict[str, int], compared: bool) -> dict[str, Any]:
    state, rule = one.finding.state, one.finding.rule
    found: dict[str, Any] = {
        "ruleId": rule.id,
        "ruleIndex": indexes[rule.id],
        "level": _LEVELS[rule.severity],
        "message": _message(f"{capitalized(state.kind)} {state.name}: {one.finding.message}."),
        "locations": [_location(state.place)],
        "partialFingerprints": {f"{TOOL}/v1": one.fingerprint},
        "properties": {"severity": rule.severity.name, "fix": rule.fix},
    }
    if accepted := one.acknowledgment:
        kind = "external" if accepted.source else "inSource"
        found["suppressions"] = [{"kind": kind, "status": "accepted", "justification": accepted.reason}]
    if compared:
        found["baselineState"] = "unchanged" if one.in_baseline else "new"
    return found


def _location(place: Location) -> dict[str, Any]:
    logical = [{"fullyQualifiedName": place.address, "kind": "resource"}]
    if place.path:
        logical.insert(0, {"fullyQualifiedName": place.path, "kind": "construct"})
    if place.live:
        return {"logicalLocations": logical}
    match = _LINE.fullmatch(place.source)
    file = match["file"] if match else place.source or place.template
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if match:
        physical["region"] = {"startLine": int(match["line"])}
    return {"physicalLocation": physical, "logicalLocations": logical}


def _uri(file: str) -> str:
    """A path as a URI, relative if the path is."""
    for path in (PurePosixPath(file), PureWindowsPath(file)):
        if path.is_absolute():
            return f"file:///{quote(path.as_posix().lstrip('/'), safe='/:', errors='replace')}"
    # Here a colon is escaped as well: it would be read as the end of a scheme.
    return quote(file, errors="replace")


def _notification(one: Unjudged, indexes: dict[str, int]) -> dict[str, Any]:
    what = f"{one.rule.id} could not be judged" if one.rule else "Nothing could be judged"
    found: dict[str, Any] = {"level": "error", "message": _message(f"{one.where}: {what}: {one.reason}.")}
    if one.rule:
        found["associatedRule"] = {"id": one.rule.id, "index": indexes[one.rule.id]}
    return found


def _message(text: str) -> dict[str, str]:
    """A message; a name that looks like a link, which a viewer would make of it, is no longer one."""
    return {"text": printable(text).replace("](", "] (")}
