"""Whether a tag may be moved to another image, as `ecr.Repository` takes it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from aws_cdk import aws_ecr as ecr

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import check_exclusion_filters

_WITH_EXCLUSION = (ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION, ecr.TagMutability.MUTABLE_WITH_EXCLUSION)
Filters = Sequence[ecr.ImageTagMutabilityExclusionFilter]


def tag_mutability(
    mutability: ecr.TagMutability | None,
    filters: Filters | None,
    *,
    immutable_except: Sequence[str] | None,
    mutable_except: Sequence[str] | None,
) -> tuple[ecr.TagMutability, Filters | None]:
    """The mutability and the exclusion filters that the keywords mean; immutable where they say nothing.

    Raises:
        InvalidInputError: If they contradict each other or a filter is outside ECR's limits.
    """
    given = {
        "image_tag_mutability": mutability,
        "immutable_except": immutable_except,
        "mutable_except": mutable_except,
    }
    options = {name: value for name, value in given.items() if value is not None}
    if len(options) > 1 or (filters is not None and (immutable_except or mutable_except)):
        raise InvalidInputError(
            "Tag mutability is set more than once",
            got=options,
            allowed="one of image_tag_mutability (with its filters), immutable_except, mutable_except",
            fix="keep one of them",
        )
    if filters is not None and mutability not in _WITH_EXCLUSION:
        raise InvalidInputError(
            "image_tag_mutability_exclusion_filters needs a mutability with exclusions",
            got=mutability,
            allowed="IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION",
            fix="name one of them, or write immutable_except=[...] or mutable_except=[...] instead",
        )
    if filters is None and mutability in _WITH_EXCLUSION:
        raise InvalidInputError(
            f"{mutability.name} names no exclusion",
            got=filters,
            allowed="1 to 5 image_tag_mutability_exclusion_filters",
            fix="name them, or write immutable_except=[...] or mutable_except=[...] instead",
        )
    if immutable_except is not None:
        return ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION, _filters("immutable_except", immutable_except)
    if mutable_except is not None:
        return ecr.TagMutability.MUTABLE_WITH_EXCLUSION, _filters("mutable_except", mutable_except)
    return mutability or ecr.TagMutability.IMMUTABLE, filters


def _filters(keyword: str, patterns: Sequence[str]) -> Filters:
    check_exclusion_filters(keyword, patterns)
    return [_wildcard(pattern) for pattern in patterns]


@lru_cache
def _wildcard(pattern: str) -> ecr.ImageTagMutabilityExclusionFilter:
    return ecr.ImageTagMutabilityExclusionFilter.wildcard(pattern)
