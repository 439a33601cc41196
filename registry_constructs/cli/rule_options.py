"""The options that the commands share that ask rules."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from registry_constructs.cli.report_output import Delivery, FailOn, ReportFormat, check_output
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import check_account_id, check_organization_id
from registry_constructs.reports.acknowledgments import read_acknowledgments
from registry_constructs.reports.baseline import read_baseline
from registry_constructs.rules.packs import PACKS
from registry_constructs.rules.rule import RuleSettings

RuleNames = Annotated[
    list[str] | None,
    typer.Option(
        "--rule",
        metavar="RULE|PACK",
        help=f"A rule, or a pack: {', '.join(PACKS)}. `-` before a rule leaves it out; may be repeated.",
        show_default="recommended",
    ),
]


@dataclass(frozen=True, kw_only=True)
class RuleOptions:
    """What the rules can't know by themselves, and what becomes of their findings."""

    fail_on: Annotated[
        FailOn,
        typer.Option(
            help="End with status 3 if a new finding is this bad or worse, 4 if something is unknown, 5 if "
            "both; never: no finding counts."
        ),
    ] = FailOn.MEDIUM
    organization_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Your organization, such as o-a1b2c3.")
    ] = None
    trusted_account: Annotated[
        list[str] | None, typer.Option(metavar="ACCOUNT", help="An account of yours; may be repeated.")
    ] = None
    required_tag: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="A tag that each repository must have; may be repeated."),
    ] = None
    public_repository: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A public repository that is allowed, with `*`; may be repeated."),
    ] = None
    acknowledgments: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Accepted findings, in YAML or JSON: [{id: RULE, where: 'shop/*', reason: ...}].",
        ),
    ] = None
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="REPORT.json", help="An earlier JSON report; its findings are known, not new."),
    ] = None
    format: Annotated[
        ReportFormat,
        typer.Option(
            help="Tables, JSON (also a later --baseline), SARIF for code hosts, JUnit for CI servers, "
            "ASFF for AWS Security Hub, or an HTML page."
        ),
    ] = ReportFormat.TABLE
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file to write.", show_default="standard output"),
    ] = None

    def settings(self) -> RuleSettings:
        """The settings of the rules.

        Raises:
            InvalidInputError: An id is none.
        """
        try:
            if self.organization_id is not None:
                check_organization_id(self.organization_id)
        except InvalidInputError as error:
            raise error.within("--organization-id") from None
        for account in self.trusted_account or ():
            try:
                check_account_id(account)
            except InvalidInputError as error:
                raise error.within("--trusted-account") from None
        return RuleSettings(
            organization=self.organization_id or "",
            accounts=frozenset(self.trusted_account or ()),
            required_tags=tuple(self.required_tag or ()),
            public_repositories=tuple(self.public_repository or ()),
        )

    def delivery(self) -> Delivery:
        """How the report is delivered; the files that the options name are read before the work begins.

        Raises:
            InvalidInputError: A file can't be read or is wrong, or there is no folder for the output.
        """
        check_output(self.output)
        return Delivery(
            format=self.format,
            output=self.output,
            fail_on=self.fail_on,
            baseline=read_baseline(self.baseline) if self.baseline else None,
            acknowledgments=read_acknowledgments(self.acknowledgments) if self.acknowledgments else (),
        )


def with_rule_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command that takes each field of its argument `options`, a `RuleOptions`, as an option of its own."""
    types = get_type_hints(RuleOptions, include_extras=True)
    options = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=types[field.name]
        )
        for field in fields(RuleOptions)
    ]
    signature = inspect.signature(command, eval_str=True)
    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        parameters += options if parameter.name == "options" else [parameter]

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:  # noqa: ANN401 - what Typer has read
        shared = {option.name: given.pop(option.name) for option in options}
        command(**given, options=RuleOptions(**shared))

    wrapped.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return wrapped
