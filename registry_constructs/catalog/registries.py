"""The stack with the registry of one environment: settings, replications and pull-through caches."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from registry_constructs.catalog.catalog import Catalog
from registry_constructs.catalog.description import RepositoryDescription, described
from registry_constructs.catalog.rendering import policy_statements
from registry_constructs.catalog.schema import Registry as RegistrySettings
from registry_constructs.registry import (
    AccountSettings,
    ManagedSigning,
    PullThroughCache,
    Registry,
    Replication,
    RepositorySettings,
    Scanning,
    Upstream,
)

_UPSTREAMS = {
    "docker-hub": Upstream.docker_hub,
    "ecr-public": Upstream.ecr_public,
    "quay": Upstream.quay,
    "k8s": Upstream.kubernetes,
    "github-container-registry": Upstream.github,
    "gitlab-container-registry": Upstream.gitlab,
    "chainguard": Upstream.chainguard,
}


class RegistryStack(cdk.Stack):
    """The registry settings and pull-through caches of one environment of a catalog.

    Args:
        scope: The stage.
        id: The stack's id.
        catalog: The catalog.
        environment: The environment.

    Attributes:
        stack_environment: The account and Region.
        registry: The registry's settings.
        caches: The pull-through caches, by name.
    """

    def __init__(self, scope: Construct, id: str, *, catalog: Catalog, environment: str) -> None:
        super().__init__(scope, id, description="Settings of the registry")
        self.stack_environment = catalog.stack_environment(environment)
        settings = catalog.registry
        given = settings.model_fields_set
        self.registry = Registry(
            self,
            "Registry",
            scanning=_scanning(settings) if "scanning" in given else None,
            account_settings=AccountSettings(**settings.account_settings.given())
            if "account_settings" in given
            else None,
        )
        if settings.signing:
            ManagedSigning(self, "Signing", repositories=list(settings.signing))
        self.caches = {
            name: PullThroughCache(
                self,
                f"Cache-{name}",
                upstream=_UPSTREAMS[cache.upstream](),
                prefix=cache.prefix,
                upstream_prefix=cache.upstream_prefix,
            )
            for name, cache in sorted(catalog.caches.items())
            if not cache.environments or environment in cache.environments
        }


def replicate(catalog: Catalog, stacks: Mapping[str, RegistryStack]) -> None:
    """Create the replications of a catalog between the registries of its environments."""
    for name, replication in sorted(catalog.replications.items()):
        source = stacks[replication.source]
        for destination in sorted(replication.destinations):
            layer = catalog.layer(destination, "", replication.profile)
            Replication(
                source,
                f"{name}-{destination}",
                destinations=[stacks[destination].registry],
                prefixes=list(replication.prefixes),
                settings=_replicas(stacks[destination], described("replica", layer), name),
            )


def _scanning(settings: RegistrySettings) -> Scanning:
    scanning = settings.scanning
    given = scanning.model_fields_set
    if scanning.type == "basic":
        return Scanning.basic(on_push=scanning.on_push) if "on_push" in given else Scanning.basic()
    on_push = scanning.on_push if "on_push" in given else None
    return Scanning.enhanced(continuous=scanning.continuous, on_push=on_push)


def _replicas(stack: RegistryStack, replica: RepositoryDescription, name: str) -> RepositorySettings:
    """The settings of replicas in one environment, for a `RepositoryCreationTemplate`."""
    filters = list(replica.mutability_filters) or None
    mutable = replica.image_tag_mutability == "MUTABLE"
    stack_environment = stack.stack_environment
    return RepositorySettings(
        encryption=getattr(ecr.RepositoryEncryption, replica.encryption) if replica.encryption else None,
        encryption_key=kms.Key.from_key_arn(stack, f"Key-{name}", replica.encryption_key)
        if replica.encryption_key
        else None,
        image_tag_mutability=None if filters else getattr(ecr.TagMutability, replica.image_tag_mutability),
        immutable_except=None if mutable else filters,
        mutable_except=filters if mutable else None,
        lifecycle=replica.lifecycle or [],
        policy=[iam.PolicyStatement.from_json(one) for one in policy_statements(replica, stack_environment)],
        tags=dict(replica.tags),
    )
