"""Progress goes to standard error, data to standard output: tables for people, or JSON alone."""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from registry_constructs.local.status import PrivateRepository, Registry, Status

_progress = Console(stderr=True, highlight=False, soft_wrap=True)
# A file or a pipe has no width of its own; rich would take 80 columns and fold every URI.
_data = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def say(text: str, *, style: str = "") -> None:
    """A line of progress."""
    _progress.print(text, style=style, markup=False)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step, and say in the end whether it succeeded and how many seconds it took."""
    say(f"▸ {title}", style="bold")
    started = time.monotonic()
    mark, style = "✗", "red"
    try:
        yield
        mark, style = "✓", "green"
    finally:
        say(f"{mark} {title} ({time.monotonic() - started:.1f} s)", style=style)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, indent=2))


def print_status(status: Status, *, as_json: bool) -> None:
    """What stands, as tables or as JSON."""
    if as_json:
        print_json(asdict(status))
        return
    tables = []
    if status.stacks:
        columns = ["Account", "Region", "Name", "Status"]
        tables.append(_table("Stacks", columns, (astuple(stack) for stack in status.stacks)))
    if status.registries:
        columns = ["Account", "Region", "Policy", "Replicates to", "Scan (rules)"]
        columns += ["Caches", "Templates", "Signing", "Excluded"]
        tables.append(_table("Registries", columns, map(_registry_row, status.registries)))
    for (account, region), group in itertools.groupby(
        status.repositories, key=lambda repository: (repository.account, repository.region)
    ):
        columns = ["Name", "Tags", "Key", "Scan", "Rules", "Allows", "Images"]
        title = f"Private repositories of {account} in {region}"
        tables.append(_table(title, columns, (_row(repository) for repository in group)))
    if status.public_repositories:
        columns = ["Account", "Name", "URI"]
        rows = (astuple(repository) for repository in status.public_repositories)
        tables.append(_table("Public repositories", columns, rows))
    for table in tables:
        _data.print(table)
    if not tables:
        _data.print("Nothing stands.")


def _registry_row(registry: Registry) -> tuple[str, ...]:
    counts = (registry.caches, registry.templates, registry.signing_rules, registry.exclusions)
    return (
        registry.account,
        registry.region,
        "yes" if registry.policy else "-",
        # With a space between account and Region a narrow column breaks there.
        "\n".join(place.removeprefix("aws://").replace("/", " ") for place in registry.replicates_to) or "-",
        f"{registry.scan_type} ({registry.scan_rules})",
        *(str(count or "-") for count in counts),
    )


def _row(repository: PrivateRepository) -> tuple[str, ...]:
    key = repository.kms_alias or repository.kms_key or ""
    allowed = [
        name.removeprefix("arn:aws:iam::").removesuffix(":root") for name in repository.policy_principals
    ]
    images = [f"{', '.join(image.tags) or '-'}\n{image.digest[:15]}" for image in repository.images]
    return (
        repository.name,
        repository.tag_mutability,
        f"{repository.encryption}\n{key}".strip(),
        "push" if repository.scan_on_push else "-",
        str(repository.lifecycle_rules),
        "\n".join(allowed) or "-",
        "\n".join(images) or "-",
    )


def _table(title: str, columns: list[str], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == "Name")
    for row in rows:
        table.add_row(*row)
    return table
