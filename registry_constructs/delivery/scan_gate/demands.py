"""Requirements of a scan gate on an image, checked at synthesis."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_signer as signer
from constructs import IConstruct

from registry_constructs.delivery.scan_gate.exceptions import (
    FindingException,
    ScanException,
    check_exceptions,
)
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.severities import SEVERITIES, Severity
from registry_constructs.registry import ManagedSigning
from registry_constructs.registry.signing import profile_arn

MINUTES: Final = 55
"""The longest wait: CloudFormation gives a custom resource an hour (ServiceTimeout), and it has to answer."""
SETTLE_SECONDS: Final = 60
"""The least time in which Inspector's list of findings grows no more."""


@dataclass(frozen=True, kw_only=True)
class Demands:
    """Requirements on every image that a gate or an action checks; see `ScanGate`."""

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
        """Check that the requirements can be evaluated.

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
        check_exceptions(self.exceptions)
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
        for name in ("only_fixable", "start_scan", "warn_only"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidInputError(
                    f"{name} is neither true nor false",
                    got=getattr(self, name),
                    allowed="True or False",
                    fix=f"write {name}=True, or leave it out",
                )
        for name, example in (("timeout", "minutes(15)"), ("settle", "seconds(60)")):
            given = getattr(self, name)
            if given is not None and (not isinstance(given, cdk.Duration) or given.is_unresolved()):
                raise InvalidInputError(
                    f"{name} is not a length of time",
                    got=given,
                    allowed="a cdk.Duration that is known at synthesis",
                    fix=f"write {name}=cdk.Duration.{example}",
                )
        seconds = self.settle_seconds
        if seconds % 1 or not SETTLE_SECONDS <= seconds <= (MINUTES - 1) * 60:
            raise InvalidInputError(
                "Findings can't settle in this time",
                got=f"{seconds:g} seconds",
                allowed=f"whole seconds, from {SETTLE_SECONDS} to {MINUTES - 1} minutes",
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
        """The time to wait for a scan, in minutes."""
        return 15 if self.timeout is None else self.timeout.to_milliseconds() / 60_000

    @property
    def settle_seconds(self) -> float:
        """The time for which Inspector's findings must stay unchanged, in seconds."""
        return SETTLE_SECONDS if self.settle is None else self.settle.to_milliseconds() / 1_000

    @property
    def exceptions_written(self) -> list[dict[str, str]]:
        """The exceptions in the function's format."""
        return [one.written for one in self.exceptions]

    def warn(self, scope: IConstruct) -> None:
        """Warn of expired exceptions."""
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
        """The requirements in the function's format, without the exceptions."""
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
