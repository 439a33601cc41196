"""ECR's API of what a registry holds by name: pull-through cache rules, creation templates, exclusions.

An exclusion is a principal whose pulls don't count as an image's last pull.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region
from ministack.services import secretsmanager

from registry_constructs.ecr import limits
from registry_constructs.ecr.upstreams import UPSTREAMS
from registry_constructs.local.emulator.service_model import json_object, refusal
from registry_constructs.local.emulator.tables import ApiError

Json = dict[str, Any]


@dataclass(frozen=True)
class Entries:
    """One kind of what a registry holds.

    Attributes:
        error: What AWS's error codes call it.
        words: What messages call it.
        most: How many a registry may hold.
        records: In the API's shape, by name.
    """

    error: str
    words: str
    most: int | None = None
    records: AccountRegionScopedDict = field(default_factory=AccountRegionScopedDict)

    def add(self, name: str, record: Json) -> Json:
        """Keep a new one, with the time."""
        if name in self.records:
            raise ApiError(f"{self.error}AlreadyExistsException", f"The {self.words} '{name}' already exists")
        if self.most and len(self.records) >= self.most:
            raise ApiError("LimitExceededException", f"A registry has at most {self.most} {self.words}s")
        now = time.time()
        self.records[name] = record | {"createdAt": now, "updatedAt": now}
        return self.find(name)

    def find(self, name: str) -> Json:
        """The one that is named."""
        if name not in self.records:
            raise ApiError(f"{self.error}NotFoundException", f"The {self.words} '{name}' does not exist")
        return self.records[name]  # type: ignore[no-any-return]

    def remove(self, name: str) -> Json:
        """Take the one that is named away."""
        record = self.find(name)
        del self.records[name]
        return record


caches = Entries("PullThroughCacheRule", "pull through cache rule", limits.PULL_THROUGH_CACHE_RULES)
templates = Entries("Template", "repository creation template")
exclusions = Entries("Exclusion", "pull time update exclusion", limits.PULL_TIME_EXCLUSIONS)
STORES = (caches.records, templates.records, exclusions.records)

_TEMPLATE_DEFAULTS: Json = {
    "encryptionConfiguration": {"encryptionType": "AES256"},
    "imageTagMutability": "MUTABLE",
    "resourceTags": [],
}

_PAGE = 100  # results of a page when a request names no number (API DescribePullThroughCacheRules)


def _page(request: Json, result: str, items: list[Any]) -> Json:
    """The page of `items` that a request asks for."""
    token = request.get("nextToken", "0")
    if not token.isdecimal():
        raise refusal("nextToken", "must be the token of a page")
    start = int(token)
    end = start + request.get("maxResults", _PAGE)
    return {result: items[start:end]} | ({"nextToken": str(end)} if end < len(items) else {})


# Pull-through cache rules -------------------------------------------------------------------------------


def _create_cache(request: Json) -> Json:
    url = request["upstreamRegistryUrl"]
    candidates = (
        one
        for one in UPSTREAMS.values()
        if (one.own_host.fullmatch(url) if one.own_host else url == one.host)
    )
    upstream = next(candidates, None)
    if upstream is None or request.get("upstreamRegistry", upstream.name) != upstream.name:
        raise ApiError("UnsupportedUpstreamRegistryException", f"'{url}' is no supported upstream registry")
    secret = request.get("credentialArn")
    if secret:
        _check_secret(secret)
    elif upstream.needs_secret:
        raise refusal("credentialArn", f"must not be null for {upstream.name}")
    defaults = {"registryId": get_account_id(), "upstreamRepositoryPrefix": limits.ROOT_PREFIX}
    record = defaults | request | {"upstreamRegistry": upstream.name}
    return caches.add(request["ecrRepositoryPrefix"], record)


def _check_secret(arn: str) -> None:
    text = secretsmanager.resolve_secret_string(arn) if arn.split(":")[3] == get_region() else None
    if text is None:
        raise ApiError(
            "SecretNotFoundException",
            f"The secret '{arn}' does not exist in account {get_account_id()} and Region {get_region()}",
        )
    keys = {"username", "accessToken"}
    if not keys <= json_object(text).keys():
        raise refusal("credentialArn", "the secret must be a JSON object with username and accessToken")


def _update_cache(request: Json) -> Json:
    record = caches.find(request["ecrRepositoryPrefix"])
    if "credentialArn" in request:
        _check_secret(request["credentialArn"])
    record |= request | {"updatedAt": time.time()}
    return record


def _describe_caches(request: Json) -> Json:
    names = request.get("ecrRepositoryPrefixes") or list(caches.records)
    return _page(request, "pullThroughCacheRules", [caches.find(name) for name in names])


# Repository creation templates --------------------------------------------------------------------------


def _template(request: Json, old: Json) -> Json:
    """A template after a request; a member that is null goes back to its default."""
    record = old | request
    record = _TEMPLATE_DEFAULTS | {key: value for key, value in record.items() if value is not None}
    encrypted = record["encryptionConfiguration"]["encryptionType"] != "AES256"
    if (encrypted or record["resourceTags"]) and not record.get("customRoleArn"):
        raise refusal("customRoleArn", "must not be null with KMS encryption or resource tags")
    return record


def _create_template(request: Json) -> Json:
    record = templates.add(request["prefix"], _template(request, {}))
    return {"repositoryCreationTemplate": record}


def _update_template(request: Json) -> Json:
    record = _template(request, templates.find(request["prefix"])) | {"updatedAt": time.time()}
    templates.records[request["prefix"]] = record
    return {"repositoryCreationTemplate": record}


def _describe_templates(request: Json) -> Json:
    """Unlike the other lists' operations, AWS's names no error for a prefix without a template."""
    names = request.get("prefixes") or list(templates.records)
    found = [templates.records[name] for name in names if name in templates.records]
    return _page(request, "repositoryCreationTemplates", found)


OPERATIONS: dict[str, Callable[[Json], Json]] = {
    "CreatePullThroughCacheRule": _create_cache,
    "UpdatePullThroughCacheRule": _update_cache,
    "DeletePullThroughCacheRule": lambda request: caches.remove(request["ecrRepositoryPrefix"]),
    "DescribePullThroughCacheRules": _describe_caches,
    "CreateRepositoryCreationTemplate": _create_template,
    "UpdateRepositoryCreationTemplate": _update_template,
    "DeleteRepositoryCreationTemplate": lambda request: {
        "repositoryCreationTemplate": templates.remove(request["prefix"])
    },
    "DescribeRepositoryCreationTemplates": _describe_templates,
    "RegisterPullTimeUpdateExclusion": lambda request: exclusions.add(request["principalArn"], request),
    "DeregisterPullTimeUpdateExclusion": lambda request: exclusions.remove(request["principalArn"]),
    "ListPullTimeUpdateExclusions": lambda request: _page(
        request, "pullTimeUpdateExclusions", list(exclusions.records)
    ),
}
