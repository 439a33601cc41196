"""Severities of vulnerabilities, in one order.

It imports the standard library alone: functions that run in Lambda get a copy of this file.
"""

from __future__ import annotations

from typing import Literal, get_args

RatedSeverity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"]
"""A severity that both scanners give."""

Severity = Literal[RatedSeverity, "UNDEFINED"]
"""The severity of a finding (ECR API reference, ImageScanFinding); Inspector's UNTRIAGED is UNDEFINED."""

RATED_SEVERITIES: tuple[RatedSeverity, ...] = get_args(RatedSeverity)
"""From the worst to the least."""

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The same, and last what nobody has rated."""


def at_least(severity: str, bar: str) -> bool:
    """Whether a severity is as bad as another, or worse."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(bar)
