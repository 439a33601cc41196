"""A private repository as ECR describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveRepository:
    """A repository that was read, whole: what is empty here is not there.

    Attributes:
        name: Its name.
        account: The registry's account.
        region: The registry's Region.
        encryption: `AES256`, `KMS` or `KMS_DSSE`.
        key: The ARN of the key of the customer; empty for AWS's own.
        mutability: ECR's word, such as `IMMUTABLE_WITH_EXCLUSION`.
        filters: The exceptions, each with its type, such as `("WILDCARD", "latest")`.
        scan_on_push: Whether images are scanned when pushed.
        lifecycle: The text of the lifecycle policy; empty for none.
        policy: The text of the repository policy; empty for none.
        tags: The AWS tags, those that AWS sets itself (`aws:`) among them.
    """

    name: str
    account: str
    region: str
    encryption: str = "AES256"
    key: str = ""
    mutability: str = "MUTABLE"
    filters: tuple[tuple[str, str], ...] = ()
    scan_on_push: bool = False
    lifecycle: str = ""
    policy: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
