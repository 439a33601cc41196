"""The results of rules, sorted for readers: new, known, accepted and unknown."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import Final

from registry_constructs.reports.acknowledgments import Acknowledgment
from registry_constructs.reports.fingerprint import fingerprints
from registry_constructs.rules.judge import Finding, Judgment, Unjudged
from registry_constructs.rules.rule import Rule, Severity
from registry_constructs.rules.state import Location

TOOL: Final = "registry-constructs"

# What XML 1.0 does not take (section 2.2), what moves a terminal's cursor, and what turns the direction of
# text round, so that a reader sees another name than the one that is written there.
_UNSHOWN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A finding, and what is known of it.

    Attributes:
        finding: The finding.
        fingerprint: What it has in common with the same finding of other runs, and with no other finding.
        acknowledgment: Why it is accepted; None if it is not.
        in_baseline: Whether the baseline has it.
    """

    finding: Finding
    fingerprint: str
    acknowledgment: Acknowledgment | None = None
    in_baseline: bool = False

    @property
    def status(self) -> str:
        """`acknowledged`, `known` from the baseline, or `new`."""
        return "acknowledged" if self.acknowledgment else "known" if self.in_baseline else "new"


@dataclass(frozen=True, kw_only=True)
class Report:
    """A judgment for its readers.

    Attributes:
        judged: What was judged, such as `the app in cdk.out` or `2 accounts, 3 Regions`.
        at: When.
        rules: The rules that were evaluated.
        passed: For each rule's id, how many comply.
        findings: All of them, the worst first.
        unjudged: What is unknown.
        compared: Whether there was a baseline.
        notes: Which acknowledgments have expired or are for nothing.
        tool_version: The version of this library.
    """

    judged: str
    at: datetime
    rules: tuple[Rule, ...]
    passed: Mapping[str, int]
    findings: tuple[Reported, ...]
    unjudged: tuple[Unjudged, ...]
    compared: bool = False
    notes: tuple[str, ...] = ()
    tool_version: str = field(default_factory=lambda: version(TOOL))

    @classmethod
    def of(
        cls,
        judgment: Judgment,
        *,
        judged: str,
        at: datetime,
        acknowledgments: Iterable[Acknowledgment] = (),
        baseline: frozenset[str] | None = None,
    ) -> Report:
        """The report of a judgment.

        Args:
            judgment: What was found.
            judged: What was judged, for people.
            at: When; it also decides which acknowledgments have expired.
            acknowledgments: Accepted findings.
            baseline: The fingerprints of what is known. None: there is no baseline, and all is new.
        """
        given = tuple(acknowledgments)
        by_rule: defaultdict[str, list[Acknowledgment]] = defaultdict(list)
        for one in given:
            by_rule[one.rule].append(one)
        used: Counter[Acknowledgment] = Counter()
        lapsed: Counter[Acknowledgment] = Counter()
        reported = []
        for finding, fingerprint in zip(judgment.findings, fingerprints(judgment.findings), strict=True):
            covering = [one for one in by_rule[finding.rule.id] if one.covers(finding)]
            used.update(covering)
            holding = [one for one in covering if not one.expired(at.date())]
            if not holding:
                lapsed.update(covering)
            reported.append(
                Reported(
                    finding=finding,
                    fingerprint=fingerprint,
                    acknowledgment=holding[0] if holding else None,
                    in_baseline=fingerprint in (baseline or ()),
                )
            )
        evaluated = {rule.id for rule in judgment.rules}
        notes = (
            _note(one, one.rule in evaluated, one in used, lapsed[one], one.expired(at.date()))
            for one in given
        )
        return cls(
            judged=judged,
            at=at,
            rules=judgment.rules,
            passed=judgment.passed,
            findings=tuple(sorted(reported, key=_order)),
            unjudged=tuple(judgment.unjudged),
            compared=baseline is not None,
            notes=tuple(filter(None, notes)),
        )

    def having(self, status: str) -> tuple[Reported, ...]:
        """The findings of a status (`Reported.status`), the worst first."""
        return tuple(one for one in self.findings if one.status == status)

    def counts(self, status: str) -> dict[Severity, int]:
        """How many findings of a status each severity has, the worst first; also those that have none."""
        found = Counter(one.finding.rule.severity for one in self.findings if one.status == status)
        return {severity: found[severity] for severity in sorted(Severity, reverse=True)}


def place_in_words(place: Location) -> str:
    """The account and Region of a place, such as `111122223333 in eu-west-1`."""
    if place.account and place.region:
        return f"{place.account} in {place.region}"
    return place.account or place.region or "any account and Region"


def printable(text: str) -> str:
    """The text, with a replacement character for each one that can't or must not be shown."""
    return _UNSHOWN.sub("\N{REPLACEMENT CHARACTER}", text)


def capitalized(text: str) -> str:
    """The text with a capital first letter, and all others as they are."""
    return text[:1].upper() + text[1:]


def _order(one: Reported) -> tuple[object, ...]:
    finding, place = one.finding, one.finding.state.place
    return (
        -finding.rule.severity,
        finding.rule.id,
        place.account,
        place.region,
        finding.state.name,
        place.address,
        finding.message,
        one.fingerprint,
    )


def _note(one: Acknowledgment, evaluated: bool, used: bool, lapsed: int, expired: bool) -> str:
    what = f"{one.source or 'the app'}: the acknowledgment of {one.rule} at {one.where}"
    if not evaluated:
        return f"{what} is for no rule that was evaluated"
    if not used:
        return f"{what} matches no finding"
    if expired:
        again = f"; {lapsed:,} of the findings count{'s' * (lapsed == 1)} again" if lapsed else ""
        return f"{what} expired on {one.until}{again}"
    return ""
