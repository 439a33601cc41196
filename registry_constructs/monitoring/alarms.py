"""CloudWatch alarms on the use of ECR quotas."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token
from registry_constructs.monitoring import metrics
from registry_constructs.monitoring.notifications.notifications import Notifications
from registry_constructs.monitoring.watched_repositories import repository_names

_MOST = 90
"""With the others just short of the 100 alarms that a widget shows (CloudWatch API, dashboard body)."""


class RegistryAlarms(Construct):
    """CloudWatch alarms on the use of ECR quotas: API calls, repositories, and images per repository.

    The quotas are the account's own as CloudWatch knows them now, so a raised quota raises the alarm's bound.
    There is an alarm for each of the eight operations whose calls ECR counts, one for the number of
    repositories, and one for each repository named. CloudWatch charges for each alarm. Calls are counted by
    the minute: a burst of seconds can be throttled below the bound.

    Args:
        scope: A construct in a stack of the registry's account and Region.
        id: The construct's id.
        repositories: Repositories or their names, up to 90, whose images are counted against the quota of
            100,000 images a repository. Default: none.
        percent: How much of a quota is used when its alarm rises, in percent: above 0 and below 100.
            Default: 80.
        notifications: Whose `topic` the alarms publish to. Default: none; the alarms only show.

    Attributes:
        alarms: The alarms, by operation, `"RepositoryCount"`, and repository.

    Raises:
        InvalidInputError: For another percentage, an invalid repository name, more than 90 of them, and
            notifications in another account or Region.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repositories: Sequence[str | ecr.IRepository] = (),
        percent: float = 80,
        notifications: Notifications | None = None,
    ) -> None:
        super().__init__(scope, id)
        with located(self):
            names = repository_names(repositories, _MOST)
            _check_percent(percent)
            if notifications is not None:
                notifications.check_reach(self)
        self.alarms: dict[str, cloudwatch.Alarm] = {}
        for operation in metrics.COUNTED_CALLS:
            self._add(
                operation, operation, metrics.calls(operation), f"calls of {operation} a second", percent
            )
        self._add("RepositoryCount", "RepositoryCount", metrics.repositories(), "repositories", percent)
        for number, name in enumerate(names):
            construct_id = f"Images{number}" if is_token(name) else f"Images-{name.replace('/', '=')}"
            self._add(name, construct_id, metrics.images(name), f"images in the repository {name}", percent)
        if notifications is not None:
            action = cloudwatch_actions.SnsAction(notifications.topic)
            for alarm in self.alarms.values():
                alarm.add_alarm_action(action)

    def _add(self, key: str, id: str, metric: cloudwatch.Metric, counted: str, percent: float) -> None:
        self.alarms[key] = metrics.used(metric).create_alarm(
            self,
            id,
            alarm_description=f"Amazon ECR: over {percent:g} % of the quota of {counted} is used.",
            threshold=percent,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )


def _check_percent(percent: float) -> None:
    if is_token(percent):
        return
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 < percent < 100:
        raise InvalidInputError(
            "percent is not between 0 and 100",
            got=percent,
            allowed="a number above 0 and below 100",
            fix="write percent=80",
        )
