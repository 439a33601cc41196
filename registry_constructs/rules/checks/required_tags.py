"""Rule `required-tags`: a repository has the required tags, or any tag where none are required."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from registry_constructs.rules.examples import TAG, repository
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import RepositoryState
from registry_constructs.rules.values import known


def missing_tags(tags: Mapping[str, str], settings: RuleSettings) -> Iterator[str]:
    """What is wrong with the tags of a repository, private or public."""
    if not settings.required_tags and not tags:
        yield "It has no tag"
    missing = [key for key in settings.required_tags if key not in tags]
    if missing:
        yield f"It lacks the tags {', '.join(missing)}"


def _check(state: RepositoryState, settings: RuleSettings) -> Iterator[str]:
    yield from missing_tags(known(state.tags), settings)


RULE: Final = Rule(
    id="required-tags",
    demand="A repository has the required tags, or any tag where none are required",
    why="Without tags nobody finds the owner of an image, or the team that pays for it. Tags that AWS sets "
    "itself (aws:...) don't count. Which are asked for is Settings.required_tags.",
    fix="Tag it: cdk.Tags.of(repository).add('team', 'shop'), or --required-tag what you mean",
    severity=Severity.LOW,
    controls=("config-tagged",),
    judges=(RepositoryState,),
    check=_check,
    needs=frozenset({Part.TAGS}),
    example=Example(
        compliant={"Example": repository(Tags=[TAG])},
        non_compliant={"Example": repository()},
    ),
)
