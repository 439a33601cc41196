"""One repository as the whole catalog describes it: everything that its layers say, joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from registry_constructs.catalog.schema import Access
from registry_constructs.ecr.lifecycle import LifecyclePolicy, presets

DEFAULT_LIFECYCLE: Final = presets.default()
NOBODY: Final = Access()

# Keywords that answer one question together: whoever says one of them answers it anew.
_QUESTIONS: Final = (
    frozenset({"image_tag_mutability", "immutable_except", "mutable_except"}),
    frozenset({"encryption", "encryption_key"}),
    frozenset({"removal_policy", "empty_on_delete"}),
)
_SAME_QUESTION: Final = {name: question for question in _QUESTIONS for name in question}


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryDescription:
    """A repository in one environment, with nothing left to look up.

    Attributes:
        name: The repository's name.
        team: Its team; empty for none.
        profile: Its profile; empty for none.
        image_tag_mutability: `IMMUTABLE` or `MUTABLE`; with filters, the rule that they are exceptions from.
        mutability_filters: The exceptions.
        image_scan_on_push: Whether images are scanned when pushed.
        encryption: `KMS`, `KMS_DSSE`, `AES_256`; empty for the customer-managed key of the stack.
        encryption_key: The ARN of the key that was named; empty for none.
        lifecycle: The policy; None for none.
        lifecycle_registry_id: The account written into the policy; empty for none.
        removal_policy: What happens when it leaves the template.
        empty_on_delete: Whether images go with it.
        access: Who may pull or push.
        tags: AWS tags.
        environments: Where it is made; empty for everywhere.
        replications: The replications that must cover it; None where that is not said.
        cache: The cache that fills it; empty for none.
    """

    name: str
    team: str = ""
    profile: str = ""
    image_tag_mutability: str = "IMMUTABLE"
    mutability_filters: tuple[str, ...] = ()
    image_scan_on_push: bool = True
    encryption: str = ""
    encryption_key: str = ""
    lifecycle: LifecyclePolicy | None = DEFAULT_LIFECYCLE
    lifecycle_registry_id: str = ""
    removal_policy: str = "RETAIN"
    empty_on_delete: bool = False
    access: Access = NOBODY
    tags: Mapping[str, str] = field(default_factory=dict)
    environments: tuple[str, ...] = ()
    replications: tuple[str, ...] | None = None
    cache: str = ""


Layer = dict[str, Any]
"""What one layer says, by keyword."""


def joined(below: Layer, above: Layer) -> Layer:
    """Two layers as one: the upper one wins, keyword by keyword; tags and kinds of access are joined."""
    if not below or not above:
        return below or above
    answered = {other for name in above for other in _SAME_QUESTION.get(name, ())}
    both = {name: value for name, value in below.items() if name not in answered} | above
    if "tags" in below and "tags" in above:
        both["tags"] = below["tags"] | above["tags"]
    if "access" in below and "access" in above:
        both["access"] = below["access"].model_copy(update=above["access"].given())
    return both


def described(name: str, said: Layer) -> RepositoryDescription:
    """The repository that the joined layers describe."""
    immutable, mutable = said.get("immutable_except", ()), said.get("mutable_except", ())
    mutability = said.get("image_tag_mutability", "MUTABLE" if mutable else "IMMUTABLE")
    tags = dict(said.get("tags", {}))
    if said.get("team"):
        tags.setdefault("team", said["team"])
    if said.get("owner"):
        tags.setdefault("owner", said["owner"])
    return RepositoryDescription(
        name=name,
        team=said.get("team", ""),
        profile=said.get("profile", ""),
        image_tag_mutability=mutability,
        mutability_filters=immutable or mutable,
        image_scan_on_push=said.get("image_scan_on_push", True),
        encryption=said.get("encryption", ""),
        encryption_key=said.get("encryption_key", ""),
        lifecycle=(said["lifecycle"] or None) if "lifecycle" in said else DEFAULT_LIFECYCLE,
        lifecycle_registry_id=said.get("lifecycle_registry_id", ""),
        removal_policy=said.get("removal_policy", "RETAIN"),
        empty_on_delete=said.get("empty_on_delete", False),
        access=said.get("access", NOBODY),
        tags=tags,
        environments=said.get("environments", ()),
        replications=said.get("replications"),
        cache=said.get("cache", ""),
    )
