"""How ministack is taught a resource type or an API: entries in its own tables, before its server starts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack import app
from ministack.core import iam_actions, router
from ministack.core.responses import error_response_json, get_region, json_response
from ministack.services.cloudformation import changesets, engine, handlers, provisioners

type_regions: dict[str, str] = {}
"""The Region of each resource type that has only one."""

Properties = dict[str, Any]
Created = tuple[str, dict[str, str]]
"""A resource's physical id (what Ref gives) and its attributes (what Fn::GetAtt gives)."""


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A CloudFormation resource type.

    Attributes:
        name: Such as `AWS::ECR::PublicRepository`.
        create: Takes logical id, properties and stack name.
        update: Takes physical id, old and new properties, stack name and logical id. A replacement is
            a create and a delete instead.
        delete: Takes physical id and properties; a resource that is gone already is fine.
        create_only: Properties whose change replaces the resource.
        region: The only Region that has the type; None when all have it.
    """

    name: str
    create: Callable[[str, Properties, str], Created]
    update: Callable[[str, Properties, Properties, str, str], Created]
    delete: Callable[[str, Properties], None]
    create_only: tuple[str, ...]
    region: str | None = None


@dataclass(frozen=True, kw_only=True)
class Api:
    """An AWS service that speaks the JSON protocol.

    Attributes:
        service: The name that requests are signed for, and the prefix of its IAM actions.
        target: What precedes the operation in the header `X-Amz-Target`.
        operations: By name; each takes the request and returns the answer or raises `ApiError`.
        region: The only Region that has it; None when all have it.
    """

    service: str
    target: str
    operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]]
    region: str | None = None


class ApiError(Exception):
    """An answer with status 400: AWS's error code and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def install(resource: ResourceType) -> None:
    """Teach CloudFormation a resource type whose tags are a list named `Tags`."""
    provisioners._RESOURCE_HANDLERS[resource.name] = {
        "create": resource.create,
        "update": resource.update,
        "update_with_logical_id": True,
        "delete": resource.delete,
    }
    provisioners._REPLACING_PROPERTIES[resource.name] = resource.create_only
    provisioners._STACK_TAG_PROPERTY[resource.name] = ("Tags", "list")
    if resource.region:
        type_regions[resource.name] = resource.region


def install_api(api: Api) -> None:
    """Serve an API, with IAM in front of it when that is on."""

    async def handle(_method: str, _path: str, headers: dict[str, str], body: bytes, _query: object) -> Any:  # noqa: ANN401
        if api.region not in (None, get_region()):
            return error_response_json(
                "UnsupportedCommandException", f"The action isn't supported in {get_region()}."
            )
        name = headers.get("x-amz-target", "").rpartition(".")[2]
        if name not in api.operations:
            return error_response_json(
                "UnknownOperationException", f"The local AWS has no {api.service}:{name}."
            )
        try:
            return json_response(api.operations[name](json.loads(body or b"{}")))
        except ApiError as error:
            return error_response_json(*error.args)

    app.SERVICE_HANDLERS[api.service] = handle
    router.SERVICE_PATTERNS[api.service] = {"target_prefixes": [api.target], "credential_scope": api.service}
    iam_actions.SERVICE_TO_IAM_NAMESPACE[api.service] = api.service


def explain_unknown_types() -> None:
    """Have a refused template say which resource is to blame: AWS's own message names only types."""
    validate = engine.validate_template_support

    def validate_with_names(
        template: dict[str, Any], conditions: dict[str, bool], params: dict[str, Any] | None = None
    ) -> None:
        if isinstance(template, dict) and not template.get("Transform"):
            _refuse_unknown_types(template.get("Resources") or {}, conditions)
        validate(template, conditions, params)

    for module in (handlers, changesets):
        module.validate_template_support = validate_with_names


def _refuse_unknown_types(resources: dict[str, Any], conditions: dict[str, bool]) -> None:
    reasons = {}
    types = set()
    for logical_id, resource in resources.items():
        kind = resource.get("Type", "") if isinstance(resource, dict) else ""
        if not kind or kind.startswith("Custom::") or not conditions.get(resource.get("Condition"), True):
            continue
        if kind not in provisioners._RESOURCE_HANDLERS:
            reasons[logical_id] = f"{kind} is not in the local AWS"
        elif type_regions.get(kind, get_region()) != get_region():
            reasons[logical_id] = f"{kind} is in {type_regions[kind]} only, not in {get_region()}"
        else:
            continue
        types.add(kind)
    if reasons:
        raise ValueError(
            f"Template format error: Unrecognized resource types: [{', '.join(sorted(types))}]. "
            + "; ".join(f"{logical_id}: {reason}" for logical_id, reason in reasons.items())
        )
