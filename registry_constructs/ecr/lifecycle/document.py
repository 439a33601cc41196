"""Lifecycle rules as the JSON that ECR takes, written and read."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle.grammar import Action, CountType, StorageClass
from registry_constructs.ecr.lifecycle.rule import LifecycleRule

if TYPE_CHECKING:
    from collections.abc import Iterable

# Each field of a rule and its place in the JSON. countUnit and targetStorageClass follow from other fields.
_PLACES = {
    "priority": "rulePriority",
    "description": "description",
    "tag_status": "selection.tagStatus",
    "tag_prefix_list": "selection.tagPrefixList",
    "tag_pattern_list": "selection.tagPatternList",
    "storage_class": "selection.storageClass",
    "count_type": "selection.countType",
    "count_number": "selection.countNumber",
    "action": "action.type",
}


def write(rules: Iterable[LifecycleRule]) -> dict[str, Any]:
    """The policy as JSON values, its keys in the order in which the CDK writes them."""
    return {"rules": [_write_rule(rule) for rule in rules]}


def to_text(policy: dict[str, Any]) -> str:
    """The text that the CDK would make, character for character, so that a template does not change."""
    return json.dumps(policy, separators=(",", ":"), ensure_ascii=False)


def from_text(text: object) -> object:
    """The JSON values of a text.

    Raises:
        InvalidInputError: It is not JSON, an object has a key twice, or a number is too long for Python.
    """
    if not isinstance(text, str):
        raise InvalidInputError(
            "The policy is not text", got=text, allowed="JSON text", fix="use from_dict for a dictionary"
        )
    try:
        policy: object = json.loads(text, object_pairs_hook=_unique_keys, parse_int=_whole_number)
    except json.JSONDecodeError as error:
        raise InvalidInputError(
            f"The policy is not JSON: {error.msg}",
            got=text.split("\n")[error.lineno - 1],
            allowed="JSON text",
            fix="correct the text at that place",
            where=f"line {error.lineno} column {error.colno}",
        ) from None
    except RecursionError:
        raise InvalidInputError(
            "The policy is nested too deeply",
            got=f"{text[:40]}...",
            allowed="four levels of lists and objects",
            fix="write a lifecycle policy",
        ) from None
    return policy


def read(policy: object) -> list[LifecycleRule]:
    """The rules of a policy in the order written; the errors' `where` is the path in the JSON.

    Raises:
        InvalidInputError: ECR would refuse the form of the policy or one of its rules.
    """
    rules = _object(policy, "", required=("rules",))["rules"]
    if not isinstance(rules, list | tuple):
        raise InvalidInputError(
            "This is not a list", got=rules, allowed="a list of rules", fix="write [ ]", where="rules"
        )
    return [_read_rule(rule, f"rules[{index}]") for index, rule in enumerate(rules)]


def _write_rule(rule: LifecycleRule) -> dict[str, Any]:
    selection = {
        "tagStatus": rule.tag_status.value,
        "tagPrefixList": rule.tag_prefix_list and list(rule.tag_prefix_list),
        "tagPatternList": rule.tag_pattern_list and list(rule.tag_pattern_list),
        "storageClass": rule.storage_class and rule.storage_class.value,
        "countType": rule.count_type.value,
        "countNumber": rule.count_number,
        "countUnit": _count_unit(rule),
    }
    action = {"type": rule.action.value, "targetStorageClass": _target_storage_class(rule)}
    return _stated(
        {
            "rulePriority": rule.priority,
            "description": rule.description,
            "selection": _stated(selection),
            "action": _stated(action),
        }
    )


def _count_unit(rule: LifecycleRule) -> str | None:
    return None if rule.count_type is CountType.IMAGE_COUNT_MORE_THAN else "days"


def _target_storage_class(rule: LifecycleRule) -> str | None:
    return StorageClass.ARCHIVE.value if rule.action is Action.TRANSITION else None


def _stated(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _read_rule(value: object, where: str) -> LifecycleRule:
    rule = _object(value, where, required=("rulePriority", "selection", "action"), optional=("description",))
    selection = _object(
        rule["selection"],
        f"{where}.selection",
        required=("tagStatus", "countType", "countNumber"),
        optional=("tagPrefixList", "tagPatternList", "storageClass", "countUnit"),
    )
    action = _object(rule["action"], f"{where}.action", required=("type",), optional=("targetStorageClass",))
    found = {"": rule, "selection": selection, "action": action}
    fields: dict[str, Any] = {}
    for name, place in _PLACES.items():
        parent, _, key = place.rpartition(".")
        if key in found[parent]:
            fields[name] = found[parent][key]
    try:
        read_rule = LifecycleRule(**fields)
    except InvalidInputError as error:
        name, bracket, index = error.where.partition("[")
        raise error.at(f"{where}.{_PLACES[name]}{bracket}{index}") from None
    _check_implied(selection, "countUnit", _count_unit(read_rule), f"{where}.selection")
    _check_implied(action, "targetStorageClass", _target_storage_class(read_rule), f"{where}.action")
    return read_rule


def _check_implied(found: Mapping[str, Any], key: str, implied: str | None, where: str) -> None:
    if found.get(key) != implied:
        raise InvalidInputError(
            f"The key {key} does not go with the rest of the rule",
            got=found.get(key),
            allowed=f'"{implied}"' if implied else f"no {key}",
            fix=f'write "{key}": "{implied}"' if implied else f"remove {key}",
            where=f"{where}.{key}",
        )


def _object(
    value: object, where: str, *, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Mapping[str, Any]:
    """The value, if it is an object that has all keys required and no key unknown or null."""
    known = (*required, *optional)
    if not isinstance(value, Mapping):
        raise InvalidInputError(
            "This is not an object",
            got=value,
            allowed=f"an object with {', '.join(known)}",
            fix="write { }",
            where=where,
        )
    for key, item in value.items():
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            raise InvalidInputError(
                "ECR does not know this key",
                got=key,
                allowed=", ".join(known),
                fix=f"write {near[0]}" if near else "remove it",
                where=_join(where, str(key)),
            )
        if item is None:
            raise InvalidInputError(
                "The value is null",
                got=item,
                allowed="a value",
                fix="leave the key out",
                where=_join(where, key),
            )
    for key in required:
        if key not in value:
            raise InvalidInputError(
                f"The key {key} is missing",
                got=list(value),
                allowed=", ".join(known),
                fix=f"add {key}",
                where=where,
            )
    return value


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _whole_number(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        raise InvalidInputError(
            f"The policy has a number of {len(digits.lstrip('-')):,} digits",
            got=f"{digits[:40]}...",
            allowed="a count, a number of days or a priority",
            fix="write a shorter number",
        ) from None


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidInputError(
                f"Duplicate key {key} in one object",
                got=[found[key], value],
                allowed="each key once",
                fix="remove one: JSON readers differ in which of them they take",
            )
        found[key] = value
    return found
