"""What the world may pull was meant for it."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from registry_constructs.rules.rule import Example, Part, Rule, Settings, Severity
from registry_constructs.rules.state import PublicRepositoryState


def _check(state: PublicRepositoryState, settings: Settings) -> Iterator[str]:
    if not any(fnmatchcase(state.name, pattern) for pattern in settings.public_repositories):
        yield "Everybody can pull its images, and nobody has said that this is meant"


RULE: Final = Rule(
    id="public-repository-meant",
    demand="A public repository is named as one that is meant",
    why="Everybody can pull from a public repository, and whatever was pulled can't be taken back. One that "
    "was made by mistake looks like any other.",
    fix="Say that it is meant in Settings.public_repositories or by --public-repository, or use a private "
    "one",
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
        settings=Settings(public_repositories=("tools",)),
    ),
)
