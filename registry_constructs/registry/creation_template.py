"""Repository creation templates: what ECR gives to repositories that it creates itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk.interfaces.aws_kms import IKeyRef
from constructs import Construct, IValidation

from registry_constructs._cdk.keys import default_key
from registry_constructs._cdk.located import located
from registry_constructs._cdk.policy_text import policy_length
from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import presets
from registry_constructs.ecr.names import check_template_prefix, names_start
from registry_constructs.ecr.tokens import is_token
from registry_constructs.registry.merged import registry_of
from registry_constructs.registry.places import regions_of
from registry_constructs.registry.repository_settings import RepositorySettings, check_settings
from registry_constructs.repository.keywords import DEFAULT_LIFECYCLE, check_encryption, lifecycle_policy
from registry_constructs.repository.mutability import tag_mutability

AppliedFor = Literal["REPLICATION", "PULL_THROUGH_CACHE", "CREATE_ON_PUSH"]

ROLE_KEY_ACTIONS: Final = ("kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant")
"""What a template's role does on the key that the template names (UG repository-creation-templates-iam)."""

ROLE_REASON: Final = (
    "The template is for repositories that do not exist yet: the role may create those under its prefix, "
    "and no others."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on a template's role."""

_WHO = ("Principal", "NotPrincipal")
_PURPOSES = ("CREATE_ON_PUSH", "PULL_THROUGH_CACHE", "REPLICATION")


class RepositoryCreationTemplate(Construct):
    """What a repository gets when ECR creates it: for a replica, a cached image, or a push to a new name.

    Without a template, ECR creates replicas and caches with tags that move, AES-256 and no policies, and
    refuses a push to a name that doesn't exist. The template with the longest prefix that matches is used.
    It is applied once, at creation: a change reaches repositories that are created later, and deleting the
    template changes none.

    Args:
        scope: A construct in a stack of the registry's account and Region.
        id: The construct's id.
        prefix: The parts that the names begin with, 1 to 256 characters: `shop` and `shop/` both match
            `shop/...`. `ROOT` matches every name that no other template matches. Changing it replaces the
            template.
        applied_for: For what ECR creates repositories: `REPLICATION`, `PULL_THROUGH_CACHE`, `CREATE_ON_PUSH`.
        settings: What the repositories get. Default: immutable tags, untagged images expire after 30 days,
            and the key that the stack's repositories share; in a pull-through cache tags that move and
            `presets.pull_through_mirror()`.
        description: Up to 256 characters.
        custom_role: The role that ECR creates repositories with, which tags and keys need; one without an IAM
            path. Default: one with the permissions that the template needs, created when needed.

    Attributes:
        role: The role that ECR creates repositories with; None if it needs none.

    Raises:
        InvalidInputError: For what ECR would refuse, and for a prefix that another template of this account
            and Region has.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        prefix: str,
        applied_for: Sequence[AppliedFor],
        settings: RepositorySettings | None = None,
        description: str | None = None,
        custom_role: iam.IRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        settings = RepositorySettings() if settings is None else settings
        with located(self):
            check_settings(settings)
            check_template_prefix(prefix)
            purposes = _purposes(applied_for)
            mutability, filters, lifecycle = _rules(settings, caches=purposes == ["PULL_THROUGH_CACHE"])
            check_encryption(settings.encryption, settings.encryption_key, self, regions=regions_of(self))
            _check_key(settings.encryption_key)
            _check_description(description)
            _check_tags(settings.tags)
            _check_role(custom_role)
            self.prefix = prefix.rstrip("/")
            registry_of(self).claim_template(self.prefix, purposes, self)
        encryption = self._encryption(settings)
        self.role = custom_role
        if custom_role is None and (encryption["encryptionType"] != "AES256" or settings.tags):
            wanted = {"ecr:CreateRepository": True, "ecr:ReplicateImage": "REPLICATION" in purposes}
            wanted["ecr:TagResource"] = bool(settings.tags)
            actions = [action for action, needed in wanted.items() if needed]
            self.role = self._make_role(actions, encryption.get("kmsKey"))
        self._resource = ecr.CfnRepositoryCreationTemplate(
            self,
            "Resource",
            prefix=self.prefix,
            applied_for=purposes,
            description=description,
            encryption_configuration=encryption,
            image_tag_mutability=mutability.value,
            image_tag_mutability_exclusion_filters=filters,
            lifecycle_policy=lifecycle.to_json() if lifecycle else None,
            resource_tags=[{"key": key, "value": value} for key, value in sorted(settings.tags.items())]
            or None,
            custom_role_arn=self.role.role_arn if self.role else None,
        )
        if self.role is not None and custom_role is None:
            # A replica that arrives before the role may do anything would find no repository.
            self._resource.node.add_dependency(self.role.node.find_child("DefaultPolicy"))
        self._policy: iam.PolicyDocument | None = None
        for statement in settings.policy:
            self.add_to_repository_policy(statement)
        if "PULL_THROUGH_CACHE" in purposes and mutability.value.startswith("IMMUTABLE"):
            cdk.Validations.of(self).add_warning(
                "registry-constructs:cache-never-refreshes",
                "Tags in a pull-through cache are immutable here, so ECR can't move them when the upstream "
                "does: what was cached first is served for ever. Give caches a template of their own, or say "
                "image_tag_mutability=ecr.TagMutability.MUTABLE.",
            )
        for warning in lifecycle.warnings() if lifecycle else ():
            cdk.Validations.of(self).add_warning(f"registry-constructs:{warning.id}", warning.message)

    def add_to_repository_policy(self, statement: iam.PolicyStatement) -> iam.PolicyStatement:
        """Add a statement to the policy of the repositories that are created from now on."""
        if self._policy is None:
            self._policy = iam.PolicyDocument(minimize=True)
            self._resource.repository_policy = cdk.Stack.of(self).to_json_string(self._policy)
            self.node.add_validation(_RepositoryPolicy(self, self._policy))
        self._policy.add_statements(statement)
        return statement

    def _encryption(self, settings: RepositorySettings) -> dict[str, str]:
        kind = "KMS" if settings.encryption is None else settings.encryption.value
        key = settings.encryption_key
        if settings.encryption is None and key is None:
            key = default_key(self)
        return {"encryptionType": kind} | ({"kmsKey": key.key_ref.key_arn} if key else {})

    def _make_role(self, actions: list[str], key_arn: str | None) -> iam.Role:
        """A role for what UG repository-creation-templates-iam lists, as far as this template needs it."""
        stack = cdk.Stack.of(self)
        names = f"{names_start(self.prefix)}*"
        repositories = stack.format_arn(service="ecr", resource="repository", resource_name=names)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"),
            description=f"Lets Amazon ECR create repositories for the prefix {self.prefix}",
        )
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[repositories]))
        if key_arn is not None:
            role.add_to_policy(iam.PolicyStatement(actions=list(ROLE_KEY_ACTIONS), resources=[key_arn]))
        acknowledge_wildcards(role, [repositories], ROLE_REASON)
        return role


@jsii.implements(IValidation)
class _RepositoryPolicy:
    """What ECR would refuse in the policy, once every statement was added."""

    def __init__(self, template: RepositoryCreationTemplate, policy: iam.PolicyDocument) -> None:
        self._template = template
        self._policy = policy

    def validate(self) -> list[str]:
        problems = []
        # The CDK's own check would ask for resources as well.
        policy = cdk.Stack.of(self._template).resolve(self._policy) or {}
        if any(statement.keys().isdisjoint(_WHO) for statement in policy.get("Statement", [])):
            problems.append("The repository policy has a statement without principals. Say whom it is for.")
        length = policy_length(self._template, self._policy)
        if length > limits.REPOSITORY_POLICY_LENGTH:
            problems.append(
                f"The repository policy has {length:,} characters, and ECR takes "
                f"{limits.REPOSITORY_POLICY_LENGTH:,}. Allow an organization instead of many accounts."
            )
        return problems


def _purposes(applied_for: Sequence[AppliedFor]) -> list[AppliedFor]:
    given = list(applied_for) if isinstance(applied_for, list | tuple) else []
    if not given or any(one not in _PURPOSES or given.count(one) > 1 for one in given):
        raise InvalidInputError(
            "applied_for is not a list of what templates are for",
            got=applied_for,
            allowed=f"one or more of {', '.join(_PURPOSES)}, each once",
            fix="write applied_for=['REPLICATION']",
        )
    return sorted(given)


def _rules(settings: RepositorySettings, *, caches: bool) -> Any:  # noqa: ANN401 - what its two halves return
    options = (settings.image_tag_mutability, settings.immutable_except, settings.mutable_except)
    mutability, _ = tag_mutability(
        ecr.TagMutability.MUTABLE
        if caches and options == (None, None, None)
        else settings.image_tag_mutability,
        None,
        immutable_except=settings.immutable_except,
        mutable_except=settings.mutable_except,
    )
    # The L2's filters can't be read, and this is an L1.
    filters = [
        {
            "imageTagMutabilityExclusionFilterType": "WILDCARD",
            "imageTagMutabilityExclusionFilterValue": pattern,
        }
        for pattern in settings.immutable_except or settings.mutable_except or ()
    ]
    default = presets.pull_through_mirror() if caches else DEFAULT_LIFECYCLE
    return mutability, filters or None, lifecycle_policy(settings.lifecycle, default=default)


def _check_description(description: str | None) -> None:
    longest = limits.TEMPLATE_DESCRIPTION_LENGTH
    if description is not None and not is_token(description) and len(description) > longest:
        raise InvalidInputError(
            f"The description has {len(description)} characters",
            got=f"{description[:40]}...",
            allowed=f"up to {longest} characters",
            fix="shorten it",
        )


def _check_tags(tags: Mapping[str, str]) -> None:
    longest_key, longest_value = limits.TEMPLATE_TAG_LENGTHS
    fits = isinstance(tags, Mapping) and len(tags) <= limits.RESOURCE_TAGS
    if not fits or not all(
        isinstance(key, str)
        and isinstance(value, str)
        and 1 <= len(key) <= longest_key
        and (is_token(value) or len(value) <= longest_value)
        and not key.lower().startswith("aws:")
        for key, value in tags.items()
    ):
        raise InvalidInputError(
            "Not tags that a creation template takes",
            got=tags,
            allowed=f"up to {limits.RESOURCE_TAGS} tags, keys of 1 to {longest_key} characters that don't "
            f"begin with 'aws:', values of up to {longest_value}",
            fix="write tags={'owner': 'platform'}",
        )


def _check_key(key: IKeyRef | None) -> None:
    if key is not None and ":alias/" in key.key_ref.key_arn:
        raise InvalidInputError(
            "A creation template takes a key, and this is an alias of one",
            got=key.node.path,
            allowed="a key whose ARN ends with :key/ and its id",
            fix="import the key with Key.from_key_arn or Key.from_lookup",
        )


def _check_role(role: iam.IRole | None) -> None:
    if role is None:
        return
    if not hasattr(role, "role_arn"):
        raise InvalidInputError(
            "custom_role is no role",
            got=role,
            allowed="an iam.Role, or one imported with Role.from_role_arn",
            fix="import the role, or leave custom_role out to have one made",
        )
    arn, resource = role.role_arn, role.node.default_child
    path = resource.path if isinstance(resource, iam.CfnRole) else None
    in_arn = not is_token(arn) and "/" in arn.partition(":role/")[2]
    if in_arn or (path not in (None, "/") and not is_token(path)):
        raise InvalidInputError(
            "The role has an IAM path, which creation templates refuse",
            got=arn if in_arn else path,
            allowed="arn:<partition>:iam::<account>:role/<name>",
            fix="use a role without a path, or leave custom_role out",
        )
