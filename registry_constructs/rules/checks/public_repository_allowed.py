"""Rule `public-repository-allowed`: a public repository is listed as allowed."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import PublicRepositoryState


def _check(state: PublicRepositoryState, settings: RuleSettings) -> Iterator[str]:
    if not any(fnmatchcase(state.name, pattern) for pattern in settings.public_repositories):
        yield "Everybody can pull its images, and it is not listed as allowed"


RULE: Final = Rule(
    id="public-repository-allowed",
    demand="A public repository is listed as allowed",
    why="Everybody can pull from a public repository, and whatever was pulled can't be taken back. One that "
    "was made by mistake looks like any other.",
    fix="List it in RuleSettings.public_repositories or by --public-repository, or use a private repository",
    severity=Severity.HIGH,
    judges=(PublicRepositoryState,),
    check=_check,
    needs=frozenset({Part.PUBLIC}),
    example=Example(
        compliant={
            "Example": {"Type": "AWS::ECR::PublicRepository", "Properties": {"RepositoryName": "tools"}}
        },
        non_compliant={
            "Example": {"Type": "AWS::ECR::PublicRepository", "Properties": {"RepositoryName": "mistake"}}
        },
        settings=RuleSettings(public_repositories=("tools",)),
    ),
)
