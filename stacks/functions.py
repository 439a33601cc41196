"""What the shop runs on Lambda."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from registry_constructs import Image, ImageFunction


class FunctionsStack(cdk.Stack):
    """The function that makes thumbnails.

    Args:
        scope: The app.
        id: The stack's id.
        env: The account and Region.
        image: Its image.
    """

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment, image: Image) -> None:
        super().__init__(scope, id, env=env, description="The shop's functions")

        self.thumbnails = ImageFunction(
            self,
            "Thumbnails",
            image=image,
            environment={"LOG_LEVEL": "info"},
            timeout=cdk.Duration.minutes(1),
            dead_letter_queue_enabled=True,
        )
