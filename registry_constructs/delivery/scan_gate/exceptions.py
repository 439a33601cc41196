"""Exceptions of a scan gate: findings until a date, and images that no scanner can read."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token

EXCEPTIONS_BYTES: Final = 120 * 1024
"""Room for the exceptions of a gate: an update's event, which holds 262,144 bytes, has the old ones too."""

# CVE-2026-1234, GHSA-..., ALAS2-2026-1: what a scanner names a finding by.
_FINDING = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{2,127}")


@dataclass(frozen=True, kw_only=True)
class FindingException:
    """Accepts a vulnerability, a package, or a vulnerability in a package, until a date.

    A finding that names several packages is excepted once each of them is.

    Attributes:
        cve: What the scanner names the vulnerability by, such as `CVE-2026-1234`. Default: any.
        package: The package's name, as the scanner writes it, such as `openssl`. Default: any. Give this, the
            vulnerability, or both.
        version: The package's version, as the scanner writes it: `3.0.7`, `3.0.7-1.el9` or `1:3.0.7-1.el9`.
            Default: any.
        until: The last day on which it does not count, such as `2027-01-31`, in UTC. Afterwards it counts
            again, also for a deployment that changes something else on the gate.
        reason: Why it is accepted; it is kept in the template.

    Raises:
        InvalidInputError: For neither a vulnerability nor a package, a version without a package, a name that
            is none, a day that is none, and without a reason.
    """

    cve: str | None = None
    package: str | None = None
    version: str | None = None
    until: str
    reason: str

    def __post_init__(self) -> None:
        if self.cve is None and self.package is None:
            raise InvalidInputError(
                "An exception names neither a vulnerability nor a package",
                got={"cve": self.cve, "package": self.package},
                allowed="one of the two, or both",
                fix="write cve='CVE-2026-1234' or package='openssl'",
            )
        if self.cve is not None and (not isinstance(self.cve, str) or not _FINDING.fullmatch(self.cve)):
            raise InvalidInputError(
                "Not the name of a vulnerability",
                got=self.cve,
                allowed="what the scanner calls it",
                fix="write cve='CVE-2026-1234'",
            )
        for name, value in (("package", self.package), ("version", self.version)):
            known = isinstance(value, str) and not is_token(value)
            if value is not None and not (known and value and value == value.strip()):
                raise InvalidInputError(
                    f"Not the {name} of an exception",
                    got=value,
                    allowed="text as the scanner writes it, without spaces around it",
                    fix=f"copy the {name} from the finding, or leave it out",
                )
        if self.version is not None and self.package is None:
            raise InvalidInputError(
                "A version without a package",
                got=self.version,
                allowed="a version of a package",
                fix="write package='openssl' too",
            )
        try:
            self.day()
        except (TypeError, ValueError):
            raise InvalidInputError(
                "An exception ends on a day",
                got=self.until,
                allowed="YYYY-MM-DD",
                fix="write until='2027-01-31'",
            ) from None
        _check_reason(self.reason, "write why the vulnerability can't be used against this image")

    @property
    def name(self) -> str:
        """A readable name of the exception."""
        package = " ".join(filter(None, [self.package, self.version]))
        return " in ".join(filter(None, [self.cve, package]))

    def day(self) -> datetime.date:
        """The last day of the exception."""
        return datetime.date.fromisoformat(self.until)

    @property
    def written(self) -> dict[str, str]:
        """The exception in the function's format."""
        names = {"Cve": self.cve, "Package": self.package, "Version": self.version}
        given = {name: value for name, value in names.items() if value is not None}
        return {**given, "Until": self.until, "Reason": self.reason}


@dataclass(frozen=True, kw_only=True)
class UnsupportedImageException:
    """Accepts images that no scanner can read, such as a static program `FROM scratch`.

    It holds for the scan status `UNSUPPORTED_IMAGE` alone: a scan that failed, or that is missing, still does
    not pass.

    Attributes:
        repository: The name of the repository whose images these are, such as `shop/static`.
        reason: Why they may run without a scan; it is kept in the template.

    Raises:
        InvalidInputError: For a name that no repository can have, and without a reason.
    """

    repository: str
    reason: str

    def __post_init__(self) -> None:
        if not isinstance(self.repository, str) or not limits.REPOSITORY_NAME.fullmatch(self.repository):
            raise InvalidInputError(
                "Not the name of a repository",
                got=self.repository,
                allowed="the whole name, such as shop/static",
                fix="write repository='shop/static'",
            )
        _check_reason(self.reason, "write why the image may run without a scan")

    @property
    def name(self) -> str:
        """A readable name of the exception."""
        return f"images of {self.repository}"

    @property
    def written(self) -> dict[str, str]:
        """The exception in the function's format."""
        return {"Repository": self.repository, "Reason": self.reason}


ScanException = FindingException | UnsupportedImageException
"""The exceptions that a gate accepts."""


def _check_reason(reason: object, fix: str) -> None:
    if not isinstance(reason, str) or not reason.strip() or is_token(reason):
        raise InvalidInputError("An exception has no reason", got=reason, allowed="text", fix=fix)


def check_exceptions(exceptions: object) -> None:
    """Check that exceptions are a list without duplicates and not too long.

    Raises:
        InvalidInputError: Naming what is wrong.
    """
    if not isinstance(exceptions, Sequence) or not all(isinstance(one, ScanException) for one in exceptions):
        raise InvalidInputError(
            "exceptions is not a list of exceptions",
            got=exceptions,
            allowed="FindingException, each with until and reason, and UnsupportedImageException",
            fix="write exceptions=[FindingException(cve=..., until=..., reason=...)]",
        )
    names = [one.name for one in exceptions]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidInputError(
            "The same is excepted twice",
            got=twice[0],
            allowed="one exception for each",
            fix="keep the one that holds",
        )
    size = len(json.dumps([one.written for one in exceptions]).encode())
    if size > EXCEPTIONS_BYTES:
        raise InvalidInputError(
            "The exceptions do not fit into one request",
            got=f"{len(names):,} exceptions of {size:,} bytes",
            allowed=f"{EXCEPTIONS_BYTES:,} bytes as JSON",
            fix="except packages, remove exceptions that have ended, or shorten the reasons",
        )
