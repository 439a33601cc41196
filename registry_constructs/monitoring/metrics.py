"""Metrics that ECR publishes, and the used percentage of their quotas.

ECR publishes no others: `AWS/ECR RepositoryPullCount` (UG ecr-repository-metrics), and in `AWS/Usage` the
calls of eight operations, the repositories, and the images of each repository (UG monitoring-usage).
"""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

COUNTED_CALLS: Final = (
    "GetAuthorizationToken",
    "BatchGetImage",
    "GetDownloadUrlForLayer",
    "BatchCheckLayerAvailability",
    "InitiateLayerUpload",
    "UploadLayerPart",
    "CompleteLayerUpload",
    "PutImage",
)
"""The operations whose calls ECR counts: those of pulling, then those of pushing (UG monitoring-usage)."""

_CALLS_PERIOD = cdk.Duration.minutes(1)
_RESOURCES_PERIOD = cdk.Duration.minutes(5)


def pulls(repository: str, *, period: cdk.Duration | None = None) -> cloudwatch.Metric:
    """Metric of the pulls from a repository."""
    return cloudwatch.Metric(
        namespace="AWS/ECR",
        metric_name="RepositoryPullCount",
        dimensions_map={"RepositoryName": repository},
        statistic="Sum",
        period=period or _RESOURCES_PERIOD,
        label=repository,
    )


def calls(operation: str) -> cloudwatch.Metric:
    """Metric of the calls of one operation per minute, in the account and Region."""
    return cloudwatch.Metric(
        namespace="AWS/Usage",
        metric_name="CallCount",
        # ECR has no classes of calls; CloudWatch writes that as None.
        dimensions_map={"Service": "ECR", "Type": "API", "Resource": operation, "Class": "None"},
        statistic="Sum",
        period=_CALLS_PERIOD,
        label=operation,
    )


def repositories() -> cloudwatch.Metric:
    """Metric of the number of repositories in the account and Region."""
    return _resources("RepositoryCount", "Repositories")


def images(repository: str) -> cloudwatch.Metric:
    """Metric of the number of images in a repository."""
    return _resources("ImagesPerRepositoryCount", repository, ResourceId=f"repository/{repository}")


def used(metric: cloudwatch.Metric, *, as_: str = "used") -> cloudwatch.MathExpression:
    """Used percentage of the account's current quota for a usage metric (UG monitoring-quotas).

    CloudWatch asks Service Quotas for the quota, so a raised one counts at once. A rate a second is compared
    with the calls of the metric's period. `as_` is its name in the expression, one of its own in a graph.
    """
    return cloudwatch.MathExpression(
        expression=f"{as_}/SERVICE_QUOTA({as_})*100",
        using_metrics={as_: metric},
        period=metric.period,
        label=metric.label,
    )


def _resources(resource: str, label: str, **dimensions: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/Usage",
        metric_name="ResourceCount",
        dimensions_map={"Service": "ECR", "Type": "RESOURCE", "Resource": resource, **dimensions},
        statistic="Maximum",
        period=_RESOURCES_PERIOD,
        label=label,
    )
