"""What ministack's private repositories lack: filters of tags that may move, and `cdk import`.

An import adopts a repository as it is, with its images, and changes nothing of it, as on AWS.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.services import ecr
from ministack.services.cloudformation import changesets, provisioners

from registry_constructs.local.emulator.schemas import Properties
from registry_constructs.local.emulator.tables import Created

_TYPE = "AWS::ECR::Repository"
_FILTERS = "imageTagMutabilityExclusionFilters"

Answer = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Wrap ministack's own operations and add the import to its tables."""
    ecr._create_repository = _keeping_filters(ecr._create_repository)
    ecr._put_image_tag_mutability = _keeping_filters(ecr._put_image_tag_mutability)
    ecr._repo_shape = _with_filters(ecr._repo_shape)
    handlers: dict[str, Any] = provisioners._RESOURCE_HANDLERS[_TYPE]
    own_create, own_update = handlers["create"], handlers["update"]

    def create(logical_id: str, properties: Properties, stack: str) -> Created:
        created: Created = own_create(logical_id, properties, stack)
        _take_filters(created[0], properties)
        return created

    def update(name: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
        updated: Created = own_update(name, old, new, stack, logical_id)
        _take_filters(updated[0], new)
        return updated

    provisioners._RESOURCE_HANDLERS[_TYPE] = handlers | {
        "create": create,
        "update": update,
        "import": _adopted,
    }
    changesets._IMPORT_LOOKUPS[_TYPE] = (("RepositoryName",), _import_problem)


def _keeping_filters(operation: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any]], Answer]:
    def kept(request: dict[str, Any]) -> Answer:
        status, headers, body = operation(request)
        if status < 400:
            name = request["repositoryName"]
            ecr._repositories[name][_FILTERS] = request.get(_FILTERS, [])
            answer = json.loads(body)
            answer.get("repository", answer)[_FILTERS] = request.get(_FILTERS, [])
            body = json.dumps(answer).encode()
        return status, headers, body

    return kept


def _with_filters(shape: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], Any]:
    def with_filters(repository: dict[str, Any]) -> dict[str, Any]:
        found = repository.get(_FILTERS)
        return shape(repository) | ({_FILTERS: found} if found else {})

    return with_filters


def _take_filters(name: str, properties: Properties) -> None:
    ecr._repositories[name][_FILTERS] = [
        {
            "filterType": one["ImageTagMutabilityExclusionFilterType"],
            "filter": one["ImageTagMutabilityExclusionFilterValue"],
        }
        for one in properties.get("ImageTagMutabilityExclusionFilters", [])
    ]


def _adopted(identifier: dict[str, str]) -> Created:
    repository = ecr._repositories[identifier["RepositoryName"]]
    return repository["repositoryName"], {
        "Arn": repository["repositoryArn"],
        "RepositoryUri": repository["repositoryUri"],
    }


def _import_problem(name: str) -> str | None:
    """Why a repository can't be imported, in CloudFormation's words; None if it can."""
    if name in ecr._repositories:
        return None
    return f"Resource of type '{_TYPE}' with identifier '{name}' was not found."
