"""The findings of a live registry in the AWS Security Finding Format, for AWS Security Hub."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.regions import partition_of
from registry_constructs.reports.report import TOOL, Report, Reported, capitalized, printable
from registry_constructs.rules.controls import CONTROLS
from registry_constructs.rules.judge import Unjudged
from registry_constructs.rules.rule import Rule, Severity

_TYPES: Final = ["Software and Configuration Checks/AWS Security Best Practices"]
_ACCOUNT: Final = re.compile(r"\b[0-9]{12}\b")
_REGION: Final = re.compile(r"\b[a-z]{2,4}(?:-[a-z]+)+-[0-9]\b")
# Lengths of the format (Security Hub API, AwsSecurityFinding, Recommendation, Note).
_TITLE, _DESCRIPTION, _RECOMMENDATION, _NOTE = 256, 1024, 512, 512


def asff(report: Report) -> str:
    """The findings as a JSON list for `aws securityhub batch-import-findings`, which takes 100 at a time.

    What is acknowledged is SUPPRESSED with its reason. What is unknown is a finding with the compliance
    NOT_AVAILABLE, as severe as the rule. Security Hub takes a finding from the account that it is about, in
    its Region. A finding that is fixed is in no later list; Security Hub drops it after 90 days.

    Raises:
        InvalidInputError: A finding is about an app, of which nothing is deployed; or it is not known in
            which account and Region something is unknown.
    """
    found = [_finding(one, report) for one in report.findings]
    found += [_unknown(one, report) for one in report.unjudged]
    return json.dumps(found, indent=2) + "\n"


def _finding(one: Reported, report: Report) -> dict[str, Any]:
    finding, state = one.finding, one.finding.state
    place = state.place
    if not place.live:
        raise InvalidInputError(
            "Security Hub takes findings about AWS resources, and this one is about an app",
            got=place.template,
            allowed="findings of `registry-constructs audit`",
            fix="use sarif, junit, json or html for an app",
            where=place.address,
        )
    requirements = [
        name
        for control in finding.rule.controls
        for name in CONTROLS[control].requirements.split("; ")
        if name
    ]
    found = _base(finding.rule, report, account=place.account, region=place.region, id=one.fingerprint)
    found |= {
        "Title": _cut(f"{capitalized(state.kind)} {state.name}: {finding.message}", _TITLE),
        "Description": _cut(f"{finding.message}. {finding.rule.why}", _DESCRIPTION),
        "Severity": {"Label": finding.rule.severity.name},
        "Resources": [
            {
                "Type": "AwsEcrRepository" if state.kind == "repository" else "Other",
                "Id": place.address,
                "Region": place.region,
                "Partition": partition_of(place.region).name,
            }
        ],
        "Compliance": {"Status": "FAILED", "RelatedRequirements": requirements},
    }
    if accepted := one.acknowledgment:
        found["Workflow"] = {"Status": "SUPPRESSED"}
        found["Note"] = {
            "Text": _cut(accepted.reason, _NOTE),
            "UpdatedBy": TOOL,
            "UpdatedAt": _time(report.at),
        }
    return found


def _unknown(one: Unjudged, report: Report) -> dict[str, Any]:
    account, region = _ACCOUNT.search(one.where), _REGION.search(one.where)
    if not account or not region:
        raise InvalidInputError(
            "Security Hub takes findings about an account and a Region, and for this unknown one is missing",
            got=f"{one.where}: {one.reason}",
            allowed="what has both",
            fix="correct why it is unknown, or use json, junit or html",
        )
    key = sha256(json.dumps([one.rule and one.rule.id, one.where, "unknown"]).encode()).hexdigest()[:32]
    what = f"Whether {one.where} complies is unknown"
    arn = one.where.startswith("arn:")
    return _base(one.rule, report, account=account[0], region=region[0], id=key) | {
        "Title": _cut(f"{what}: {one.reason}", _TITLE),
        "Description": _cut(
            f"{what}: {one.reason}. It was not judged, and may be all right or not.", _DESCRIPTION
        ),
        "Severity": {"Label": (one.rule.severity if one.rule else Severity.CRITICAL).name},
        "Resources": [
            {
                "Type": "Other" if arn else "AwsAccount",
                "Id": one.where if arn else f"AWS::::Account:{account[0]}",
                "Region": region[0],
                "Partition": partition_of(region[0]).name,
            }
        ],
        "Compliance": {"Status": "NOT_AVAILABLE"},
    }


def _base(rule: Rule | None, report: Report, *, account: str, region: str, id: str) -> dict[str, Any]:
    generator = f"{TOOL}/{rule.id if rule else 'unknown'}"
    partition = partition_of(region).name
    found: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": f"{generator}/{id}",
        "ProductArn": f"arn:{partition}:securityhub:{region}:{account}:product/{account}/default",
        "GeneratorId": generator,
        "AwsAccountId": account,
        "Types": _TYPES,
        "CreatedAt": _time(report.at),
        "UpdatedAt": _time(report.at),
        "RecordState": "ACTIVE",
        "Workflow": {"Status": "NEW"},
        "ProductFields": {f"{TOOL}/version": report.tool_version},
    }
    if rule:
        found["Remediation"] = {"Recommendation": {"Text": _cut(f"{rule.fix}.", _RECOMMENDATION)}}
    return found


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _cut(text: str, length: int) -> str:
    text = printable(text)
    return text if len(text) <= length else f"{text[: length - 1]}…"
