"""Where images come from: a repository, or a pull-through cache."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.ecr.actions import IMPORT_ACTIONS, PULL_ACTIONS
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import names_start
from registry_constructs.ecr.regions import registry_host
from registry_constructs.ecr.tokens import known_to_differ
from registry_constructs.registry import PullThroughCache
from registry_constructs.repository.imported import ImportedRepository
from registry_constructs.rules.checks.floating_tag import tag_can_move

CACHE_REASON: Final = (
    "A cache makes a repository with the first pull of an image, so the role is given the cache's prefix."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on a role that pulls a cached image."""


class RepositoryOrigin:
    """A repository, for its images; `CacheOrigin` has the same attributes and methods.

    Attributes:
        construct: The repository, or the cache.
        account: The account of its registry.
        region: The Region of its registry.
        repository_name: The repository's name.
        repository_arn: Its ARN.
        first_pull_actions: What the first pull needs beside `PULL_ACTIONS`.
    """

    def __init__(self, repository: ecr.IRepository) -> None:
        environment = repository.env
        self.construct: IConstruct = repository
        self.account = environment.account
        self.region = environment.region
        self.repository_name = repository.repository_name
        self.repository_arn = repository.repository_arn
        self.first_pull_actions: tuple[str, ...] = ()
        self._repository = repository

    @property
    def plain_name(self) -> str:
        """The repository's name without a reference, if the template has it."""
        resource = self._repository.node.default_child
        written = resource.repository_name if isinstance(resource, ecr.CfnRepository) else None
        return written or self.repository_name

    @property
    def repository_uri(self) -> str:
        """`<registry>/<repository>`."""
        return repository_uri(self._repository)

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let an identity pull its images."""
        _warn_of_another_owner(self._repository, grantee)
        return self._repository.grant_pull(grantee)

    def repository_for_lambda(self) -> ecr.IRepository:
        """What Lambda fetches images from."""
        return self._repository

    def tag_moves(self, tag: str) -> bool | None:
        """Whether a tag can be moved to another image; None if that is not known."""
        return tag_moves(self._repository, tag)


class CacheOrigin:
    """A repository that a cache makes with the first pull; see `RepositoryOrigin`."""

    def __init__(self, cache: PullThroughCache, repository_name: str) -> None:
        stack = cdk.Stack.of(cache)
        self.construct: IConstruct = cache
        self.account = stack.account
        self.region = stack.region
        self.repository_name = self.plain_name = repository_name
        self.repository_arn = stack.format_arn(
            service="ecr", resource="repository", resource_name=repository_name
        )
        self.first_pull_actions = IMPORT_ACTIONS
        self._cache = cache

    @property
    def repository_uri(self) -> str:
        """`<registry>/<repository>`."""
        return f"{_registry(self._cache)}/{self.repository_name}"

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let an identity pull every image of the cache, the first time included."""
        grant = self._cache.grant_pull(grantee)
        principal = grantee.grant_principal
        if isinstance(principal, Construct):
            acknowledge_wildcards(principal, [arn_of_cached(self._cache)], CACHE_REASON)
        return grant

    def repository_for_lambda(self) -> ecr.IRepository:
        """Refuse: Lambda can't pull through a cache.

        Raises:
            InvalidInputError: Always.
        """
        raise InvalidInputError(
            "Lambda can't pull through a cache",
            got=self.repository_name,
            allowed="an image of a repository",
            fix="push the image to a repository of your own",
        )

    def tag_moves(self, tag: str) -> None:
        """Not known: the template of the cache may set it, or not."""


def arn_of_cached(cache: PullThroughCache) -> str:
    """The ARN of all repositories of a cache, with a wildcard."""
    names = f"{names_start(cache.prefix)}*"
    return cdk.Stack.of(cache).format_arn(service="ecr", resource="repository", resource_name=names)


def repository_uri(repository: ecr.IRepository) -> str:
    """What images are pulled from, `<registry>/<repository>`."""
    if not isinstance(repository.node.default_child, ecr.CfnRepository):
        return repository.repository_uri
    # The CDK's would take account and Region out of the ARN with functions of CloudFormation, even where the
    # stack knows them.
    return f"{_registry(repository)}/{repository.repository_name}"


def _registry(scope: IConstruct) -> str:
    stack = cdk.Stack.of(scope)
    return registry_host(stack.account, stack.region, stack.url_suffix)


def _warn_of_another_owner(repository: ecr.IRepository, grantee: iam.IGrantable) -> None:
    """A repository that the CDK imported drops what another account's policy must hold, without a word."""
    if isinstance(repository, ImportedRepository) or repository.node.default_child is not None:
        return
    there, here = repository.env.account, grantee.grant_principal.principal_account
    if not known_to_differ(there, here):
        return
    cdk.Validations.of(repository).add_warning(
        "registry-constructs:owner-must-allow-the-pull",
        f"The repository is account {there}'s, and its policy can't be changed from here. See that it lets "
        f"account {here} pull ({', '.join(PULL_ACTIONS)}), and import it with "
        "Repository.from_repository_arn(..., policy_managed_elsewhere=True).",
    )


def tag_moves(repository: ecr.IRepository, tag: str) -> bool | None:
    """Whether a repository lets a tag be moved to another image; None for one that is imported."""
    resource = repository.node.default_child
    if not isinstance(resource, ecr.CfnRepository):
        return None
    mutability = resource.image_tag_mutability or "MUTABLE"
    exclusions = [] if mutability in {"MUTABLE", "IMMUTABLE"} else _exclusions(resource)
    return tag_can_move(mutability, exclusions, tag)


def _exclusions(resource: ecr.CfnRepository) -> list[str]:
    filters = cdk.Stack.of(resource).resolve(resource.image_tag_mutability_exclusion_filters) or []
    return [
        value
        for one in filters
        for key, value in (one if isinstance(one, dict) else vars(one).get("_values", {})).items()
        if key.lower().replace("_", "").endswith("filtervalue")
    ]
