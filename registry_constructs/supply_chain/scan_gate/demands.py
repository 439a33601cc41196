"""What a gate demands of an image, checked when the template is written."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import aws_cdk as cdk
from aws_cdk import aws_signer as signer
from constructs import IConstruct

from registry_constructs.errors import InvalidInputError
from registry_constructs.registry import ManagedSigning
from registry_constructs.registry.signing import profile_arn

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"]
"""How bad a finding is (ECR API reference, ImageScanFinding); Inspector's UNTRIAGED counts as UNDEFINED."""

SEVERITIES: Final = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
MINUTES: Final = 55
"""The longest wait: CloudFormation gives a custom resource an hour (ServiceTimeout), and it has to answer."""

# CVE-2026-1234, GHSA-..., ALAS2-2026-1: what a scanner names a finding by.
_FINDING = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{2,127}")


@dataclass(frozen=True, kw_only=True)
class FindingException:
    """A vulnerability that does not count for some time.

    Attributes:
        cve: What the scanner names it by, such as `CVE-2026-1234`.
        until: The last day on which it does not count, such as `2027-01-31`, in UTC. Afterwards it counts
            again, also for a deployment that changes something else on the gate.
        reason: Why it may stand; it is kept in the template.

    Raises:
        InvalidInputError: For a name that is none, a day that is none, and without a reason.
    """

    cve: str
    until: str
    reason: str

    def __post_init__(self) -> None:
        if not isinstance(self.cve, str) or not _FINDING.fullmatch(self.cve):
            raise InvalidInputError(
                "Not the name of a vulnerability",
                got=self.cve,
                allowed="what the scanner calls it",
                fix="write cve='CVE-2026-1234'",
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
        if not isinstance(self.reason, str) or not self.reason.strip():
            raise InvalidInputError(
                "An exception has no reason",
                got=self.reason,
                allowed="text",
                fix="write why the vulnerability can't be used against this image",
            )

    def day(self) -> datetime.date:
        """The last day."""
        return datetime.date.fromisoformat(self.until)


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What is demanded of every image that a gate or a step checks."""

    severity: Severity
    exceptions: Sequence[FindingException]
    signed_by: ManagedSigning | signer.ISigningProfile | None
    only_fixable: bool
    start_scan: bool
    timeout: cdk.Duration

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
        if isinstance(self.exceptions, str) or not all(
            isinstance(one, FindingException) for one in self.exceptions
        ):
            raise InvalidInputError(
                "exceptions is not a list of exceptions",
                got=self.exceptions,
                allowed="FindingException, each with cve, until and reason",
                fix="write exceptions=[FindingException(cve=..., until=..., reason=...)]",
            )
        names = [one.cve for one in self.exceptions]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise InvalidInputError(
                "A vulnerability is excepted twice",
                got=twice[0],
                allowed="one exception for each",
                fix="keep the one that holds",
            )
        if self.signed_by is not None and not (
            isinstance(self.signed_by, ManagedSigning) or hasattr(self.signed_by, "signing_profile_arn")
        ):
            raise InvalidInputError(
                "signed_by is not a signing profile",
                got=self.signed_by,
                allowed="a ManagedSigning, or a signer.ISigningProfile",
                fix="give the ManagedSigning of the repository",
            )
        minutes = self.timeout.to_seconds() / 60
        if not 1 <= minutes <= MINUTES or minutes % 1:
            raise InvalidInputError(
                "The gate can't wait that long",
                got=f"{minutes:g} minutes",
                allowed=f"1 to {MINUTES} whole minutes",
                fix="write timeout=cdk.Duration.minutes(15)",
            )

    def warn(self, scope: IConstruct) -> None:
        """Warn of exceptions that hold no more."""
        today = datetime.datetime.now(datetime.UTC).date()
        for one in self.exceptions:
            if one.day() < today:
                cdk.Validations.of(scope).add_warning(
                    "registry-constructs:exception-expired",
                    f"The exception for {one.cve} ended on {one.until}: an image with it is refused. Mend "
                    "the image, or write a later day and the reason anew.",
                )

    @property
    def properties(self) -> dict[str, Any]:
        """As the function reads them."""
        profile = (
            self.signed_by.signing_profile if isinstance(self.signed_by, ManagedSigning) else self.signed_by
        )
        return {
            "Severity": self.severity,
            "Exceptions": [
                {"Cve": one.cve, "Until": one.until, "Reason": one.reason} for one in self.exceptions
            ],
            "SignedBy": profile_arn(profile) if profile is not None else "",
            "OnlyFixable": "true" if self.only_fixable else "false",
            "StartScan": "true" if self.start_scan else "false",
            "TimeoutMinutes": str(round(self.timeout.to_seconds() / 60)),
        }
