"""The stack with the publishers of one environment: roles that CI outside AWS assumes to push."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs.catalog.description import RepositoryDescription
from registry_constructs.catalog.schema import Publisher
from registry_constructs.delivery.publishers.bitbucket import BitbucketPublisher
from registry_constructs.delivery.publishers.github import GITHUB, GitHubPublisher
from registry_constructs.delivery.publishers.gitlab import GITLAB, GitLabPublisher
from registry_constructs.delivery.publishers.identity_provider import provider_name
from registry_constructs.delivery.publishers.publisher import Publisher as PublisherRole


class PublishersStack(cdk.Stack):
    """A stack with a role for each publisher that a repository of the environment names.

    Args:
        scope: The stage.
        id: The stack's id.
        publishers: All publishers of the catalog.
        repositories: The environment's repositories.
        imported: Returns a repository by its name.
        create_providers: Create the account's OIDC providers. Otherwise they have to exist.

    Attributes:
        publishers: The roles, by publisher.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        publishers: dict[str, Publisher],
        repositories: Iterable[RepositoryDescription],
        imported: Callable[[str], ecr.IRepository],
        create_providers: bool,
    ) -> None:
        super().__init__(scope, id, description="Roles with which CI pushes images")
        self._create = create_providers
        self._providers: dict[str, iam.IOidcProvider] = {}
        targets: dict[str, list[ecr.IRepository]] = defaultdict(list)
        for repository in repositories:
            for name in repository.access.publishers:
                targets[name].append(imported(repository.name))
        self.publishers = {
            name: self._publisher(name, publishers[name], targets[name]) for name in sorted(targets)
        }

    def _publisher(
        self, name: str, publisher: Publisher, repositories: list[ecr.IRepository]
    ) -> PublisherRole:
        common: dict[str, Any] = {
            "repositories": repositories,
            "role_name": publisher.role_name or f"publish-{name}",
        }
        given = publisher.model_fields_set
        if "github" in given:
            return GitHubPublisher(
                self, name, **publisher.github.model_dump(), provider=self._provider(GITHUB), **common
            )
        if "gitlab" in given:
            return GitLabPublisher(
                self, name, **publisher.gitlab.model_dump(), provider=self._provider(GITLAB), **common
            )
        workspace = publisher.bitbucket.workspace
        url = f"https://api.bitbucket.org/2.0/workspaces/{workspace}/pipelines-config/identity/oidc"
        return BitbucketPublisher(
            self, name, **publisher.bitbucket.model_dump(), provider=self._provider(url), **common
        )

    def _provider(self, url: str) -> iam.IOidcProvider | None:
        """The account's existing OIDC provider for a URL; None if the publisher has to create it."""
        if self._create:
            return None
        if url not in self._providers:
            name = provider_name(url)
            self._providers[url] = iam.OidcProviderNative.from_oidc_provider_arn(
                self,
                f"Provider-{name.replace('/', '-')}",
                self.format_arn(service="iam", region="", resource="oidc-provider", resource_name=name),
            )
        return self._providers[url]
