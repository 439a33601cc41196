"""The shop's registry where images are built, and the one in another account and Region that gets copies."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs import (
    AccountSettings,
    ManagedSigning,
    PullThroughCache,
    PullTimeExclusion,
    Registry,
    Replication,
    RepositoryCreationTemplate,
    RepositorySettings,
    Scanning,
    Upstream,
    presets,
)


class DestinationRegistryStack(cdk.Stack):
    """The registry of the account and Region that run the shop: replicas come in, and a cache for tools.

    Args:
        scope: The app.
        id: The stack's id.
        env: The account and Region.
    """

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:
        super().__init__(scope, id, env=env, description="The registry that runs the shop's images")

        self.registry = Registry(
            self,
            "Registry",
            scanning=Scanning.enhanced(continuous=["shop/*"]),
            account_settings=AccountSettings(registry_policy_scope="V2", blob_mounting=True),
        )
        PullThroughCache(self, "Kubernetes", upstream=Upstream.kubernetes(), prefix="kubernetes")


class SourceRegistryStack(cdk.Stack):
    """The registry of the account and Region that build: what is pushed is scanned, signed and copied.

    Args:
        scope: The app.
        id: The stack's id.
        env: The account and Region.
        destination: Where the images run.
    """

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment, destination: Registry) -> None:
        super().__init__(scope, id, env=env, description="The registry that the shop builds into")

        self.registry = Registry(self, "Registry", scanning=Scanning.basic())
        Replication(
            self,
            "Replication",
            destinations=[destination],
            prefixes=["shop/", "platform/"],
            settings=RepositorySettings(lifecycle=presets.releases(), tags={"owner": "platform"}),
        )
        RepositoryCreationTemplate(self, "Experiments", prefix="experiments", applied_for=["CREATE_ON_PUSH"])
        PullThroughCache(self, "DockerHub", upstream=Upstream.docker_hub(), prefix="docker-hub")
        ManagedSigning(self, "Signing", repositories=["shop/*"])
        scanner = iam.Role(self, "Scanner", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
        PullTimeExclusion(self, "NightlyScan", principal=scanner)
