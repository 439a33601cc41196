"""`registry-constructs rules`: what is demanded, and its documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown

from registry_constructs.cli.inputs import refusing
from registry_constructs.cli.output import in_words, print_data, say, table
from registry_constructs.cli.rule_options import RuleNames
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.reports import rule_pages
from registry_constructs.rules.checks import drift
from registry_constructs.rules.packs import PACKS, RULES, select

app = typer.Typer(help="The rules that `check` and `audit` evaluate.", no_args_is_help=True)


@app.command("list")
@refusing
def list_(
    rule: RuleNames = None,
) -> None:
    """The rules, the worst first, with the packs that have them."""
    print_data(
        table(
            "Rules",
            ["Rule", "Severity", "Demands", "Packs"],
            (
                [
                    one.id,
                    one.severity.name,
                    one.demand,
                    ", ".join(name for name, ids in PACKS.items() if one.id in ids),
                ]
                for one in select(rule or ["strict"])
            ),
            whole=["Rule"],
        )
    )


@app.command()
@refusing
def show(rule: Annotated[str, typer.Argument(metavar="RULE", help="Its id.")]) -> None:
    """The page of a rule: what it demands, why, how to fix it, and examples."""
    found = drift.RULE if rule == drift.RULE.id else select([rule])[0] if rule in RULES else None
    if found is None:
        select([rule])
        raise InvalidInputError(
            "This is a pack",
            got=rule,
            allowed="a rule's id",
            fix=f"registry-constructs rules list --rule {rule}",
        )
    print_data(Markdown(rule_pages.page(found)))


@app.command("pages")
@refusing
def pages_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where; it is made if it is not there.")],
) -> None:
    """Write the documentation of all rules, a page each and an index, in Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    written = rule_pages.pages()
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    say(f"{in_words(len(written), 'page')} in {folder}.")
