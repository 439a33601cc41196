"""AWS's answers, checked: all pages of a list, and values of the kinds that the API's model names.

Plain Python on a boto3 client: it imports neither boto3 nor botocore.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any, Final

MOST_FRUITLESS: Final = 500
"""Pages in a row that may bring nothing new. AWS filters some lists page by page, so some may be empty."""

_TOKENS: Final = {"nextToken": "nextToken", "NextToken": "NextToken", "NextMarker": "Marker"}
"""By the member of an answer that leads to the next page, the member of the request that takes it."""

_JSON: Final = ("json", "rest-json")
_LONGEST: Final = 60

ALWAYS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("cloudformation", "StackSummary"): ("StackName", "StackStatus"),
    ("ec2", "Region"): ("RegionName",),
    ("ecr", "Image"): ("imageId", "imageManifest"),
    ("ecr", "ImageFailure"): ("failureCode", "imageId"),
    ("ecr", "ImageIdentifier"): ("imageDigest",),
    ("ecr", "ImageScanStatus"): ("status",),
    ("ecr", "ImageTagMutabilityExclusionFilter"): ("filter", "filterType"),
    ("ecr", "PullThroughCacheRule"): ("ecrRepositoryPrefix", "upstreamRegistryUrl"),
    ("ecr", "RegistryScanningConfiguration"): ("rules", "scanType"),
    ("ecr", "RegistryScanningRule"): ("repositoryFilters", "scanFrequency"),
    ("ecr", "ReplicationConfiguration"): ("rules",),
    ("ecr", "ReplicationDestination"): ("region", "registryId"),
    ("ecr", "ReplicationRule"): ("destinations",),
    ("ecr", "Repository"): ("repositoryArn", "repositoryName"),
    ("ecr", "RepositoryCreationTemplate"): ("appliedFor", "prefix"),
    ("ecr", "RepositoryFilter"): ("filter",),
    ("ecr", "RepositoryScanningConfiguration"): ("repositoryName", "scanFrequency"),
    ("ecr", "RepositoryScanningConfigurationFailure"): ("repositoryName",),
    ("ecr", "ScanningRepositoryFilter"): ("filter",),
    ("ecr", "Tag"): ("Key", "Value"),
    ("ecr-public", "Repository"): ("repositoryArn", "repositoryName"),
    ("ecr-public", "Tag"): ("Key", "Value"),
    ("ecs", "ContainerDefinition"): ("image",),
    ("ecs", "Service"): ("serviceArn", "serviceName"),
    ("ecs", "Task"): ("taskArn", "taskDefinitionArn"),
    ("events", "EventBus"): ("Name",),
    ("events", "Target"): ("Arn",),
    ("kms", "KeyMetadata"): ("Arn",),
    ("lambda", "FunctionConfiguration"): ("FunctionName", "PackageType", "Version"),
    ("organizations", "Account"): ("Id",),
    ("organizations", "Organization"): ("Id",),
    ("scheduler", "ScheduleSummary"): ("GroupName", "Name", "Target"),
    ("scheduler", "TargetSummary"): ("Arn",),
}
"""By service and shape, the fields that AWS sends with every object and that readers rely on.

The models of these APIs leave most of them optional."""

# botocore itself turns this text into an object.
_DECODED: Final = ("TemplateBody",)
_KINDS: Final[Mapping[str, Any]] = {
    "boolean": (bool,),
    "double": (int, float),
    "float": (int, float),
    "integer": (int, float),
    "list": (list,),
    "long": (int, float),
    "map": (dict,),
    "string": (str,),
    "structure": (dict,),
    "timestamp": (int, float, str, datetime),
}


class AnswerError(ValueError):
    """An answer that AWS does not send: a field is missing or of another kind, or pages never end.

    The message says what is wrong with it, as half a sentence such as `an answer without repositoryArn`.
    """


def guard(client: Any) -> None:  # noqa: ANN401 - a boto3 client of any service
    """Check every answer that a client gets, whatever the call.

    The client's methods raise `AnswerError` for a value of a kind that the API's model does not name, such as
    a list where an object belongs, and for an object without a field that AWS always sends. Without this,
    botocore reads an object in place of a list as an empty list, and fails on a list in place of an object.

    Args:
        client: The client.
    """
    client.meta.events.register("before-parse", _check_sent)
    client.meta.events.register("after-call", _check_parsed)


def pages(
    client: Any,  # noqa: ANN401 - a boto3 client of any service
    operation: str,
    key: str,
    *,
    identity: tuple[str, ...] = (),
    **request: Any,  # noqa: ANN401
) -> list[Any]:
    """All items of a list that AWS gives in pages, each once.

    An item that comes again counts once, as it was last; it may have changed while the list was read.

    Args:
        client: The client.
        operation: Its method's name, such as `describe_images`.
        key: The key of the list in the answer.
        identity: The fields that tell one item from another. Default: the items are texts, and each is its
            own identity.
        request: The method's arguments.

    Raises:
        AnswerError: An answer lacks the list, an item lacks a field of its identity, a page token comes
            again, or `MOST_FRUITLESS` pages in a row bring nothing new.
    """
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
    sent_in = next(name for name in _TOKENS if name in model.output_shape.members)
    found: dict[Hashable, Any] = {}
    seen: set[str] = set()
    token: dict[str, str] = {}
    fruitless = 0
    while True:
        answer = getattr(client, operation)(**request, **token)
        if not isinstance(answer.get(key), list):
            raise AnswerError(f"an answer without {key}")
        before = len(found)
        for item in answer[key]:
            found[_identity(item, identity, key)] = item
        following = answer.get(sent_in)
        if not following:
            return list(found.values())
        fruitless = fruitless + 1 if len(found) == before else 0
        if following in seen:
            raise AnswerError(f"pages of {key} without an end: {sent_in} {_short(following)} comes again")
        if fruitless >= MOST_FRUITLESS:
            raise AnswerError(f"{fruitless:,} pages in a row without anything new in {key}, and more to come")
        seen.add(following)
        token = {_TOKENS[sent_in]: following}


def _identity(item: Any, fields: tuple[str, ...], key: str) -> Hashable:  # noqa: ANN401
    if not fields:
        if isinstance(item, str) and item:
            return item
        raise AnswerError(f"an answer with {_short(item)} in {key}")
    if not isinstance(item, dict):
        raise AnswerError(f"an answer with {_short(item)} in {key}")
    for field in fields:
        if not isinstance(item.get(field), str) or not item[field]:
            raise AnswerError(f"an answer without {field}")
    return tuple(item[field] for field in fields)


def _check_sent(operation_model: Any, response_dict: Mapping[str, Any], **_: object) -> None:  # noqa: ANN401
    """Check a body in JSON before botocore reads it."""
    shape = operation_model.output_shape
    protocol = operation_model.service_model.resolved_protocol
    if response_dict["status_code"] >= 300 or shape is None or protocol not in _JSON:
        return
    try:
        sent = json.loads(response_dict["body"] or b"{}")
    except ValueError:
        raise AnswerError(f"an answer that is not JSON: {_short(response_dict['body'])}") from None
    _check(sent, shape, "place of an object")


def _check_parsed(http_response: Any, parsed: Any, model: Any, **_: object) -> None:  # noqa: ANN401
    """Check what botocore has read; here are also answers in XML."""
    if http_response.status_code < 300 and model.output_shape is not None:
        _check(parsed, model.output_shape, "place of an object", model.service_model.service_name)


def _check(value: Any, shape: Any, where: str, service: str = "") -> None:  # noqa: ANN401
    """Check a value by its shape; with the service, also for the fields that AWS always sends.

    Args:
        value: The value, as it was sent, or with the service as botocore has read it.
        shape: Its shape in the API's model.
        where: The field it is in.
        service: The service. Default: the value is as it was sent.
    """
    kind = shape.type_name
    if not isinstance(value, _KINDS.get(kind, (object,))) or (isinstance(value, bool) and kind != "boolean"):
        raise AnswerError(f"an answer with {_short(value)} in {where}")
    if kind == "list":
        for item in value:
            _check(item, shape.member, where, service)
    elif kind == "map":
        for item in value.values():
            _check(item, shape.value, where, service)
    elif kind == "structure" and not shape.is_document_type:
        for name, member in shape.members.items():
            key = name if service else member.serialization.get("name", name)
            if value.get(key) is not None and name not in _DECODED:
                _check(value[key], member, name, service)
        for name in ALWAYS.get((service, shape.name), ()):
            # The value of a tag may be empty; a name or an ARN may not.
            if value.get(name) is None or (value[name] == "" and name != "Value"):
                raise AnswerError(f"an answer without {name}")


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return repr(text[:_LONGEST] + "...") if len(text) > _LONGEST else repr(value)
