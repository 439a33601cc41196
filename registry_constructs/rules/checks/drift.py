"""Rule `drift`: what is deployed is what the app declares."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from registry_constructs.rules.judge import Finding, Judgment, Unjudged
from registry_constructs.rules.rule import Part, Rule, Severity
from registry_constructs.rules.state import (
    CacheState,
    RegistryPolicyState,
    RepositoryState,
    ScanningRule,
    ScanningState,
    State,
    TemplateState,
)
from registry_constructs.rules.statements import PLACEHOLDER, Statement
from registry_constructs.rules.values import Unknown

RULE: Final = Rule(
    id="drift",
    demand="What is deployed is what the app declares",
    why="What was changed by hand is lost at the next deployment that touches it, or stays for ever because "
    "none does; and what is declared and not deployed protects nobody.",
    fix="Deploy the app, or write into it what was changed; cdk diff shows what a deployment would do, "
    "registry-constructs catalog import describes what is deployed",
    severity=Severity.MEDIUM,
    judges=(),
    check=lambda _state, _settings: (),
    needs=frozenset({Part.KEY, Part.LIFECYCLE, Part.POLICY, Part.TAGS, Part.SCANNING, Part.REGISTRY}),
)

_ACCOUNT: Final = re.compile(r"AWS:([0-9]{12})")
# The repositories of `cdk bootstrap` belong to no app.
_OF_THE_CDK: Final = re.compile(r"cdk-[a-z0-9]{1,10}-container-assets-[0-9]{12}-[a-z0-9-]+")
_SINGLETONS: Final = (RegistryPolicyState, ScanningState)

Key = tuple[str, str, str, str]


def compare(declared: Iterable[State], standing: Iterable[State]) -> Judgment:
    """How what is deployed differs from what an app declares.

    A part that only the deployment knows, such as the name of a role, matches whatever is deployed in its
    place. What CloudFormation names itself can't be found again and is not compared.

    Args:
        declared: What the app's templates declare.
        standing: What was read of the registries.
    """
    judgment = Judgment(rules=(RULE,), passed={RULE.id: 0})
    there = {_key(state): state for state in standing if type(state) in _PARTS}
    places = {(key[1], key[2]) for key in there} | {_environment(state) for state in standing}
    wanted = [state for state in declared if type(state) in _PARTS and not PLACEHOLDER.search(state.name)]
    found: set[Key] = set()
    for state in wanted:
        here = [place for place in places if _fits(state, place)]
        if not here:
            _unjudged(judgment, state, f"{state.place.account} {state.place.region} was not read")
        for account, region in here:
            key = (state.kind, account, region, _name(state))
            found.add(key)
            if key in there:
                _compare_one(judgment, state, there[key])
            else:
                _finding(judgment, state, f"The app declares this {state.kind}, and it does not exist")
    made = _made_by_registry(wanted)
    for key, state in there.items():
        known_otherwise = isinstance(state, RepositoryState) and (
            _OF_THE_CDK.fullmatch(state.name) or any(state.name.startswith(prefix) for prefix in made)
        )
        if key not in found and not known_otherwise and not _is_default(state):
            _finding(judgment, state, f"This {state.kind} exists, and no template of the app declares it")
    return judgment


def _compare_one(judgment: Judgment, declared: State, live: State) -> None:
    before = len(judgment.findings) + len(judgment.unjudged)
    for what, differ in _PARTS[type(declared)].items():
        wanted, deployed = getattr(declared, what), getattr(live, what)
        if isinstance(deployed, Unknown):
            _unjudged(judgment, live, f"{what}: {deployed.reason}")
        elif not isinstance(wanted, Unknown) and differ(wanted, deployed):
            words = _WORDS.get(what, what).capitalize()
            both = f"{_shown(deployed)} is deployed, {_shown(wanted)} is declared"
            _finding(judgment, live, f"{words} not as declared: {both}")
    if len(judgment.findings) + len(judgment.unjudged) == before:
        judgment.passed[RULE.id] += 1


def _finding(judgment: Judgment, state: State, message: str) -> None:
    judgment.findings.append(Finding(rule=RULE, state=state, message=message))


def _unjudged(judgment: Judgment, state: State, reason: str) -> None:
    judgment.unjudged.append(Unjudged(rule=RULE, where=state.place.address, reason=reason))


def _differs(wanted: Any, deployed: Any) -> bool:  # noqa: ANN401 - any attribute of a state
    return bool(wanted != deployed)


def _text_differs(wanted: str, deployed: str) -> bool:
    return not _pattern(wanted).fullmatch(deployed)


def _json_differs(wanted: str, deployed: str) -> bool:
    if not wanted or not deployed:
        return wanted != deployed
    return bool(json.loads(wanted) != json.loads(deployed))


def _set_differs(wanted: Iterable[str], deployed: Iterable[str]) -> bool:
    return set(wanted) != set(deployed)


def _rules_differ(wanted: Iterable[ScanningRule], deployed: Iterable[ScanningRule]) -> bool:
    first, second = (
        {(one.frequency, frozenset(one.filters)) for one in rules} for rules in (wanted, deployed)
    )
    return first != second


def _tags_differ(wanted: Mapping[str, str], deployed: Mapping[str, str]) -> bool:
    return wanted.keys() != deployed.keys() or any(
        _text_differs(wanted[key], deployed[key]) for key in wanted
    )


def _scan_differs(wanted: str, deployed: str) -> bool:
    # The registry's rules of another app may scan what this app leaves alone.
    return wanted not in ("MANUAL", deployed)


def _policy_differs(wanted: tuple[Statement, ...], deployed: tuple[Statement, ...]) -> bool:
    left = list(deployed)
    for statement in wanted:
        same = next((one for one in left if _same(statement, one)), None)
        if same is None:
            return True
        left.remove(same)
    return bool(left)


def _same(wanted: Statement, deployed: Statement) -> bool:
    return (
        (wanted.allows, wanted.excluded_principals, wanted.excluded_actions, len(wanted.conditions))
        == (
            deployed.allows,
            deployed.excluded_principals,
            deployed.excluded_actions,
            len(deployed.conditions),
        )
        and {action.lower() for action in wanted.actions} == {action.lower() for action in deployed.actions}
        and _all_found(map(_principal, wanted.principals), map(_principal, deployed.principals))
        and all(
            any(
                (operator, key) == (other, name) and _all_found(values, there)
                for other, name, there in deployed.conditions
            )
            for operator, key, values in wanted.conditions
        )
    )


def _principal(principal: str) -> str:
    """ECR keeps an account as the ARN of its root."""
    return _ACCOUNT.sub(r"AWS:arn:aws:iam::\1:root", principal)


def _all_found(wanted: Iterable[str], deployed: Iterable[str]) -> bool:
    patterns, left = [_pattern(one) for one in dict.fromkeys(wanted)], set(deployed)
    return len(patterns) == len(left) and all(
        any(pattern.fullmatch(one) for pattern in patterns) for one in left
    )


def _pattern(text: str) -> re.Pattern[str]:
    """A text with its placeholders standing for anything."""
    return re.compile(".*".join(map(re.escape, PLACEHOLDER.split(text))), re.DOTALL)


_PARTS: Final[dict[type[State], dict[str, Callable[[Any, Any], bool]]]] = {
    RepositoryState: {
        "encryption": _differs,
        "key": _text_differs,
        "mutability": _differs,
        "exclusions": _set_differs,
        "scan": _scan_differs,
        "lifecycle": _json_differs,
        "policy": _policy_differs,
        "tags": _tags_differ,
    },
    RegistryPolicyState: {"policy": _policy_differs},
    ScanningState: {"type": _differs, "rules": _rules_differ},
    CacheState: {"upstream": _text_differs, "credential": _text_differs, "role": _text_differs},
    TemplateState: {"applied_for": _set_differs, "policy": _policy_differs},
}
_WORDS: Final = {"key": "key", "scan": "scanning", "lifecycle": "lifecycle policy", "applied_for": "purpose"}


def _is_default(state: State) -> bool:
    """Whether it is what every registry has without further words."""
    match state:
        case RegistryPolicyState():
            return not state.policy
        case ScanningState():
            return (state.type, state.rules) == ("BASIC", ())
    return False


def _made_by_registry(declared: Iterable[State]) -> list[str]:
    """The prefixes below which ECR itself makes repositories."""
    return [
        "" if state.name == "ROOT" else f"{state.name.rstrip('/')}/"
        for state in declared
        if isinstance(state, CacheState | TemplateState)
    ]


def _shown(value: object) -> str:
    if value in ("", (), {}):
        return "nothing"
    if isinstance(value, tuple) and value and isinstance(value[0], Statement):
        return f"statements {', '.join(one.label for one in value)}"
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _key(state: State) -> Key:
    return (state.kind, *_environment(state), _name(state))


def _name(state: State) -> str:
    return "" if isinstance(state, _SINGLETONS) else state.name.rstrip("/")


def _environment(state: State) -> tuple[str, str]:
    return (state.place.account, state.place.region)


def _fits(state: State, place: tuple[str, str]) -> bool:
    return state.place.account in ("", place[0]) and state.place.region in ("", place[1])
