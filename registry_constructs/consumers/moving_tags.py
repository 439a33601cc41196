"""Which tags can be moved from one image to another."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

from registry_constructs.lifecycle.patterns import matches

MOVING_TAGS: Final = frozenset(
    {"canary", "current", "dev", "edge", "develop", "head", "latest", "lts", "main", "master", "nightly"}
    | {"prod", "production", "release", "rolling", "stable", "staging", "test", "trunk", "unstable"}
)
"""Tags that people move from image to image."""


def tag_moves(repository: ecr.IRepository, tag: str) -> bool | None:
    """Whether a repository lets a tag be moved to another image; None for one that is imported."""
    resource = repository.node.default_child
    if not isinstance(resource, ecr.CfnRepository):
        return None
    mutability = resource.image_tag_mutability or "MUTABLE"
    if mutability in {"MUTABLE", "IMMUTABLE"}:
        return mutability == "MUTABLE"
    excepted = any(matches(pattern, tag) for pattern in _exclusions(resource))
    return excepted == mutability.startswith("IMMUTABLE")


def _exclusions(resource: ecr.CfnRepository) -> list[str]:
    filters = cdk.Stack.of(resource).resolve(resource.image_tag_mutability_exclusion_filters) or []
    return [
        value
        for one in filters
        for key, value in (one if isinstance(one, dict) else vars(one).get("_values", {})).items()
        if key.lower().replace("_", "").endswith("filtervalue")
    ]
