"""From a commit to the running checkout: who publishes it, who is notified, and what follows a push."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from registry_constructs import (
    DeployOnPush,
    FargateService,
    GitHubPublisher,
    Notifications,
    Promotion,
    RegistryDashboard,
    RegistryFailures,
    ScanFindings,
)


class DeliveryStack(cdk.Stack):
    """CI pushes versions, which are promoted and roll the service, and people hear of what goes wrong.

    The gate is where the image runs: `FargateStack(severity=...)`.

    Args:
        scope: The app.
        id: The stack's id.
        env: The account and Region.
        development: The repository that CI pushes to.
        production: The repository that versions are promoted to.
        service: The service that runs its images.
        github: The repository of source code, as `GitHubPublisher` takes it.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        env: cdk.Environment,
        development: ecr.IRepository,
        production: ecr.IRepository,
        service: FargateService,
        github: str,
    ) -> None:
        super().__init__(scope, id, env=env, description="The shop's checkout from commit to service")

        self.publisher = GitHubPublisher(
            self,
            "Publisher",
            repository=github,
            repositories=[development],
            branches=["main"],
            tag_patterns=["v*"],
            role_name="publish-checkout",
        )

        self.promotion = Promotion(self, "Promotion", source=development, destination=production, tags=["v*"])

        self.notifications = Notifications(self, "Notifications")
        ScanFindings(self, "Findings", severity="HIGH", notifications=self.notifications)
        RegistryFailures(self, "Failures", notifications=self.notifications)
        RegistryDashboard(
            self, "Dashboard", repositories=[development, production], dashboard_name="shop-images"
        )

        self.deploy = DeployOnPush(
            self, "Deploy", repository=production, tags=["v*"], service=service.service
        )

        cdk.CfnOutput(self, "PublisherRole", value=self.publisher.role.role_arn)
        cdk.CfnOutput(self, "Topic", value=self.notifications.topic.topic_arn)
