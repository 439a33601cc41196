"""`registry-constructs scan check`: whether an image's findings allow it to run, for any CI."""

from __future__ import annotations

import functools
import json
import re
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from registry_constructs.cli.inputs import Format, Profile, refusing
from registry_constructs.cli.output import print_data, print_json, say, table
from registry_constructs.ecr.actions import INSPECTOR_ACTIONS, scan_actions
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.references import parse_reference
from registry_constructs.ecr.regions import partition_of
from registry_constructs.ecr.severities import Severity
from registry_constructs.live.aws import Aws, check_extra

if TYPE_CHECKING:
    from registry_constructs.delivery.scan_gate.handler.check import CheckResult

app = typer.Typer(help="What scans of images found.", no_args_is_help=True)

FINDINGS, UNREADABLE = 3, 1
"""Exit statuses: the image is refused, or nobody can say. 2 is bad input, as for every command."""

_DURATION: Final = re.compile(r"([0-9]{1,4})(s|m|h)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_EXCEPTION: Final = {"cve", "package", "version", "until", "reason"}


@app.callback()
def scan() -> None:
    """What scans of images found."""


@app.command()
@refusing
def check(
    *,
    image: Annotated[str, typer.Option(metavar="URI", help="The image in ECR, by digest or tag.")],
    severity: Annotated[Severity, typer.Option(help="Findings as bad as this refuse the image.")] = ("HIGH"),
    exceptions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="JSON list of exceptions: cve or package (and version), until and reason; or repository and "
            "reason, for images that no scanner can read.",
        ),
    ] = None,
    signed_by: Annotated[
        str | None, typer.Option(metavar="ARN", help="The signing profile that must have signed it.")
    ] = None,
    only_fixable: Annotated[
        bool, typer.Option("--only-fixable", help="Leave out what Inspector knows no fix for.")
    ] = False,
    start_scan: Annotated[
        bool, typer.Option("--start-scan", help="Start a basic scan if there is none; ECR does one a day.")
    ] = False,
    warn_only: Annotated[
        bool, typer.Option("--warn-only", help="Report what refuses the image, and end with 0.")
    ] = False,
    timeout: Annotated[
        str, typer.Option(metavar="TIME", help="How long to wait for the scan: 90s, 15m, 1h.")
    ] = "15m",
    settle: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="How long the findings of enhanced scanning have to stay the same: 60s or more.",
        ),
    ] = "60s",
    role: Annotated[
        str | None,
        typer.Option(metavar="ARN", help="A role of the registry's account, to be assumed."),
    ] = None,
    policy: Annotated[
        bool, typer.Option("--policy", help="Print the IAM policy that this check needs, and read nothing.")
    ] = False,
    format: Annotated[Format, typer.Option(help="A table for people, or JSON.")] = Format.TABLE,
    profile: Profile = None,
) -> None:
    """Wait for an image's scan and check it: 0 it passes, 3 it is refused, 1 the scan could not be read.

    Where scanning is or may be enhanced it takes Amazon Inspector's permissions too; --policy prints all.
    """
    seconds = _seconds(timeout, "--timeout")
    if policy:
        print_json(_policy(_named(image), signed=signed_by is not None, start=start_scan))
        return
    check_extra()
    from registry_constructs.delivery.scan_gate.handler import check as gate  # noqa: PLC0415 - boto3

    options = {
        "Severity": severity,
        "Exceptions": _exceptions(exceptions) if exceptions else [],
        "SignedBy": signed_by or "",
        "OnlyFixable": "true" if only_fixable else "false",
        "StartScan": "true" if start_scan else "false",
        "WarnOnly": "true" if warn_only else "false",
        "SettleSeconds": str(_seconds(settle, "--settle")),
    }
    try:
        request = gate.Request.of(_named(image) | options)
    except gate.BadRequestError as error:
        raise InvalidInputError(
            "The options make no check", got=str(error), allowed="what --help lists", fix="correct it"
        ) from None
    aws = Aws(profile=profile, role=role)
    clients = functools.partial(_client, aws, request.region)
    # Unlike the time of day it never jumps, and a jump would count as waiting.
    clock = time.monotonic
    report = gate.wait(clients, request, gate.Memory(), deadline=clock() + seconds, log=say, now=clock)
    if report.state == gate.WAITING:
        report = gate.timed_out(request, report, seconds)
    _print(report, format)
    status = 0 if report.state in gate.PASSING else FINDINGS if report.state == gate.REFUSED else UNREADABLE
    raise typer.Exit(status)


def _client(aws: Aws, region: str, service: str) -> Any:  # noqa: ANN401 - callers know the service
    return aws.client(service, region)


def _policy(named: dict[str, Any], *, signed: bool, start: bool) -> dict[str, Any]:
    partition = partition_of(named["Region"]).name
    arn = f"arn:{partition}:ecr:{named['Region']}:{named['Registry']}:repository/{named['Repository']}"
    statements = [
        {
            "Sid": "Scans",
            "Effect": "Allow",
            "Action": scan_actions(signed=signed, start=start),
            "Resource": arn,
        },
        {"Sid": "EnhancedScans", "Effect": "Allow", "Action": list(INSPECTOR_ACTIONS), "Resource": "*"},
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _named(uri: str) -> dict[str, Any]:
    named = parse_reference(uri)
    if named is None:
        raise InvalidInputError(
            "Not an image of a private registry",
            got=uri,
            allowed="<account>.dkr.ecr.<region>.amazonaws.com/<repository>@sha256:...",
            fix="copy the URI that was pushed",
            where="--image",
        )
    return {
        "Registry": named.account,
        "Region": named.region,
        "Repository": named.repository,
        "Image": named.digest or named.tag,
    }


def _exceptions(path: Path) -> list[dict[str, str]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(found, list):
            raise TypeError(f"a list is needed, not {type(found).__name__}")
        for one in found:
            _check_exception(one)
        return [{name.capitalize(): text for name, text in one.items()} for one in found]
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise InvalidInputError(
            "The exceptions can't be read",
            got=f"{type(error).__name__}: {error}",
            allowed='a JSON list of {"cve": "CVE-2026-1234", "until": "2027-01-31", "reason": "..."}, with '
            '"package" and "version" beside or instead of "cve"; or {"repository": "...", "reason": "..."}',
            fix="give each exception what it names, a day and a reason",
            where=str(path),
        ) from None


def _check_exception(given: object) -> None:
    if not isinstance(given, dict):
        raise TypeError(f"an exception is an object, not {type(given).__name__}")
    if wrong := [name for name, text in given.items() if not isinstance(text, str) or not text.strip()]:
        raise TypeError(f"{wrong[0]} is text, not {given[wrong[0]]!r}")
    known = {"repository", "reason"} if "repository" in given else _EXCEPTION
    if unknown := sorted(given.keys() - known):
        raise ValueError(f"there is no {unknown[0]!r} in an exception for {sorted(given.keys() & known)}")
    if missing := sorted(known - {"cve", "package", "version"} - given.keys()):
        raise ValueError(f"an exception lacks {missing[0]!r}")


def _seconds(text: str, option: str) -> int:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise InvalidInputError(
            "Not a length of time",
            got=text,
            allowed="a number with s, m or h",
            fix=f"write {option} 15m",
            where=option,
        )
    return int(found[1]) * _SECONDS[found[2]]


def _print(report: CheckResult, format: Format) -> None:
    if format is Format.JSON:
        print_json(asdict(report))
        return
    rows = [
        (one.severity, one.id, one.package or "-", one.fixed_in or "-", one.digest[:19], note)
        for found, note in ((report.findings, ""), (report.excepted, "excepted"))
        for one in found
    ]
    parts: list[Any] = []
    if rows:
        columns = ["Severity", "Finding", "Package", "Fixed in", "Image", "Note"]
        parts.append(table("Findings", columns, rows, whole=["Finding"]))
    print_data(*parts, f"{report.state.capitalize()}: {report.reason}")
