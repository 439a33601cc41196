"""What the shop gives to everybody."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from registry_constructs import PublicRepository


class PublicImagesStack(cdk.Stack):
    """The command line tool, in the Amazon ECR Public Gallery; the stack must be for us-east-1.

    Args:
        scope: The app.
        id: The stack's id.
        env: The account, and us-east-1.
    """

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:
        super().__init__(scope, id, env=env, description="Images that the shop publishes")

        self.command_line = PublicRepository(
            self,
            "CommandLine",
            repository_name="shop-cli",
            repository_description="The shop's command line",
            about_text="Order from your terminal. Built for x86-64 and ARM 64.",
            usage_text="`docker run --rm public.ecr.aws/<alias>/shop-cli orders`",
            architectures=["x86-64", "ARM 64"],
            operating_systems=["Linux"],
        )
