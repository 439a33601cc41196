"""Rule `public-repository-tagged`: a public repository has the required tags, or any tag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.rules.checks.required_tags import missing_tags
from registry_constructs.rules.examples import TAG
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import PublicRepositoryState
from registry_constructs.rules.values import known


def _check(state: PublicRepositoryState, settings: RuleSettings) -> Iterator[str]:
    yield from missing_tags(known(state.tags), settings)


_TYPE: Final = "AWS::ECR::PublicRepository"

RULE: Final = Rule(
    id="public-repository-tagged",
    demand="A public repository has the required tags, or any tag where none are required",
    why="What the world pulls needs somebody who answers for it. Tags that AWS sets itself (aws:...) don't "
    "count. Which are asked for is Settings.required_tags.",
    fix="Tag it: cdk.Tags.of(repository).add('team', 'shop')",
    severity=Severity.LOW,
    controls=("securityhub-ecr-4", "config-public-tagged"),
    judges=(PublicRepositoryState,),
    check=_check,
    needs=frozenset({Part.PUBLIC}),
    example=Example(
        compliant={"Example": {"Type": _TYPE, "Properties": {"RepositoryName": "tools", "Tags": [TAG]}}},
        non_compliant={"Example": {"Type": _TYPE, "Properties": {"RepositoryName": "tools"}}},
    ),
)
