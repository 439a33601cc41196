"""What the keywords of a repository mean together, for one that an app makes and one that ECR makes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk.interfaces.aws_kms import IKeyRef
from constructs import Construct

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule, presets
from registry_constructs.ecr.tokens import known_to_differ
from registry_constructs.repository.cdk_lifecycle import from_cdk_rule

DEFAULT_LIFECYCLE: Final = presets.default()


def lifecycle_policy(
    lifecycle: LifecyclePolicy | Sequence[LifecycleRule] | None,
    cdk_rules: Sequence[ecr.LifecycleRule | dict[str, Any]] | None = None,
    *,
    default: LifecyclePolicy = DEFAULT_LIFECYCLE,
) -> LifecyclePolicy | None:
    """The policy that the keywords mean, None for none.

    Raises:
        InvalidInputError: If both are given, one is not a list, or ECR would refuse the policy.
    """
    if lifecycle is None and cdk_rules is None:
        return default
    if lifecycle is not None and cdk_rules is not None:
        raise InvalidInputError(
            "lifecycle and lifecycle_rules are both given",
            got={"lifecycle": lifecycle, "lifecycle_rules": cdk_rules},
            allowed="one of the two",
            fix="write the rules of lifecycle_rules as LifecycleRule.expire(...) into lifecycle",
        )
    if isinstance(lifecycle, LifecyclePolicy):
        return lifecycle
    keyword, given = ("lifecycle_rules", cdk_rules) if lifecycle is None else ("lifecycle", lifecycle)
    if not isinstance(given, list | tuple):
        raise InvalidInputError(
            f"{keyword} is not a list",
            got=given,
            allowed="a list of rules"
            if lifecycle is None
            else "a LifecyclePolicy, a preset, or a list of rules",
            fix=f"put a single rule into a list: {keyword}=[...]",
        )
    rules = given if lifecycle is not None else [from_cdk_rule(rule) for rule in given]
    return LifecyclePolicy(rules) if rules else None


def check_encryption(
    encryption: object, key: IKeyRef | None, scope: Construct, *, regions: Iterable[str] | None = None
) -> None:
    """Refuse what is no encryption, a key where there is none, and one outside the Region.

    Args:
        encryption: The encryption.
        key: The key.
        scope: A construct in the stack of the repositories.
        regions: Where the repositories are. Default: in the stack's Region.
    """
    if encryption is not None and not isinstance(encryption, ecr.RepositoryEncryption):
        raise InvalidInputError(
            "encryption is none of the CDK's constants",
            got=encryption,
            allowed="aws_ecr.RepositoryEncryption.KMS, .KMS_DSSE or .AES_256",
            fix="write encryption=ecr.RepositoryEncryption.KMS",
        )
    if key is None:
        return
    if isinstance(encryption, ecr.RepositoryEncryption) and encryption.value == "AES256":
        raise InvalidInputError(
            "AES_256 takes no key",
            got={"encryption": "AES_256", "encryption_key": key},
            allowed="encryption_key with KMS or KMS_DSSE",
            fix="leave one of the two out",
        )
    there = key.env.region
    for region in [cdk.Stack.of(scope).region] if regions is None else regions:
        if known_to_differ(there, region):
            raise InvalidInputError(
                "The key is in another Region",
                got=f"{key.node.path} in {there}",
                allowed=f"a key in {region}, where the images are",
                fix="use a key of that Region, or a replica there of a multi-Region key",
            )
