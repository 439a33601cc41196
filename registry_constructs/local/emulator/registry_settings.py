"""ECR's API of what a registry has one of: policy, replication, scanning, signing and account settings."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region
from ministack.services import ecr

from registry_constructs.ecr import limits
from registry_constructs.local.emulator.service_model import json_object, refusal
from registry_constructs.local.emulator.tables import ApiError

Json = dict[str, Any]

policies = AccountRegionScopedDict()
replications = AccountRegionScopedDict()
scannings = AccountRegionScopedDict()
signings = AccountRegionScopedDict()
account_settings = AccountRegionScopedDict()
STORES = (policies, replications, scannings, signings, account_settings)
"""Records in the API's shape: the first four by the account's id, the last by the setting's name."""

NO_REPLICATION: Json = {"rules": []}
NO_SCANNING: Json = {"scanType": "BASIC", "rules": []}


def _put(store: AccountRegionScopedDict, value: Json, default: Json | None = None) -> None:
    """Keep a setting; one that is as in a new registry is not kept."""
    if value == default:
        store.pop(get_account_id(), None)
    else:
        store[get_account_id()] = value


def _take(store: AccountRegionScopedDict, error: str, words: str, *, remove: bool) -> Json:
    record = store.get(get_account_id())
    if record is None:
        raise ApiError(error, f"The registry with id '{get_account_id()}' has no {words}")
    if remove:
        del store[get_account_id()]
    return record  # type: ignore[no-any-return]


def _put_policy(request: Json) -> Json:
    if not json_object(request["policyText"]):
        raise refusal("policyText", "must be a policy")
    _put(policies, {"policyText": request["policyText"]})
    return {"policyText": request["policyText"]}


_take_policy = functools.partial(_take, policies, "RegistryPolicyNotFoundException", "registry policy")


def _describe_registry(_request: Json) -> Json:
    return {"replicationConfiguration": replications.get(get_account_id(), NO_REPLICATION)}


def _put_replication(request: Json) -> Json:
    rules = request["replicationConfiguration"]["rules"]
    places = {(place["registryId"], place["region"]) for rule in rules for place in rule["destinations"]}
    refusals = (
        (len(rules) > limits.REPLICATION_RULES, f"at most {limits.REPLICATION_RULES} rules"),
        (
            len(places) > limits.REPLICATION_DESTINATIONS,
            f"at most {limits.REPLICATION_DESTINATIONS} different destinations",
        ),
        (
            (get_account_id(), get_region()) in places,
            "Replication destination cannot be the same as the source registry",
        ),
    )
    for applies, constraint in refusals:
        if applies:
            raise refusal("replicationConfiguration", constraint)
    _put(replications, {"rules": rules}, NO_REPLICATION)
    return {"replicationConfiguration": {"rules": rules}}


_FREQUENCIES = {"BASIC": {"SCAN_ON_PUSH", "MANUAL"}, "ENHANCED": {"SCAN_ON_PUSH", "CONTINUOUS_SCAN"}}
"""What each type of scanning supports (API RegistryScanningRule scanFrequency)."""


def _put_scanning(request: Json) -> Json:
    scanning: Json = {key: request.get(key, default) for key, default in NO_SCANNING.items()}
    kind = scanning["scanType"]
    for rule in scanning["rules"]:
        if rule["scanFrequency"] not in _FREQUENCIES[kind]:
            raise refusal("rules", f"{kind} does not support {rule['scanFrequency']}")
    _put(scannings, scanning, NO_SCANNING)
    return {"registryScanningConfiguration": scanning}


def _get_scanning(_request: Json) -> Json:
    return {"scanningConfiguration": scannings.get(get_account_id(), NO_SCANNING)}


def _get_repository_scanning(request: Json) -> Json:
    names = request["repositoryNames"]
    return {
        "scanningConfigurations": [_effective_scanning(name) for name in names if name in ecr._repositories],
        "failures": [
            {
                "repositoryName": name,
                "failureCode": "REPOSITORY_NOT_FOUND",
                "failureReason": f"The repository with name '{name}' does not exist",
            }
            for name in names
            if name not in ecr._repositories
        ],
    }


def _effective_scanning(name: str) -> Json:
    """What the registry's rules make of a repository; continuous scanning precedes scanning on push."""
    repository = ecr._repositories[name]
    scanning = scannings.get(get_account_id(), NO_SCANNING)
    applied = {
        rule["scanFrequency"]: [
            entry for entry in rule["repositoryFilters"] if _matches(entry["filter"], name)
        ]
        for rule in scanning["rules"]
    }
    # With basic scanning a repository's own setting still counts where no rule does.
    own = scanning["scanType"] == "BASIC" and repository["imageScanningConfiguration"]["scanOnPush"]
    frequency = next(
        (choice for choice in ("CONTINUOUS_SCAN", "SCAN_ON_PUSH") if applied.get(choice)),
        "SCAN_ON_PUSH" if own else "MANUAL",
    )
    return {
        "repositoryArn": repository["repositoryArn"],
        "repositoryName": name,
        "scanOnPush": frequency == "SCAN_ON_PUSH",
        "scanFrequency": frequency,
        "appliedScanFilters": applied.get(frequency, []),
    }


def _matches(wildcard: str, name: str) -> bool:
    """`*` matches any characters; a filter without one matches names that contain it."""
    if "*" not in wildcard:
        return wildcard in name
    return bool(re.fullmatch(".*".join(map(re.escape, wildcard.split("*"))), name))


def _put_signing(request: Json) -> Json:
    _put(signings, request["signingConfiguration"])
    return {"signingConfiguration": request["signingConfiguration"]}


_take_signing = functools.partial(
    _take, signings, "SigningConfigurationNotFoundException", "signing configuration"
)


# Account settings ---------------------------------------------------------------------------------------

_ACCOUNT_SETTINGS = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE",),
    "REGISTRY_POLICY_SCOPE": ("V2",),
    "BLOB_MOUNTING": ("DISABLED", "ENABLED"),
}
"""Each setting with the values that can be put, the first being a new registry's (API PutAccountSetting)."""


def _account_setting(request: Json) -> Json:
    """Put a setting when a value is given, else read it."""
    name = request["name"]
    if name not in _ACCOUNT_SETTINGS:
        raise refusal("name", f"must be one of {', '.join(_ACCOUNT_SETTINGS)}")
    default, *_ = values = _ACCOUNT_SETTINGS[name]
    value = request.get("value", account_settings.get(name, default))
    if value not in values:
        raise refusal("value", f"must be one of {', '.join(values)} for {name}")
    account_settings.pop(name, None)
    if value != default:
        account_settings[name] = value
    return {"name": name, "value": value}


OPERATIONS: dict[str, Callable[[Json], Json]] = {
    "DescribeRegistry": _describe_registry,
    "PutReplicationConfiguration": _put_replication,
    "GetRegistryPolicy": lambda _: _take_policy(remove=False),
    "PutRegistryPolicy": _put_policy,
    "DeleteRegistryPolicy": lambda _: _take_policy(remove=True),
    "GetRegistryScanningConfiguration": _get_scanning,
    "PutRegistryScanningConfiguration": _put_scanning,
    "BatchGetRepositoryScanningConfiguration": _get_repository_scanning,
    "GetSigningConfiguration": lambda _: {"signingConfiguration": _take_signing(remove=False)},
    "PutSigningConfiguration": _put_signing,
    "DeleteSigningConfiguration": lambda _: {"signingConfiguration": _take_signing(remove=True)},
    "GetAccountSetting": _account_setting,
    "PutAccountSetting": _account_setting,
}
