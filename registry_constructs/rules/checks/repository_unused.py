"""Rule `repository-unused`: images are pushed to a repository or pulled from it regularly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from registry_constructs.rules.rule import Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import RepositoryState
from registry_constructs.rules.values import known


def _check(state: RepositoryState, settings: RuleSettings) -> Iterator[str]:
    if state.images is None or state.created is None:
        return
    oldest = settings.now - timedelta(days=settings.unused)
    images, created = known(state.images), known(state.created)
    last = max(
        [created, *(time for image in images for time in (image.pushed, image.pulled) if time)],
    )
    if last < oldest:
        yield (
            f"Nothing was pushed to it or pulled from it since {last:%Y-%m-%d}"
            if images
            else f"It is empty, and was made on {created:%Y-%m-%d}"
        )


RULE: Final = Rule(
    id="repository-unused",
    demand="Images are pushed to a repository or pulled from it regularly",
    why="An empty or forgotten repository costs money, is scanned by nobody, and its rights stay. How long "
    "is too long is Settings.unused.",
    fix="Ask its owner, archive what must stay, and remove it from the app that made it",
    severity=Severity.LOW,
    judges=(RepositoryState,),
    check=_check,
    needs=frozenset({Part.IMAGES}),
)
