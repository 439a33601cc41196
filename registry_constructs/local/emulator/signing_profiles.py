"""Permissions on signing profiles: the actions that AWS Signer takes for each platform."""

from __future__ import annotations

from typing import Any

from ministack.services import signer

_SHARED = ("signer:GetSigningProfile", "signer:RevokeSignature")
_CONTAINERS = "Notation-OCI-SHA384-ECDSA"

_add_permission = signer._add_profile_permission


def _actions(platform: str) -> tuple[str, ...]:
    """API AddProfilePermission; the order is that of AWS's own message."""
    return ("signer:SignPayload" if platform == _CONTAINERS else "signer:StartSigningJob", *_SHARED)


def _add(name: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - ministack's answer
    profile, _ = signer._active_profile_for_permissions(name, None)
    # The table has no platform, so ministack would refuse for images what it refuses for Lambda.
    platform = profile["platformId"] if profile else ""
    taken = signer._PERMISSION_ACTIONS
    signer._PERMISSION_ACTIONS = _actions(platform)
    try:
        return _add_permission(name, body)
    finally:
        signer._PERMISSION_ACTIONS = taken


def install() -> None:
    """Take for each platform the actions that it has: ministack takes those of AWS Lambda's for all."""
    signer._add_profile_permission = _add
