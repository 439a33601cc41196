"""All rules, and sets of them to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.rules.checks import (
    cache_credentials,
    cache_template,
    customer_key,
    enhanced_scanning_gaps,
    floating_tag,
    images_scanned,
    kms_encryption,
    lifecycle_policy,
    lifecycle_sane,
    open_access,
    outside_organization,
    public_repository_allowed,
    public_repository_tagged,
    quota_near_end,
    replica_settings,
    repository_unused,
    required_tags,
    retained,
    scanning_effective,
    tags_immutable,
    tags_immutable_without_exceptions,
    untagged_images,
    wildcard_actions,
)
from registry_constructs.rules.rule import NAMESPACE, Rule

RULES: Final = {
    module.RULE.id: module.RULE
    for module in (
        open_access,
        outside_organization,
        scanning_effective,
        enhanced_scanning_gaps,
        public_repository_allowed,
        retained,
        cache_credentials,
        tags_immutable,
        tags_immutable_without_exceptions,
        wildcard_actions,
        lifecycle_policy,
        lifecycle_sane,
        customer_key,
        images_scanned,
        floating_tag,
        replica_settings,
        cache_template,
        quota_near_end,
        kms_encryption,
        untagged_images,
        required_tags,
        public_repository_tagged,
        repository_unused,
    )
}
"""Every rule by its id, the worst first."""

_SECURITY_HUB: Final = "securityhub-"
_CONFIG: Final = "config-"
_NOT_RECOMMENDED: Final = (
    "tags-immutable-without-exceptions",
    "customer-key",
    "kms-encryption",
    "repository-unused",
)


def _answering(prefix: str) -> tuple[str, ...]:
    return tuple(rule.id for rule in RULES.values() if any(one.startswith(prefix) for one in rule.controls))


PACKS: Final = {
    "recommended": tuple(name for name in RULES if name not in _NOT_RECOMMENDED),
    "security-hub": _answering(_SECURITY_HUB),
    "config": _answering(_CONFIG),
    "strict": tuple(RULES),
}
"""The rules of each pack: what most teams want, what AWS's own services demand, and everything."""


def select(names: Sequence[str]) -> tuple[Rule, ...]:
    """The rules of packs and of rules' ids, each once; `-` before an id leaves that rule out.

    Args:
        names: Such as `["recommended", "customer-key", "-required-tags"]`.

    Raises:
        InvalidInputError: There is no such pack or rule, or nothing is left.
    """
    chosen: dict[str, None] = {}
    left_out = set()
    for name in names:
        plain = name.removeprefix("-").removeprefix(f"{NAMESPACE}::")
        if plain not in RULES and (name.startswith("-") or plain not in PACKS):
            close = get_close_matches(plain, [*RULES, *PACKS], 1)
            raise InvalidInputError(
                "There is no such rule or pack",
                got=name,
                allowed=f"the packs {', '.join(PACKS)}, or a rule's id; `-` before an id leaves it out",
                fix=f"write {close[0]}" if close else "see `registry-constructs rules`",
            )
        if name.startswith("-"):
            left_out.add(plain)
        else:
            chosen.update(dict.fromkeys(PACKS.get(plain, (plain,))))
    rules = tuple(rule for rule in RULES.values() if rule.id in chosen and rule.id not in left_out)
    if not rules:
        raise InvalidInputError(
            "No rule is left",
            got=list(names),
            allowed="a pack or at least one rule",
            fix="name the pack recommended too",
        )
    return rules
