"""Includes many repositories in a stack at once, from one template instead of a CDK call for each."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import cloudformation_include
from constructs import Construct

if TYPE_CHECKING:
    from registry_constructs.catalog.rendered import Rendered


class Fragment(cloudformation_include.CfnInclude):
    """The repositories of one stack. Each is a `CfnRepository` with its own path, tags and aspects.

    Python passes them to Node in one call: a call for each would take most of the time of a synth.

    Args:
        scope: The stack.
        id: The construct's id.
        resources: The rendered repositories.
        key: The ARN of the key that the stack's repositories share; None if no repository needs it.
    """

    def __init__(self, scope: Construct, id: str, *, resources: Rendered, key: str | None) -> None:
        values = dict(resources.values)
        for name in resources.keyed:
            values[name] = {**values[name], "KmsKey": key}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "repositories.json"
            file.write_text(resources.text)
            super().__init__(scope, id, template_file=str(file), parameters=values)
