"""Many repositories at once: one file of resources that the CDK reads, instead of calls for each of them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aws_cdk import cloudformation_include
from constructs import Construct

from registry_constructs.catalog.catalog import Catalog
from registry_constructs.catalog.description import RepositoryDescription
from registry_constructs.catalog.placement import logical_id
from registry_constructs.catalog.rendering import Json, Place, resource


class Fragment(cloudformation_include.CfnInclude):
    """The repositories of one stack. Each is a `CfnRepository` with a path, tags and aspects of its own.

    Python tells Node of them in one call: a call for each would cost most of the time of a synth.

    Args:
        scope: The stack.
        id: The construct's id.
        catalog: Where the repositories are described.
        repositories: The repositories, each with a name that no other stack has.
        place: The stack's account and Region.
        key: The ARN of the key that the stack's repositories share, a token.
        source_lines: Tell the CDK the line of each repository, which takes calls for each.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        catalog: Catalog,
        repositories: Sequence[RepositoryDescription],
        place: Place,
        key: str,
        source_lines: bool,
    ) -> None:
        shared = _Shared()
        resources = {
            logical_id(one.name): shared.in_properties(resource(one, place, key)) for one in repositories
        }
        template = {"Parameters": shared.parameters, "Resources": resources}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "repositories.json"
            file.write_text(json.dumps(template))
            super().__init__(scope, id, template_file=str(file), parameters=shared.values)
        for one in repositories if source_lines else ():
            # Where the CDK looks for the code that made a construct, when it reports a finding.
            made = self.get_resource(logical_id(one.name))
            made.node.add_metadata("aws:cdk:creationStack", [f"at {catalog.where(one.name)}"])


class _Shared:
    """Values that stand in many resources, written once: as parameters, in whose place the CDK puts them.

    Attributes:
        parameters: The parameters of the template.
        values: What they are.
    """

    def __init__(self) -> None:
        self.parameters: Json = {}
        self.values: dict[str, Any] = {}
        self._names: dict[str, str] = {}

    def in_properties(self, resource: Json) -> Json:
        """The resource with references in the place of all properties but its name."""
        properties = {
            name: value if name == "RepositoryName" else self._reference(name, value)
            for name, value in resource["Properties"].items()
        }
        return resource | {"Properties": properties}

    def _reference(self, name: str, value: Any) -> Json:  # noqa: ANN401 - any property's value
        text = f"{name}{json.dumps(value)}"
        if text not in self._names:
            self._names[text] = f"{name}{len(self._names)}"
            self.parameters[self._names[text]] = {"Type": "String"}
            self.values[self._names[text]] = value
        return {"Ref": self._names[text]}
