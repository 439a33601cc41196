"""The CloudFormation types of a registry's settings, each carried out by the operations of ECR's own API.

AWS publishes the handlers of policy and replication only: those refuse a registry that has one already. Here
scanning and signing do so too, because two owners would overwrite each other in silence. A registry always
has scanning; it counts as owned when it is not as in a new registry, or is a resource of a stack.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id

from registry_constructs.local.emulator import schemas
from registry_constructs.local.emulator.registry_api import call
from registry_constructs.local.emulator.registry_entries import caches, exclusions, templates
from registry_constructs.local.emulator.registry_settings import (
    NO_REPLICATION,
    NO_SCANNING,
    policies,
    replications,
    scannings,
    signings,
)
from registry_constructs.local.emulator.schemas import Properties, Schema
from registry_constructs.local.emulator.tables import ApiError, Created, ResourceType

# Where the API's name of a member is not CloudFormation's with a small letter.
_MEMBERS = {
    "ImageTagMutabilityExclusionFilterType": "filterType",
    "ImageTagMutabilityExclusionFilterValue": "filter",
    "Key": "Key",
    "Value": "Value",
}


@dataclass(frozen=True, kw_only=True)
class _Row:
    """How a type is carried out.

    Attributes:
        name: The type without `AWS::ECR::`.
        store: Its records, by what Ref gives.
        create: The operation.
        update: The operation; None when every change replaces the resource.
        member: The request's member that takes the properties; None when they are the request.
        default: What the API has instead of a record, and doesn't keep.
    """

    name: str
    store: AccountRegionScopedDict
    create: str
    update: str | None = None
    member: str | None = None
    default: dict[str, Any] | None = None


_ROWS = (
    _Row(name="RegistryPolicy", store=policies, create="PutRegistryPolicy", update="PutRegistryPolicy"),
    _Row(
        name="ReplicationConfiguration",
        store=replications,
        create="PutReplicationConfiguration",
        update="PutReplicationConfiguration",
        default=NO_REPLICATION,
    ),
    _Row(
        name="RegistryScanningConfiguration",
        store=scannings,
        create="PutRegistryScanningConfiguration",
        update="PutRegistryScanningConfiguration",
        default=NO_SCANNING,
    ),
    _Row(
        name="SigningConfiguration",
        store=signings,
        create="PutSigningConfiguration",
        update="PutSigningConfiguration",
        member="signingConfiguration",
    ),
    _Row(name="PullThroughCacheRule", store=caches.records, create="CreatePullThroughCacheRule"),
    _Row(
        name="RepositoryCreationTemplate",
        store=templates.records,
        create="CreateRepositoryCreationTemplate",
        update="UpdateRepositoryCreationTemplate",
    ),
    _Row(name="PullTimeUpdateExclusion", store=exclusions.records, create="RegisterPullTimeUpdateExclusion"),
)


def _create(row: _Row, _logical_id: str, properties: Properties, _stack: str) -> Created:
    identifier = properties.get(_schema(row).identifier, get_account_id())
    if identifier in row.store:
        raise ApiError("AlreadyExistsException", f"There is one for {identifier}")
    return _put(row, row.create, identifier, _request(properties))


def _update(row: _Row, identifier: str, old: Properties, new: Properties) -> Created:
    assert row.update  # noqa: S101 - otherwise every change is a replacement
    request = _request(new)
    # Null sets back what the template no longer has.
    gone = dict.fromkeys(_request(old).keys() - request.keys())
    return _put(row, row.update, identifier, request | gone)


def _put(row: _Row, operation: str, identifier: str, request: dict[str, Any]) -> Created:
    call(operation, {row.member: request} if row.member else request)
    record = row.store.setdefault(identifier, row.default) | {"registryId": get_account_id()}
    return identifier, {name: _attribute(record[_member(name)]) for name in _schema(row).read_only}


def _delete(row: _Row, identifier: str) -> None:
    row.store.pop(identifier, None)


def _request(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Properties as the API names them."""
    if isinstance(value, dict):
        return {_member(name): _request(member) for name, member in value.items()}
    return [_request(member) for member in value] if isinstance(value, list) else value


def _member(name: str) -> str:
    return _MEMBERS.get(name, name[0].lower() + name[1:])


def _attribute(value: str | float) -> str:
    """A time is seconds in the API, and ISO 8601 as an attribute."""
    if isinstance(value, str):
        return value
    return datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _name(row: _Row) -> str:
    return f"AWS::ECR::{row.name}"


def _schema(row: _Row) -> Schema:
    return schemas.read(_name(row))


RESOURCE_TYPES = [
    ResourceType(
        name=_name(row),
        create=functools.partial(_create, row),
        update=functools.partial(_update, row),
        delete=functools.partial(_delete, row),
    )
    for row in _ROWS
]
