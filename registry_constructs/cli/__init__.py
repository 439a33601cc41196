"""The command `registry-constructs`: it parses, calls the library and prints."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

import typer

from registry_constructs.cli import (
    audit,
    catalog,
    catalog_import,
    check,
    cost,
    inventory,
    lifecycle,
    local,
    preview,
    prices,
    rules,
    scan,
)
from registry_constructs.cli.output import say
from registry_constructs.ecr.errors import RegistryConstructsError

app = typer.Typer(
    help="AWS CDK constructs for Amazon ECR: what lifecycle policies do, and an AWS on your laptop.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(local.app, name="local")
app.add_typer(lifecycle.app, name="lifecycle")
app.add_typer(catalog.app, name="catalog")
app.add_typer(scan.app, name="scan")
app.add_typer(rules.app, name="rules")
lifecycle.app.command()(preview.preview)
catalog.app.command("import")(catalog_import.import_)
app.command()(inventory.inventory)
app.command()(cost.cost)
app.command()(prices.prices)
app.command()(check.check)
app.command()(audit.audit)


def main() -> None:
    """Run the command line of this process."""
    # Told to end, leave through the `with` blocks: they end what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    run()


def run(arguments: Sequence[str] | None = None) -> None:
    """Run a command line; always ends in SystemExit, with status 1 after an error that the user can fix."""
    try:
        app(arguments)
    except RegistryConstructsError as error:
        say("\n".join([f"Error: {error}", *getattr(error, "__notes__", [])]), style="red")
        sys.exit(1)
