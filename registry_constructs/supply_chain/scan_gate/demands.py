"""What a gate requires of an image, checked when the template is written."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_signer as signer
from constructs import IConstruct

from registry_constructs import limits
from registry_constructs.errors import InvalidInputError
from registry_constructs.registry import ManagedSigning
from registry_constructs.registry.signing import profile_arn
from registry_constructs.tokens import is_token

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"]
"""How bad a finding is (ECR API reference, ImageScanFinding); Inspector's UNTRIAGED counts as UNDEFINED."""

SEVERITIES: Final = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
MINUTES: Final = 55
"""The longest wait: CloudFormation gives a custom resource an hour (ServiceTimeout), and it has to answer."""
SETTLE_SECONDS: Final = 60
"""The least time in which Inspector's list of findings grows no more."""
EXCEPTIONS_BYTES: Final = 128 * 1024
"""Room for the exceptions of a gate: they travel in an event of Lambda, which holds 262,144 bytes."""

# CVE-2026-1234, GHSA-..., ALAS2-2026-1: what a scanner names a finding by.
_FINDING = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{2,127}")


@dataclass(frozen=True, kw_only=True)
class FindingException:
    """A vulnerability, a package, or a vulnerability in a package, that does not count for some time.

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
            if value is not None and (not isinstance(value, str) or value != value.strip() or not value):
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
        """What it excepts, in words."""
        package = " ".join(filter(None, [self.package, self.version]))
        return " in ".join(filter(None, [self.cve, package]))

    def day(self) -> datetime.date:
        """The last day."""
        return datetime.date.fromisoformat(self.until)

    @property
    def written(self) -> dict[str, str]:
        """As the function reads it."""
        names = {"Cve": self.cve, "Package": self.package, "Version": self.version}
        given = {name: value for name, value in names.items() if value is not None}
        return {**given, "Until": self.until, "Reason": self.reason}


@dataclass(frozen=True, kw_only=True)
class UnsupportedImageException:
    """Images that pass although no scanner can read them, such as a static program `FROM scratch`.

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
        """What it excepts, in words."""
        return f"images of {self.repository}"

    @property
    def written(self) -> dict[str, str]:
        """As the function reads it."""
        return {"Repository": self.repository, "Reason": self.reason}


ScanException = FindingException | UnsupportedImageException
"""What a gate lets through."""


def _check_reason(reason: object, fix: str) -> None:
    if not isinstance(reason, str) or not reason.strip() or is_token(reason):
        raise InvalidInputError("An exception has no reason", got=reason, allowed="text", fix=fix)


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What is required of every image that a gate or an action checks; see `ScanGate`."""

    severity: Severity
    exceptions: Sequence[ScanException]
    signed_by: ManagedSigning | signer.ISigningProfile | None
    only_fixable: bool
    start_scan: bool
    warn_only: bool
    timeout: cdk.Duration | None
    settle: cdk.Duration | None
    scan_role: iam.IRole | None

    def check(self) -> None:
        """Refuse what could never be checked.

        Raises:
            InvalidInputError: Naming the keyword.
        """
        if self.severity not in SEVERITIES:
            raise InvalidInputError(
                "Not a severity of findings",
                got=self.severity,
                allowed=", ".join(SEVERITIES),
                fix="write severity='HIGH'",
            )
        self._check_exceptions()
        if self.signed_by is not None and not (
            isinstance(self.signed_by, ManagedSigning) or hasattr(self.signed_by, "signing_profile_arn")
        ):
            raise InvalidInputError(
                "signed_by is not a signing profile",
                got=self.signed_by,
                allowed="a ManagedSigning, or a signer.ISigningProfile",
                fix="give the ManagedSigning of the repository",
            )
        if self.scan_role is not None and not hasattr(self.scan_role, "role_arn"):
            raise InvalidInputError(
                "scan_role is not a role",
                got=self.scan_role,
                allowed="an iam.IRole of the registry's account",
                fix="write scan_role=iam.Role.from_role_arn(self, 'ScanRole', 'arn:aws:iam::...')",
            )
        seconds = self.settle_seconds
        if not SETTLE_SECONDS <= seconds <= (MINUTES - 1) * 60:
            raise InvalidInputError(
                "Findings can't settle in this time",
                got=f"{seconds:g} seconds",
                allowed=f"{SETTLE_SECONDS} seconds to {MINUTES - 1} minutes",
                fix="write settle=cdk.Duration.seconds(60)",
            )
        minutes = self.timeout_minutes
        if not seconds / 60 < minutes <= MINUTES or minutes % 1:
            raise InvalidInputError(
                "The gate can't wait that long",
                got=f"{minutes:g} minutes",
                allowed=f"whole minutes up to {MINUTES}, and longer than settle ({seconds:g} seconds)",
                fix="write timeout=cdk.Duration.minutes(15)",
            )

    @property
    def timeout_minutes(self) -> float:
        """How long a scan is waited for."""
        return 15 if self.timeout is None else self.timeout.to_seconds() / 60

    @property
    def settle_seconds(self) -> float:
        """For how long Inspector's answer has to stay the same."""
        return SETTLE_SECONDS if self.settle is None else self.settle.to_seconds()

    @property
    def exceptions_written(self) -> list[dict[str, str]]:
        """The exceptions as the function reads them."""
        return [one.written for one in self.exceptions]

    def warn(self, scope: IConstruct) -> None:
        """Warn of exceptions that have ended, and of a gate that only warns."""
        today = datetime.datetime.now(datetime.UTC).date()
        for one in self.exceptions:
            if isinstance(one, FindingException) and one.day() < today:
                cdk.Validations.of(scope).add_warning(
                    "registry-constructs:exception-expired",
                    f"The exception for {one.name} ended on {one.until}: an image with it is refused. Fix "
                    "the image, or write a later day and the reason anew.",
                )

    @property
    def properties(self) -> dict[str, Any]:
        """As the function reads them, without the exceptions."""
        profile = (
            self.signed_by.signing_profile if isinstance(self.signed_by, ManagedSigning) else self.signed_by
        )
        return {
            "Severity": self.severity,
            "SignedBy": profile_arn(profile) if profile is not None else "",
            "OnlyFixable": "true" if self.only_fixable else "false",
            "StartScan": "true" if self.start_scan else "false",
            "WarnOnly": "true" if self.warn_only else "false",
            "SettleSeconds": str(round(self.settle_seconds)),
            "TimeoutMinutes": str(round(self.timeout_minutes)),
        }

    def _check_exceptions(self) -> None:
        if isinstance(self.exceptions, str) or not all(
            isinstance(one, FindingException | UnsupportedImageException) for one in self.exceptions
        ):
            raise InvalidInputError(
                "exceptions is not a list of exceptions",
                got=self.exceptions,
                allowed="FindingException, each with until and reason, and UnsupportedImageException",
                fix="write exceptions=[FindingException(cve=..., until=..., reason=...)]",
            )
        names = [one.name for one in self.exceptions]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise InvalidInputError(
                "The same is excepted twice",
                got=twice[0],
                allowed="one exception for each",
                fix="keep the one that holds",
            )
        size = len(json.dumps(self.exceptions_written).encode())
        if size > EXCEPTIONS_BYTES:
            raise InvalidInputError(
                "The exceptions do not fit into one request",
                got=f"{len(names):,} exceptions of {size:,} bytes",
                allowed=f"{EXCEPTIONS_BYTES:,} bytes as JSON",
                fix="except packages, remove exceptions that have ended, or shorten the reasons",
            )
