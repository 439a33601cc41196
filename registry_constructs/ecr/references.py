"""Image references, as in task definitions, functions and pods. Plain Python."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# <account>.dkr.ecr.<region>.amazonaws.com, with -fips, of other partitions, and dual-stack
# <account>.dkr-ecr.<region>.on.aws (Amazon ECR User Guide). Any domain is taken: one use too many is
# better than one too few.
_REFERENCE: Final = re.compile(
    r"(?:[a-z-]+://)?"
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z0-9.-]+(?::[0-9]+)?"
    r"/(?P<repository>[a-z0-9._/-]+)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]*))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


MOVING_TAGS: Final = frozenset(
    {"canary", "current", "dev", "edge", "develop", "head", "latest", "lts", "main", "master", "nightly"}
    | {"prod", "production", "release", "rolling", "stable", "staging", "test", "trunk", "unstable"}
)
"""Tags that people move from image to image."""


class Reference(NamedTuple):
    """An image of a private registry.

    Attributes:
        account: The registry's account.
        region: The registry's Region.
        repository: The repository's name.
        tag: The tag; empty if a digest is named, which decides alone.
        digest: The digest; empty if none is named.
    """

    account: str
    region: str
    repository: str
    tag: str
    digest: str


def parse_reference(text: str) -> Reference | None:
    """The image that a reference names; None if it is not one of a private registry of ECR.

    Without tag and digest it is `latest`, as for every container runtime.
    """
    found = _REFERENCE.fullmatch(text.strip())
    if found is None:
        return None
    account, region, repository, tag, digest = found.group("account", "region", "repository", "tag", "digest")
    return Reference(account, region, repository, "" if digest else tag or "latest", digest or "")


def registry_account(host: str) -> str | None:
    """The account of a private registry's host; None for any other host."""
    found = parse_reference(f"{host}/any")
    return found.account if found else None
