"""What the commands share that read a live AWS."""

from __future__ import annotations

from typing import Annotated

import typer

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
