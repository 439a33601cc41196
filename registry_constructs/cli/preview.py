"""`registry-constructs lifecycle preview --live`: ECR's own preview, and where ours differs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from registry_constructs.cli.inputs import Format, Profile, Regions, refusing
from registry_constructs.cli.output import print_data, print_json, say, step, table
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import Action

if TYPE_CHECKING:
    from registry_constructs.live.live_preview import Compared, Verdict

_FAILED_STATUS: Final = 1
_DIFFERENT_STATUS: Final = 4
_ROWS: Final = 40
_ACTIONS: Final = {Action.EXPIRE: "delete", Action.TRANSITION: "archive", None: "keep"}


@refusing
def preview(
    *,
    live: Annotated[bool, typer.Option("--live", help="Ask ECR. Needed: `check` asks nobody.")] = False,
    app_folder: Annotated[
        Path, typer.Option("--app", metavar="cdk.out", help="The folder that `cdk synth` wrote.")
    ] = Path("cdk.out"),
    region: Regions = None,
    profile: Profile = None,
    output: Annotated[Format, typer.Option("--format")] = Format.TABLE,
) -> None:
    """Have ECR preview an app's policies on the live repositories, and compare. Changes no image."""
    from registry_constructs.live.aws import Aws  # noqa: PLC0415 - boto3 is slow
    from registry_constructs.live.live_preview import preview_app  # noqa: PLC0415
    from registry_constructs.templates.lifecycle_policies import policies_of  # noqa: PLC0415

    if not live:
        raise InvalidInputError(
            "A preview asks ECR",
            got="no --live",
            allowed="--live",
            fix="add it, or simulate offline with lifecycle check",
        )
    policies = policies_of(app_folder)
    with step("Ask ECR"):
        found = list(preview_app(Aws(profile=profile), policies, regions=region or ()))
    _print(found, as_json=output is Format.JSON)
    for compared in found:
        if compared.error:
            say(f"Error: {compared.error}", style="red")
    if any(compared.error for compared in found):
        raise typer.Exit(_FAILED_STATUS)
    if any(compared.differences for compared in found):
        say("ECR's preview and the simulation differ: see above.", style="red")
        raise typer.Exit(_DIFFERENT_STATUS)


def _print(found: Sequence[Compared], *, as_json: bool) -> None:
    if as_json:
        print_json([_as_json(compared) for compared in found])
        return
    if not found:
        print_data("The app has no repository.")
        return
    rows = [
        (
            f"{compared.policy.repository or '-'}\n{compared.policy.place}",
            compared.region,
            "-" if compared.images is None else f"{compared.images:,}",
            "-" if compared.images is None else f"{compared.going:,}",
            "-" if compared.images is None else f"{len(compared.differences):,}",
            compared.note,
        )
        for compared in found
    ]
    columns = ["Repository", "Region", "Images", "Go", "Different", "Note"]
    print_data(table("ECR's preview of the app's policies", columns, rows, numbers=columns[2:5]))
    for compared in found:
        if not compared.differences:
            continue
        title = f"{compared.policy.repository} in {compared.region}: where the simulation differs"
        shown = [
            (
                f"{', '.join(difference.tags) or 'untagged'}\n{difference.digest[:19]}",
                _named(difference.aws),
                _named(difference.ours),
                difference.why,
            )
            for difference in compared.differences[:_ROWS]
        ]
        print_data(table(title, ["Image", "ECR", "Simulation", "Why"], shown))
        if len(compared.differences) > _ROWS:
            more = len(compared.differences) - _ROWS
            print_data(f"... and {more:,} more; --format json has all of them.")


def _named(verdict: Verdict) -> str:
    rule = "" if verdict.priority is None else f" (rule {verdict.priority})"
    return f"{_ACTIONS[verdict.action]}{rule}"


def _as_json(compared: Compared) -> dict[str, Any]:
    return {
        "place": compared.policy.place,
        "repository": compared.policy.repository,
        "region": compared.region,
        "images": compared.images,
        "going": compared.going,
        "note": compared.note,
        "error": str(compared.error) if compared.error else None,
        "differences": [
            {
                "imageDigest": difference.digest,
                "imageTags": list(difference.tags),
                "aws": {"action": _ACTIONS[difference.aws.action], "rule": difference.aws.priority},
                "simulation": {"action": _ACTIONS[difference.ours.action], "rule": difference.ours.priority},
                "why": difference.why,
            }
            for difference in compared.differences
        ],
    }
