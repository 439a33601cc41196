"""Lifecycle policies as rules read them: a registry has few texts and thousands of repositories."""

from __future__ import annotations

from functools import lru_cache

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy


@lru_cache(maxsize=4096)
def policy_of(text: str) -> LifecyclePolicy | InvalidInputError:
    """The policy that a text says, or why ECR's rules refuse it."""
    try:
        return LifecyclePolicy.from_json(text)
    except InvalidInputError as error:
        return error
