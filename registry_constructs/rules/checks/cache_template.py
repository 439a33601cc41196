"""Rule `cache-template`: a creation template covers each pull-through cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.rules.examples import Resource
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import CacheState
from registry_constructs.rules.values import known


def _check(state: CacheState, _: RuleSettings) -> Iterator[str]:
    prefix = "" if state.name == "ROOT" else state.name
    for template in known(state.templates):
        if template.covers(prefix) and "PULL_THROUGH_CACHE" in known(template.applied_for):
            return
    yield f"No creation template says how the repositories below {state.name} are made"


_CACHE: Final[Resource] = {
    "Type": "AWS::ECR::PullThroughCacheRule",
    "Properties": {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"},
}

RULE: Final = Rule(
    id="cache-template",
    demand="A creation template covers each pull-through cache",
    why="A cache makes repositories at the first pull. Without a template they have no lifecycle policy, no "
    "tags, no repository policy and AES256, and nobody looks at them again.",
    fix="Give the cache a template: PullThroughCache(...) of this library makes one, or "
    "RepositoryCreationTemplate(prefix=..., applied_for=[...])",
    severity=Severity.MEDIUM,
    judges=(CacheState,),
    check=_check,
    needs=frozenset({Part.REGISTRY}),
    example=Example(
        compliant={
            "Example": _CACHE,
            "Template": {
                "Type": "AWS::ECR::RepositoryCreationTemplate",
                "Properties": {"Prefix": "quay", "AppliedFor": ["PULL_THROUGH_CACHE"]},
            },
        },
        non_compliant={"Example": _CACHE},
    ),
)
