"""The catalog settings of a live repository, and the comparison of rendered properties with it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Final

from registry_constructs.catalog.importing import lifecycle_policies, policies
from registry_constructs.catalog.rendering import DEFAULT_ENCRYPTION, Json, StackEnvironment
from registry_constructs.catalog.schema import check_key
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy
from registry_constructs.live.live_repository import LiveRepository

STACK_TAG: Final = "aws:cloudformation:stack-name"
_MUTABILITY: Final = {
    "IMMUTABLE_WITH_EXCLUSION": "immutable_except",
    "MUTABLE_WITH_EXCLUSION": "mutable_except",
}
_ENCRYPTION: Final = {"AES256": "AES_256", "KMS": "KMS", "KMS_DSSE": "KMS_DSSE"}


@dataclass(frozen=True, kw_only=True)
class LiveSettings:
    """A live repository as settings of a catalog.

    Attributes:
        live: The repository.
        environment: Its account and Region.
        groups: Keywords with their values, by the group of keywords that belong together.
        access: Who may pull or push, by kind.
        tags: Its tags, without those that AWS sets.
        undescribed: Settings that a catalog can't describe, a text each.
        granted: The permissions that `access` grants.
        policy: The lifecycle policy.
    """

    live: LiveRepository
    environment: StackEnvironment
    groups: dict[str, dict[str, Any]]
    access: dict[str, Any]
    tags: dict[str, str]
    undescribed: tuple[str, ...]
    granted: frozenset[policies.Grant]
    policy: LifecyclePolicy | None


def settings_of(live: LiveRepository) -> LiveSettings:
    """The settings with which a catalog describes a live repository.

    Raises:
        InvalidInputError: A catalog with this repository would replace it, or change its tag mutability.
    """
    environment = StackEnvironment(live.account, live.region)
    undescribed = []
    policy: LifecyclePolicy | None = None
    lifecycle: Any = []
    if live.lifecycle:
        try:
            policy, lifecycle = _lifecycle(live.lifecycle)
        except InvalidInputError as error:
            undescribed.append(f"the lifecycle policy ({error.problem}): {live.lifecycle}")
    access = policies.ReadPolicy({}, frozenset(), ())
    if live.policy:
        access = policies.read(live.policy, environment)
        undescribed += [
            f"a statement of the repository policy: {statement}" for statement in access.undescribed
        ]
    return LiveSettings(
        live=live,
        environment=environment,
        groups={
            "encryption": _encryption(live),
            "mutability": _mutability(live),
            "scan": {"image_scan_on_push": live.scan_on_push},
            "lifecycle": {"lifecycle": lifecycle},
        },
        access=access.access,
        tags={name: value for name, value in live.tags.items() if not name.startswith("aws:")},
        undescribed=tuple(undescribed),
        granted=access.granted,
        policy=policy,
    )


def differences(one: LiveSettings, properties: Json) -> list[str]:
    """The names of rendered properties that differ from ECR, except for undescribed settings."""
    live = one.live
    encryption = {"EncryptionType": live.encryption} | ({"KmsKey": live.key} if live.key else {})
    filters = [
        {"ImageTagMutabilityExclusionFilterType": kind, "ImageTagMutabilityExclusionFilterValue": value}
        for kind, value in live.filters
    ]
    lifecycle = properties.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
    rendered_policy = properties.get("RepositoryPolicyText", {"Statement": []})["Statement"]
    alike = {
        "RepositoryName": properties["RepositoryName"] == live.name,
        "EncryptionConfiguration": properties.get("EncryptionConfiguration", DEFAULT_ENCRYPTION)
        == encryption,
        "ImageTagMutability": properties["ImageTagMutability"] == live.mutability,
        "ImageTagMutabilityExclusionFilters": properties.get("ImageTagMutabilityExclusionFilters", [])
        == filters,
        "ImageScanningConfiguration": properties["ImageScanningConfiguration"]
        == {"ScanOnPush": live.scan_on_push},
        "LifecyclePolicy": (LifecyclePolicy.from_json(lifecycle) if lifecycle else None) == one.policy,
        "RepositoryPolicyText": policies.of_statements(rendered_policy, one.environment) == one.granted,
        "Tags": {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])} == one.tags,
    }
    return [name for name, same in alike.items() if not same]


@functools.cache
def _lifecycle(text: str) -> tuple[LifecyclePolicy, Any]:
    """A lifecycle policy and its form in a catalog; cached, because many repositories share a policy."""
    policy = lifecycle_policies.read(text)
    return policy, lifecycle_policies.written(policy)


def _encryption(live: LiveRepository) -> dict[str, Any]:
    if live.encryption not in _ENCRYPTION:
        raise InvalidInputError(
            "A catalog can't describe this encryption",
            got=live.encryption,
            allowed=", ".join(_ENCRYPTION),
            fix="leave the repository out",
        )
    if not live.key:
        return {"encryption": _ENCRYPTION[live.encryption]}
    check_key(live.key)
    kind = {} if live.encryption == "KMS" else {"encryption": _ENCRYPTION[live.encryption]}
    return kind | {"encryption_key": live.key}


def _mutability(live: LiveRepository) -> dict[str, Any]:
    if odd := sorted({kind for kind, _ in live.filters} - {"WILDCARD"}):
        raise InvalidInputError(
            "A catalog can't describe this tag filter",
            got=odd[0],
            allowed="WILDCARD",
            fix="leave the repository out",
        )
    if live.mutability in _MUTABILITY:
        return {_MUTABILITY[live.mutability]: [value for _, value in live.filters]}
    return {"image_tag_mutability": live.mutability}
