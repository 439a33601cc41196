"""The description of one repository: the settings of all its layers, merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from registry_constructs.catalog.schema import Access
from registry_constructs.ecr.lifecycle import LifecyclePolicy, presets

DEFAULT_LIFECYCLE: Final = presets.default()
NOBODY: Final = Access()

# Keywords that belong together: a layer that sets one of them replaces the whole group.
_GROUPS: Final = (
    frozenset({"image_tag_mutability", "immutable_except", "mutable_except"}),
    frozenset({"encryption", "encryption_key"}),
    frozenset({"removal_policy", "empty_on_delete"}),
)
_SAME_GROUP: Final = {name: group for group in _GROUPS for name in group}


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryDescription:
    """The complete description of a repository in one environment.

    Attributes:
        name: The repository's name.
        team: Its team; empty for none.
        profile: Its profile; empty for none.
        image_tag_mutability: `IMMUTABLE` or `MUTABLE`, for the tags that no filter matches.
        mutability_filters: Filters of the tags that are exceptions.
        image_scan_on_push: Whether images are scanned when pushed.
        encryption: `KMS`, `KMS_DSSE`, `AES_256`; empty for the customer managed key of the stack.
        encryption_key: The ARN of the configured KMS key; empty for none.
        lifecycle: The lifecycle policy; None for none.
        lifecycle_registry_id: The account written into the lifecycle policy; empty for none.
        removal_policy: What happens when it is removed from the template.
        empty_on_delete: Whether its images are deleted with it.
        access: Who may pull or push.
        tags: Resource tags.
        environments: The environments that it is created in; empty for all.
        replications: The replications that must cover it; None if not set.
        cache: The pull-through cache that it belongs to; empty for none.
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
"""The settings of one layer, by keyword."""


def joined(below: Layer, above: Layer) -> Layer:
    """Merge two layers: the upper one takes precedence per keyword; tags and kinds of access are merged."""
    if not below or not above:
        return below or above
    replaced = {other for name in above for other in _SAME_GROUP.get(name, ())}
    both = {name: value for name, value in below.items() if name not in replaced} | above
    if "tags" in below and "tags" in above:
        both["tags"] = below["tags"] | above["tags"]
    if "access" in below and "access" in above:
        both["access"] = below["access"].model_copy(update=above["access"].given())
    return both


def described(name: str, settings: Layer) -> RepositoryDescription:
    """The description of a repository from its merged settings."""
    immutable, mutable = settings.get("immutable_except", ()), settings.get("mutable_except", ())
    mutability = settings.get("image_tag_mutability", "MUTABLE" if mutable else "IMMUTABLE")
    tags = dict(settings.get("tags", {}))
    if settings.get("team"):
        tags.setdefault("team", settings["team"])
    if settings.get("owner"):
        tags.setdefault("owner", settings["owner"])
    return RepositoryDescription(
        name=name,
        team=settings.get("team", ""),
        profile=settings.get("profile", ""),
        image_tag_mutability=mutability,
        mutability_filters=immutable or mutable,
        image_scan_on_push=settings.get("image_scan_on_push", True),
        encryption=settings.get("encryption", ""),
        encryption_key=settings.get("encryption_key", ""),
        lifecycle=(settings["lifecycle"] or None) if "lifecycle" in settings else DEFAULT_LIFECYCLE,
        lifecycle_registry_id=settings.get("lifecycle_registry_id", ""),
        removal_policy=settings.get("removal_policy", "RETAIN"),
        empty_on_delete=settings.get("empty_on_delete", False),
        access=settings.get("access", NOBODY),
        tags=tags,
        environments=settings.get("environments", ()),
        replications=settings.get("replications"),
        cache=settings.get("cache", ""),
    )
