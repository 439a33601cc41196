"""The images that ECS runs, or would run next: of services, running tasks and what schedules start."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from registry_constructs.live.aws import Aws, pages, required
from registry_constructs.live.errors import AwsError, reading, unreadable
from registry_constructs.live.findings import Findings
from registry_constructs.live.schedules import scheduled_definitions

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient

# What DescribeServices and DescribeTasks take at once (API reference).
_SERVICES: Final = 10
_TASKS: Final = 100


def read_ecs(aws: Aws, region: str, findings: Findings) -> None:
    """Look at all clusters of a Region.

    Of a service the task definitions of all its deployments and task sets count, of a task the images that
    its containers have pulled. Of task definitions that nothing refers to, those are looked at that
    EventBridge Scheduler or an EventBridge rule starts.

    Raises:
        AwsError: The credentials are not valid any more.
    """
    ecs = aws.client("ecs", region)
    # By task definition, who needs it.
    needed: defaultdict[str, set[str]] = defaultdict(set)
    clusters: list[str] = []
    with findings.trying(f"ecs in {region}"):
        clusters = pages(ecs, "list_clusters", "clusterArns", where=f"ecs in {region}")
    for cluster in clusters:
        name = _last(cluster)
        place = f"ecs services of cluster {name} in {region}"
        with findings.trying(place):
            for definition, where in _of_services(ecs, cluster, region, place):
                needed[definition].add(where)
        place = f"ecs tasks of cluster {name} in {region}"
        with findings.trying(place):
            for task in _tasks(ecs, cluster, place):
                where = f"ecs {_task_name(task, name)} in {region}"
                needed[task["taskDefinitionArn"]].add(where)
                for container in required(task, "containers", place):
                    findings.add(container.get("image", ""), where, digest=container.get("imageDigest", ""))
    for definition, where in scheduled_definitions(aws, region, clusters, findings):
        needed[definition].add(where)
    _read_definitions(aws, ecs, needed, region, findings)


def _of_services(ecs: ECSClient, cluster: str, region: str, place: str) -> Iterator[tuple[str, str]]:
    arns = pages(ecs, "list_services", "serviceArns", where=place, cluster=cluster)
    for start in range(0, len(arns), _SERVICES):
        with reading(place):
            answer: Any = ecs.describe_services(cluster=cluster, services=arns[start : start + _SERVICES])
        for service in _described(answer, "services", "serviceArn", arns[start : start + _SERVICES], place):
            where = f"ecs service {_last(cluster)}/{service['serviceName']} in {region}"
            for each in [service, *service.get("deployments", []), *service.get("taskSets", [])]:
                if each.get("taskDefinition"):
                    yield each["taskDefinition"], where


def _tasks(ecs: ECSClient, cluster: str, place: str) -> Iterator[dict[str, Any]]:
    arns = pages(ecs, "list_tasks", "taskArns", where=place, cluster=cluster)
    for start in range(0, len(arns), _TASKS):
        with reading(place):
            answer: Any = ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + _TASKS])
        yield from _described(answer, "tasks", "taskArn", arns[start : start + _TASKS], place)


def _described(
    answer: dict[str, Any], key: str, arn: str, arns: Sequence[str], place: str
) -> list[dict[str, Any]]:
    """What ECS describes of what it has listed; all of it, or an error."""
    found: list[dict[str, Any]] = required(answer, key, place)
    failures: list[dict[str, Any]] = answer.get("failures", [])
    if len({one[arn] for one in found} & set(arns)) + len(failures) < len(arns):
        raise unreadable(place, f"an answer without all {len(arns):,} {key} that were listed")
    for failure in failures:
        # What is missing has ended since it was listed.
        if failure.get("reason") != "MISSING":
            raise AwsError(
                "ECS does not describe all it has listed",
                got=f"{failure.get('arn')}: {failure.get('reason')}",
                fix="read the reasons from ECS",
                where=place,
            )
    return found


def _read_definitions(
    aws: Aws, ecs: ECSClient, needed: dict[str, set[str]], region: str, findings: Findings
) -> None:
    def describe(definition: str) -> Iterable[str] | AwsError:
        place = f"ecs task definition {_last(definition)} in {region}"
        try:
            with reading(place):
                answer: Any = ecs.describe_task_definition(taskDefinition=definition)
            described = required(answer, "taskDefinition", place)
            return [container["image"] for container in required(described, "containerDefinitions", place)]
        except AwsError as error:
            return error

    for definition, images in zip(needed, aws.each(describe, needed), strict=True):
        with findings.trying(f"ecs task definition {_last(definition)} in {region}"):
            if isinstance(images, AwsError):
                raise images
            for image in images:
                for where in sorted(needed[definition]):
                    findings.add(image, where)


def _task_name(task: dict[str, Any], cluster: str) -> str:
    """The service that a task belongs to, or its family."""
    kind, _, name = task.get("group", "").partition(":")
    if kind == "service" and name:
        return f"service {cluster}/{name}"
    return f"task {cluster}/{_last(task['taskDefinitionArn'])}"


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]
