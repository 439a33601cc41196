"""A rule: what it demands, why, which controls ask for the same, and the function that judges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, IntEnum
from typing import Any, Final

from registry_constructs.rules.state import State


class Severity(IntEnum):
    """How bad it is; Security Hub's words (AWS Security Finding Format, Severity.Label)."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Part(Enum):
    """What of a live registry a rule needs to know, beside what every listing tells; each costs requests."""

    LIFECYCLE = "lifecycle policies"
    POLICY = "repository policies"
    TAGS = "tags of repositories"
    KEY = "AWS's own key of ECR"
    SCANNING = "how each repository is scanned"
    IMAGES = "images"
    RETENTION = "templates of stacks"
    REGISTRY = "settings of the registry"
    PUBLIC = "public repositories"
    CONSUMERS = "what runs images"


@dataclass(frozen=True, kw_only=True)
class RuleSettings:
    """What rules can't know by themselves.

    Attributes:
        organization: The id of your organization, such as `o-a1b2c3d4e5`.
        accounts: Your accounts; those of an organization that is audited are added by themselves.
        required_tags: Keys of tags that each repository must have. None: any tag will do.
        public_repositories: Names of public repositories that are allowed, with `*`.
        scan_age: Days after which the findings of a basic scan are too old.
        unused: Days after which a repository whose images nobody pulls is unused.
        quota: The part of a quota from which on it is near its end.
        now: The time to look from.
    """

    organization: str = ""
    accounts: frozenset[str] = frozenset()
    required_tags: tuple[str, ...] = ()
    public_repositories: tuple[str, ...] = ()
    scan_age: int = 30
    unused: int = 180
    quota: float = 0.8
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, kw_only=True)
class Example:
    """The resources of a template that a rule judges; the same are deployed and judged live.

    Attributes:
        compliant: Resources by logical id, all as the rule demands.
        non_compliant: Resources by logical id, `Example` not as the rule demands.
        elsewhere: What exists beside either of them in other Regions, by Region.
        settings: The settings of the rules.
    """

    compliant: Mapping[str, Any]
    non_compliant: Mapping[str, Any]
    elsewhere: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    settings: RuleSettings = field(default_factory=RuleSettings)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One demand.

    Attributes:
        id: Its name; it never changes, so that it can be acknowledged.
        demand: What it demands, as a sentence without a full stop.
        why: What happens otherwise.
        fix: How to fix it.
        severity: How bad it is.
        controls: Ids of `controls.CONTROLS` that ask for the same.
        judges: The classes of what it judges.
        check: Gives a sentence without a full stop for each flaw of a state; none if it complies.
        needs: What must be read of a live registry.
        example: Resources that comply and that don't; None for a rule about what only a live registry has.
    """

    id: str
    demand: str
    why: str
    fix: str
    severity: Severity
    controls: tuple[str, ...] = ()
    judges: tuple[type[State], ...]
    check: Callable[[Any, RuleSettings], Iterable[str]]
    needs: frozenset[Part] = frozenset()
    example: Example | None = None


NAMESPACE: Final = "registry-constructs"
"""The prefix of a rule's id where other tools' rules are too."""
