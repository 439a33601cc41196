"""Which profiles sign which repositories' images, as plain data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError

UNKNOWN_PART: Final = "\0"
"""In a repository's name: a run of characters that is not known, without `/`."""


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


def may_match(value: str, name: str) -> bool:
    """Whether a filter matches a repository's whole name, or can match it where parts are unknown.

    Args:
        value: The filter, with `*` for any run of characters.
        name: The name: `*` is any run that is not known, and `UNKNOWN_PART` one without `/`.
    """
    # row[j]: whether the rest of the filter and name[j:] can be the same text.
    row = [not name[j:].strip(f"*{UNKNOWN_PART}") for j in range(len(name) + 1)]
    for character in reversed(value):
        below, row = row, [False] * (len(name) + 1)
        for j in range(len(name), -1, -1):
            if character == "*":
                row[j] = below[j] or (j < len(name) and row[j + 1])
            elif j == len(name):
                row[j] = False
            elif name[j] == "*" or name[j] == UNKNOWN_PART:
                row[j] = row[j + 1] or (below[j] and (name[j] == "*" or character != "/"))
            else:
                row[j] = name[j] == character and below[j + 1]
    return row[0]
