"""What ECR gives to the repositories that it creates itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk.interfaces.aws_kms import IKeyRef

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule


@dataclass(frozen=True, kw_only=True)
class RepositorySettings:
    """What a repository gets that ECR creates for a replica, a cached image or a push.

    ECR applies it once, when it creates the repository: a later change reaches new repositories only. The
    keywords are those of `Repository`; scanning is missing because the registry's own rules decide on it.

    Attributes:
        encryption: Default: `KMS` with the stack's own key (see `encryption_key`).
        encryption_key: A key in the registry's Region. Default: the key that the stack's repositories share.
        image_tag_mutability: Default: `IMMUTABLE`; `MUTABLE` in a template for pull-through caches alone,
            where an immutable tag would never be refreshed.
        immutable_except: Tags that may be moved although all others are immutable.
        mutable_except: Tags that are immutable although all others may be moved.
        lifecycle: A `LifecyclePolicy`, a preset, or a list of rules; `[]` for none. Default: untagged images
            expire 30 days after their push; in a template for pull-through caches alone
            `presets.pull_through_mirror()`.
        policy: Statements of the repository policy, without resources. Default: none, so that the own account
            alone has access.
        tags: AWS tags, up to 50. The tags of the stack are not copied. Default: none.
    """

    encryption: ecr.RepositoryEncryption | None = None
    encryption_key: IKeyRef | None = None
    image_tag_mutability: ecr.TagMutability | None = None
    immutable_except: Sequence[str] | None = None
    mutable_except: Sequence[str] | None = None
    lifecycle: LifecyclePolicy | Sequence[LifecycleRule] | None = None
    policy: Sequence[iam.PolicyStatement] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


def check_settings(settings: RepositorySettings | None) -> None:
    """Refuse what are no settings, and a policy that is a single statement."""
    if settings is None:
        return
    if not isinstance(settings, RepositorySettings):
        raise InvalidInputError(
            "Not settings for repositories",
            got=settings,
            allowed="RepositorySettings, or None",
            fix="write settings=RepositorySettings(...)",
        )
    if not isinstance(settings.policy, Sequence):
        raise InvalidInputError(
            "policy is not a list of statements",
            got=settings.policy,
            allowed="a list of iam.PolicyStatement",
            fix="write policy=[...]",
        )
