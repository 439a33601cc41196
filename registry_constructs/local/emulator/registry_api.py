"""ECR's API of a private registry: what an account has in a Region beside its repositories, and their list.

It keeps settings and checks them as ECR does; it replicates, scans, signs and caches nothing. What a scan
found is what a test set.
"""

from __future__ import annotations

import functools
from typing import Any

from ministack.core.responses import get_account_id

from registry_constructs.local.emulator import (
    image_answers,
    registry_entries,
    registry_settings,
    repository_pages,
    service_model,
)
from registry_constructs.local.emulator.tables import Api

_OPERATIONS = (
    registry_settings.OPERATIONS
    | registry_entries.OPERATIONS
    | image_answers.OPERATIONS
    | repository_pages.OPERATIONS
)


def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Carry out an operation.

    Raises:
        ApiError: ECR would refuse it.
    """
    service_model.check("ecr", operation, request)
    account = get_account_id()
    if request.get("registryId", account) != account:
        raise service_model.refusal("registryId", "must be the account's own")
    return {"registryId": account, **_OPERATIONS[operation](request)}


API = Api(
    service="ecr",
    target="AmazonEC2ContainerRegistry_V20150921",
    operations={name: functools.partial(call, name) for name in _OPERATIONS},
)
