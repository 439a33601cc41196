"""Renders the repositories of a stack as one template that the CDK includes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from registry_constructs.catalog.description import RepositoryDescription
from registry_constructs.catalog.placement import logical_id
from registry_constructs.catalog.rendering import Json, StackEnvironment, resource

_KEY: Final = "<key>"


@dataclass(frozen=True)
class Rendered:
    """The rendered resources of one stack.

    Attributes:
        text: The template. Values that are used in many resources are parameters, so that the CDK reads
            each of them once.
        values: The values of the parameters.
        keyed: The parameters that need the ARN of the key that the stack's repositories share, as `KmsKey`.
    """

    text: str
    values: dict[str, Any]
    keyed: tuple[str, ...]


def rendered(repositories: Sequence[RepositoryDescription], environment: StackEnvironment) -> Rendered:
    """Render the repositories of a stack in an environment."""
    values: dict[str, Any] = {}
    names: dict[str, str] = {}

    def reference(name: str, value: object) -> Json:
        text = f"{name}{json.dumps(value)}"
        if text not in names:
            names[text] = f"{name}{len(names)}"
            values[names[text]] = value
        return {"Ref": names[text]}

    resources = {}
    for repository in repositories:
        body = resource(repository, environment, _KEY)
        body["Properties"] = {
            name: value if isinstance(value, str) else reference(name, value)
            for name, value in body["Properties"].items()
        }
        resources[logical_id(repository.name)] = body
    parameters = {name: {"Type": "String"} for name in values}
    keyed = tuple(
        name for name, value in values.items() if value == {"EncryptionType": "KMS", "KmsKey": _KEY}
    )
    return Rendered(json.dumps({"Parameters": parameters, "Resources": resources}), values, keyed)
