"""An app as a platform team inherits it: plain repositories, made in every way there is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import cloudformation_include as include

from tests.synthesis import new_app, new_stack, template

LEGACY = {
    "Resources": {
        "Legacy": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "legacy/api"}},
        "Throwaway": {
            "Type": "AWS::ECR::Repository",
            "DeletionPolicy": "Delete",
            "Properties": {"EmptyOnDelete": True, "ImageScanningConfiguration": {"ScanOnPush": False}},
        },
    }
}


class Inherited:
    """The app and what is in it.

    Attributes:
        app: The app.
        stack: Its stack.
        plain: An `ecr.Repository` with nothing said.
        said: An `ecr.Repository` whose author says the unsafe choice of everything.
        low: A `CfnRepository` with nothing said.
    """

    def __init__(self, folder: Path) -> None:
        self.app = new_app()
        self.stack = new_stack("Images", app=self.app)
        self.plain = ecr.Repository(self.stack, "Plain")
        self.said = ecr.Repository(
            self.stack,
            "Said",
            image_tag_mutability=ecr.TagMutability.MUTABLE,
            image_scan_on_push=False,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            empty_on_delete=True,
            lifecycle_rules=[ecr.LifecycleRule(max_image_count=5)],
        )
        self.low = ecr.CfnRepository(self.stack, "Low", repository_name="shop/low")
        file = folder / "legacy.json"
        file.write_text(json.dumps(LEGACY))
        include.CfnInclude(self.stack, "Old", template_file=str(file))

    def resources(self) -> dict[str, Any]:
        """The resources of the template by logical id."""
        found: dict[str, Any] = template(self.stack)["Resources"]
        return found
