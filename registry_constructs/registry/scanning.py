"""How a registry scans its images, and whether its repositories agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import IConstruct

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle.patterns import filter_matches
from registry_constructs.ecr.tokens import is_token
from registry_constructs.registry.places import environment_of

ScanType = Literal["BASIC", "ENHANCED"]
Frequency = Literal["CONTINUOUS_SCAN", "SCAN_ON_PUSH"]


@dataclass(frozen=True)
class Scanning:
    """What scans a registry's images, and when: `Scanning.basic()` or `Scanning.enhanced()`.

    A filter matches names of repositories: with `*` for any run of characters the whole
    name, without one any name that contains it. Changing the type hides the findings made before.
    """

    scan_type: ScanType
    continuous: tuple[str, ...]
    on_push: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.scan_type not in get_args(ScanType):
            raise InvalidInputError(
                "Not a type of scanning",
                got=self.scan_type,
                allowed=" or ".join(get_args(ScanType)),
                fix="use Scanning.basic() or Scanning.enhanced()",
            )
        checked_filters("continuous", self.continuous)
        checked_filters("on_push", self.on_push)

    @classmethod
    def basic(cls, *, on_push: Sequence[str] = ("*",)) -> Scanning:
        """Scan the operating system's packages with ECR's own scanner; it costs nothing.

        Args:
            on_push: Filters of the repositories whose images are scanned when pushed, up to 100; in the
                others an image is scanned when somebody asks. Default: all.

        Raises:
            InvalidInputError: If ECR would refuse a filter.
        """
        return cls("BASIC", (), checked_filters("on_push", on_push))

    @classmethod
    def enhanced(cls, *, continuous: Sequence[str] = (), on_push: Sequence[str] | None = None) -> Scanning:
        """Scan packages of operating system and languages with Amazon Inspector, which charges per image.

        A repository that matches none of the filters is not scanned at all, and nobody can scan it by hand.

        Args:
            continuous: Filters of the repositories whose images are scanned again whenever a new
                vulnerability becomes known, up to 100; this wins where both match. Default: none.
            on_push: Filters of those scanned when pushed, up to 100. Default: all, unless `continuous` takes
                them all.

        Raises:
            InvalidInputError: If ECR would refuse a filter.
        """
        again = checked_filters("continuous", continuous)
        if on_push is None:
            on_push = [] if any(_matches_all(value) for value in again) else ["*"]
        return cls("ENHANCED", again, checked_filters("on_push", on_push))


def checked_filters(keyword: str, filters: Sequence[str]) -> tuple[str, ...]:
    """The filters, each one that ECR takes."""
    if isinstance(filters, str) or not isinstance(filters, Sequence):
        raise InvalidInputError(
            f"{keyword} is not a list", got=filters, allowed="a list of filters", fix=f"write {keyword}=[...]"
        )
    for value in filters:
        if not isinstance(value, str) or not limits.SCANNING_FILTER.fullmatch(value):
            raise InvalidInputError(
                f"{keyword} has a filter that ECR refuses",
                got=value,
                allowed="1 to 255 characters: parts of a-z, 0-9 and '*' with one of . _ - / between them",
                fix="write a repository's name or a part of it, with '*' for any run of characters",
            )
    return tuple(filters)


def scanning_rules(filters: Iterable[tuple[Frequency, str, str]]) -> list[dict[str, Any]]:
    """The rules as CloudFormation takes them, from frequency, filter and the path of its construct.

    Raises:
        InvalidInputError: If one filter is set at both frequencies, or a rule has over 100.
    """
    by_frequency: dict[Frequency, dict[str, str]] = {"CONTINUOUS_SCAN": {}, "SCAN_ON_PUSH": {}}
    for frequency, value, path in sorted(filters):
        by_frequency[frequency].setdefault(value, path)
    continuous, on_push = by_frequency.values()
    for value in sorted(continuous.keys() & on_push.keys()):
        raise InvalidInputError(
            f"The filter {value!r} is set at two frequencies",
            got={"continuous": continuous[value], "on push": on_push[value]},
            allowed="one frequency for one filter; continuous scanning covers the push as well",
            fix="leave it out in one of the two",
        )
    for frequency, values in by_frequency.items():
        if len(values) > limits.SCANNING_FILTERS:
            raise InvalidInputError(
                f"The rule for {frequency} has {len(values)} filters",
                got=f"filters from {', '.join(sorted(set(values.values())))}",
                allowed=f"up to {limits.SCANNING_FILTERS} filters for each frequency",
                fix="join filters with '*'",
            )
    return [
        {
            "repositoryFilters": [{"filter": value, "filterType": "WILDCARD"} for value in sorted(values)],
            "scanFrequency": frequency,
        }
        for frequency, values in by_frequency.items()
        if values
    ]


def review(registry: IConstruct, scan_type: ScanType, filters: Iterable[tuple[Frequency, str]]) -> None:
    """Warn about cost, gaps, and repositories of this app that say something else than the registry."""
    by_frequency: dict[str, list[str]] = {"CONTINUOUS_SCAN": [], "SCAN_ON_PUSH": []}
    for frequency, value in filters:
        by_frequency[frequency].append(value)
    everything = by_frequency["CONTINUOUS_SCAN"] + by_frequency["SCAN_ON_PUSH"]
    if any(_matches_all(value) for value in by_frequency["CONTINUOUS_SCAN"]):
        cdk.Validations.of(registry).add_warning(
            "registry-constructs:scanning-continuous-everything",
            "Continuous scanning covers every repository, and Amazon Inspector charges for each image and "
            "each time it is scanned again. Name the repositories that run in production.",
        )
    if scan_type == "ENHANCED" and not any(_matches_all(value) for value in everything):
        cdk.Validations.of(registry).add_warning(
            "registry-constructs:scanning-enhanced-gaps",
            "Enhanced scanning leaves every repository unscanned that matches none of "
            f"{sorted(everything)}. Add '*' to on_push.",
        )
    if not everything and scan_type == "BASIC":
        return
    for repository, name, scan_on_push in _repositories(registry):
        scanned = any(filter_matches(value, name) for value in everything)
        if scan_on_push and not scanned:
            cdk.Validations.of(repository).add_warning(
                "registry-constructs:scanning-repository-left-out",
                f"The repository asks for a scan on push, and the registry's rules ({registry.node.path}), "
                f"which take precedence, leave {name!r} out. Add a filter that matches it.",
            )
        elif scanned and scan_on_push is False:
            cdk.Validations.of(repository).add_warning(
                "registry-constructs:scanning-repository-scanned-anyway",
                f"The repository asks for no scan on push, and the registry's rules ({registry.node.path}), "
                f"which take precedence, scan {name!r}. Leave image_scan_on_push out, or narrow the filters.",
            )


def _matches_all(value: str) -> bool:
    return not value.strip("*")


def _repositories(registry: IConstruct) -> Iterator[tuple[IConstruct, str, bool | None]]:
    """The repositories of the registry's account and Region whose name is known, and what they ask for."""
    environment, environments = environment_of(registry), dict[int, str]()
    for construct in registry.node.root.node.find_all():
        if not isinstance(construct, ecr.CfnRepository):
            continue
        # An app may have thousands of repositories, and each question to the CDK takes a while.
        stack = construct.stack
        if id(stack) not in environments:
            environments[id(stack)] = environment_of(stack)
        if environments[id(stack)] != environment:
            continue
        name = construct.repository_name
        if is_token(name):
            # Some tokens contain plain text (see `Repository`).
            name = stack.resolve(name)
        if not isinstance(name, str):
            continue
        scanning = construct.image_scanning_configuration
        if isinstance(scanning, ecr.CfnRepository.ImageScanningConfigurationProperty):
            scan_on_push = scanning.scan_on_push
        else:
            scan_on_push = (stack.resolve(scanning) or {}).get("scanOnPush")
        scope = construct.node.scope
        yield (
            scope if isinstance(scope, ecr.Repository) else construct,
            name,
            scan_on_push if isinstance(scan_on_push, bool) else None,
        )
