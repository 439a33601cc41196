"""What runs images in the local AWS, read through the APIs of ECS, EventBridge Scheduler, Lambda and EKS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from registry_constructs.ecr.references import parse_reference
from registry_constructs.live.answers import pages
from registry_constructs.local.connection import Connection, LocalEnvironment

if TYPE_CHECKING:
    from mypy_boto3_ecr.client import ECRClient
    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_ecs.type_defs import ServiceTypeDef
    from mypy_boto3_eks.client import EKSClient

KUBERNETES: Final = "Kubernetes"
"""What the kinds of Kubernetes' workloads begin with."""

_SERVICES = 10  # what DescribeServices takes at once
_LAMBDA = "lambda.amazonaws.com"
_IRSA = "eks.amazonaws.com/role-arn"
_POD_TEMPLATES = {
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Deployment": ("spec", "template"),
    "Job": ("spec", "template"),
    "Pod": (),
    "StatefulSet": ("spec", "template"),
}


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """Something that runs an image; one of several containers is one for each of its images.

    Attributes:
        kind: Such as `Fargate service`, `Scheduled task`, `Lambda function` or `Kubernetes deployment`.
        name: Of the service, the task definition's family, the function, or `<namespace>/<name>`.
        image: As the consumer names it.
        image_found: The digest of that image in ECR; None if it is not there.
        pulls_with: The roles that pull the image, or the service that does.
        runs_as: The role that the program in the container has, if any.
        note: What it runs on, or when.
    """

    account: str
    region: str
    kind: str
    name: str
    image: str
    image_found: str | None = None
    pulls_with: list[str] = field(default_factory=list)
    runs_as: str | None = None
    note: str | None = None


def read(aws: Connection, places: Iterable[LocalEnvironment]) -> list[Consumer]:
    """Read what runs images in some accounts and Regions."""
    consumers = [
        consumer
        for place in places
        for reader in (_on_ecs, _on_lambda, _on_eks)
        for consumer in reader(aws, place)
    ]
    digests = {image: _digest(aws, image) for image in {consumer.image for consumer in consumers}}
    return [replace(consumer, image_found=digests[consumer.image]) for consumer in consumers]


def _digest(aws: Connection, image: str) -> str | None:
    named = parse_reference(image)
    if named is None:
        return None
    ecr: ECRClient = aws.client("ecr", account=named.account, region=named.region)
    try:
        found = ecr.batch_get_image(
            repositoryName=named.repository,
            imageIds=[{"imageDigest": named.digest} if named.digest else {"imageTag": named.tag}],
        )["images"]
    except ecr.exceptions.RepositoryNotFoundException:
        return None
    return found[0]["imageId"]["imageDigest"] if found else None


def _role(arn: str | None) -> str | None:
    return arn.rpartition("/")[2] if arn else None


# ECS ----------------------------------------------------------------------------------------------------


def _on_ecs(aws: Connection, place: LocalEnvironment) -> Iterator[Consumer]:
    """Services, what schedules start, and the newest revision of each task definition that neither runs."""
    ecs: ECSClient = aws.client("ecs", account=place.account, region=place.region)
    run = set()
    for service in _services(ecs):
        run.add(service["taskDefinition"])
        providers = [one["capacityProvider"] for one in service.get("capacityProviderStrategy", [])]
        fargate = service.get("launchType") == "FARGATE" or any(
            one in {"FARGATE", "FARGATE_SPOT"} for one in providers
        )
        yield from _of_definition(
            ecs,
            place,
            service["taskDefinition"],
            kind="Fargate service" if fargate else "EC2 service",
            name=service["serviceName"],
            note=f"on {', '.join(providers)}" if providers else None,
        )
    for definition, when in _schedules(aws, place):
        run.add(definition)
        yield from _of_definition(ecs, place, definition, kind="Scheduled task", note=when)
    newest = {
        arn.rpartition(":")[0]: arn
        for arn in pages(ecs, "list_task_definitions", "taskDefinitionArns", status="ACTIVE", sort="ASC")
    }
    for family, definition in newest.items():
        if not run & {family, definition}:
            yield from _of_definition(ecs, place, definition, kind="Task")


def _services(ecs: ECSClient) -> Iterator[ServiceTypeDef]:
    for cluster in pages(ecs, "list_clusters", "clusterArns"):
        arns = pages(ecs, "list_services", "serviceArns", cluster=cluster)
        for start in range(0, len(arns), _SERVICES):
            some = arns[start : start + _SERVICES]
            yield from ecs.describe_services(cluster=cluster, services=some)["services"]


def _schedules(aws: Connection, place: LocalEnvironment) -> Iterator[tuple[str, str]]:
    """Each task definition that a schedule starts, and when."""
    scheduler = aws.client("scheduler", account=place.account, region=place.region)
    for one in pages(scheduler, "list_schedules", "Schedules", identity=("GroupName", "Name")):
        schedule = scheduler.get_schedule(GroupName=one["GroupName"], Name=one["Name"])
        if definition := schedule["Target"].get("EcsParameters", {}).get("TaskDefinitionArn"):
            when = [schedule["ScheduleExpression"], schedule.get("ScheduleExpressionTimezone", "UTC")]
            when += ["(disabled)"] if schedule["State"] == "DISABLED" else []
            yield definition, " ".join(when)


def _of_definition(
    ecs: ECSClient,
    place: LocalEnvironment,
    arn: str,
    *,
    kind: str,
    name: str | None = None,
    note: str | None = None,
) -> Iterator[Consumer]:
    definition = ecs.describe_task_definition(taskDefinition=arn.rpartition("/")[2])["taskDefinition"]
    puller = _role(definition.get("executionRoleArn"))
    for image in dict.fromkeys(container["image"] for container in definition["containerDefinitions"]):
        yield Consumer(
            **place._asdict(),
            kind=kind,
            name=name or definition["family"],
            image=image,
            pulls_with=[puller] if puller else [],
            runs_as=_role(definition.get("taskRoleArn")),
            note=note,
        )


# Lambda -------------------------------------------------------------------------------------------------


def _on_lambda(aws: Connection, place: LocalEnvironment) -> Iterator[Consumer]:
    client = aws.client("lambda", account=place.account, region=place.region)
    for function in pages(client, "list_functions", "Functions", identity=("FunctionName",)):
        if function.get("PackageType") == "Image":
            name = function["FunctionName"]
            yield Consumer(
                **place._asdict(),
                kind="Lambda function",
                name=name,
                image=client.get_function(FunctionName=name)["Code"]["ImageUri"],
                pulls_with=[_LAMBDA],
                runs_as=_role(function["Role"]),
            )


# EKS ----------------------------------------------------------------------------------------------------


def _on_eks(aws: Connection, place: LocalEnvironment) -> Iterator[Consumer]:
    """The workloads of the manifests that are kept."""
    eks: EKSClient = aws.client("eks", account=place.account, region=place.region)
    for cluster in pages(eks, "list_clusters", "clusters"):
        objects = aws.manifests(place, cluster)
        roles = _ClusterRoles(eks, cluster, objects)
        for workload in objects:
            yield from _of_workload(workload, place, cluster, roles)


def _of_workload(
    workload: dict[str, Any], place: LocalEnvironment, cluster: str, roles: _ClusterRoles
) -> Iterator[Consumer]:
    if workload["kind"] not in _POD_TEMPLATES:
        return
    template = workload
    for step in _POD_TEMPLATES[workload["kind"]]:
        template = template[step]
    pod = template["spec"]
    namespace = workload["metadata"].get("namespace", "default")
    images = [one["image"] for one in [*pod.get("initContainers", []), *pod["containers"]]]
    for image in dict.fromkeys(images):
        yield Consumer(
            **place._asdict(),
            kind=f"{KUBERNETES} {workload['kind'].lower()}",
            name=f"{namespace}/{workload['metadata']['name']}",
            image=image,
            pulls_with=roles.pulling(namespace, template.get("metadata", {}).get("labels", {})),
            runs_as=roles.of_pods(namespace, pod.get("serviceAccountName", "default")),
            note=f"for cluster {cluster}",
        )


class _ClusterRoles:
    """The roles that a cluster's pods are pulled with and run as."""

    def __init__(self, eks: EKSClient, cluster: str, objects: list[dict[str, Any]]) -> None:
        self._nodes = [
            eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]["nodeRole"]
            for name in pages(eks, "list_nodegroups", "nodegroups", clusterName=cluster)
        ]
        self._profiles = [
            eks.describe_fargate_profile(clusterName=cluster, fargateProfileName=name)["fargateProfile"]
            for name in pages(eks, "list_fargate_profiles", "fargateProfileNames", clusterName=cluster)
        ]
        self._pods: dict[tuple[str, str], str] = {}
        for one in objects:
            if one["kind"] == "ServiceAccount" and _IRSA in one["metadata"].get("annotations", {}):
                place = (one["metadata"].get("namespace", "default"), one["metadata"]["name"])
                self._pods[place] = one["metadata"]["annotations"][_IRSA]
        for found in pages(
            eks,
            "list_pod_identity_associations",
            "associations",
            identity=("associationId",),
            clusterName=cluster,
        ):
            described = eks.describe_pod_identity_association(
                clusterName=cluster, associationId=found["associationId"]
            )["association"]
            self._pods[described["namespace"], described["serviceAccount"]] = described["roleArn"]

    def pulling(self, namespace: str, labels: dict[str, str]) -> list[str]:
        """The role of the Fargate profile that takes such pods, otherwise those of the nodes."""
        on_fargate = [
            profile["podExecutionRoleArn"]
            for profile in self._profiles
            if any(_selects(selector, namespace, labels) for selector in profile["selectors"])
        ]
        return sorted({arn.rpartition("/")[2] for arn in on_fargate or self._nodes})

    def of_pods(self, namespace: str, service_account: str) -> str | None:
        return _role(self._pods.get((namespace, service_account)))


def _selects(selector: Any, namespace: str, labels: dict[str, str]) -> bool:  # noqa: ANN401
    """Whether a selector of a Fargate profile takes a pod; its names may hold `*` and `?`."""
    return fnmatchcase(namespace, selector["namespace"]) and all(
        name in labels and fnmatchcase(labels[name], value)
        for name, value in selector.get("labels", {}).items()
    )
