"""Findings of scans, and the exceptions that let some of them through."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from registry_constructs.ecr.severities import SEVERITIES


@dataclass(frozen=True)
class Package:
    """A package with a vulnerability.

    Attributes:
        name: Its name.
        versions: Its version as the scanner writes it: alone, with release and with epoch. None if it
            is not known.
    """

    name: str
    versions: tuple[str, ...]


@dataclass(frozen=True)
class Vulnerability:
    """A vulnerability of one image.

    Attributes:
        id: Such as `CVE-2026-1234`.
        severity: One of `SEVERITIES`.
        package: Its first package and version; empty if the scanner names none.
        packages: All its packages.
        fixed_in: The version without it; empty if unknown.
        fixable: False only where the scanner says that there is no fix.
        digest: The image's, which for an index is that of one platform.
    """

    id: str
    severity: str
    package: str
    packages: tuple[Package, ...]
    fixed_in: str
    fixable: bool
    digest: str


@dataclass(frozen=True)
class Excepted:
    """A vulnerability, a package, or one in the other, that does not count until the end of a day, in UTC.

    Attributes:
        until: The last day.
        reason: Why it does not count.
        cve: The vulnerability; empty for any.
        package: The package's name; empty for any.
        version: The package's version; empty for any.
    """

    until: datetime.date
    reason: str
    cve: str = ""
    package: str = ""
    version: str = ""

    def covers(self, finding: Vulnerability, package: Package | None) -> bool:
        """Whether it excepts a finding in a package; without one, in any."""
        if self.cve and self.cve != finding.id:
            return False
        if not self.package:
            return bool(self.cve)
        if package is None or package.name != self.package:
            return False
        return not self.version or self.version in package.versions


def is_excepted(finding: Vulnerability, exceptions: Iterable[Excepted]) -> bool:
    """Whether exceptions cover a finding: as a whole, or in each of its packages."""
    given = list(exceptions)
    return all(any(one.covers(finding, package) for one in given) for package in finding.packages or (None,))


def known_severity(severity: object) -> str:
    """A severity of `SEVERITIES`. One that nobody knows counts as the worst."""
    if severity == "UNTRIAGED":
        return "UNDEFINED"
    return str(severity) if severity in SEVERITIES else "CRITICAL"


def closed(finding: dict[str, Any]) -> bool:
    """Whether Inspector has closed a finding, or a person has suppressed it there."""
    return finding.get("status") in ("CLOSED", "SUPPRESSED")


def basic_finding(finding: dict[str, Any], digest: str) -> Vulnerability:
    """A finding of basic scanning."""
    about = {"package_name": "", "package_version": ""}
    about |= {one.get("key"): str(one.get("value") or "") for one in finding.get("attributes") or ()}
    name, version = about["package_name"], about["package_version"]
    return Vulnerability(
        id=str(finding.get("name") or "a finding without a name"),
        severity=known_severity(finding.get("severity")),
        package=" ".join(filter(None, [name, version])),
        packages=(Package(name, (version,)),) if name else (),
        fixed_in="",
        fixable=True,
        digest=digest,
    )


def enhanced_finding(finding: dict[str, Any], digest: str) -> Vulnerability:
    """A finding of Inspector."""
    details = finding.get("packageVulnerabilityDetails") or {}
    found = [one for one in details.get("vulnerablePackages") or () if one]
    first = found[0] if found else {}
    fixes = dict.fromkeys(filter(None, (_version(one.get("fixedInVersion")) for one in found)))
    return Vulnerability(
        id=str(details.get("vulnerabilityId") or finding.get("title") or "a finding without a name"),
        severity=known_severity(finding.get("severity")),
        package=" ".join(filter(None, [first.get("name"), _version(first.get("version"))])),
        packages=tuple(Package(str(one.get("name")), _versions(one)) for one in found),
        fixed_in=", ".join(fixes),
        fixable=finding.get("fixAvailable") != "NO",
        digest=digest,
    )


def _versions(package: dict[str, Any]) -> tuple[str, ...]:
    version, release = _version(package.get("version")), str(package.get("release") or "")
    if not version:
        return ()
    whole = "-".join(filter(None, [version, release]))
    return tuple(dict.fromkeys([version, whole, f"{package.get('epoch') or 0}:{whole}"]))


def _version(text: object) -> str:
    """A version; Inspector writes "NotAvailable" where it knows none."""
    version = str(text or "").strip()
    return "" if version.lower() == "notavailable" else version
