"""`registry-constructs local ...`: AWS on a laptop."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Annotated

import typer

from registry_constructs.cli.output import print_json, print_status, say, step
from registry_constructs.ecr.references import parse_reference
from registry_constructs.local import background, cdk, images
from registry_constructs.local.connection import Connection
from registry_constructs.local.errors import LocalAwsError
from registry_constructs.local.process import check_extra
from registry_constructs.local.server import LocalAws
from registry_constructs.local.status import PrivateRepository, Status, read

app = typer.Typer(
    help="An AWS on this machine, for real deployments without an account.", no_args_is_help=True
)
app.callback()(check_extra)

_TAG = "hello"  # of a test image that nothing asks for
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output, and nothing else there.")]


@app.command()
def up(
    *,
    auth: Annotated[bool, typer.Option("--auth", help="Check signatures and evaluate IAM policies.")] = False,
    as_json: Json = False,
) -> None:
    """Start it, leave it running until `local down`, and print the variables that lead tools to it."""
    aws = background.find()
    if aws:
        say(f"Already up on {aws.endpoint_url}.")
    else:
        with step("Start AWS"):
            aws = background.up(auth=auth)
    variables = {name: value for name, value in aws.environment().items() if name.startswith("AWS_")}
    if as_json:
        print_json(
            {"endpoint_url": aws.endpoint_url, "pid": aws.pid, "log": str(aws.log), "environment": variables}
        )
    else:
        # A variable of the shell's own, such as a profile or one service's endpoint, would win over these.
        others = sorted(name for name in os.environ if name.startswith("AWS_") and name not in variables)
        print("\n".join(f"unset {name}" for name in others), end="\n" if others else "")
        print("\n".join(f"export {name}={value}" for name, value in variables.items()))


@app.command()
def down() -> None:
    """Stop what `local up` started and remove all it held. When nothing is up, that is fine."""
    aws = background.down()
    say(f"Stopped {aws.endpoint_url}." if aws else "Nothing was up.")


@app.command()
def status(*, as_json: Json = False) -> None:
    """Show the stacks, registry settings and repositories that are deployed, and what runs their images."""
    aws = background.find()
    if aws is None:
        raise LocalAwsError("Nothing is up here. Start it: registry-constructs local up")
    print_status(read(aws), as_json=as_json)


@app.command()
def deploy(
    stacks: Annotated[list[str] | None, typer.Argument(help="Stacks to deploy.", show_default="all")] = None,
    *,
    app_path: Annotated[
        str,
        typer.Option(
            "--app", help="A folder with a cdk.json, a synthesized cdk.out, a Python file, or a command."
        ),
    ] = ".",
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave AWS up afterwards, as `local up` does.")
    ] = False,
    push_to: Annotated[
        str | None,
        typer.Option(
            help="The repository that a test image goes to.",
            show_default="those whose images run and are missing, else the first",
        ),
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Stacks deployed at a time.")] = 4,
    as_json: Json = False,
) -> None:
    """Deploy an app with the CDK CLI, push and pull the images that it runs, and show what is deployed.

    Uses the AWS that `local up` left running, or one that lasts for this command only.
    """
    with _aws(keep=keep) as aws:
        with contextlib.ExitStack() as stack:
            with step("Synthesize"):
                assembly = stack.enter_context(cdk.synthesized(aws, app_path))
            with step("Bootstrap"):
                assembly.bootstrap()
            with step("Deploy"):
                assembly.deploy(*stacks or (), concurrency=concurrency)
        standing = read(aws)
        pushes = _choose(standing, push_to)
        for repository, tag in pushes:
            with step(f"Push and pull an image: {repository.uri}:{tag}"):
                _push_and_pull(aws, repository, tag)
        if not standing.repositories:
            say("No private repository exists, so no image was pushed.")
        elif not pushes:
            say("Each image that runs is there already, so none was pushed.")
        print_status(read(aws), as_json=as_json)


@contextlib.contextmanager
def _aws(*, keep: bool) -> Iterator[Connection]:
    """What is up, else one that stays up, else one for as long as the block lasts."""
    running = background.find()
    if running:
        say(f"Using the AWS that is up on {running.endpoint_url}.")
        yield running
    elif keep:
        with step("Start AWS"):
            running = background.up()
        yield running
    else:
        with contextlib.ExitStack() as stack:
            with step("Start AWS"):
                aws = stack.enter_context(LocalAws())
            yield aws


def _choose(status: Status, push_to: str | None) -> list[tuple[PrivateRepository, str]]:
    """Where test images go, each with its tag: what is named, what runs and is missing, or the first."""
    if push_to is not None:
        return [(_named(status.repositories, push_to), _TAG)]
    standing = {(found.account, found.region, found.name): found for found in status.repositories}
    run = {
        (repository, image.tag): consumer.image_found
        for consumer in status.consumers
        if (image := parse_reference(consumer.image)) and image.tag and (repository := image[:3]) in standing
    }
    if run:
        return [(standing[repository], tag) for (repository, tag), found in run.items() if found is None]
    return [(repository, _TAG) for repository in status.repositories[:1]]


def _named(repositories: list[PrivateRepository], name: str) -> PrivateRepository:
    for repository in repositories:
        if repository.name == name:
            return repository
    names = ", ".join(sorted(repository.name for repository in repositories)) or "none"
    raise LocalAwsError(f"There is no repository {name!r} to push to. There are: {names}")


def _push_and_pull(aws: Connection, repository: PrivateRepository, tag: str) -> None:
    from registry_constructs.local import registry  # noqa: PLC0415 - its OCI client is slow to import

    image = images.image({"hello.txt": b"Hello from registry-constructs.\n"})
    place = {"account": repository.account, "region": repository.region}
    registry.check_round_trip(aws, repository.name, image, tag=tag, **place)
