"""`registry-constructs catalog`: repositories described in files."""

from __future__ import annotations

import typer

app = typer.Typer(help="Repositories described in files.", no_args_is_help=True)
