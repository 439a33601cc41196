"""`registry-constructs scan check`: whether an image's findings let it run, for any CI."""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from registry_constructs.cli.inputs import refusing
from registry_constructs.cli.live import Profile
from registry_constructs.cli.output import print_data, print_json, say, table
from registry_constructs.errors import InvalidInputError
from registry_constructs.image_reference import parse_reference
from registry_constructs.operations.aws import Aws, check_extra

if TYPE_CHECKING:
    from registry_constructs.supply_chain.scan_gate.handler.check import Report, Request

app = typer.Typer(help="What scans of images found.", no_args_is_help=True)

FINDINGS, UNREADABLE = 3, 1
"""Exit statuses: the image is refused, or nobody can say. 2 is bad input, as for every command."""

_DURATION: Final = re.compile(r"([0-9]{1,4})(s|m|h)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


class Severity(StrEnum):
    """How bad a finding is."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    INFORMATIONAL = "INFORMATIONAL"
    UNDEFINED = "UNDEFINED"


class Format(StrEnum):
    """How findings are printed."""

    TABLE = "table"
    JSON = "json"


@app.callback()
def scan() -> None:
    """What scans of images found."""


@app.command()
@refusing
def check(
    *,
    image: Annotated[str, typer.Option(metavar="URI", help="The image in ECR, by digest or tag.")],
    severity: Annotated[Severity, typer.Option(help="Findings as bad as this refuse the image.")] = (
        Severity.HIGH
    ),
    exceptions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help='JSON: [{"cve": ..., "until": "2027-01-31", "reason": ...}].'),
    ] = None,
    signed_by: Annotated[
        str | None, typer.Option(metavar="ARN", help="The signing profile that must have signed it.")
    ] = None,
    only_fixable: Annotated[
        bool, typer.Option("--only-fixable", help="Leave out what Inspector knows no fix for.")
    ] = False,
    start_scan: Annotated[
        bool, typer.Option("--start-scan", help="Start a basic scan if there is none; one a day.")
    ] = False,
    timeout: Annotated[
        str, typer.Option(metavar="TIME", help="How long to wait for the scan: 90s, 15m, 1h.")
    ] = "15m",
    format: Annotated[Format, typer.Option(help="A table for people, or JSON.")] = Format.TABLE,
    profile: Profile = None,
) -> None:
    """Wait for an image's scan and say whether it may run: 0 yes, 3 no, 1 if it could not be read."""
    seconds = _seconds(timeout)
    check_extra()
    from registry_constructs.supply_chain.scan_gate.handler import check as gate  # noqa: PLC0415 - boto3

    try:
        request = _request(image, severity, exceptions, signed_by, only_fixable, start_scan)
    except gate.BadRequestError as error:
        raise InvalidInputError(str(error), got=image, allowed="an image in ECR", fix="check it") from None
    ecr = Aws(profile=profile).client("ecr", request.region)
    report = gate.wait(ecr, request, deadline=time.time() + seconds, tell=say)
    if report.state == gate.WAITING:
        report = gate.timed_out(report, f"{seconds / 60:g}")
    _print(report, format)
    status = {gate.PASSED: 0, gate.REFUSED: FINDINGS}.get(report.state, UNREADABLE)
    raise typer.Exit(status)


def _request(
    uri: str,
    severity: Severity,
    exceptions: Path | None,
    signed_by: str | None,
    only_fixable: bool,
    start_scan: bool,
) -> Request:
    from registry_constructs.supply_chain.scan_gate.handler.check import Request  # noqa: PLC0415

    named = parse_reference(uri)
    if named is None:
        raise InvalidInputError(
            "Not an image of a private registry",
            got=uri,
            allowed="<account>.dkr.ecr.<region>.amazonaws.com/<repository>@sha256:...",
            fix="copy the URI that was pushed",
            where="--image",
        )
    properties: dict[str, Any] = {
        "Registry": named.account,
        "Region": named.region,
        "Repository": named.repository,
        "Image": named.digest or named.tag,
        "Severity": severity.value,
        "Exceptions": _exceptions(exceptions) if exceptions else [],
        "SignedBy": signed_by or "",
        "OnlyFixable": "true" if only_fixable else "false",
        "StartScan": "true" if start_scan else "false",
    }
    return Request.of(properties)


def _exceptions(path: Path) -> list[dict[str, str]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
        read = [{name.capitalize(): one[name] for name in ("cve", "until", "reason")} for one in found]
        if not all(isinstance(text, str) and text.strip() for one in read for text in one.values()):
            raise TypeError("cve, until and reason are text")
        return read
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidInputError(
            "The exceptions can't be read",
            got=f"{type(error).__name__}: {error}",
            allowed='a JSON list of {"cve": "CVE-2026-1234", "until": "2027-01-31", "reason": "..."}',
            fix="give each exception all three",
            where=str(path),
        ) from None


def _seconds(text: str) -> int:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise InvalidInputError(
            "Not a length of time",
            got=text,
            allowed="a number with s, m or h",
            fix="write --timeout 15m",
            where="--timeout",
        )
    return int(found[1]) * _SECONDS[found[2]]


def _print(report: Report, format: Format) -> None:
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
