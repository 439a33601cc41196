"""The repository: `ecr.Repository` with the safe choice as every default."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk.interfaces.aws_kms import IKeyRef
from constructs import Construct

from registry_constructs._cdk.keys import default_key
from registry_constructs._cdk.located import located
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule, LifecycleWarning
from registry_constructs.ecr.names import check_repository_name
from registry_constructs.ecr.tokens import is_token
from registry_constructs.repository.access import RepositoryAccess
from registry_constructs.repository.cdk_lifecycle import from_cdk_rule, to_cdk_rules
from registry_constructs.repository.imported import RepositoryImports
from registry_constructs.repository.keywords import DEFAULT_LIFECYCLE, check_encryption, lifecycle_policy
from registry_constructs.repository.mutability import tag_mutability


class Repository(RepositoryAccess, RepositoryImports):
    """A private ECR repository whose every default is the safe choice.

    It is an `ecr.Repository`: it takes the same keywords with the same meaning, makes the same logical ids
    and goes wherever an `ecr.IRepository` does. With no options but its id

    - tags are immutable,
    - images are scanned when pushed,
    - untagged images expire 30 days after their push, and nothing else ever does,
    - images are encrypted with a customer-managed key that the stack's repositories share,
    - the repository, its images and the key stay when they leave the template.

    That passes Security Hub ECR.1, ECR.2, ECR.3 and ECR.5 and Checkov 32, 51, 136 and 163.

    Changing the encryption, or the name, of a repository that exists REPLACES it: CloudFormation makes an
    empty one, and the images stay behind in the old one. So give a repository that was made without a
    customer-managed key the encryption it has: `encryption=ecr.RepositoryEncryption.AES_256`. The other
    defaults change it in place, and that can hurt as well: immutable tags refuse the next push of
    `latest`, and untagged images begin to expire.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`. Changing it replaces the repository.
        repository_name: 2 to 256 characters: lower-case letters and digits with `.`, `_`, `__` or any run of
            `-` between them, in parts joined by `/`. Changing it replaces the repository. A name with `__` or
            `--` can be used within its account and Region only; import the repository where another
            environment needs it. Default: a generated name.
        encryption: The kind of encryption at rest. `KMS` without a key is AWS's own key `aws/ecr`, `AES_256`
            is S3's. `KMS_DSSE` (two layers; AWS GovCloud (US) Regions only) costs more and fails Checkov 136.
            Changing it replaces the repository. Default: `KMS` with a customer-managed key.
        encryption_key: A key in the repository's Region. Changing it replaces the repository. Default: one
            key for the stack, rotated every year, with the alias `ecr/<stack name>`.
        image_scan_on_push: Scan an image when it is pushed. The registry's own scanning rules, where there
            are any, take precedence. Default: True.
        image_tag_mutability: Whether a tag may be moved to another image. Default: `IMMUTABLE`.
        image_tag_mutability_exclusion_filters: As for `ecr.Repository`; `immutable_except` and
            `mutable_except` say the same more plainly.
        immutable_except: Tags that may be moved although all others are immutable, such as `["latest",
            "cache-*"]`: 1 to 5 filters of 1 to 128 characters, `*` for any run. Security Hub ECR.2, Checkov
            51 and Trivy AWS-0031 accept no exception and report the repository.
        mutable_except: Tags that are immutable although all others may be moved; bounds as above.
        lifecycle: What expires and what is archived: a `LifecyclePolicy`, one of the `presets`, or a list of
            rules; `[]` keeps every image for ever and fails Security Hub ECR.3. Default: untagged images
            expire 30 days after their push.
        lifecycle_rules: The CDK's own rules, instead of `lifecycle`.
        lifecycle_registry_id: The account id written into the lifecycle policy. Default: the own account.
        removal_policy: What happens to the repository when it leaves the template. The stack's key stays in
            any case: give repositories that come and go a key of your own, or `AES_256`. Default: `RETAIN`.
        empty_on_delete: Delete the images with the repository; needs `RemovalPolicy.DESTROY`. Default: False.
        auto_delete_images: Deprecated by the CDK in favour of `empty_on_delete`.

    Raises:
        InvalidInputError: For what ECR would refuse and for keywords that contradict each other, with the
            construct path and the way out.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository_name: str | None = None,
        encryption: ecr.RepositoryEncryption | None = None,
        encryption_key: IKeyRef | None = None,
        image_scan_on_push: bool | None = None,
        image_tag_mutability: ecr.TagMutability | None = None,
        image_tag_mutability_exclusion_filters: Sequence[ecr.ImageTagMutabilityExclusionFilter] | None = None,
        immutable_except: Sequence[str] | None = None,
        mutable_except: Sequence[str] | None = None,
        lifecycle: LifecyclePolicy | Sequence[LifecycleRule] | None = None,
        lifecycle_rules: Sequence[ecr.LifecycleRule | dict[str, Any]] | None = None,
        lifecycle_registry_id: str | None = None,
        removal_policy: cdk.RemovalPolicy | None = None,
        empty_on_delete: bool | None = None,
        auto_delete_images: bool | None = None,
    ) -> None:
        with located(scope, id):
            if repository_name is not None:
                check_repository_name(repository_name)
            mutability, filters = tag_mutability(
                image_tag_mutability,
                image_tag_mutability_exclusion_filters,
                immutable_except=immutable_except,
                mutable_except=mutable_except,
            )
            policy = lifecycle_policy(lifecycle, lifecycle_rules)
            check_encryption(encryption, encryption_key, scope)
            _check_removal(removal_policy, empty_on_delete=empty_on_delete)
        dual_layer = encryption is not None and encryption.value == "KMS_DSSE"
        if encryption is None and encryption_key is None:
            encryption_key = default_key(scope)
        cdk_rules = to_cdk_rules(policy) if policy else None
        super().__init__(
            scope,
            id,
            repository_name=_accepted_by_cdk(repository_name),
            encryption=None if dual_layer else encryption,
            encryption_key=None if dual_layer else encryption_key,
            image_scan_on_push=True if image_scan_on_push is None else image_scan_on_push,
            image_tag_mutability=mutability,
            image_tag_mutability_exclusion_filters=filters,
            lifecycle_rules=cdk_rules,
            lifecycle_registry_id=lifecycle_registry_id,
            removal_policy=removal_policy,
            empty_on_delete=empty_on_delete,
            auto_delete_images=auto_delete_images,
        )
        self._registry_id = lifecycle_registry_id
        self._lifecycle = policy
        if dual_layer:
            self._encrypt_in_two_layers(encryption_key)
        if policy:
            if not cdk_rules:
                self._write_lifecycle(policy)
            self._warn(policy.warnings())

    def add_lifecycle_rule(
        self,
        *,
        description: str | None = None,
        max_image_age: cdk.Duration | None = None,
        max_image_count: int | float | None = None,
        rule_priority: int | float | None = None,
        tag_pattern_list: Sequence[str] | None = None,
        tag_prefix_list: Sequence[str] | None = None,
        tag_status: ecr.TagStatus | None = None,
    ) -> None:
        """Add one of the CDK's own lifecycle rules; the first one takes the place of the default policy.

        Raises:
            InvalidInputError: If ECR would refuse the policy with this rule.
        """
        rule = ecr.LifecycleRule(
            description=description,
            max_image_age=max_image_age,
            max_image_count=max_image_count,
            rule_priority=rule_priority,
            tag_pattern_list=tag_pattern_list,
            tag_prefix_list=tag_prefix_list,
            tag_status=tag_status,
        )
        with located(self):
            added = from_cdk_rule(rule)
            kept = None if self._lifecycle is DEFAULT_LIFECYCLE else self._lifecycle
            policy = kept.with_rules(added) if kept else LifecyclePolicy([added])
        warned = self._lifecycle.warnings() if self._lifecycle else ()
        self._lifecycle = policy
        self._write_lifecycle(policy)
        self._warn(warning for warning in policy.warnings() if warning not in warned)

    @property
    def _resource(self) -> ecr.CfnRepository:
        return cast("ecr.CfnRepository", self.node.default_child)

    def _write_lifecycle(self, policy: LifecyclePolicy) -> None:
        self._resource.lifecycle_policy = ecr.CfnRepository.LifecyclePolicyProperty(
            lifecycle_policy_text=policy.to_json(), registry_id=self._registry_id
        )

    def _warn(self, warnings: Iterable[LifecycleWarning]) -> None:
        for warning in warnings:
            cdk.Validations.of(self).add_warning(f"registry-constructs:{warning.id}", warning.message)

    def _encrypt_in_two_layers(self, key: IKeyRef | None) -> None:
        """Write KMS_DSSE into the resource itself: `ecr.Repository` refuses its own constant."""
        self._resource.encryption_configuration = ecr.CfnRepository.EncryptionConfigurationProperty(
            encryption_type="KMS_DSSE", kms_key=key.key_ref.key_arn if key else None
        )
        region = self.stack.region
        if not is_token(region) and not region.startswith("us-gov-"):
            cdk.Validations.of(self).add_warning(
                "registry-constructs:encryption-dual-layer-region",
                f"KMS_DSSE is offered in the AWS GovCloud (US) Regions only, and this stack is for {region}. "
                "Use RepositoryEncryption.KMS, or acknowledge this if AWS offers it there by now.",
            )


def _check_removal(policy: cdk.RemovalPolicy | None, *, empty_on_delete: bool | None) -> None:
    if empty_on_delete and policy is not cdk.RemovalPolicy.DESTROY:
        raise InvalidInputError(
            "empty_on_delete without a removal that deletes",
            got=policy,
            allowed="removal_policy=cdk.RemovalPolicy.DESTROY beside it",
            fix="say that the repository and its images may be deleted, or leave empty_on_delete out",
        )


def _accepted_by_cdk(name: str | None) -> str | None:
    """The name, behind a token where `ecr.Repository` would refuse what ECR takes (`a--b`, `a__b`).

    A join of plain texts is a token until the synth, which makes the plain name of it again.
    """
    if name is None or is_token(name) or not re.search(r"--|__", name):
        return name
    return cdk.Fn.join("", [name[:1], name[1:]])
