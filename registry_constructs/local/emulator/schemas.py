"""CloudFormation's own check of a resource's properties, by the provider schemas that AWS publishes.

cfn-lint ships them. They are read as files: importing cfn-lint takes seconds.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from registry_constructs.ecr import limits

if TYPE_CHECKING:
    from jsonschema import ValidationError

Properties = dict[str, Any]

_MESSAGES = {
    "enum": "{instance} is not a valid enum value",
    "maxItems": "expected maximum item count: {limit}, found: {size}",
    "maxLength": "expected maxLength: {limit}, actual: {size}",
    "minItems": "expected minimum item count: {limit}, found: {size}",
    "minLength": "expected minLength: {limit}, actual: {size}",
    "type": "expected type: {limit}, found: {found}",
    "uniqueItems": "array items are not unique",
}
_EXPECTED = {"object": "JSONObject", "array": "JSONArray", "string": "String"}
_FOUND: dict[type, str] = {dict: "JSONObject", list: "JSONArray", str: "String"}

# The published pattern of a scanning filter takes exponential time; this one takes the same texts.
_SAFE_PATTERNS = {r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$": f"^(?:{limits.SCANNING_FILTER.pattern})$"}


class Schema:
    """The schema of one resource type.

    Attributes:
        create_only: Properties whose change replaces the resource.
        read_only: Properties that only Fn::GetAtt gives.
        identifier: The property that Ref gives.
        tags: The property that takes a stack's tags, a list; None when there is none.
    """

    def __init__(self, name: str) -> None:
        body = json.loads((_folder() / "resources" / f"{_types('us-east-1')[name]}.json").read_text())
        self.create_only = _names(body.get("createOnlyProperties", []))
        self.read_only = _names(body.get("readOnlyProperties", []))
        (self.identifier,) = _names(body["primaryIdentifier"])
        tagging = body["tagging"]
        self.tags = tagging["tagProperty"].rpartition("/")[2] if tagging["taggable"] else None
        writable = {key: value for key, value in body["properties"].items() if key not in self.read_only}
        self._body = body | {"properties": writable}

    def check(self, logical_id: str, properties: Properties) -> Properties:
        """Refuse what the schema refuses, in CloudFormation's words.

        Returns:
            The properties as the resource's handler gets them: policies and plain values as text.

        Raises:
            ValueError: They don't fit; the message names each property by its path.
        """
        properties = {key: _as_text(key, value) for key, value in properties.items()}
        checked = dict(properties)
        if self.tags and self.tags in checked:
            # CloudFormation's own tags, which don't count.
            checked[self.tags] = [tag for tag in checked[self.tags] if not tag["Key"].startswith("aws:")]
        errors = self._validator.iter_errors(checked)
        problems = sorted({problem for error in errors for problem in _problems(error)})
        if problems:
            raise ValueError(
                f"Properties validation failed for resource {logical_id} with message:\n"
                f"[{', '.join(problems)}]"
            )
        return properties

    @functools.cached_property
    def _validator(self) -> Any:  # noqa: ANN401 - jsonschema has no types
        from jsonschema import Draft7Validator, validators  # noqa: PLC0415 - slow

        return validators.extend(Draft7Validator, {"pattern": _check_pattern})(self._body)


@functools.cache
def read(name: str) -> Schema:
    """The schema of a resource type."""
    return Schema(name)


def in_region(name: str, region: str) -> bool:
    """Whether a Region has a resource type; a Region that isn't known has what us-east-1 has."""
    return name in _types(region)


@functools.cache
def pattern(published: str) -> re.Pattern[str]:
    """A pattern that AWS publishes: ECMA's, so `$` is the very end and words are of ASCII letters."""
    published = re.sub(r"(?<!\\)\$", r"\\Z", _SAFE_PATTERNS.get(published, published))
    if r"\p{" in published:
        import regex  # noqa: PLC0415 - cfn-lint's own, for the same patterns

        return cast("re.Pattern[str]", regex.compile(published))
    return re.compile(published, re.ASCII)


@functools.cache
def _types(region: str) -> dict[str, str]:
    file = _folder() / "providers" / f"{region}.json"
    return json.loads(file.read_text()) if file.exists() else _types("us-east-1")


@functools.cache
def _folder() -> Path:
    spec = importlib.util.find_spec("cfnlint")
    assert spec  # noqa: S101 - it is in the extra `local`
    assert spec.submodule_search_locations  # noqa: S101 - it is a package
    return Path(spec.submodule_search_locations[0], "data", "schemas")


def _names(pointers: list[str]) -> tuple[str, ...]:
    """The properties that pointers such as `/properties/Prefix` lead to, without nested ones."""
    return tuple(pointer.removeprefix("/properties/") for pointer in pointers if pointer.count("/") == 2)


def _as_text(key: str, value: object) -> object:
    """CloudFormation makes text of numbers and truth values; these types have no other plain values."""
    if isinstance(value, dict):
        if key.endswith("PolicyText"):
            return json.dumps(value)
        return {name: _as_text(name, member) for name, member in value.items()}
    if isinstance(value, list):
        return [_as_text(key, member) for member in value]
    return json.dumps(value) if isinstance(value, (int, float)) else value


def _check_pattern(
    validator: Any,  # noqa: ANN401 - jsonschema has no types
    published: str,
    value: object,
    _schema: object,
) -> Iterator[ValidationError]:
    from jsonschema import ValidationError  # noqa: PLC0415 - slow

    if validator.is_type(value, "string") and not pattern(published).search(str(value)):
        yield ValidationError(f"{value!r} does not match {published!r}")


def _problems(error: ValidationError) -> Iterator[str]:
    path = "#" + "".join(f"/{step}" for step in error.absolute_path)
    if error.validator == "additionalProperties":
        for key in error.instance.keys() - error.schema["properties"].keys():
            yield f"{path}: extraneous key [{key}] is not permitted"
    elif error.validator == "required":
        for key in set(error.validator_value) - error.instance.keys():
            yield f"{path}: required key [{key}] not found"
    else:
        message = _MESSAGES.get(error.validator, "failed validation constraint for keyword [{keyword}]")
        value, limit = error.instance, error.validator_value
        yield f"{path}: " + message.format(
            instance=value,
            keyword=error.validator,
            limit=_EXPECTED.get(str(limit), limit),
            size=len(value) if isinstance(value, (str, list)) else 0,
            found=_FOUND.get(type(value), "Null"),
        )
