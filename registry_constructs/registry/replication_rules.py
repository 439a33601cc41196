"""What a registry replicates where, as plain data: rules, limits, and chains that don't work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError


class RegistryEnvironment(NamedTuple):
    """An account's registry in a Region."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"account {self.account} in {self.region}"


@dataclass(frozen=True, order=True)
class Flow:
    """Images under one prefix that travel from one registry to another; the empty prefix means all."""

    source: RegistryEnvironment
    prefix: str
    destination: RegistryEnvironment
    path: str
    """The construct that asked for it."""

    def meets(self, other: Flow) -> bool:
        """Whether some repository's name begins with both prefixes."""
        return self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix)


def replication_rules(flows: Iterable[Flow]) -> list[dict[str, Any]]:
    """One registry's rules as CloudFormation takes them: one for each set of destinations."""
    return [
        {
            "destinations": [{"region": place.region, "registryId": place.account} for place in places],
            "repositoryFilters": [
                {"filter": prefix, "filterType": "PREFIX_MATCH"} for prefix in prefixes if prefix
            ]
            or None,
        }
        for places, prefixes in _prefixes_by_destinations(flows).items()
    ]


def check_replication(flows: Iterable[Flow]) -> None:
    """Refuse more than ECR takes.

    Raises:
        InvalidInputError: Over 10 rules, 25 destinations, or 100 prefixes in a rule.
    """
    flows = list(flows)
    rules = _prefixes_by_destinations(flows)
    paths = sorted({flow.path for flow in flows})
    _check("rules", len(rules), limits.REPLICATION_RULES, paths)
    destinations = {flow.destination for flow in flows}
    _check("destinations", len(destinations), limits.REPLICATION_DESTINATIONS, paths)
    for prefixes in rules.values():
        _check("prefixes in one rule", len(prefixes), limits.REPLICATION_FILTERS, paths)


def _prefixes_by_destinations(flows: Iterable[Flow]) -> dict[tuple[RegistryEnvironment, ...], list[str]]:
    """What makes one rule: the prefixes that travel to the same destinations, sorted."""
    destinations: dict[str, set[RegistryEnvironment]] = defaultdict(set)
    for flow in sorted(flows):
        destinations[flow.prefix].add(flow.destination)
    everything = destinations.get("", set())
    prefixes: dict[tuple[RegistryEnvironment, ...], list[str]] = defaultdict(list)
    for prefix, places in destinations.items():
        # What takes everything needs no prefix beside it.
        if left := places if prefix == "" else places - everything:
            prefixes[tuple(sorted(left))].append(prefix)
    return dict(sorted(prefixes.items()))


def broken_chains(flows: Iterable[Flow]) -> list[tuple[Flow, Flow]]:
    """Pairs of flows that look like a chain: what arrives by the first is not sent on by the second.

    A pair is left out when the first registry replicates to the last one by itself.
    """
    flows = sorted(set(flows))
    return [
        (first, second)
        for first in flows
        for second in flows
        if first.destination == second.source
        and second.destination != first.source
        and first.meets(second)
        and not any(
            direct.source == first.source
            and direct.destination == second.destination
            and max(first.prefix, second.prefix, key=len).startswith(direct.prefix)
            for direct in flows
        )
    ]


def _check(what: str, count: int, most: int, paths: list[str]) -> None:
    if count > most:
        raise InvalidInputError(
            f"The replication configuration has {count} {what}",
            got=f"replication from {', '.join(paths)}",
            allowed=f"up to {most} {what} for an account and Region",
            fix="let prefixes go to the same places, so that they share a rule, or choose shorter prefixes",
        )
