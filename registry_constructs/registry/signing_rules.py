"""Which profiles sign which repositories' images, as plain data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from registry_constructs import limits
from registry_constructs.errors import InvalidInputError


def signing_rules(signing: Iterable[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """The rules as CloudFormation takes them, one a profile, from profile, filter and path of who asked.

    Raises:
        InvalidInputError: Over 10 rules, or 100 filters in a rule.
    """
    filters: dict[str, set[str]] = defaultdict(set)
    paths = set()
    for profile, value, path in signing:
        filters[profile].add(value)
        paths.add(path)
    got = f"signing from {', '.join(sorted(paths))}"
    if len(filters) > limits.SIGNING_RULES:
        raise InvalidInputError(
            f"The signing configuration has {len(filters)} profiles",
            got=got,
            allowed=f"up to {limits.SIGNING_RULES} for an account and Region",
            fix="sign with fewer profiles",
        )
    for profile, values in filters.items():
        if len(values) > limits.SIGNING_FILTERS:
            raise InvalidInputError(
                f"The profile {profile} has {len(values)} filters",
                got=got,
                allowed=f"up to {limits.SIGNING_FILTERS} filters a profile",
                fix="join filters with '*'",
            )
    return [
        {
            "signingProfileArn": profile,
            "repositoryFilters": [
                {"filter": value, "filterType": "WILDCARD_MATCH"} for value in sorted(values)
            ],
        }
        for profile, values in sorted(filters.items())
    ]
