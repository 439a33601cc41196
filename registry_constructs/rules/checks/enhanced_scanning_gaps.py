"""Rule `enhanced-scanning-gaps`: the rules of enhanced scanning cover every repository."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.ecr.lifecycle.patterns import filter_matches
from registry_constructs.rules.examples import Resource, repository
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import ScanningState
from registry_constructs.rules.values import known

_SHOWN: Final = 5


def _check(state: ScanningState, _: RuleSettings) -> Iterator[str]:
    if known(state.type) != "ENHANCED":
        return
    filters = [value for rule in known(state.rules) for value in rule.filters]
    missed = [
        name
        for name in known(state.repositories)
        if not any(filter_matches(value, name) for value in filters)
    ]
    if missed:
        more = f" and {len(missed) - _SHOWN} more" if len(missed) > _SHOWN else ""
        yield f"Its rules leave out {', '.join(missed[:_SHOWN])}{more}"


def _scanning(value: str) -> Resource:
    rule = {
        "ScanFrequency": "CONTINUOUS_SCAN",
        "RepositoryFilters": [{"Filter": value, "FilterType": "WILDCARD"}],
    }
    return {
        "Type": "AWS::ECR::RegistryScanningConfiguration",
        "Properties": {"ScanType": "ENHANCED", "Rules": [rule]},
    }


RULE: Final = Rule(
    id="enhanced-scanning-gaps",
    demand="The rules of enhanced scanning cover every repository",
    why="Under ENHANCED a repository that no rule covers is not scanned at all, neither by hand nor by its "
    "own setting (UG image-scanning-enhanced).",
    fix='Add a rule for "*", at least with SCAN_ON_PUSH; continuous scanning wins where both cover',
    severity=Severity.HIGH,
    judges=(ScanningState,),
    check=_check,
    needs=frozenset({Part.REGISTRY}),
    example=Example(
        compliant={"Example": _scanning("*"), "Shop": repository(RepositoryName="shop/web")},
        non_compliant={"Example": _scanning("payments/*"), "Shop": repository(RepositoryName="shop/web")},
    ),
)
