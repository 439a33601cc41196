"""Options and files that several commands read, and how commands end after bad input."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

import typer

from registry_constructs.catalog.problems import InvalidCatalogError
from registry_constructs.cli.output import counting, say
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy
from registry_constructs.simulation import Inventory, read_inventories
from registry_constructs.simulation.details import read_time

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Format(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"


class PageFormat(StrEnum):
    """How a result is printed that is also a page."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"


Profile = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A profile of the AWS configuration.", show_default="AWS_PROFILE"),
]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region", metavar="REGION", help="Where; may be repeated.", show_default="the configuration's"
    ),
]
PolicyFile = Annotated[
    Path, typer.Option("--policy", metavar="POLICY.json", help="A lifecycle policy, the text that ECR takes.")
]
ImagesFile = Annotated[
    Path,
    typer.Option(
        "--images",
        metavar="IMAGES",
        help="What `aws ecr describe-images` prints, or an inventory.",
    ),
]
Now = Annotated[
    str | None,
    typer.Option(
        metavar="ISO-8601", help="The time to look from, with an offset from UTC.", show_default="now"
    ),
]
RepositoryName = Annotated[
    str | None,
    typer.Option("--repository", metavar="NAME", help="Which repository, if the inventory has several."),
]
FailOnInUse = Annotated[
    bool,
    typer.Option(
        "--fail-on-in-use",
        help="End with status 3 if an image in use would be deleted or archived, or might be.",
    ),
]


def refusing(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """A command that ends with status 2 after bad input, as after wrong options."""

    @functools.wraps(command)
    def wrapped(*arguments: Parameters.args, **keywords: Parameters.kwargs) -> Result:
        try:
            return command(*arguments, **keywords)
        except (InvalidCatalogError, InvalidInputError) as error:
            say(f"Error: {error}", style="red")
            raise typer.Exit(2) from None

    return wrapped


def read_policy(path: Path) -> LifecyclePolicy:
    """The policy of a file.

    Raises:
        InvalidInputError: It can't be read, or ECR would refuse it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            "The file can't be read",
            got=str(error),
            allowed="a readable file in UTF-8",
            fix="check the path",
            where=str(path),
        ) from None
    try:
        return LifecyclePolicy.from_json(text)
    except InvalidInputError as error:
        raise error.within(str(path)) from None


def read_now(text: str | None) -> datetime:
    """The time that a user gave, or the time that it is.

    Raises:
        InvalidInputError: It is no date, or has no offset.
    """
    if text is None:
        return datetime.now(UTC)
    return datetime.fromtimestamp(read_time(text, where="--now"), UTC)


def read_repositories(path: Path, name: str | None, *, quiet: bool = False) -> Iterator[Inventory]:
    """All repositories of a file, one after another, or those of a name.

    Args:
        path: The inventory.
        name: The repository's name. None: all of them.
        quiet: Show no progress, because the caller shows its own.

    Raises:
        InvalidInputError: The file can't be read, or there is none to give.
    """
    names: set[str] = set()
    found = False
    with contextlib.nullcontext() if quiet else counting("Reading images") as progress:
        for inventory in read_inventories(path, progress=progress):
            names.add(inventory.repository_name)
            # Of a whole registry only what is asked for stays in memory.
            if name in (None, inventory.repository_name):
                found = True
                yield inventory
    if not found:
        raise InvalidInputError(
            "The inventory does not have this repository" if name else "The inventory has no repository",
            got=name,
            allowed=_some(names) or "at least one repository",
            fix="check the name" if names else "make the inventory anew",
            where=str(path),
        )


def read_repository(path: Path, name: str | None) -> Inventory:
    """The one repository of a file, or the one that is named.

    Raises:
        InvalidInputError: The file can't be read, there is none, or there are several to choose from.
    """
    first: Inventory | None = None
    places: list[tuple[str, str, str]] = []
    for inventory in read_repositories(path, name):
        first = first or inventory
        places.append((inventory.repository_name, inventory.account, inventory.region))
    if first is None or len(places) > 1:
        raise InvalidInputError(
            "The inventory has this repository in several places"
            if name
            else "The inventory has several repositories",
            got=[" ".join(place[1:]) for place in places[:10]] if name else f"{len(places):,} repositories",
            allowed="one repository" if name else _some({place[0] for place in places}),
            fix="make an inventory of one account and Region" if name else "choose one with --repository",
            where=str(path),
        )
    return first


def _some(names: Collection[str]) -> str:
    """The first names by the alphabet."""
    return ", ".join(sorted(names)[:10]) + (", ..." if len(names) > 10 else "")
