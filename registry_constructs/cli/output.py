"""Progress goes to standard error, data to standard output: tables for people, or JSON alone."""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, astuple
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from registry_constructs.ecr.references import parse_reference
from registry_constructs.local.consumers import KUBERNETES, Consumer
from registry_constructs.local.status import PrivateRepository, RegistryStatus, Status

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


@contextlib.contextmanager
def counting(title: str, *, total: int | None = None) -> Iterator[Callable[[int], None] | None]:
    """A bar or a running number on a terminal, for work that takes a while; gone when the block ends.

    Gives a function to call with the number of things done, or None where nobody looks.
    """
    if not _progress.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - slow

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.completed:,}"))
    with Progress(*columns, TimeElapsedColumn(), console=_progress, transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda done: progress.update(task, completed=done)


def in_words(number: int, what: str) -> str:
    """A number of things, such as `1 repository` or `1,200 repositories`."""
    plural = f"{what.removesuffix('y')}ies" if what.endswith("y") else f"{what}s"
    return f"{number:,} {what if number == 1 else plural}"


def print_data(*parts: RenderableType) -> None:
    """Tables and sentences on standard output."""
    for part in parts:
        _data.print(part, markup=False)


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Sequence[str] = (),
    whole: Sequence[str] = (),
    apart: bool = False,
) -> Table:
    """A table for `print_data`.

    Args:
        title: Its title.
        columns: The names of its columns.
        rows: Its cells, as plain text.
        numbers: The columns to align to the right and never to fold.
        whole: Other columns never to fold.
        apart: Whether an empty line is between rows.
    """
    made = Table(title=Text(title), title_justify="left", box=SIMPLE_HEAD, leading=int(apart))
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in numbers else "left"
        no_wrap = column in {*numbers, *whole}
        made.add_column(column, overflow="fold", justify=justify, no_wrap=no_wrap)
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, indent=2))


def print_status(status: Status, *, as_json: bool) -> None:
    """What is deployed, as tables or as JSON."""
    if as_json:
        print_json(asdict(status))
        return
    parts = list(_status_parts(status))
    print_data(*parts or ["Nothing is deployed."])


def _status_parts(status: Status) -> Iterator[RenderableType]:
    if status.stacks:
        columns = ["Account", "Region", "Name", "Status"]
        yield table("Stacks", columns, map(astuple, status.stacks), whole=["Name"])
    if status.registries:
        columns = ["Account", "Region", "Policy", "Replicates to", "Scan (rules)"]
        columns += ["Caches", "Templates", "Signing", "Excluded"]
        yield table("Registries", columns, map(_registry_row, status.registries))
    for place, repositories in itertools.groupby(status.repositories, key=_place):
        columns = ["Name", "Tags", "Key", "Scan", "Rules", "Allows", "Images"]
        yield table(f"Private repositories of {place}", columns, map(_row, repositories), whole=["Name"])
    if status.public_repositories:
        columns = ["Account", "Name", "URI"]
        rows = map(astuple, status.public_repositories)
        yield table("Public repositories", columns, rows, whole=["Name"])
    for place, consumers in itertools.groupby(status.consumers, key=_place):
        columns = ["Consumer", "Image", "Pulls with", "Runs as"]
        rows = map(_consumer_row, consumers)
        yield table(f"Consumers of {place}", columns, rows, apart=True)
    on_kubernetes = {consumer.kind.startswith(KUBERNETES) for consumer in status.consumers}
    if False in on_kubernetes:
        yield "No container runs: the local AWS keeps services, tasks and functions and starts no image."
    if True in on_kubernetes:
        yield "No manifest was applied: the local AWS has no kubectl, and keeps what it would have applied."


def _place(found: PrivateRepository | Consumer) -> str:
    return f"{found.account} in {found.region}"


def _registry_row(registry: RegistryStatus) -> tuple[str, ...]:
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


def _consumer_row(consumer: Consumer) -> tuple[str, ...]:
    named = parse_reference(consumer.image)
    image = consumer.image
    if named and (named.account, named.region) == (consumer.account, consumer.region):
        image = (
            f"{named.repository}@{named.digest[:15]}" if named.digest else f"{named.repository}:{named.tag}"
        )
    found = consumer.image_found[:15] if consumer.image_found else "not pushed" if named else "not in ECR"
    return (
        "\n".join(filter(None, [consumer.kind, consumer.name, consumer.note])),
        f"{image}\n{found}",
        "\n".join(consumer.pulls_with) or "-",
        consumer.runs_as or "-",
    )
