"""Which tags can be moved from one image to another."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

from registry_constructs.rules.checks.floating_tag import tag_can_move


def tag_moves(repository: ecr.IRepository, tag: str) -> bool | None:
    """Whether a repository lets a tag be moved to another image; None for one that is imported."""
    resource = repository.node.default_child
    if not isinstance(resource, ecr.CfnRepository):
        return None
    mutability = resource.image_tag_mutability or "MUTABLE"
    exclusions = [] if mutability in {"MUTABLE", "IMMUTABLE"} else _exclusions(resource)
    return tag_can_move(mutability, exclusions, tag)


def _exclusions(resource: ecr.CfnRepository) -> list[str]:
    filters = cdk.Stack.of(resource).resolve(resource.image_tag_mutability_exclusion_filters) or []
    return [
        value
        for one in filters
        for key, value in (one if isinstance(one, dict) else vars(one).get("_values", {})).items()
        if key.lower().replace("_", "").endswith("filtervalue")
    ]
