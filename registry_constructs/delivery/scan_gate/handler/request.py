"""What is required of an image, as a template, a pipeline or the command line writes it."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from typing import Any

from registry_constructs.ecr.severities import SEVERITIES

from .findings import Excepted

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
SETTLE_SECONDS = 60
"""The least time that Inspector's answer has to stay the same: its list can grow for a minute."""


class BadRequestError(ValueError):
    """A request that can't be checked, in words for people."""


def is_digest(image: object) -> bool:
    """Whether an image is named by its digest."""
    return isinstance(image, str) and bool(_DIGEST.fullmatch(image))


@dataclass(frozen=True)
class Request:
    """What is required of an image.

    Attributes:
        registry: The account of the registry.
        region: The registry's Region.
        repository: The repository's name.
        image: A digest or a tag.
        severity: Findings of this one of `SEVERITIES`, and of those above it, refuse the image.
        exceptions: What does not count.
        unsupported: Repositories whose images pass although no scanner can read them, each with the reason.
        signed_by: The ARN of the signing profile that must have signed it; empty for none.
        only_fixable: Whether findings that have no fix yet do not count.
        start_scan: Whether a basic scan is started where there is none.
        warn_only: Whether what would refuse the image is reported, and the image passes.
        settle: For how many seconds Inspector's answer has to stay the same.
    """

    registry: str
    region: str
    repository: str
    image: str
    severity: str = "HIGH"
    exceptions: tuple[Excepted, ...] = ()
    unsupported: dict[str, str] = field(default_factory=dict)
    signed_by: str = ""
    only_fixable: bool = False
    start_scan: bool = False
    warn_only: bool = False
    settle: int = SETTLE_SECONDS

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise BadRequestError(f"{self.severity!r} is not a severity: {', '.join(SEVERITIES)}")
        for name in ("registry", "region", "repository", "image"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name):
                raise BadRequestError(f"The {name} is missing")
        if self.settle < SETTLE_SECONDS:
            raise BadRequestError(f"Findings settle in {SETTLE_SECONDS} seconds or more, not {self.settle}")

    @classmethod
    def of(cls, properties: dict[str, Any]) -> Request:
        """A request as a template or a pipeline has it: CloudFormation makes text of every value.

        Raises:
            BadRequestError: It can't be read.
        """
        try:
            exceptions = list(properties.get("Exceptions") or ())
            return cls(
                registry=properties["Registry"],
                region=properties["Region"],
                repository=properties["Repository"],
                image=properties["Image"],
                severity=properties["Severity"],
                exceptions=tuple(_excepted(one) for one in exceptions if "Repository" not in one),
                unsupported={
                    _text(one, "Repository"): _text(one, "Reason")
                    for one in exceptions
                    if "Repository" in one
                },
                signed_by=properties.get("SignedBy") or "",
                only_fixable=properties.get("OnlyFixable") == "true",
                start_scan=properties.get("StartScan") == "true",
                warn_only=properties.get("WarnOnly") == "true",
                settle=int(properties.get("SettleSeconds") or SETTLE_SECONDS),
            )
        except BadRequestError:
            raise
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise BadRequestError(f"The request can't be read: {type(error).__name__}: {error}") from error

    @property
    def identifier(self) -> dict[str, str]:
        """The image as ECR's API names it."""
        return {"imageDigest" if is_digest(self.image) else "imageTag": self.image}


def _excepted(given: dict[str, Any]) -> Excepted:
    cve, package, version = (str(given.get(name) or "") for name in ("Cve", "Package", "Version"))
    if not (cve or package) or (version and not package):
        raise BadRequestError(
            "An exception names a vulnerability (Cve), a package (Package) or both; a Version needs a Package"
        )
    until = datetime.date.fromisoformat(_text(given, "Until"))
    return Excepted(until, _text(given, "Reason"), cve, package, version)


def _text(given: dict[str, Any], name: str) -> str:
    if not isinstance(given[name], str) or not given[name].strip():
        raise BadRequestError(f"The {name} of an exception is text, not {given[name]!r}")
    return str(given[name])
