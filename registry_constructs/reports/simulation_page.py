"""What a policy does, as an HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape

from registry_constructs.ecr.lifecycle import Action
from registry_constructs.reports.pages import Markup, page, paragraph, table
from registry_constructs.simulation.image import Inventory
from registry_constructs.simulation.outcome import Outcome, Simulation
from registry_constructs.simulation.usage import used


def simulation_page(
    simulation: Simulation, inventory: Inventory, notes: Iterable[str], *, every: bool = False
) -> str:
    """What a policy does: each rule, each image that goes, and why.

    Args:
        simulation: The result.
        inventory: The repository that it is about.
        notes: What its reader has to know, such as uses that could not be read.
        every: Whether to show also the images that stay.
    """
    places = used(inventory)
    going = simulation.going()
    lost = [outcome for outcome in going if outcome.image.digest in places]
    time = datetime.fromtimestamp(simulation.now, UTC).strftime("%Y-%m-%d %H:%M UTC")
    name = inventory.repository_name or "these images"
    summary = (
        f"Of {len(simulation):,} images {simulation.total(Action.EXPIRE):,} would be deleted and "
        f"{simulation.total(Action.TRANSITION):,} archived, as of {time}."
    )
    parts = [paragraph(summary)]
    if lost:
        parts.append(paragraph(f"In use: {len(lost):,} of those that go.", kind="bad"))
    parts += [paragraph(note, kind="note") for note in notes]
    parts.append(
        table(
            "Rules",
            ["Rule", "What it does", "Selects", "Takes"],
            (
                [str(c.rule.priority), str(c.rule), f"{c.selected:,}", f"{c.taken:,}"]
                for c in simulation.counts
            ),
            numbers=(2, 3),
        )
    )
    parts.append(
        table(
            "All images" if every else "Images that go",
            ["Image", "Pushed", "Action", "In use by", "Why"],
            (
                _row(outcome, places.get(outcome.image.digest, ()))
                for outcome in (simulation.oldest_first() if every else _in_use_first(going, places))
            ),
        )
    )
    return page(f"What the policy does to {name}", *parts)


def _in_use_first(outcomes: list[Outcome], places: Mapping[str, Sequence[str]]) -> list[Outcome]:
    return sorted(outcomes, key=lambda outcome: outcome.image.digest not in places)


def _row(outcome: Outcome, places: Sequence[str]) -> list[str]:
    image = outcome.image
    tags = escape(", ".join(image.tags) or "untagged")
    return [
        Markup(
            f'<div class="image">{tags}<br>'
            f'<code title="{escape(image.digest)}">{escape(image.digest[:19])}</code></div>'
        ),
        Markup(datetime.fromtimestamp(image.pushed_at, UTC).strftime('<span class="day">%Y-%m-%d</span>')),
        {Action.EXPIRE: "delete", Action.TRANSITION: "archive", None: "keep"}[outcome.action],
        Markup(f'<span class="bad">{escape(", ".join(places))}</span>') if places else "",
        Markup(f'<div class="why">{escape(outcome.why)}</div>'),
    ]
