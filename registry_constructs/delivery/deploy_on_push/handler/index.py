"""Rolls an ECS service to an image that was pushed; runs in Lambda.

It is called for events of pushes, at least once each and in any order, one call at a time. It asks what the
tag resolves to now instead of trusting the event, so that a repeated or a late one changes nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef
    from mypy_boto3_ecs import ECSClient

# Signatures and attestations of older clients, which have tags instead of referring to the image.
_ATTACHED = "sha256-"
_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})


class RollError(Exception):
    """The service can't be rolled; the event goes to the dead letters."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is rolled, from the function's environment.

    Attributes:
        repository: The repository's name.
        repository_uri: What its images' names begin with, up to `@` or `:`.
        cluster: The cluster's name.
        service: The service's name.
        container: The container whose image is replaced.
        newest_wins: Whether an image is left alone when the running one was pushed after it.
        parameter: The SSM parameter that is set to the digest; None for none.
    """

    repository: str
    repository_uri: str
    cluster: str
    service: str
    container: str
    newest_wins: bool
    parameter: str | None = None


def handler(event: dict[str, Any], _context: object) -> None:
    """Roll the service and log what was done; what fails is raised, so that Lambda tries again."""
    target = Target(
        repository=os.environ["REPOSITORY"],
        repository_uri=os.environ["REPOSITORY_URI"],
        cluster=os.environ["CLUSTER"],
        service=os.environ["SERVICE"],
        container=os.environ["CONTAINER"],
        newest_wins=os.environ["NEWEST_WINS"] == "true",
        parameter=os.environ.get("DIGEST_PARAMETER"),
    )
    print(
        roll(
            event,
            target,
            ecr=boto3.client("ecr", config=_CONFIG),
            ecs=boto3.client("ecs", config=_CONFIG),
            ssm=boto3.client("ssm", config=_CONFIG),
        )
    )


def roll(event: dict[str, Any], target: Target, *, ecr: ECRClient, ecs: ECSClient, ssm: Any) -> str:  # noqa: ANN401 - SSM has no types here
    """Roll the service if the event asks for it, and say in words what was done.

    Raises:
        RollError: If the event is not one of a pushed tag of the repository, or the service can't be rolled.
    """
    tag = pushed_tag(event, target)
    if tag.startswith(_ATTACHED):
        return f"Nothing done: {tag} is attached to an image and none itself"
    image = _find(ecr, target, {"imageTag": tag})
    if image is None:
        return f"Nothing done: {tag} is no longer in {target.repository}"
    digest = image["imageDigest"]
    definition = _running(ecs, target)
    container = _container(definition, target)
    wanted = f"{target.repository_uri}@{digest}"
    if container["image"] == wanted:
        _set_parameter(ssm, target, digest)
        return f"Nothing done: {target.service} has {digest} already"
    if target.newest_wins:
        running = _find(ecr, target, _reference(container["image"], target))
        if running is not None and _pushed_at(running) > _pushed_at(image):
            return f"Nothing done: {target.service} has a newer image than {tag}, {container['image']}"
    before, container["image"] = container["image"], wanted
    revision = _register(ecs, definition)
    try:
        ecs.update_service(cluster=target.cluster, service=target.service, taskDefinition=revision)
    except Exception:
        print(f"{revision} is registered, and the service does not use it")
        raise
    _set_parameter(ssm, target, digest)
    return f"{target.service} rolls to {tag}, {digest}, with {revision}; it had {before}"


def pushed_tag(event: dict[str, Any], target: Target) -> str:
    """The tag that was pushed.

    Raises:
        RollError: If this is another event.
    """
    detail = event.get("detail")
    detail = detail if isinstance(detail, dict) else {}
    expected = {"action-type": "PUSH", "result": "SUCCESS", "repository-name": target.repository}
    tag = detail.get("image-tag")
    if (
        any(detail.get(name) != value for name, value in expected.items())
        or not isinstance(tag, str)
        or not tag
    ):
        raise RollError(f"Not an event of a tag pushed to {target.repository}: {event!r:.500}")
    return tag


def _find(ecr: ECRClient, target: Target, reference: dict[str, str]) -> ImageDetailTypeDef | None:
    try:
        answer = ecr.describe_images(repositoryName=target.repository, imageIds=[reference])  # type: ignore[list-item]
    except ecr.exceptions.ImageNotFoundException:
        return None
    return next(iter(answer["imageDetails"]), None)


def _running(ecs: ECSClient, target: Target) -> dict[str, Any]:
    """The task definition that the service has, or is rolling to."""
    services = ecs.describe_services(cluster=target.cluster, services=[target.service])["services"]
    active = [service for service in services if service["status"] == "ACTIVE"]
    if not active:
        raise RollError(f"There is no active service {target.service} in the cluster {target.cluster}")
    described = ecs.describe_task_definition(taskDefinition=active[0]["taskDefinition"], include=["TAGS"])
    return {**described["taskDefinition"], "tags": described.get("tags", [])}


def _container(definition: dict[str, Any], target: Target) -> dict[str, Any]:
    for container in definition["containerDefinitions"]:
        if container["name"] == target.container:
            if not container["image"].startswith((f"{target.repository_uri}@", f"{target.repository_uri}:")):
                raise RollError(
                    f"{target.container} runs {container['image']}, and its execution role may not pull from "
                    f"{target.repository_uri}: give the service an image from there first"
                )
            found: dict[str, Any] = container
            return found
    raise RollError(f"{definition['taskDefinitionArn']} has no container {target.container}")


def _reference(image: str, target: Target) -> dict[str, str]:
    rest = image.removeprefix(target.repository_uri)
    return {"imageDigest": rest[1:]} if rest.startswith("@") else {"imageTag": rest[1:]}


def _pushed_at(image: ImageDetailTypeDef) -> datetime:
    return image["imagePushedAt"]


def _register(ecs: ECSClient, definition: dict[str, Any]) -> str:
    # ECS tells more of a definition than it takes, and takes no empty list of tags.
    takes: Any = ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape
    request = {
        name: value for name, value in definition.items() if name in takes.members and value not in ([], None)
    }
    arn: str = ecs.register_task_definition(**request)["taskDefinition"]["taskDefinitionArn"]
    return arn


def _set_parameter(ssm: Any, target: Target, digest: str) -> None:  # noqa: ANN401
    if target.parameter is not None:
        ssm.put_parameter(Name=target.parameter, Value=digest, Overwrite=True)
