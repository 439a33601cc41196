"""What the commands about lifecycle policies print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from registry_constructs.cli.output import print_data, print_json, table
from registry_constructs.ecr.lifecycle import Action, LifecyclePolicy
from registry_constructs.reports.forecast_plot import forecast_svg
from registry_constructs.reports.pages import page, paragraph, wide
from registry_constructs.reports.pages import table as html_table
from registry_constructs.simulation import Inventory, SimulatedImage, Simulation
from registry_constructs.simulation.check import Checked
from registry_constructs.simulation.explain import explain
from registry_constructs.simulation.forecast import Forecast, Level, Pushes
from registry_constructs.simulation.preview import changes
from registry_constructs.simulation.prices import DAYS_PER_MONTH, Prices
from registry_constructs.simulation.usage import missing, used

# Rows of a table on a terminal; whoever wants all of them takes JSON.
_ROWS = 40
_ACTIONS = {Action.EXPIRE: "delete", Action.TRANSITION: "archive", None: "keep"}


def notes(simulation: Simulation, inventory: Inventory) -> list[str]:
    """What a reader of a result has to know."""
    found = []
    if warnings := len(simulation.policy.warnings()):
        found.append(
            f"The policy has {warnings} warning{'' if warnings == 1 else 's'}: see lifecycle explain."
        )
    if simulation.future:
        found.append(
            f"{_images(simulation.future)} pushed or restored after the given time: the newest, and never "
            "old enough."
        )
    if lists := simulation.lists_without_children:
        lacks = "list does not name its platforms" if lists == 1 else "lists do not name their platforms"
        found.append(
            f"{lists:,} manifest {lacks}. ECR keeps the platforms as long as the list; here they may be "
            "shown as expiring."
        )
    found += [f"{use.where} runs {use.digest or use.tag}, which is not there." for use in missing(inventory)]
    found += [f"What is in use at {place} is unknown." for place in inventory.unknown]
    return found


def print_simulation(simulation: Simulation, inventory: Inventory, *, every: bool) -> None:
    """What each rule does, and the images that go: those in use first, then the oldest. Or all images."""
    places = used(inventory)
    going = simulation.going()
    lost = [outcome for outcome in going if outcome.image.digest in places]
    first = [*lost, *(outcome for outcome in going if outcome.image.digest not in places)]
    shown = simulation.oldest_first() if every else first[: max(_ROWS, len(lost))]
    rules = [
        (str(count.rule.priority), str(count.rule), f"{count.selected:,}", f"{count.taken:,}")
        for count in simulation.counts
    ]
    rows = [
        (
            _named(outcome.image),
            _day(outcome.image.pushed_at),
            _ACTIONS[outcome.action],
            ", ".join(places.get(outcome.image.digest, ())) or "-",
            outcome.why,
        )
        for outcome in shown
    ]
    print_data(
        f"{inventory.repository_name or 'The repository'}: {_images(len(simulation))}, of which "
        f"{simulation.total(Action.EXPIRE):,} would be deleted and {simulation.total(Action.TRANSITION):,} "
        f"archived, as of {_day(simulation.now)}."
    )
    if lost:
        print_data(f"In use: {len(lost):,} of those that go.")
    print_data(
        table("Rules", ["Rule", "What it does", "Selects", "Takes"], rules, numbers=["Selects", "Takes"])
    )
    if rows:
        print_data(
            table(
                "All images" if every else "Images that go",
                ["Image", "Pushed", "Action", "In use by", "Why"],
                rows,
            )
        )
    if not every and len(going) > len(shown):
        print_data(f"... and {len(going) - len(shown):,} more; --format json has all of them.")


def print_explanation(policy: LifecyclePolicy) -> None:
    """Each rule in sentences, its warnings below."""
    for explanation in explain(policy):
        print_data(f"Rule {explanation.rule.priority}. {' '.join(explanation.sentences)}")
        for warning in explanation.warnings:
            print_data(f"  Warning ({warning.id}): {warning.message}")


def print_changes(old: Simulation, new: Simulation, inventory: Inventory, *, as_json: bool) -> None:
    """The images that two policies treat differently."""
    places = used(inventory)
    found = changes(old, new)
    if as_json:
        print_json(
            {
                "changes": [
                    {
                        "imageDigest": change.image.digest,
                        "imageTags": list(change.image.tags),
                        "old": _ACTIONS[change.old.action],
                        "new": _ACTIONS[change.new.action],
                        "why": change.new.why,
                        "inUse": list(places.get(change.image.digest, ())),
                    }
                    for change in found
                ]
            }
        )
        return
    rows = [
        (
            _named(change.image),
            _ACTIONS[change.old.action],
            _ACTIONS[change.new.action],
            ", ".join(places.get(change.image.digest, ())) or "-",
            change.new.why,
        )
        for change in found
    ]
    print_data(
        f"Of {_images(len(old))} {len(found):,} would be treated differently. "
        f"Deleted: {old.total(Action.EXPIRE):,} before, {new.total(Action.EXPIRE):,} after. "
        f"Archived: {old.total(Action.TRANSITION):,} before, {new.total(Action.TRANSITION):,} after."
    )
    if rows:
        print_data(table("Changes", ["Image", "Old", "New", "In use by", "Why"], rows[:_ROWS]))
    if len(rows) > _ROWS:
        print_data(f"... and {len(rows) - _ROWS:,} more; --format json has all of them.")


@dataclass(frozen=True)
class CheckedRow:
    """One repository of an app, with what `lifecycle check` reports."""

    place: str
    repository: str
    images: int | None
    expiring: int | None
    archiving: int | None
    in_use: tuple[str, ...]
    unknown: tuple[str, ...]
    note: str


def checked_row(checked: Checked) -> CheckedRow:
    """The row of a result; the images themselves are not kept."""
    app_policy, inventory, simulation, losses = checked
    note = ""
    if inventory is None:
        note = "no inventory" if app_policy.repository else "CloudFormation makes up its name: no inventory"
    elif simulation is None:
        note = "no policy: nothing goes"
    elif app_policy.prefix:
        note = f"by the creation template for {app_policy.prefix}: only if it were created anew"
    return CheckedRow(
        app_policy.place,
        inventory.repository_name if inventory else app_policy.repository,
        len(inventory.images) if inventory else None,
        simulation.total(Action.EXPIRE) if simulation else None,
        simulation.total(Action.TRANSITION) if simulation else None,
        tuple(
            f"{_named(loss.outcome.image)}: {', '.join(loss.places)}".replace("\n", " ") for loss in losses
        ),
        inventory.unknown if inventory else (),
        note,
    )


def print_checked(rows: Sequence[CheckedRow], *, as_json: bool) -> None:
    """What the policies of an app do, repository by repository."""
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    if not rows:
        print_data("The app has no repository, and no creation template covers what is in the inventory.")
        return
    cells = [
        (
            f"{row.repository or '-'}\n{row.place}",
            _count(row.images),
            _count(row.expiring),
            _count(row.archiving),
            "\n".join([*row.in_use, *(f"unknown: {place}" for place in row.unknown)]) or "-",
            row.note,
        )
        for row in rows
    ]
    columns = ["Repository", "Images", "Delete", "Archive", "In use", "Note"]
    print_data(table("Policies of the app", columns, cells, numbers=["Images", "Delete", "Archive"]))


def print_forecast(
    forecast: Forecast, pushes: Sequence[Pushes], prices: Prices, name: str, output: str
) -> None:
    """The days to come, as a table, JSON, a page or a plot."""
    title = f"The next {len(forecast.times) - 1} days of {name}"
    if output == "svg":
        print(forecast_svg(forecast, prices, title=title), end="")
        return
    if output == "json":
        print_json(
            {
                "pushes": [each._asdict() for each in pushes],
                "prices": {"source": prices.source, "checked": prices.checked.isoformat()},
                "days": [
                    {"time": _day(time), "without": _priced(without, prices), "with": _priced(level, prices)}
                    for time, without, level in zip(*forecast, strict=True)
                ],
            }
        )
        return
    charged = f"{prices.currency}/month"
    columns = ["Day", *(f"{what} {how}" for what in ("Images", "GB", charged) for how in ("without", "with"))]
    # A row a day would hide the course; ten show it.
    last = len(forecast.times) - 1
    places = sorted({round(index * last / min(9, last)) for index in range(min(9, last) + 1)})
    rows = [_forecast_row(forecast, place, prices) for place in places]
    pushed = ", ".join(f"{each.family} {each.per_day:.3g}" for each in pushes) or "nothing"
    sums = [_paid(levels, prices) for levels in (forecast.without, forecast.with_policy)]
    sentences = [
        f"Pushes a day: {pushed}.",
        f"All {last} days together: {sums[0]:,.2f} {prices.currency} without the policy, "
        f"{sums[1]:,.2f} with it.",
        f"Prices for {prices.region} of {prices.checked}: {prices.source}",
    ]
    if output == "html":
        svg = forecast_svg(forecast, prices, title=title)
        body = html_table("In numbers", columns, rows, numbers=range(1, 7))
        print(page(title, wide(svg), *(paragraph(sentence) for sentence in sentences), body), end="")
        return
    print_data(table(title, columns, rows, numbers=columns[1:]), *sentences)


def _forecast_row(forecast: Forecast, place: int, prices: Prices) -> tuple[str, ...]:
    without, level = forecast.without[place], forecast.with_policy[place]
    return (
        _day(forecast.times[place]),
        f"{without.images:,}",
        f"{level.images:,}",
        *(
            f"{(each.standard_bytes + each.archive_bytes) / prices.bytes_per_gb:,.1f}"
            for each in (without, level)
        ),
        *(f"{prices.monthly(each.standard_bytes, each.archive_bytes):,.2f}" for each in (without, level)),
    )


def _priced(level: Level, prices: Prices) -> dict[str, float]:
    cost = prices.monthly(level.standard_bytes, level.archive_bytes)
    return {
        "images": level.images,
        "standardBytes": level.standard_bytes,
        "archiveBytes": level.archive_bytes,
        "costPerMonth": round(cost, 4),
    }


def _paid(levels: Sequence[Level], prices: Prices) -> float:
    """What the days after the first cost together."""
    months = [prices.monthly(level.standard_bytes, level.archive_bytes) for level in levels[1:]]
    return sum(months) / DAYS_PER_MONTH


def _named(image: SimulatedImage) -> str:
    return f"{', '.join(image.tags) or 'untagged'}\n{image.digest[:19]}"


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _images(number: int) -> str:
    return f"{number:,} image{'' if number == 1 else 's'}"
