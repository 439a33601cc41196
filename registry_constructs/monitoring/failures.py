"""Notifications about failed replications and failed pulls through a cache."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from constructs import Construct

from registry_constructs._cdk.event_rules import add_rule
from registry_constructs._cdk.located import located
from registry_constructs.monitoring.event_patterns import (
    cache_pull_failed,
    checked_repositories,
    replication_failed,
)
from registry_constructs.monitoring.notifications.notifications import Notifications


class RegistryFailures(Construct):
    """Notifies about failed replications to this registry and failed pulls through its caches.

    The message names the image, where it should have come from, and ECR's reason where it gives one. ECR
    sends the event of a replication in the destination's account and Region, so that is where this belongs.
    What fails for one image within a minute is one message.

    Args:
        scope: A construct in a stack of the registry's account and Region.
        id: The construct's id.
        repositories: Repositories, their names, or filters with `*` for any run of characters. Default: all.
        notifications: The notifications to send to. Default: a new `Notifications`.

    Attributes:
        notifications: The notifications that are sent to.
        rules: The EventBridge rules.

    Raises:
        InvalidInputError: For repositories that nothing matches, and notifications in another account or
            Region.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repositories: Sequence[str | ecr.IRepository] | None = None,
        notifications: Notifications | None = None,
    ) -> None:
        super().__init__(scope, id)
        with located(self):
            names = checked_repositories(repositories)
            if notifications is not None:
                notifications.check_reach(self)
        self.notifications = notifications or Notifications(self, "Notifications")
        recipients = [self.notifications.target]
        replication, cache = replication_failed(repositories=names), cache_pull_failed(repositories=names)
        self.rules: list[events.Rule] = [
            add_rule(self, "Replication", "Images that could not be replicated", replication, recipients),
            add_rule(
                self, "CachePulls", "Images that could not be pulled through a cache", cache, recipients
            ),
        ]
