"""Many repositories at once: one file of resources that the CDK reads, instead of calls for each of them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aws_cdk import cloudformation_include
from constructs import Construct

from registry_constructs.catalog.description import RepositoryDescription
from registry_constructs.catalog.placement import logical_id
from registry_constructs.catalog.rendering import Json, Place, resource

_KEY: Final = "<key>"


@dataclass(frozen=True)
class Rendered:
    """The resources of one stack, without the CDK.

    Attributes:
        text: The template. What stands in many resources is a parameter, which the CDK reads once and not
            in each of them.
        values: What the parameters are.
    """

    text: str
    values: dict[str, Any]


def rendered(repositories: Sequence[RepositoryDescription], place: Place) -> Rendered:
    """Render the repositories of a stack; it asks the CDK nothing, so that another thread can do it."""
    values: dict[str, Any] = {}
    names: dict[str, str] = {}

    def reference(name: str, value: object) -> Json:
        text = f"{name}{json.dumps(value)}"
        if text not in names:
            names[text] = f"{name}{len(names)}"
            values[names[text]] = value
        return {"Ref": names[text]}

    resources = {}
    for one in repositories:
        body = resource(one, place, _KEY)
        body["Properties"] = {
            name: value if name == "RepositoryName" else reference(name, value)
            for name, value in body["Properties"].items()
        }
        resources[logical_id(one.name)] = body
    parameters = {name: {"Type": "String"} for name in values}
    return Rendered(json.dumps({"Parameters": parameters, "Resources": resources}), values)


class Fragment(cloudformation_include.CfnInclude):
    """The repositories of one stack. Each is a `CfnRepository` with a path, tags and aspects of its own.

    Python tells Node of them in one call: a call for each would cost most of the time of a synth.

    Args:
        scope: The stack.
        id: The construct's id.
        resources: The repositories, rendered.
        key: The ARN of the key that the stack's repositories share; None where none has it.
    """

    def __init__(self, scope: Construct, id: str, *, resources: Rendered, key: str | None) -> None:
        values = {
            name: {**value, "KmsKey": key}
            if isinstance(value, dict) and value.get("KmsKey") == _KEY
            else value
            for name, value in resources.values.items()
        }
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "repositories.json"
            file.write_text(resources.text)
            super().__init__(scope, id, template_file=str(file), parameters=values)
