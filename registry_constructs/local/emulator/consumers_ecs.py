"""What ministack's CloudFormation lacks of ECS: capacity providers, scaling, time zones of schedules.

Nothing is carried out: no instance starts and nothing scales. A service is taken only with capacity providers
that its cluster has, and a cluster keeps those that a service uses: the order of a deployment depends on it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.services import ecs, scheduler, ssm
from ministack.services.cloudformation import provisioners

from registry_constructs.local.emulator.schemas import Properties
from registry_constructs.local.emulator.tables import Created

_AMI = "/aws/service/ecs/optimized-ami/amazon-linux-2023/{}recommended/image_id"
_STUB_IMAGE = "ami-0c2023a1b2c3d4e5f"
_FARGATE = ("FARGATE", "FARGATE_SPOT")


def install() -> None:
    """Add the resource types, the rule for services, and the parameters that name ECS's images."""
    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::ECS::CapacityProvider"] = _handlers(_create_provider, _update_provider, _delete_provider)
    handlers["AWS::ECS::ClusterCapacityProviderAssociations"] = _handlers(
        _associate, lambda cluster, _old, new: _associate("", new, cluster), _dissociate
    )
    for kind, identify in (("ScalableTarget", _target_id), ("ScalingPolicy", _policy_arn)):
        handlers[f"AWS::ApplicationAutoScaling::{kind}"] = _record_handlers(identify)
    own = handlers["AWS::ECS::Service"]
    handlers["AWS::ECS::Service"] = own | {"create": _with_known_providers(own["create"])}
    schedules = handlers["AWS::Scheduler::Schedule"]
    handlers["AWS::Scheduler::Schedule"] = schedules | {
        "create": _with_time_zone(schedules["create"]),
        "update": _with_time_zone(schedules["update"]),
    }
    provisioners._normalize_container_defs = _containers
    for processor in ("", "arm64/"):
        ssm._PUBLIC_AMI_PARAMETERS[_AMI.format(processor)] = _STUB_IMAGE


def _with_time_zone(own: Callable[..., Created]) -> Callable[..., Created]:
    """A handler of schedules, which also keeps their time zone."""

    def handler(*arguments: Any) -> Created:  # noqa: ANN401 - those of a create or of an update
        created = own(*arguments)
        properties = arguments[-2]
        schedule = scheduler._schedules[f"{properties.get('GroupName', 'default')}/{created[0]}"]
        schedule["ScheduleExpressionTimezone"] = properties.get("ScheduleExpressionTimezone", "UTC")
        return created

    return handler


def _containers(definitions: list[Properties]) -> list[dict[str, Any]]:
    """Container definitions as ECS's API has them; ministack leaves what is nested deeper as it is."""
    labels = [definition.get("DockerLabels") for definition in definitions]
    found: list[dict[str, Any]] = provisioners._pascal_to_camel(definitions)
    return [
        container | ({"dockerLabels": own} if own else {})
        for container, own in zip(found, labels, strict=True)
    ]


def _handlers(
    create: Callable[[str, Properties, str], Created],
    update: Callable[[str, Properties, Properties], Created],
    delete: Callable[[str, Properties], None],
) -> dict[str, Any]:
    return {
        "create": create,
        "update": lambda identifier, old, new, _stack: update(identifier, old, new),
        "delete": delete,
    }


# Capacity providers -------------------------------------------------------------------------------------


def _create_provider(logical_id: str, properties: Properties, stack: str) -> Created:
    name = properties.get("Name") or f"{stack}-{logical_id}"
    _answer(ecs._create_capacity_provider({"name": name, **_as_request(properties)}))
    return name, {}


def _update_provider(name: str, _old: Properties, new: Properties) -> Created:
    _answer(ecs._update_capacity_provider({"name": name, **_as_request(new)}))
    return name, {}


def _delete_provider(name: str, _properties: Properties) -> None:
    for cluster in ecs._clusters.values():
        if name in cluster["capacityProviders"]:
            raise ValueError("Cannot delete a capacity provider while it is associated with a cluster.")
    ecs._delete_capacity_provider({"capacityProvider": name})


def _associate(_logical_id: str, properties: Properties, cluster: str) -> Created:
    named = properties.get("Cluster") or cluster
    known = {*_FARGATE, *ecs._capacity_providers}
    if unknown := set(properties["CapacityProviders"]) - known:
        raise ValueError(f"The specified capacity provider {min(unknown)} was not found.")
    strategy = provisioners._pascal_to_camel(properties["DefaultCapacityProviderStrategy"])
    _answer(
        ecs._put_cluster_capacity_providers(
            {
                "cluster": named,
                "capacityProviders": properties["CapacityProviders"],
                "defaultCapacityProviderStrategy": strategy,
            }
        )
    )
    return named, {}


def _dissociate(cluster: str, properties: Properties) -> None:
    for service in ecs._services.values():
        if service["status"] == "ACTIVE" and service["clusterArn"].endswith(f"/{cluster}"):
            used = {one["capacityProvider"] for one in service.get("capacityProviderStrategy") or []}
            if used & set(properties["CapacityProviders"]):
                raise ValueError("The specified capacity provider is in use and cannot be removed.")
    if cluster in ecs._clusters:
        ecs._put_cluster_capacity_providers({"cluster": cluster})


def _with_known_providers(create: Callable[..., Created]) -> Callable[..., Created]:
    def checked(logical_id: str, properties: Properties, stack: str) -> Created:
        used = {one["CapacityProvider"] for one in properties.get("CapacityProviderStrategy") or []}
        cluster = ecs._clusters.get(ecs._resolve_cluster_name(properties.get("Cluster", "default"))) or {}
        if used - set(cluster.get("capacityProviders", [])):
            raise ValueError(
                "The specified capacity provider strategy cannot contain a capacity provider that is not "
                "associated with the cluster. Associate the capacity provider with the cluster and try again."
            )
        return create(logical_id, properties, stack)

    return checked


def _as_request(properties: Properties) -> dict[str, Any]:
    found: dict[str, Any] = provisioners._pascal_to_camel(
        {key: value for key, value in properties.items() if key != "Name"}
    )
    return found


def _answer(response: tuple[int, dict[str, str], bytes]) -> None:
    status, _, body = response
    if status >= 400:
        raise ValueError(json.loads(body).get("message", body.decode()))


# Application Auto Scaling -------------------------------------------------------------------------------


def _record_handlers(identify: Callable[[str, Properties, str], str]) -> dict[str, Any]:
    """What CloudFormation keeps of a resource and nothing acts on."""

    def create(logical_id: str, properties: Properties, stack: str) -> Created:
        identifier = identify(logical_id, properties, stack)
        return identifier, {"Id": identifier, "Arn": identifier}

    return _handlers(create, lambda identifier, _old, new: create(identifier, new, ""), lambda *_: None)


def _target_id(_logical_id: str, properties: Properties, _stack: str) -> str:
    return "|".join(properties[key] for key in ("ResourceId", "ScalableDimension", "ServiceNamespace"))


def _policy_arn(_logical_id: str, properties: Properties, _stack: str) -> str:
    region, account = ecs.get_region(), ecs.get_account_id()
    target, _, _ = properties["ScalingTargetId"].partition("|")
    return (
        f"arn:aws:autoscaling:{region}:{account}:scalingPolicy:00000000-0000-0000-0000-000000000000:"
        f"resource/ecs/{target}:policyName/{properties['PolicyName']}"
    )
