"""Rule `tags-immutable-without-exceptions`: all tags are immutable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.rules.examples import repository
from registry_constructs.rules.rule import Example, Rule, RuleSettings, Severity
from registry_constructs.rules.state import RepositoryState
from registry_constructs.rules.values import known


def _check(state: RepositoryState, _: RuleSettings) -> Iterator[str]:
    if (mutability := known(state.mutability)) != "IMMUTABLE":
        yield f"ImageTagMutability is {mutability}, not IMMUTABLE"


RULE: Final = Rule(
    id="tags-immutable-without-exceptions",
    demand="All tags are immutable",
    why="Security Hub, AWS Config and the scanners of templates take nothing but IMMUTABLE. A repository "
    "that a pull-through cache fills fails too: acknowledge it there, as ECR has to move its tags.",
    fix="Set image_tag_mutability to IMMUTABLE, and name images by digest or by tags of their own",
    severity=Severity.MEDIUM,
    controls=("securityhub-ecr-2", "config-tag-immutability", "checkov-51", "trivy-0031"),
    judges=(RepositoryState,),
    check=_check,
    example=Example(
        compliant={"Example": repository(ImageTagMutability="IMMUTABLE")},
        non_compliant={"Example": repository(ImageTagMutability="MUTABLE")},
    ),
)
