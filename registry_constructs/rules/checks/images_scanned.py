"""Rule `images-scanned`: images that were recently pushed or pulled have recent scan results."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from registry_constructs.rules.rule import Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import ImageState, RepositoryState
from registry_constructs.rules.values import known

_CONTINUOUS: Final = "ACTIVE"


def _check(state: RepositoryState, settings: RuleSettings) -> Iterator[str]:
    if state.images is None:
        return
    oldest = settings.now - timedelta(days=settings.scan_age)
    used = [
        image for image in known(state.images) if max(image.pushed, image.pulled or image.pushed) >= oldest
    ]
    unscanned = [image for image in used if image.scanned is None and image.scan != _CONTINUOUS]
    if unscanned:
        yield f"{len(unscanned):,} of its images in use have not been scanned, such as {_name(unscanned[0])}"
    old = [image for image in used if image.scanned and image.scanned < oldest and image.scan != _CONTINUOUS]
    if old:
        yield (
            f"{len(old):,} of its images in use were last scanned more than {settings.scan_age} days ago, "
            f"such as {_name(old[0])}"
        )


def _name(image: ImageState) -> str:
    return image.tags[0] if image.tags else image.digest[:19]


RULE: Final = Rule(
    id="images-scanned",
    demand="Images that were recently pushed or pulled have recent scan results",
    why="A scan finds what was known on its day. A basic scan is made once, so that an image in use grows "
    "vulnerabilities that nobody sees. What counts as lately, and as too old, is Settings.scan_age.",
    fix="Scan continuously (Scanning.enhanced(continuous=['*'])), or start a basic scan again: aws ecr "
    "start-image-scan, once a day for an image",
    severity=Severity.MEDIUM,
    judges=(RepositoryState,),
    check=_check,
    needs=frozenset({Part.IMAGES}),
)
