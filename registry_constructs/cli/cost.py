"""`registry-constructs cost`: what stored images cost."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from registry_constructs.cli.inputs import Format, ImagesFile, Now, read_now, read_policy, refusing
from registry_constructs.cli.output import counting, print_data, print_json, table
from registry_constructs.simulation import read_inventories
from registry_constructs.simulation.cost import Bill, bill
from registry_constructs.simulation.prices import Prices, read_prices


@refusing
def cost(
    *,
    images: ImagesFile,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="POLICY.json", help="A policy for every repository, to see what it saves."),
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(metavar="PRICES.json", help="Your own prices.", show_default="ours")
    ] = None,
    now: Now = None,
    output: Annotated[Format, typer.Option("--format")] = Format.TABLE,
) -> None:
    """Show what stored images cost by repository and tag family, and what a policy would save."""
    charged, rules = read_prices(prices), read_policy(policy) if policy else None
    time = read_now(now)
    with counting("Reading images") as progress:
        found = bill(read_inventories(images, progress=progress), charged, policy=rules, now=time)
    if output is Format.JSON:
        print_json(_as_json(found, charged))
    else:
        _print(found, charged, with_policy=rules is not None)


def _print(found: Bill, prices: Prices, *, with_policy: bool) -> None:
    columns = ["Repository", "Tags", "Images", "GB", "Archived GB", f"{prices.currency}/month"]
    if with_policy:
        columns += ["Delete", "Archive", "After"]
    rows = []
    for row in found.rows:
        storage = row.storage
        cells = [
            row.repository or "-",
            row.family,
            f"{storage.images:,}",
            f"{storage.standard_bytes / prices.bytes_per_gb:,.1f}",
            f"{storage.archive_bytes / prices.bytes_per_gb:,.1f}",
            f"{row.now:,.2f}",
        ]
        if with_policy:
            cells += [f"{storage.expired:,}", f"{storage.archived:,}", f"{row.after:,.2f}"]
        rows.append(cells)
    print_data(table("Cost of storage", columns, rows, numbers=columns[2:]))
    print_data(f"Together {found.now:,.2f} {prices.currency} a month for {found.total.images:,} images.")
    if with_policy:
        print_data(
            f"With the policy {found.after:,.2f} {prices.currency} a month: "
            f"{found.now - found.after:,.2f} saved."
        )
    if found.commitment:
        print_data(
            f"What it archives is charged for at least {prices.archive_minimum_days} days: "
            f"{found.commitment:,.2f} {prices.currency}, whenever it is deleted."
        )
    print_data(
        f"Prices for {prices.region} of {prices.checked}: {prices.source}",
        "Layers that images share are stored once and counted here with each image: the bill may be lower.",
    )


def _as_json(found: Bill, prices: Prices) -> dict[str, object]:
    return {
        "currency": prices.currency,
        "prices": {"source": prices.source, "checked": prices.checked.isoformat(), "region": prices.region},
        "costPerMonth": round(found.now, 4),
        "costPerMonthAfter": round(found.after, 4),
        "archiveCommitment": round(found.commitment, 4),
        "total": asdict(found.total),
        "rows": [
            {
                "repository": row.repository,
                "family": row.family,
                **asdict(row.storage),
                "costPerMonth": round(row.now, 4),
                "costPerMonthAfter": round(row.after, 4),
            }
            for row in found.rows
        ],
    }
