"""Many repositories at once: one file of resources that the CDK reads, instead of calls for each of them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import cloudformation_include
from constructs import Construct

if TYPE_CHECKING:
    from registry_constructs.catalog.rendered import Rendered


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
        values = dict(resources.values)
        for name in resources.keyed:
            values[name] = {**values[name], "KmsKey": key}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "repositories.json"
            file.write_text(resources.text)
            super().__init__(scope, id, template_file=str(file), parameters=values)
