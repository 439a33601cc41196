"""Rules applied to what was described."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from registry_constructs.rules.rule import Rule, RuleSettings
from registry_constructs.rules.state import State
from registry_constructs.rules.values import UnknownValueError


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is not as a rule demands.

    Attributes:
        rule: The rule.
        state: What is not so.
        message: What is wrong, as a sentence without a full stop.
    """

    rule: Rule
    state: State
    message: str


@dataclass(frozen=True, kw_only=True)
class Unjudged:
    """What a rule could not judge.

    Attributes:
        rule: The rule; None where not even that is known, as with a Region that was not read.
        where: What was not judged: the address of a state, or a place.
        reason: Why.
    """

    rule: Rule | None
    where: str
    reason: str


@dataclass(kw_only=True)
class Judgment:
    """What was found.

    Attributes:
        rules: The rules that were asked.
        passed: For each rule's id, how many comply.
        findings: What does not.
        unjudged: What is unknown; while there is any, nothing is known to be all right.
    """

    rules: tuple[Rule, ...]
    passed: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    unjudged: list[Unjudged] = field(default_factory=list)


def judge(states: Iterable[State], rules: Iterable[Rule], settings: RuleSettings) -> Judgment:
    """Ask each rule about each state it is for."""
    judgment = Judgment(rules=tuple(rules))
    by_kind: dict[type[State], list[Rule]] = {}
    for rule in judgment.rules:
        judgment.passed[rule.id] = 0
        for kind in rule.judges:
            by_kind.setdefault(kind, []).append(rule)
    for state in states:
        for rule in by_kind.get(type(state), ()):
            _ask(rule, state, settings, judgment)
    return judgment


def _ask(rule: Rule, state: State, settings: RuleSettings, judgment: Judgment) -> None:
    before = len(judgment.findings)
    try:
        for message in rule.check(state, settings):
            judgment.findings.append(Finding(rule=rule, state=state, message=message))
    except UnknownValueError as error:
        judgment.unjudged.append(Unjudged(rule=rule, where=state.place.address, reason=error.reason))
    else:
        judgment.passed[rule.id] += before == len(judgment.findings)
