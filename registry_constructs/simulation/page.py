"""Results as HTML pages of one file each, without scripts and without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

from registry_constructs.lifecycle import Action
from registry_constructs.simulation.image import Inventory
from registry_constructs.simulation.outcome import Outcome, Simulation
from registry_constructs.simulation.usage import used

_STYLE: Final = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;
background:#fff;color:#1f2328}
h1{font-size:1.4rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin-top:2rem}
.wide{overflow-x:auto}svg{max-width:100%;min-width:44rem;height:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #d1d9e0}
th{border-bottom-width:2px}.number{text-align:right}.number,.day{white-space:nowrap}
.image{min-width:9rem;overflow-wrap:anywhere}.why{min-width:15rem}code{font-size:.85em;white-space:nowrap}
.bad{color:#b42318;font-weight:600}.note{color:#59636e}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}th,td{border-color:#30363d}
.bad{color:#ff7b72}.note{color:#9198a1}}
"""


class Markup(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


def page(title: str, *parts: str) -> str:
    """A page with a heading.

    Args:
        title: The heading, as plain text.
        parts: What follows, as HTML.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def paragraph(text: str, *, kind: str = "") -> str:
    """A paragraph of plain text; the kind is `bad`, `note` or nothing."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int] = ()
) -> str:
    """A table under a heading; cells are plain text unless they are `Markup`.

    Args:
        title: The heading.
        columns: The names of the columns.
        rows: The cells.
        numbers: The indexes of columns to align to the right.
    """
    right = set(numbers)
    head = "".join(_cell("th", name, index in right) for index, name in enumerate(columns))
    body = "\n".join(
        "<tr>" + "".join(_cell("td", text, index in right) for index, text in enumerate(row)) + "</tr>"
        for row in rows
    )
    markup = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    return f"<h2>{escape(title)}</h2>\n{wide(markup)}"


def wide(markup: str) -> str:
    """HTML that a narrow window scrolls sideways, and not the whole page with it."""
    return f'<div class="wide">\n{markup}\n</div>'


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


def _cell(tag: str, text: str, right: bool) -> str:
    content = text if isinstance(text, Markup) else escape(text)
    return f'<{tag} class="number">{content}</{tag}>' if right else f"<{tag}>{content}</{tag}>"
