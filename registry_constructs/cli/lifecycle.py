"""`registry-constructs lifecycle ...`: what lifecycle policies do to images, before they are deployed."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from registry_constructs.cli import lifecycle_output as show
from registry_constructs.cli.inputs import (
    FailOnInUse,
    Format,
    ImagesFile,
    Now,
    PageFormat,
    PolicyFile,
    RepositoryName,
    read_now,
    read_policy,
    read_repositories,
    read_repository,
    refusing,
)
from registry_constructs.cli.output import counting, print_json, say
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.simulation import Inventory, Simulation, simulate
from registry_constructs.simulation.usage import losses

app = typer.Typer(
    help="What a lifecycle policy would do to images, before it is deployed. Nothing is changed anywhere.",
    no_args_is_help=True,
)

_IN_USE_STATUS = 3


class PlotFormat(StrEnum):
    """How a forecast is printed."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"
    SVG = "svg"


@app.command("simulate")
@refusing
def simulate_policy(
    *,
    policy: PolicyFile,
    images: ImagesFile,
    now: Now = None,
    output: Annotated[
        PageFormat, typer.Option("--format", help="json is what get-lifecycle-policy-preview prints.")
    ] = PageFormat.TABLE,
    repository: RepositoryName = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show also the images that stay, and why they do (table and html).")
    ] = False,
    fail_on_in_use: FailOnInUse = False,
) -> None:
    """Show which images a policy would delete or archive, by which rule, and why."""
    from registry_constructs.reports.simulation_page import simulation_page  # noqa: PLC0415 - for one format only
    from registry_constructs.simulation.preview import preview  # noqa: PLC0415

    rules, time = read_policy(policy), read_now(now)
    inventory = read_repository(images, repository)
    if fail_on_in_use:
        _require_uses(inventory, images)
    result = simulate(rules, inventory.images, now=time)
    notes = show.notes(result, inventory)
    for note in notes:
        say(f"Note: {note}", style="yellow")
    if output is PageFormat.JSON:
        print_json(preview(result, inventory))
    elif output is PageFormat.HTML:
        print(simulation_page(result, inventory, notes, every=every), end="")
    else:
        show.print_simulation(result, inventory, every=every)
    if fail_on_in_use and _may_break(result, inventory):
        say("Images in use would go, or might: see above.", style="red")
        raise typer.Exit(_IN_USE_STATUS)


@app.command()
@refusing
def explain(policy: Annotated[Path, typer.Argument(metavar="POLICY.json")]) -> None:
    """Say in plain sentences what a policy does, and what is odd about it."""
    show.print_explanation(read_policy(policy))


@app.command()
@refusing
def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD.json")],
    new: Annotated[Path, typer.Argument(metavar="NEW.json")],
    *,
    images: ImagesFile,
    now: Now = None,
    output: Annotated[Format, typer.Option("--format")] = Format.TABLE,
    repository: RepositoryName = None,
) -> None:
    """Show the images that two policies treat differently."""
    policies, time = (read_policy(old), read_policy(new)), read_now(now)
    inventory = read_repository(images, repository)
    before, after = (simulate(policy, inventory.images, now=time) for policy in policies)
    for note in show.notes(after, inventory):
        say(f"Note: {note}", style="yellow")
    show.print_changes(before, after, inventory, as_json=output is Format.JSON)


@app.command()
@refusing
def check(
    *,
    app_folder: Annotated[
        Path, typer.Option("--app", metavar="cdk.out", help="The folder that `cdk synth` wrote.")
    ] = Path("cdk.out"),
    images: Annotated[
        Path,
        typer.Option(
            "--images",
            metavar="PATH",
            help="One inventory file, or a folder with shop/checkout.json for the repository shop/checkout.",
        ),
    ],
    now: Now = None,
    output: Annotated[Format, typer.Option("--format")] = Format.TABLE,
    fail_on_in_use: FailOnInUse = False,
) -> None:
    """Simulate every policy of a synthesized app; for CI, before `cdk deploy`."""
    from registry_constructs.simulation.check import check as check_all  # noqa: PLC0415
    from registry_constructs.templates.lifecycle_policies import policies_of  # noqa: PLC0415 - for this command only

    policies, time = policies_of(app_folder), read_now(now)
    rows, breaks = [], False
    with counting("Simulating") as progress:
        for checked in check_all(policies, images, now=time, progress=progress):
            if checked.inventory and checked.simulation:
                if fail_on_in_use:
                    _require_uses(checked.inventory, images)
                breaks |= _may_break(checked.simulation, checked.inventory)
            rows.append(show.checked_row(checked))
    show.print_checked(rows, as_json=output is Format.JSON)
    if fail_on_in_use and breaks:
        say("Images in use would go, or might: see above.", style="red")
        raise typer.Exit(_IN_USE_STATUS)


@app.command()
@refusing
def forecast(
    *,
    policy: PolicyFile,
    images: ImagesFile,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days to look ahead.")] = 90,
    push: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAGS=NUMBER",
            help="Pushes a day, such as 'main-*=12', 'latest=0.5' or 'untagged=3'; may be repeated.",
            show_default="what the inventory shows",
        ),
    ] = None,
    history: Annotated[
        int, typer.Option(min=1, help="Days of the inventory that show what is pushed a day.")
    ] = 30,
    image_mb: Annotated[
        float | None,
        typer.Option(min=0, help="Size of a pushed image.", show_default="the mean of its family, or of all"),
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(metavar="PRICES.json", help="Your own prices.", show_default="ours")
    ] = None,
    now: Now = None,
    output: Annotated[PlotFormat, typer.Option("--format")] = PlotFormat.TABLE,
    repository: RepositoryName = None,
) -> None:
    """Show images, gigabytes and cost of the days to come, with the policy and without it."""
    from registry_constructs.simulation import forecast as model  # noqa: PLC0415 - for this command only
    from registry_constructs.simulation.prices import read_prices  # noqa: PLC0415

    rules, time, table = read_policy(policy), read_now(now), read_prices(prices)
    size = None if image_mb is None else round(image_mb * 1_000_000)
    forecasts, pushes, names = [], [], []
    for inventory in read_repositories(images, repository, quiet=True):
        seen = model.pushes_from(inventory.images, now=time, days=history)
        given = model.pushes_given(push, seen, size=size) if push else model.resized(seen, size)
        names.append(inventory.repository_name)
        with counting(inventory.repository_name, total=days) as progress:
            forecasts.append(
                model.forecast(
                    inventory.images,
                    rules,
                    given,
                    now=time,
                    days=days,
                    archive_minimum_days=table.archive_minimum_days,
                    progress=progress,
                )
            )
        pushes += given
    if push and len(names) > 1:
        raise InvalidInputError(
            "Pushes are given, and the inventory has several repositories",
            got=f"{len(names):,} repositories",
            allowed="one repository",
            fix="choose one with --repository, or leave --push out",
            where=str(images),
        )
    name = names[0] or "the repository" if len(names) == 1 else f"{len(names):,} repositories"
    show.print_forecast(model.added(forecasts), model.together(pushes), table, name, output.value)


def _require_uses(inventory: Inventory, images: Path) -> None:
    if inventory.in_use is None:
        raise InvalidInputError(
            "The inventory does not say what is in use, so --fail-on-in-use can't be answered",
            got=inventory.repository_name or "the output of describe-images",
            allowed="an inventory with inUse",
            fix="add inUse, which may be an empty list, or leave the option out",
            where=str(images),
        )


def _may_break(simulation: Simulation, inventory: Inventory) -> bool:
    """Whether an image in use would go, or one might be of which nobody could say."""
    return bool(losses(simulation, inventory)) or bool(inventory.unknown and simulation.going())
