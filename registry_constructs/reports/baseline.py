"""An earlier report, whose findings are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from registry_constructs.ecr.errors import InvalidInputError

FORMAT: Final = "registry-constructs-report"
VERSION: Final = 1
"""Of the JSON document; a key that goes or means something else changes it, a further key does not."""


def read_baseline(path: Path) -> frozenset[str]:
    """The fingerprints of a JSON report's findings.

    What was acknowledged then is not among them: without the acknowledgment it counts again.

    Raises:
        InvalidInputError: The file can't be read, or is no such report.
    """
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise _refused(path, "The baseline can't be read", f"{type(error).__name__}: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _refused(path, "The baseline is no report of this tool", _shape(document))
    if document.get("version") != VERSION:
        raise _refused(path, "The baseline is a report of another version", document.get("version"))
    findings = document.get("findings")
    if not isinstance(findings, list):
        raise _refused(path, "The baseline has no list of findings", _shape(document))
    found = set()
    for number, one in enumerate(findings):
        fingerprint = one.get("fingerprint") if isinstance(one, dict) else None
        if not isinstance(fingerprint, str):
            raise _refused(path, "A finding of the baseline has no fingerprint", f"findings[{number}]")
        found.add(fingerprint)
    return frozenset(found)


def _shape(document: object) -> str:
    keys = ", ".join(sorted(document)[:10]) if isinstance(document, dict) else ""
    return f"an object with {keys or 'no keys'}" if isinstance(document, dict) else type(document).__name__


def _refused(path: Path, problem: str, got: object) -> InvalidInputError:
    return InvalidInputError(
        problem,
        got=got,
        allowed=f'a JSON report with "format": "{FORMAT}" and "version": {VERSION}',
        fix="give a file that --format json --output wrote",
        where=str(path),
    )
