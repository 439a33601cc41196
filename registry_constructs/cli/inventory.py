"""`registry-constructs inventory`: the images of live repositories, in one file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from registry_constructs.cli.inputs import Profile, Regions, refusing
from registry_constructs.cli.output import counting, in_words, say
from registry_constructs.ecr.errors import InvalidInputError

if TYPE_CHECKING:
    from registry_constructs.live import PodsFile, Taken

# CLUSTER=FILE and REGION/CLUSTER=FILE; the names that EKS takes (API CreateCluster).
_OF_CLUSTER: Final = re.compile(r"((?:[a-z0-9-]+/)?[0-9A-Za-z][0-9A-Za-z_-]{0,99})=(.+)")
_LINES: Final = 20


@refusing
def inventory(
    *,
    output: Annotated[Path, typer.Option(metavar="FILE", help="The file to write.")],
    repository: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A repository; may be repeated.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All private repositories.")] = False,
    region: Regions = None,
    profile: Profile = None,
    in_use: Annotated[
        bool, typer.Option("--in-use", help="Look also for what ECS, Lambda and EKS run now.")
    ] = False,
    pods: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[CLUSTER=]FILE",
            help="What `kubectl get pods -A -o json` wrote, and of which EKS cluster; may be repeated. "
            "Implies --in-use.",
        ),
    ] = None,
    kubeconfig: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Ask each of its clusters, with kubectl. Implies --in-use."),
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Repositories read at a time.")] = 8,
) -> None:
    """Write the images of live repositories to a file, for `lifecycle` and `cost`. Changes nothing in AWS."""
    from registry_constructs.live import Aws, InUse, take_inventory  # noqa: PLC0415 - boto3 is slow

    if bool(repository) == every:
        raise InvalidInputError(
            "No repositories to read are given" if not every else "All repositories, and some by name",
            got=list(repository or ()),
            allowed="--repository, once or more, or --all",
            fix="give one of the two",
        )
    running = InUse(pods=_pods(pods or ()), kubeconfig=kubeconfig) if in_use or pods or kubeconfig else None
    with counting("Reading repositories") as progress:
        taken = take_inventory(
            Aws(profile=profile, concurrency=concurrency),
            output,
            repositories=repository or None,
            regions=region or (),
            in_use=running,
            progress=progress and (lambda done, _: progress(done)),
        )
    _report(taken, output)


def _pods(given: Sequence[str]) -> list[PodsFile]:
    from registry_constructs.live import PodsFile  # noqa: PLC0415

    found = [(_OF_CLUSTER.fullmatch(text), text) for text in given]
    return [PodsFile(Path(of[2]), of[1]) if of else PodsFile(Path(text)) for of, text in found]


def _report(taken: Taken, output: Path) -> None:
    _notes([f"{name}: there is no such repository there." for name in taken.missing])
    _notes([f"{name} was deleted while it was read." for name in taken.gone])
    if taken.resumed:
        say(f"{in_words(taken.resumed, 'repository')} had been read already by an interrupted run.")
    if taken.in_use:
        reasons = taken.in_use.reasons.items()
        _notes([f"What is in use at {place} is unknown: {why}" for place, why in reasons])
    say(
        f"{in_words(taken.repositories, 'repository')} with {in_words(taken.images, 'image')} "
        f"of account {taken.account} in {output}."
    )


def _notes(lines: Sequence[str]) -> None:
    for line in lines[:_LINES]:
        say(f"Note: {line}", style="yellow")
    if len(lines) > _LINES:
        say(f"Note: ... and {len(lines) - _LINES:,} more.", style="yellow")
