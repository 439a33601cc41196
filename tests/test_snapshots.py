"""What each variant deploys, one JSON file a variant: read it when it changes.

The base of a family is a whole template; the other variants show how they differ from it.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests import variants
from tests.differences import differences
from tests.synthesis import template, warnings

BASES = {
    "access-": "access-fargate",
    "all-grants": "defaults",
    "build-": "build-defaults",
    "build-with-everything": "build-with-everything",
    "cache-": "cache-of-quay",
    "delivery-with-everything": "delivery-to-fargate",
    "deploy-on-push-": "deploy-on-push-of-versions",
    "ecs-ec2-": "ecs-ec2-defaults",
    "ecs-fargate-": "ecs-fargate-defaults",
    "ecs-task-": "ecs-task-granted",
    "eks-workload-with-everything": "eks-workload",
    "encryption-": "defaults",
    "gate-": "gate-defaults",
    "lambda-": "lambda-defaults",
    "lifecycle-": "defaults",
    "promotion-": "promotion-same-account",
    "publisher-github-": "publisher-github",
    "publisher-gitlab-": "publisher-gitlab",
    "removed-": "defaults",
    "scanning-": "defaults",
    "tags-": "defaults",
    "template-": "template-replication",
}
"""The base of each family, by how the names of its variants begin; the longest start counts."""


def base(name: str) -> str | None:
    """The variant that this one is compared with; None if its whole template is shown."""
    start = max((start for start in BASES if name.startswith(start)), key=len, default="")
    found = BASES.get(start)
    return None if found == name else found


@cache
def whole(name: str) -> dict[str, Any]:
    """The template of a base, which several variants are compared with."""
    return template(variants.build(name))


@pytest.mark.parametrize("name", variants.VARIANTS)
def test_variant(name: str, snapshot: SnapshotAssertion) -> None:
    stack = variants.build(name)
    shown = template(stack)
    if like := base(name):
        # A stack's name is in many descriptions, and says nothing of the variant.
        named_alike = json.loads(json.dumps(shown).replace(name, like))
        shown = {"like": like, **differences(whole(like), named_alike)}
    assert shown == snapshot
    assert warnings(stack) == []


def test_each_family_has_its_base_among_the_variants() -> None:
    assert set(BASES.values()) <= variants.VARIANTS.keys()
    assert [start for start in BASES if not any(name.startswith(start) for name in variants.VARIANTS)] == []
