"""`registry-constructs catalog ...`: repositories described in files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from registry_constructs.cli.inputs import Format, Profile, refusing
from registry_constructs.cli.output import in_words, print_data, print_json, say, table
from registry_constructs.ecr.errors import InvalidInputError

if TYPE_CHECKING:
    from registry_constructs.catalog.catalog import Catalog
    from registry_constructs.catalog.description import RepositoryDescription
    from registry_constructs.catalog.plan import Deployed, Images, RepositoryChange
    from registry_constructs.catalog.rendering import StackEnvironment

app = typer.Typer(help="Repositories described in files.", no_args_is_help=True)

AT_STAKE: Final = 3
"""Exit status of a plan by which images may get lost; 1 and 2 are errors, as for every command."""

CatalogPath = Annotated[
    Path, typer.Argument(metavar="CATALOG", help="A YAML or JSON file, or a folder of them.")
]
EnvironmentOption = Annotated[
    str | None, typer.Option("--environment", "-e", metavar="NAME", help="Of the catalog. Default: all.")
]


LiveStacks = Annotated[
    str, typer.Option("--stacks", metavar="PATTERN", help="Names of the live stacks to read, with '*'.")
]


Formats = Annotated[Format, typer.Option(help="A table for people, or JSON.")]


@app.command()
@refusing
def schema() -> None:
    """Print the JSON Schema of catalog files, for completion and checks in editors."""
    from registry_constructs.catalog.schema import json_schema  # noqa: PLC0415 - pydantic

    print_json(json_schema())


@app.command()
@refusing
def validate(catalog: CatalogPath) -> None:
    """Check a catalog whole, and show how full its stacks are. All problems are listed."""
    read = _load(catalog)
    from registry_constructs.catalog.placement import REPOSITORIES_OF_A_STACK as MOST  # noqa: PLC0415

    for environment in read.environments or [""]:
        repositories = read.repositories(environment)
        stacks = {stack: len(found) for stack, found in read.by_stack(environment).items()}
        fullest = max(stacks.items(), key=lambda item: item[1], default=None)
        where = f"{environment}: " if environment else ""
        text = f"{where}{in_words(len(repositories), 'repository')} in {in_words(len(stacks), 'stack')}"
        if fullest:
            text += f"; the fullest, {fullest[0]}, has {fullest[1]} of {MOST}"
        print_data(f"{text}.")
        if fullest and fullest[1] > MOST * 0.8:
            say(f"Warning: {fullest[0]} is nearly full. Plan more stacks: catalog grow.", style="yellow")
        for one in repositories:
            for warning in one.lifecycle.warnings() if one.lifecycle else ():
                say(f"Warning: {read.where(one.name)}: {warning.message}", style="yellow")


@app.command()
@refusing
def show(
    catalog: CatalogPath,
    name: Annotated[
        str | None,
        typer.Argument(help="A repository, or its logical id or construct path. Default: list all."),
    ] = None,
    *,
    environment: EnvironmentOption = None,
    format: Formats = Format.TABLE,
) -> None:
    """Show the repositories of a catalog, or everything that one of them gets, and where that is written."""
    read = _load(catalog)
    shown = [
        _shown(read, one, place) for place in _named(read, environment) for one in read.repositories(place)
    ]
    if name is not None:
        wanted = name.rpartition("/Catalog/")[2] if "/Catalog/" in name else name
        found = [one for one in shown if wanted in (one["name"], one["logical_id"])]
        if not found:
            from registry_constructs.catalog.problems import unknown  # noqa: PLC0415

            raise unknown("repository", name, (one["name"] for one in shown), where="NAME")
        print_json(found if len(found) > 1 else found[0])
        return
    if format is Format.JSON:
        print_json(shown)
        return
    columns = ["Repository", "Team", "Profile", "Environment", "Stack", "Written in"]
    rows = [
        (one["name"], one["team"] or "-", one["profile"] or "-", one["environment"] or "-", one["stack"],
         one["where"].partition(" ")[0] or "-")
        for one in shown
    ]  # fmt: skip
    print_data(table(f"{len(read):,} repositories", columns, rows, whole=["Repository"]))


@app.command()
@refusing
def plan(
    catalog: CatalogPath,
    *,
    against: Annotated[
        str,
        typer.Option(
            metavar="CDK.OUT|TEMPLATE|live",
            help="What is deployed: a cdk.out, a template, or 'live' for the stacks in AWS.",
        ),
    ],
    environment: EnvironmentOption = None,
    stacks: LiveStacks = "*Repositories*",
    count_images: Annotated[
        bool, typer.Option("--count-images", help="Ask ECR how many images are at stake. Implied by live.")
    ] = False,
    format: Formats = Format.TABLE,
    profile: Profile = None,
) -> None:
    """Say what deploying a catalog changes, repository by repository, with the images at stake.

    Ends with 3 if a repository that may hold images is replaced, moved or removed, and the catalog doesn't
    name it under `allow_replacement` or `allow_removal`.
    """
    from registry_constructs.catalog.plan import plan as planned  # noqa: PLC0415

    read = _load(catalog)
    names = _named(read, environment)
    deployed = _deployed(read, names, against, stacks, profile)
    images = _images(profile) if against == "live" or count_images else _unknown
    changes = planned(read, deployed, environments=names, images=images)
    stake = [change for change in changes if change.at_stake]
    if format is Format.JSON:
        print_json([_change(change) for change in changes])
    else:
        _print_plan(changes, len(read))
    if stake:
        say(
            f"{in_words(len(stake), 'repository')} with images at stake. If that may happen, name them in "
            "the catalog, under allow_replacement or allow_removal",
            style="red",
        )
        raise typer.Exit(AT_STAKE)


@app.command()
@refusing
def grow(
    catalog: CatalogPath,
    *,
    count: Annotated[int, typer.Option(min=1, help="The number of stacks for what comes from now on.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="A new file of the catalog's folder. Default: print."
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="CDK.OUT|TEMPLATE|live",
            help="What is deployed: only that stays. Default: all that the catalog has.",
        ),
    ] = None,
    stacks: LiveStacks = "*Repositories*",
    profile: Profile = None,
) -> None:
    """Plan more stacks: what exists stays where it is, what comes goes into the new ones."""
    read = _load(catalog, allow_full=True)
    from registry_constructs.catalog.growth import grown  # noqa: PLC0415

    standing = None
    if against is not None:
        deployed = _deployed(read, list(read.environments) or [""], against, stacks, profile)
        standing = {one.name for one in deployed if one.name}
    text = grown(read, count, standing)
    if output is None:
        print(text, end="")
        return
    if output.exists():
        raise InvalidInputError(
            "The file exists",
            got=str(output),
            allowed="a new file",
            fix="choose another name",
            where="--output",
        )
    output.write_text(text, encoding="utf-8")
    say(f"Wrote {output}. Now set stacks.count to {count} in the catalog, and commit both together.")


def _load(path: Path, *, allow_full: bool = False) -> Catalog:
    from registry_constructs.catalog.catalog import Catalog  # noqa: PLC0415 - pydantic is slow to import

    return Catalog.load(path, allow_full=allow_full)


def _named(catalog: Catalog, environment: str | None) -> list[str]:
    names = list(catalog.environments) or [""]
    if environment is None:
        return names
    if environment not in catalog.environments:
        from registry_constructs.catalog.problems import unknown  # noqa: PLC0415

        raise unknown("environment", environment, catalog.environments, where="--environment")
    return [environment]


def _shown(catalog: Catalog, repository: RepositoryDescription, environment: str) -> dict[str, Any]:
    from registry_constructs.catalog.placement import logical_id  # noqa: PLC0415
    from registry_constructs.catalog.rendering import resource  # noqa: PLC0415

    body = resource(repository, catalog.stack_environment(environment), "<the key of the stack>")
    if policy := body["Properties"].get("LifecyclePolicy"):
        policy["LifecyclePolicyText"] = json.loads(policy["LifecyclePolicyText"])
    return {
        "name": repository.name,
        "where": catalog.where(repository.name),
        "team": repository.team,
        "profile": repository.profile,
        "environment": environment,
        "stack": catalog.stack(repository),
        "logical_id": logical_id(repository.name),
        "publishers": list(repository.access.publishers),
        "resource": body,
    }


def _change(change: RepositoryChange) -> dict[str, Any]:
    return {
        "kind": change.kind.value,
        "name": change.name,
        "environment": change.environment,
        "stack": change.stack,
        "details": list(change.details),
        "images": change.images,
        "allowed": change.allowed,
        "at_stake": change.at_stake,
    }


def _print_plan(changes: Sequence[RepositoryChange], repositories: int) -> None:
    from registry_constructs.catalog.plan import summary  # noqa: PLC0415

    rows = [
        (
            change.kind.value.upper() if change.at_stake else change.kind.value,
            change.name,
            change.environment or "-",
            change.stack,
            _images_text(change),
            "\n".join(change.details),
        )
        for change in changes
    ]
    if rows:
        columns = ["Change", "Repository", "Environment", "Stack", "Images", "What"]
        print_data(table("Plan", columns, rows, whole=["Repository"]))
    counts = [f"{number:,} to {kind}" for kind, number in summary(changes).items() if number]
    same = f"{in_words(repositories, 'repository')} in the catalog"
    print_data(f"{same}: {', '.join(counts) or 'nothing changes'}.")


def _images_text(change: RepositoryChange) -> str:
    if change.kind in {"add", "alter"}:
        return ""
    count = "unknown" if change.images is None else f"{change.images:,}"
    return f"{count}, allowed" if change.allowed else count


def _unknown(_name: str, _place: StackEnvironment) -> int | None:
    return None


def _deployed(
    catalog: Catalog, names: Sequence[str], against: str, pattern: str, profile: str | None
) -> list[Deployed]:
    """The repositories of a cloud assembly, in a template, or in the stacks of AWS."""
    from registry_constructs.catalog.plan import read_templates  # noqa: PLC0415

    if against != "live":
        return read_templates(Path(against))
    from registry_constructs.catalog.plan import repositories_of  # noqa: PLC0415
    from registry_constructs.catalog.rendering import StackEnvironment  # noqa: PLC0415
    from registry_constructs.live.aws import Aws  # noqa: PLC0415
    from registry_constructs.live.stacks import read_stacks  # noqa: PLC0415

    aws = Aws(profile=profile)
    found: list[Deployed] = []
    for name in names:
        place = catalog.stack_environment(name)
        for stack, template in read_stacks(aws, place.account, place.region, pattern):
            found += repositories_of(template, stack, StackEnvironment(place.account, place.region))
    return found


def _images(profile: str | None) -> Images:
    from registry_constructs.live.aws import Aws  # noqa: PLC0415
    from registry_constructs.live.stacks import count_images  # noqa: PLC0415

    aws = Aws(profile=profile)

    def counted(name: str, place: StackEnvironment) -> int | None:
        return count_images(aws, place.account, place.region, name)

    return counted
