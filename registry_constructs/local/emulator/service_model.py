"""ECR's own check of a request, by the service model that botocore ships."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from registry_constructs.local.emulator.schemas import pattern
from registry_constructs.local.emulator.tables import ApiError

if TYPE_CHECKING:
    from botocore.model import ServiceModel, Shape


def check(service: str, operation: str, request: dict[str, Any]) -> None:
    """Refuse a request that doesn't fit the service model. A member that is null counts as absent.

    Raises:
        ApiError: Naming the first parameter that doesn't fit, and its constraint.
    """
    shape = _model(service).operation_model(operation).input_shape
    for path, constraint in _problems(shape, request, "") if shape else ():
        raise refusal(path, constraint)


def refusal(parameter: str, constraint: str) -> ApiError:
    """ECR's error for a parameter that it doesn't take."""
    return ApiError(
        "InvalidParameterException",
        f"Invalid parameter at '{parameter}' failed to satisfy constraint: '{constraint}'",
    )


def json_object(text: str) -> dict[str, Any]:
    """The object that a text holds; without one, an empty one."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


@functools.cache
def _model(service: str) -> ServiceModel:
    from botocore.loaders import Loader  # noqa: PLC0415 - slow
    from botocore.model import ServiceModel  # noqa: PLC0415

    return ServiceModel(Loader().load_service_model(service, "service-2"))


def _problems(shape: Shape, value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    if shape.type_name == "structure":
        for name, member in shape.members.items():  # type: ignore[attr-defined]
            inner = f"{path}.{name}" if path else name
            if value.get(name) is not None:
                yield from _problems(member, value[name], inner)
            elif name in shape.required_members:
                yield inner, "must not be null"
    elif shape.type_name == "list":
        # Not its least length: CloudFormation leaves empty lists out.
        if len(value) > shape.metadata.get("max", len(value)):
            yield path, f"must have at most {shape.metadata['max']} members"
        for number, member in enumerate(value, 1):
            yield from _problems(shape.member, member, f"{path}.{number}")  # type: ignore[attr-defined]
    elif shape.type_name == "string":
        yield from _text_problems(shape, value, path)


def _text_problems(shape: Shape, value: str, path: str) -> Iterator[tuple[str, str]]:
    rules = shape.metadata
    if not rules.get("min", 0) <= len(value) <= rules.get("max", len(value)):
        yield path, f"must have {rules.get('min', 0)} to {rules.get('max', 'more')} characters"
    if value not in rules.get("enum", [value]):
        yield path, f"must be one of {', '.join(rules['enum'])}"
    if "pattern" in rules and not pattern(rules["pattern"]).fullmatch(value):
        yield path, f"must satisfy regular expression '{rules['pattern']}'"
