"""`AWS::IAM::OIDCProvider`, kept where ministack keeps identity providers; nobody asks one for its keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from ministack.core.responses import get_account_id
from ministack.services import iam

from registry_constructs.local.emulator.schemas import Properties
from registry_constructs.local.emulator.tables import ApiError, Created, ResourceType


def _create(_logical_id: str, properties: Properties, _stack: str) -> Created:
    url = properties["Url"]
    arn = f"arn:aws:iam::{get_account_id()}:oidc-provider/{url.removeprefix('https://')}"
    if arn in iam._oidc_providers:
        raise ApiError("EntityAlreadyExistsException", f"Provider with url {url} already exists.")
    iam._oidc_providers[arn] = {
        "Arn": arn,
        "CreateDate": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Url": url.removeprefix("https://"),
    }
    return _update(arn, {}, properties)


def _update(arn: str, _old: Properties, new: Properties) -> Created:
    iam._oidc_providers[arn] |= {
        "ClientIDList": list(new.get("ClientIdList", [])),
        "ThumbprintList": list(new.get("ThumbprintList", [])),
        "Tags": list(new.get("Tags", [])),
    }
    return arn, {"Arn": arn}


def _delete(arn: str) -> None:
    iam._oidc_providers.pop(arn, None)


RESOURCE_TYPE: Final = ResourceType(
    name="AWS::IAM::OIDCProvider", create=_create, update=_update, delete=_delete
)
