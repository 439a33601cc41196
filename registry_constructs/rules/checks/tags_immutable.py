"""Rule `tags-immutable`: tags are immutable, except those listed as exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.rules.examples import repository
from registry_constructs.rules.rule import Example, Rule, RuleSettings, Severity
from registry_constructs.rules.state import RepositoryState
from registry_constructs.rules.values import known


def _check(repository: RepositoryState, _: RuleSettings) -> Iterator[str]:
    mutability = known(repository.mutability)
    if mutability.startswith("MUTABLE") and not known(repository.cached):
        yield f"Its tags can be moved to other images: ImageTagMutability is {mutability}"


RULE: Final = Rule(
    id="tags-immutable",
    demand="Tags are immutable, except those listed as exceptions",
    why="Whoever may push replaces what runs under a tag that was tested, and a rollback finds another "
    "image. A repository that a pull-through cache fills is excepted: there ECR itself moves tags.",
    fix="Set image_tag_mutability to IMMUTABLE, or to IMMUTABLE_WITH_EXCLUSION with the tags that have to "
    "move",
    severity=Severity.MEDIUM,
    judges=(RepositoryState,),
    check=_check,
    example=Example(
        compliant={
            "Example": repository(
                ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                ImageTagMutabilityExclusionFilters=[
                    {
                        "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                        "ImageTagMutabilityExclusionFilterValue": "latest",
                    }
                ],
            )
        },
        non_compliant={"Example": repository()},
    ),
)
