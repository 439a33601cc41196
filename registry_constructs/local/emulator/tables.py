"""How ministack is taught a resource type or an API: entries in its own tables, before its server starts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack import app
from ministack.core import iam_actions, router
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services.cloudformation import changesets, engine, handlers, provisioners

from registry_constructs.local.emulator import schemas
from registry_constructs.local.emulator.schemas import Properties

Created = tuple[str, dict[str, str]]
"""A resource's physical id (what Ref gives) and its attributes (what Fn::GetAtt gives)."""

_installed: set[str] = set()


class ApiError(Exception):
    """An answer with status 400: AWS's error code and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A CloudFormation resource type that AWS publishes a schema of.

    Properties come here checked against that schema. What the handlers refuse they say with `ApiError`.

    Attributes:
        name: Such as `AWS::ECR::PublicRepository`.
        create: Takes logical id, properties and stack name.
        update: Takes physical id, old and new properties. A replacement is a create and a delete instead.
        delete: Takes the physical id; a resource that is gone already is fine.
    """

    name: str
    create: Callable[[str, Properties, str], Created]
    update: Callable[[str, Properties, Properties], Created]
    delete: Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Api:
    """An AWS service that speaks the JSON protocol, or operations that ministack's own lacks.

    Attributes:
        service: The name that requests are signed for, and the prefix of its IAM actions.
        target: What precedes the operation in the header `X-Amz-Target`.
        operations: By name; each takes the request and returns the answer or raises `ApiError`. They
            precede ministack's own.
        region: The only Region that has it; None when all have it.
    """

    service: str
    target: str
    operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]]
    region: str | None = None


def install(resource: ResourceType) -> None:
    """Teach CloudFormation a resource type."""
    name, schema = resource.name, schemas.read(resource.name)

    def create(logical_id: str, properties: Properties, stack: str) -> Created:
        properties = schema.check(logical_id, properties)
        try:
            return resource.create(logical_id, properties, stack)
        except ApiError as error:
            identifier = properties.get(schema.identifier, get_account_id())
            raise ValueError(_reason(error, name, identifier)) from error

    def update(identifier: str, old: Properties, new: Properties, _stack: str, logical_id: str) -> Created:
        try:
            return resource.update(identifier, old, schema.check(logical_id, new))
        except ApiError as error:
            raise ValueError(_reason(error, name, identifier)) from error

    provisioners._RESOURCE_HANDLERS[name] = {
        "create": create,
        "update": update,
        "update_with_logical_id": True,
        "delete": lambda identifier, _properties: resource.delete(identifier),
    }
    provisioners._REPLACING_PROPERTIES[name] = schema.create_only
    if schema.tags:
        provisioners._STACK_TAG_PROPERTY[name] = (schema.tags, "list")
    _installed.add(name)


def _reason(error: ApiError, kind: str, identifier: str) -> str:
    """Why a resource failed, in CloudFormation's words."""
    code, message = error.args
    if code.endswith("AlreadyExistsException"):
        return f"Resource of type '{kind}' with identifier '{identifier}' already exists."
    return f'Resource handler returned message: "{message} (Status Code: 400, Error Code: {code})"'


def install_api(api: Api) -> None:
    """Serve an API, with IAM in front of it when that is on."""
    ministacks_own = app.SERVICE_HANDLERS.get(api.service)

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: object) -> Any:  # noqa: ANN401
        if api.region not in (None, get_region()):
            return error_response_json(
                "UnsupportedCommandException", f"The action isn't supported in {get_region()}."
            )
        name = headers.get("x-amz-target", "").rpartition(".")[2]
        if name not in api.operations:
            if ministacks_own:
                return await ministacks_own(method, path, headers, body, query)
            return error_response_json(
                "UnknownOperationException", f"The local AWS has no {api.service}:{name}."
            )
        try:
            return json_response(api.operations[name](json.loads(body or b"{}")))
        except ApiError as error:
            return error_response_json(*error.args)

    app.SERVICE_HANDLERS[api.service] = handle
    if not ministacks_own:
        router.SERVICE_PATTERNS[api.service] = {
            "target_prefixes": [api.target],
            "credential_scope": api.service,
        }
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
        elif kind in _installed and not schemas.in_region(kind, get_region()):
            reasons[logical_id] = f"{kind} is not in {get_region()}"
        else:
            continue
        types.add(kind)
    if reasons:
        raise ValueError(
            f"Template format error: Unrecognized resource types: [{', '.join(sorted(types))}]. "
            + "; ".join(f"{logical_id}: {reason}" for logical_id, reason in reasons.items())
        )
