"""`Ref` of an `AWS::SecretsManager::Secret` is its ARN, as on AWS; ministack's own is the secret's name.

The CDK hands a secret on by its Ref, so without this no cache rule could have a secret of its own stack.
"""

from __future__ import annotations

from typing import Any

from ministack.services import secretsmanager
from ministack.services.cloudformation import provisioners

from registry_constructs.local.emulator.schemas import Properties
from registry_constructs.local.emulator.tables import Created

_TYPE = "AWS::SecretsManager::Secret"


def install() -> None:
    """Wrap ministack's handlers, which know a secret by its name."""
    own: dict[str, Any] = provisioners._RESOURCE_HANDLERS[_TYPE]

    def create(logical_id: str, properties: Properties, stack: str) -> Created:
        return _by_arn(own["create"](logical_id, properties, stack))

    def update(arn: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
        return _by_arn(own["update"](_name(arn), old, new, stack, logical_id))

    def delete(arn: str, properties: Properties) -> None:
        own["delete"](_name(arn), properties)

    provisioners._RESOURCE_HANDLERS[_TYPE] = own | {"create": create, "update": update, "delete": delete}


def _by_arn(created: Created) -> Created:
    _, attributes = created
    return attributes["Arn"], attributes


def _name(arn: str) -> str:
    """The name of a secret; of one that is gone, whatever it was called by."""
    name, _ = secretsmanager._resolve(arn)
    return name or arn
