"""What ECR refuses in rules that are each right by themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle.grammar import StorageClass, TagStatus
from registry_constructs.ecr.lifecycle.rule import LifecycleRule

Numbered: TypeAlias = Sequence[tuple[int, LifecycleRule]]
"""Rules with their priorities, in ascending order."""


def written_rules(rules: object) -> tuple[LifecycleRule, ...]:
    """The rules of a policy, if they are rules at all.

    Raises:
        InvalidInputError: There is none, or something else is among them.
    """
    if not isinstance(rules, Iterable) or isinstance(rules, str | bytes | Mapping):
        raise InvalidInputError(
            "The rules are not a list",
            got=rules,
            allowed="a list of LifecycleRule",
            fix="write [rule]; for a whole policy as JSON use LifecyclePolicy.from_json or from_dict",
        )
    written = tuple(rules)
    for index, rule in enumerate(written):
        if not isinstance(rule, LifecycleRule):
            raise InvalidInputError(
                "This is not a lifecycle rule",
                got=rule,
                allowed="a LifecycleRule",
                fix="aws_ecr.LifecycleRule goes into lifecycle_rules=...; here write "
                "LifecycleRule.expire(...), or read JSON with LifecyclePolicy.from_dict",
                where=f"rules[{index}]",
            )
    if not written:
        raise InvalidInputError(
            "The policy has no rules",
            got=written,
            allowed="{} to {} rules".format(*limits.LIFECYCLE_RULES),
            fix="leave the policy out: without one ECR keeps all images",
        )
    return written


def check_together(numbered: Numbered) -> None:
    """Refuse rules that ECR does not take together.

    Raises:
        InvalidInputError: The first fault found.
    """
    most = limits.LIFECYCLE_RULES[1]
    if len(numbered) > most:
        raise InvalidInputError(
            "The policy has too many rules",
            got=len(numbered),
            allowed=f"at most {most} rules; each pattern of any_of is one",
            fix="join patterns with * or drop rules",
        )
    for priority, times in Counter(priority for priority, _ in numbered).items():
        if times > 1:
            raise InvalidInputError(
                f"{times} rules have priority {priority}",
                got=[str(rule) for other, rule in numbered if other == priority],
                allowed="each priority once; a rule with any_of takes one for each pattern",
                fix="state another priority, or leave it out to have the rule numbered",
            )
    for storage_class in StorageClass:
        rules = [pair for pair in numbered if pair[1].effective_storage_class is storage_class]
        _check_any(rules, storage_class)
        _check_untagged(rules, storage_class)
        _check_prefixes(rules, storage_class)


def check_length(text: str) -> None:
    """Refuse a policy text that is too long. It can't be too short: the shortest rule makes 138 characters.

    Raises:
        InvalidInputError: The text is longer than ECR allows.
    """
    longest = limits.LIFECYCLE_POLICY_LENGTH[1]
    if len(text) > longest:
        raise InvalidInputError(
            "The policy's JSON is too long",
            got=f"{len(text):,} characters",
            allowed=f"at most {longest:,} characters",
            fix="shorten the descriptions or drop rules",
        )


# The service refuses with: Rule for tagStatus=ANY must have the lowest priority per storage class.
def _check_any(rules: Numbered, storage_class: StorageClass) -> None:
    priorities = [priority for priority, rule in rules if rule.tag_status is TagStatus.ANY]
    if len(priorities) > 1:
        raise InvalidInputError(
            f"{len(priorities)} rules select any image of storage class {storage_class}",
            got=f"priorities {priorities}",
            allowed="one such rule for a storage class, as it must be the last",
            fix="keep one of them, or select by tags in the others",
        )
    if priorities and priorities[0] != (last := rules[-1][0]):
        raise InvalidInputError(
            f"The rule for any image of storage class {storage_class} is not the last",
            got=f"priority {priorities[0]}, with {last} in use after it",
            allowed=f"a priority above {last}",
            fix="raise the priority of the rule for any image, or leave it out to have the rule numbered",
        )


# UG lifecyclepolicies: only one rule selecting a specific storage class may select untagged images.
def _check_untagged(rules: Numbered, storage_class: StorageClass) -> None:
    priorities = [priority for priority, rule in rules if rule.tag_status is TagStatus.UNTAGGED]
    if len(priorities) > 1:
        raise InvalidInputError(
            f"{len(priorities)} rules select untagged images of storage class {storage_class}",
            got=f"priorities {priorities}",
            allowed="one rule for untagged images in a storage class",
            fix="keep one of them: the second would never act",
        )


# UG lifecyclepolicies: the rules for a storage class must have unique sets of prefixes. It states this for
# prefixes only; the same patterns twice are a warning.
def _check_prefixes(rules: Numbered, storage_class: StorageClass) -> None:
    seen: dict[frozenset[str], int] = {}
    for priority, rule in rules:
        prefixes = frozenset(rule.tag_prefix_list or ())
        if prefixes and prefixes in seen:
            raise InvalidInputError(
                f"Two rules select the same prefixes in storage class {storage_class}",
                got=f"priorities {seen[prefixes]} and {priority}: {sorted(prefixes)}",
                allowed="each set of prefixes once in a storage class",
                fix="keep one of them: the second would never act",
            )
        seen[prefixes] = priority
