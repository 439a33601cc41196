"""Translates a live lifecycle policy to a preset, a preset with arguments, or a list of rules."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from registry_constructs.catalog.lifecycles import PRESETS
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import Action, LifecyclePolicy, LifecycleRule, StorageClass, TagStatus
from registry_constructs.ecr.lifecycle.grammar import CONDITIONS, CountType

_KEYWORDS: Final = {Action.EXPIRE: "expire", Action.TRANSITION: "archive"}


def read(text: str) -> LifecyclePolicy:
    """Parse a lifecycle policy; a storage class that is ECR's default is left out.

    Raises:
        InvalidInputError: This library does not support the policy.
    """
    found = LifecyclePolicy.from_json(text)
    return LifecyclePolicy(
        replace(rule, storage_class=None) if rule.storage_class is StorageClass.STANDARD else rule
        for rule in found.rules
    )


def written(policy: LifecyclePolicy) -> Any:  # noqa: ANN401 - a name, keys with values, or a list
    """The form of a policy in a catalog, which gives exactly this policy."""
    found = [
        (arguments, name) for name, arguments in _candidates(policy.rules) if _made(name, arguments) == policy
    ]
    if found:
        arguments, name = min(found, key=lambda one: len(one[0]))
        return {"preset": name} | arguments if arguments else name
    return _rules(policy)


def _candidates(rules: tuple[LifecycleRule, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Presets that may match the rules, with the arguments that differ from the defaults."""
    for name in PRESETS:
        yield name, {}
    kept, first, second = _runs(rules[:-1])
    last = rules[-1].count_number
    days = {"untagged_days": last}
    yield from _unlike_default("default", days)
    if len(rules) == 2:
        number = rules[0].count_number
        for name in ("build_cache", "pull_through_mirror"):
            # If both numbers differ from the defaults, it is ambiguous which argument is which.
            for given in ({"keep": number}, days):
                yield from _unlike_default(name, given)
        yield from _unlike_default("long_term_archive", {"unused_days": number, "archived_days": last})
    if first:
        tags, number = first
        yield from _unlike_default("development", {"kept_tags": kept, "days": number, **days})
        yield from _unlike_default(
            "releases",
            {"release_patterns": kept, "prerelease_patterns": tags, "prerelease_days": number, **days},
        )
        if second:
            yield from _unlike_default(
                "continuous_delivery",
                {
                    "deployed_tags": kept,
                    "release_patterns": tags,
                    "keep_releases": number,
                    "branch_patterns": second[0],
                    "branch_days": second[1],
                    **days,
                },
            )


_Run = tuple[list[str], int]


def _runs(rules: tuple[LifecycleRule, ...]) -> tuple[list[str], _Run | None, _Run | None]:
    """The tags that rules keep, then the tags of up to two runs of rules with the same number."""
    kept: list[str] = []
    runs: list[_Run] = []
    last: object = None
    for rule in rules:
        tags = list(rule.tag_pattern_list or ())
        if rule.description is not None and not runs:
            kept += tags
        elif runs and last == (rule.count_type, rule.count_number):
            runs[-1][0].extend(tags)
        else:
            runs.append((tags, rule.count_number))
        last = (rule.count_type, rule.count_number)
    first, second, *_ = [*runs, None, None]
    return kept, first, second


def _unlike_default(name: str, given: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    # A preset with empty lists would be less clear than its rules.
    if all(value != [] for value in given.values()):
        known = inspect.signature(PRESETS[name]).parameters
        plain = {key: list(one.default) if isinstance(one.default, tuple) else one.default
                 for key, one in known.items()}  # fmt: skip
        yield name, {key: value for key, value in given.items() if plain[key] != value}


def _made(name: str, arguments: dict[str, Any]) -> LifecyclePolicy | None:
    try:
        return PRESETS[name](**arguments)
    except InvalidInputError:
        return None


def _rules(policy: LifecyclePolicy) -> list[dict[str, Any]]:
    """The rules as a list, without priorities if the default numbering gives the same."""
    unnumbered = [replace(rule, priority=None) for rule in policy.rules]
    joined = _joined(unnumbered)
    for rules in (joined, unnumbered):
        if LifecyclePolicy(rules) == policy:
            return [_rule(one) for one in rules]
    return [_rule(one) for one in policy.rules]


def _joined(rules: list[LifecycleRule]) -> list[LifecycleRule]:
    """Merge consecutive rules that differ only in their pattern."""
    found: list[LifecycleRule] = []
    for rule in rules:
        tags = rule.tag_pattern_list
        if tags is None or len(tags) != 1:
            found.append(rule)
            continue
        one = replace(rule, tag_pattern_list=None, any_of=tags)
        if found and found[-1].any_of and replace(found[-1], any_of=tags) == one:
            found[-1] = replace(one, any_of=(*found[-1].any_of, *tags))
        else:
            found.append(one)
    return [
        replace(rule, any_of=None, tag_pattern_list=rule.any_of)
        if rule.any_of and len(rule.any_of) == 1
        else rule
        for rule in found
    ]


def _rule(rule: LifecycleRule) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        name: list(tags)
        for name in ("any_of", "tag_pattern_list", "tag_prefix_list")
        if (tags := getattr(rule, name)) is not None
    }
    if rule.tag_status is TagStatus.UNTAGGED:
        arguments["untagged"] = True
    arguments[CONDITIONS[CountType(rule.count_type)].keyword] = rule.count_number
    if rule.priority is not None:
        arguments["priority"] = rule.priority
    if rule.description is not None:
        arguments["description"] = rule.description
    return {_KEYWORDS[rule.action]: arguments}
