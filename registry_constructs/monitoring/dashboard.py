"""A CloudWatch dashboard of a registry."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.monitoring import metrics
from registry_constructs.monitoring.alarms import RegistryAlarms
from registry_constructs.monitoring.watched_repositories import repository_names

_MOST = 200
"""A graph shows 500 metrics (Amazon CloudWatch User Guide, quotas); of a quota's use, two for each line."""

_PERCENT = cloudwatch.YAxisProps(label="% of the quota", min=0, show_units=False)
_COUNT = cloudwatch.YAxisProps(min=0, show_units=False)
_HOUR = cdk.Duration.hours(1)


class RegistryDashboard(Construct):
    """A CloudWatch dashboard of a registry: pulls, calls, repositories and images, with their quotas.

    It shows nothing but metrics that ECR publishes. The first three dashboards of an account cost nothing.

    Args:
        scope: A construct in a stack of the registry's account and Region.
        id: The construct's id.
        repositories: Repositories or their names, up to 200, to show. Default: all that exist when the
            dashboard is viewed, up to 500, without the use of their quotas.
        alarms: Alarms to show above everything else. Default: none.
        dashboard_name: Default: CloudFormation names it.

    Attributes:
        dashboard: The dashboard; add widgets of your own.

    Raises:
        InvalidInputError: For an invalid repository name, and more than 200 of them.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repositories: Sequence[str | ecr.IRepository] = (),
        alarms: RegistryAlarms | None = None,
        dashboard_name: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        with located(self):
            names = repository_names(repositories, _MOST)
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=dashboard_name,
            default_interval=cdk.Duration.days(7),
            period_override=cloudwatch.PeriodOverride.INHERIT,
        )
        if alarms is not None:
            self.dashboard.add_widgets(
                cloudwatch.AlarmStatusWidget(
                    alarms=list(alarms.alarms.values()), title="Quotas", width=24, height=3
                )
            )
        calls = [metrics.calls(operation) for operation in metrics.COUNTED_CALLS]
        everything = metrics.repositories()
        self.dashboard.add_widgets(
            _graph("Pulls in an hour", _pulls(names), _COUNT, width=24),
        )
        self.dashboard.add_widgets(
            _graph("Calls against the quotas a second", _used(calls), _PERCENT),
            _graph("Calls in a minute", calls, _COUNT),
        )
        self.dashboard.add_widgets(
            _graph(
                "Repositories and images against the quotas",
                _used([everything, *(metrics.images(name) for name in names)]),
                _PERCENT,
            ),
            _graph("Images in a repository", _images(names), _COUNT),
        )
        self.dashboard.add_widgets(
            cloudwatch.SingleValueWidget(title="Repositories", metrics=[everything], width=6, height=3)
        )


def _used(usage: Sequence[cloudwatch.Metric]) -> list[cloudwatch.IMetric]:
    return [metrics.used(metric, as_=f"used{number}") for number, metric in enumerate(usage)]


def _pulls(names: Sequence[str]) -> list[cloudwatch.IMetric]:
    if not names:
        return [_search('Namespace="AWS/ECR" MetricName="RepositoryPullCount"', "Sum", _HOUR)]
    return [metrics.pulls(name, period=_HOUR) for name in names]


def _images(names: Sequence[str]) -> list[cloudwatch.IMetric]:
    if not names:
        wanted = 'Namespace="AWS/Usage" Service="ECR" Resource="ImagesPerRepositoryCount"'
        return [_search(wanted, "Maximum", cdk.Duration.minutes(5))]
    return [metrics.images(name) for name in names]


def _search(wanted: str, statistic: str, period: cdk.Duration) -> cloudwatch.MathExpression:
    """A search expression for all metrics that exist when the dashboard is viewed."""
    return cloudwatch.MathExpression(
        expression=f"SEARCH('{wanted}', '{statistic}', {period.to_seconds():g})",
        using_metrics={},
        period=period,
        label="",
    )


def _graph(
    title: str, left: Sequence[cloudwatch.IMetric], axis: cloudwatch.YAxisProps, width: int = 12
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(left), left_y_axis=axis, width=width)
