"""What ECR would do, by the simulator, with images as short as AWS's examples write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from registry_constructs import simulation
from registry_constructs.simulation import ImageStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry_constructs.ecr.lifecycle import Action, LifecyclePolicy

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Image:
    """An image; `name` serves the test and is its digest, ages are in days."""

    name: str
    tags: tuple[str, ...] = ()
    pushed: float = 0
    pulled: float | None = None
    archived: float | None = None

    def real(self) -> simulation.SimulatedImage:
        return simulation.SimulatedImage(
            self.name,
            self.tags,
            _ago(self.pushed),
            status=ImageStatus.ACTIVE if self.archived is None else ImageStatus.ARCHIVED,
            pulled_at=None if self.pulled is None else _ago(self.pulled),
            archived_at=None if self.archived is None else _ago(self.archived),
        )


def evaluate(policy: LifecyclePolicy, images: Iterable[Image]) -> dict[str, Action]:
    """The images that the policy acts on, by name."""
    result = simulation.simulate(policy, [image.real() for image in images], now=NOW)
    return {outcome.image.digest: outcome.action for outcome in result if outcome.action}


def _ago(days: float) -> float:
    return NOW.timestamp() - days * 86_400
