"""`registry-constructs catalog import`: the catalog that describes live repositories."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from registry_constructs.cli.inputs import Profile, Regions, refusing
from registry_constructs.cli.output import counting, say
from registry_constructs.ecr.errors import InvalidInputError

if TYPE_CHECKING:
    from registry_constructs.catalog.importing.writing import Written

_INCOMPLETE_STATUS: Final = 3


@refusing
def import_(
    *,
    output: Annotated[Path, typer.Option(metavar="FILE", help="The file to write, in YAML.")],
    repository: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A repository; may be repeated.", show_default="all"),
    ] = None,
    region: Regions = None,
    profile: Profile = None,
    resource_mapping: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Write what `cdk import --resource-mapping` takes, a file for each stack."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Repositories read at a time.")] = 8,
) -> None:
    """Write the catalog that describes live repositories. Changes nothing in AWS.

    Ends with status 3 if ECR has settings that a catalog can't describe; the file marks them.
    """
    from registry_constructs.catalog.importing.writing import write_catalog  # noqa: PLC0415 - pydantic and boto3 are slow
    from registry_constructs.live import Aws  # noqa: PLC0415
    from registry_constructs.live.live_repositories import read_repositories  # noqa: PLC0415

    _check_output(output, force=force)
    with counting("Reading repositories") as progress:
        found = read_repositories(
            Aws(profile=profile, concurrency=concurrency),
            repositories=repository or None,
            regions=region or (),
            progress=progress,
        )
    written = write_catalog(found.repositories)
    files = {output: written.text} | _mapping_files(written, resource_mapping)
    for file in files:
        _check_output(file, force=force)
    for file, text in files.items():
        _write(file, text)
    _print_notes([f"{name}: there is no such repository there." for name in found.missing])
    _print_notes([f"{where} was deleted while it was read." for where in found.gone])
    _print_notes([f"{where} is the CDK's own and was left out." for where in found.of_the_cdk])
    for stack, names in written.owners.items():
        _print_notes(
            [f"The stack {stack} owns {', '.join(names)}: retain and remove there before cdk import."]
        )
    say(f"{len(found.repositories):,} repositories of account {found.account} were read into {output}.")
    if written.undescribed:
        for one in written.undescribed:
            say(f"NOT DESCRIBED {one}", style="red")
        say(
            f"The catalog is not complete: {len(written.undescribed):,} above that it can't say. "
            "Settle each before you deploy it.",
            style="red",
        )
        raise typer.Exit(_INCOMPLETE_STATUS)


def _mapping_files(written: Written, folder: Path | None) -> dict[Path, str]:
    if folder is None:
        return {}
    folder.mkdir(parents=True, exist_ok=True)
    return {
        folder / f"{environment}-{stack}.json": json.dumps(names, indent=2) + "\n"
        for (environment, stack), names in written.mappings.items()
    }


def _check_output(output: Path, *, force: bool) -> None:
    if output.is_dir():
        problem, fix = "The output is a folder", "give another path"
    elif not output.parent.is_dir():
        problem, fix = "The folder of the output is not there", "give another path, or make it"
    elif output.exists() and not force:
        problem, fix = "The file is there already", "give another path, or --force to overwrite it"
    else:
        return
    raise InvalidInputError(
        problem,
        got=str(output),
        allowed="a new file in a folder that exists",
        fix=fix,
        where="--output",
    )


def _write(file: Path, text: str) -> None:
    """Write a file that appears whole or not at all."""
    partial = file.with_name(f"{file.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        raise InvalidInputError(
            "The file can't be written",
            got=str(error),
            allowed="a place that can be written to",
            fix="give another path",
            where=str(file),
        ) from None


def _print_notes(lines: Sequence[str]) -> None:
    for line in lines:
        say(f"Note: {line}", style="yellow")
