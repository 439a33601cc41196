"""What an image's name and architectures may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token

Architecture = Literal["amd64", "arm64"]
"""A processor architecture, as image manifests name it."""


def check_built_for(architecture: Architecture, built_for: Sequence[Architecture] | None) -> None:
    """Refuse an architecture that is none, or that an image was not built for.

    Raises:
        InvalidInputError: If it is refused.
    """
    if architecture not in {"amd64", "arm64"}:
        raise InvalidInputError(
            "Not an architecture",
            got=architecture,
            allowed="'amd64' or 'arm64'",
            fix="write architecture='arm64', or leave it out",
        )
    if built_for is not None and architecture not in built_for:
        raise InvalidInputError(
            "The image was not built for this architecture",
            got=architecture,
            allowed=" or ".join(built_for),
            fix="run it on what it was built for, or build it for both and push an image index",
        )


def check_architectures(architectures: Sequence[Architecture] | None) -> None:
    """Refuse what is no list of architectures; None is for not known.

    Raises:
        InvalidInputError: If it is none.
    """
    if architectures is not None and (
        isinstance(architectures, str) or not architectures or not set(architectures) <= {"amd64", "arm64"}
    ):
        raise InvalidInputError(
            "architectures is not a list of what images are built for",
            got=architectures,
            allowed="'amd64', 'arm64' or both",
            fix="write architectures=['arm64'], or leave it out",
        )


def check_reference(digest: str | None, tag: str | None) -> None:
    """Refuse what ECR would not take as a digest or a tag, both of them, and neither.

    Raises:
        InvalidInputError: If it is refused.
    """
    if (digest is None) == (tag is None):
        raise InvalidInputError(
            "An image is named by its digest or by a tag",
            got={"digest": digest, "tag": tag},
            allowed="one of the two",
            fix="write digest='sha256:...', which no push can change",
        )
    given, pattern, what = (
        (tag, limits.IMAGE_TAG, "tag") if digest is None else (digest, limits.IMAGE_DIGEST, "digest")
    )
    if not isinstance(given, str) or not (is_token(given) or pattern.fullmatch(given)):
        raise InvalidInputError(
            f"Not an image {what}",
            got=given,
            allowed=f"text that matches {pattern.pattern}",
            fix="copy it from 'aws ecr describe-images'",
        )
