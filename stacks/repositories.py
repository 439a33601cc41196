"""The private repositories of a small shop."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from registry_constructs import Repository, presets


class RepositoriesStack(cdk.Stack):
    """A service image, before and after it is tested, the base image, a build cache and a Helm chart.

    Args:
        scope: The app.
        id: The stack's id.
        env: The account and Region.
        reader_accounts: Accounts that build on the base image; may be empty.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        env: cdk.Environment,
        reader_accounts: Sequence[str],
    ) -> None:
        super().__init__(scope, id, env=env, description="Container images and charts of the shop")

        # Tags never move here: each deployment gives its image a tag of its own, and that image is kept.
        self.service = Repository(
            self,
            "Service",
            repository_name="shop/checkout",
            lifecycle=presets.continuous_delivery(deployed_tags=["deployed-*"]),
        )

        # What CI pushes, until it is promoted to the repository that the service runs from.
        self.development = Repository(
            self,
            "Development",
            repository_name="development/checkout",
            lifecycle=presets.continuous_delivery(deployed_tags=[]),
        )

        self.base_image = Repository(
            self, "BaseImage", repository_name="platform/python-base", lifecycle=presets.releases()
        )
        if reader_accounts:
            self.base_image.grant_pull_to_accounts(*reader_accounts)

        self.thumbnails = Repository(
            self, "Thumbnails", repository_name="shop/thumbnails", lifecycle=presets.releases()
        )

        # A build writes its cache under the same tag again and again.
        self.build_cache = Repository(
            self,
            "BuildCache",
            repository_name="shop/checkout-cache",
            image_tag_mutability=ecr.TagMutability.MUTABLE,
            lifecycle=presets.build_cache(),
        )

        self.chart = Repository(
            self, "Chart", repository_name="charts/checkout", lifecycle=presets.releases()
        )

        for repository in (
            self.service,
            self.development,
            self.thumbnails,
            self.base_image,
            self.build_cache,
            self.chart,
        ):
            cdk.CfnOutput(self, f"{repository.node.id}Uri", value=repository.repository_uri)
