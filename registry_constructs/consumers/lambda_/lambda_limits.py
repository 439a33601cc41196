"""Limits of Lambda: supported images, memory and timeout."""

from __future__ import annotations

import aws_cdk as cdk

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token, known_to_differ
from registry_constructs.images.image import Image


def check_fetched(image: Image, stack: cdk.Stack) -> None:
    """Check that Lambda can fetch an image for a function of a stack.

    Raises:
        InvalidInputError: For an index of several architectures, and an image of another Region.
    """
    if image.architectures is not None and len(set(image.architectures)) > 1:
        raise InvalidInputError(
            "Lambda doesn't support an index of several architectures",
            got=image.architectures,
            allowed="an image for one architecture",
            fix="use the digest of one architecture's image and set architectures=['arm64'] or ['amd64']",
        )
    if known_to_differ(image.region, stack.region):
        raise InvalidInputError(
            "Lambda fetches images only from its own Region",
            got=f"{image.repository_name} in {image.region}",
            allowed=f"a repository in {stack.region}",
            fix="replicate the image into the function's Region: Image.replica(...)",
        )


def check_size(memory: int | None, timeout: cdk.Duration | None) -> None:
    """Check a function's memory and timeout (Lambda guide, gettingstarted-limits).

    Raises:
        InvalidInputError: If one is out of range.
    """
    if memory is not None and not is_token(memory) and not 128 <= memory <= 10_240:
        raise InvalidInputError(
            "Memory is out of Lambda's range",
            got=memory,
            allowed="128 to 10240 MiB",
            fix="write memory_size=512",
        )
    if timeout is not None and not timeout.is_unresolved() and not 1 <= timeout.to_seconds() <= 900:
        raise InvalidInputError(
            "Timeout is out of Lambda's range",
            got=f"{timeout.to_seconds():g} seconds",
            allowed="1 second to 15 minutes",
            fix="write timeout=cdk.Duration.minutes(15), or run it as a FargateTask",
        )
