"""The base class of publishers: a role for CI outside AWS with permissions to push."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.delivery.publishers.identity_provider import (
    check_provider,
    identity_provider,
    provider_name,
)
from registry_constructs.delivery.publishers.subjects import Subjects
from registry_constructs.delivery.publishers.workflows import PushDestination
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.regions import partition_of, registry_host
from registry_constructs.ecr.tokens import is_token
from registry_constructs.registry import ManagedSigning
from registry_constructs.registry.signing import check_signing, let_sign
from registry_constructs.repository import PublicRepository
from registry_constructs.repository.access import push_grant

TOKEN_REASON: Final = "A client asks for a token before it pushes; the actions for that know no resource."  # noqa: S105
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on a publisher's role."""


@jsii.implements(iam.IGrantable)
class Publisher(Construct):
    """An IAM role that CI jobs of one source repository assume with an OIDC token to push images.

    It may push to the repositories named, sign with the profiles of the app's `ManagedSigning` that sign what
    it pushes, and nothing else. Whatever else a job needs is granted to it as to any grantee:
    `cache.grant_pull(publisher)`.

    Attributes:
        role: The role.
        provider: The account's OIDC identity provider.
        subjects: The subjects that the role trusts, as IAM compares them.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        subjects: Subjects,
        url: str,
        audience: str,
        repositories: Sequence[ecr.IRepository],
        public_repositories: Sequence[PublicRepository],
        signing: ManagedSigning | None,
        provider: iam.IOidcProvider | None,
        role_name: str | None,
        max_session_duration: cdk.Duration | None,
    ) -> None:
        super().__init__(scope, id)
        with located(self):
            name = provider_name(url)
            _check_targets(repositories, public_repositories)
            check_signing(signing)
            if provider is not None:
                check_provider(provider, url)
        self.subjects = tuple(subjects.values)
        self.provider = provider or identity_provider(self, url, audience)
        trusted: dict[str, dict[str, object]] = {"StringEquals": {f"{name}:aud": audience}}
        trusted.setdefault(subjects.operator, {})[f"{name}:sub"] = subjects.values
        self.role = iam.Role(
            self,
            "Role",
            role_name=role_name,
            description=f"Publishes images from {name}",
            assumed_by=iam.WebIdentityPrincipal(self.provider.open_id_connect_provider_arn, trusted),
            max_session_duration=max_session_duration,
        )
        for repository in repositories:
            push_grant(repository, self.role)
        for public in public_repositories:
            public.grant_push(self.role)
        let_sign(self, self.role, repositories, signing)
        acknowledge_wildcards(self.role, ["*"], TOKEN_REASON)
        self._role_name = role_name
        self._repositories = list(repositories)

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The role, for further grants to the publisher."""
        return self.role

    def _destination(self) -> PushDestination:
        """The repository, role and Region that a workflow pushes with.

        Raises:
            InvalidInputError: If the first repository is public, or its environment is not known.
        """
        first, stack = next(iter(self._repositories), None), cdk.Stack.of(self)
        resource = first.node.default_child if first is not None else None
        name = getattr(resource, "repository_name", None) or getattr(first, "repository_name", None)
        if first is None or not isinstance(name, str) or any(map(is_token, (name, *_environment(first)))):
            with located(self):
                raise InvalidInputError(
                    "A workflow has to name the repository, its account and its Region",
                    got=first.node.path if first is not None else "public repositories",
                    allowed="a private repository with a name, in a stack with an account and a Region",
                    fix="write repository_name='shop/checkout', and env for the stack",
                )
        account, region = _environment(first)
        partition = partition_of(region).name
        known = self._role_name is not None and not is_token(self._role_name) and not is_token(stack.account)
        role = f"arn:{partition}:iam::{stack.account}:role/{self._role_name}" if known else None
        return PushDestination(region, registry_host(account, region), name, role)


def _environment(repository: ecr.IRepository) -> tuple[str, str]:
    return repository.env.account, repository.env.region


def _check_targets(repositories: Sequence[ecr.IRepository], public: Sequence[PublicRepository]) -> None:
    if not repositories and not public:
        raise InvalidInputError(
            "Nothing is named to publish to",
            got="no repository",
            allowed="at least one repository",
            fix="write repositories=[repository]",
        )
