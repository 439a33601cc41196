"""What each resource of a template declares, as rules judge it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from registry_constructs.ecr.lifecycle.patterns import filter_matches
from registry_constructs.ecr.upstreams import UPSTREAMS
from registry_constructs.rules.checks.retained import is_retained
from registry_constructs.rules.state import (
    CacheState,
    Frequency,
    Location,
    PublicRepositoryState,
    RegistryPolicyState,
    RegistryState,
    ReplicationDestination,
    ReplicationState,
    RepositoryState,
    ScanningRule,
    ScanningState,
    TemplateState,
)
from registry_constructs.rules.statements import PLACEHOLDER, read_policy
from registry_constructs.rules.values import Unknown

_AT_DEPLOYMENT: Final = "it is known at the deployment only"
# AWS's own key, by its alias (UG encryption-at-rest).
_OWN_KEY: Final = "alias/aws/ecr"

Environment = tuple[str, str]
"""An account and a Region, each empty if the app leaves it open."""


class Resource(NamedTuple):
    """A resource with its functions resolved."""

    type: str
    properties: Mapping[str, Any]
    place: Location
    environment: Environment
    whole: Mapping[str, Any]
    stack_tags: Mapping[str, str]


def repository(one: Resource, scanning: Resource | None, caches: list[str]) -> RepositoryState:
    """A private repository, with the scanning configuration and the caches' prefixes of its registry."""
    properties = one.properties
    name = _text(properties.get("RepositoryName")) or f"${{{one.place.logical_id}}}"
    encryption = _mapping(properties.get("EncryptionConfiguration"))
    key = _text(encryption.get("KmsKey"))
    policy = properties.get("RepositoryPolicyText")
    own_scan = _mapping(properties.get("ImageScanningConfiguration")).get("ScanOnPush")
    return RepositoryState(
        name=name,
        place=one.place,
        encryption=_known(_text(encryption.get("EncryptionType")) or "AES256"),
        key="" if key == _OWN_KEY else key,
        mutability=_known(_text(properties.get("ImageTagMutability")) or "MUTABLE"),
        exclusions=_exclusions(properties.get("ImageTagMutabilityExclusionFilters")),
        scan=_frequency(name, own_scan, scanning),
        lifecycle=_known(_text(_mapping(properties.get("LifecyclePolicy")).get("LifecyclePolicyText"))),
        policy=read_policy(policy),
        policy_length=len(json.dumps(policy, separators=(",", ":"))) if policy else 0,
        tags=_tags(one),
        cached=any(name.startswith(f"{prefix.rstrip('/')}/") for prefix in caches),
        retained=is_retained(one.whole),
    )


def _exclusions(filters: object) -> tuple[str, ...] | Unknown:
    if not isinstance(filters, list | None):
        return Unknown(_AT_DEPLOYMENT)
    return tuple(_text(_mapping(one).get("ImageTagMutabilityExclusionFilterValue")) for one in filters or ())


def public(one: Resource) -> PublicRepositoryState:
    """A public repository."""
    return PublicRepositoryState(
        name=_text(one.properties.get("RepositoryName")) or f"${{{one.place.logical_id}}}",
        place=one.place,
        tags=_tags(one),
        policy=read_policy(one.properties.get("RepositoryPolicyText")),
    )


def template(one: Resource) -> TemplateState:
    """A repository creation template."""
    applied = one.properties.get("AppliedFor")
    return TemplateState(
        name=_text(one.properties.get("Prefix")),
        place=one.place,
        applied_for=tuple(map(str, applied)) if isinstance(applied, list) else Unknown(_AT_DEPLOYMENT),
        policy=read_policy(one.properties.get("RepositoryPolicy")),
    )


def cache(one: Resource, templates: tuple[TemplateState, ...]) -> CacheState:
    """A pull-through cache rule, with the creation templates of its registry."""
    named = UPSTREAMS.get(_text(one.properties.get("UpstreamRegistry")))
    host = _text(one.properties.get("UpstreamRegistryUrl"))
    return CacheState(
        name=_text(one.properties.get("EcrRepositoryPrefix")),
        place=one.place,
        upstream=_known(host or (named.host if named else "")),
        credential=_text(one.properties.get("CredentialArn")),
        role=_text(one.properties.get("CustomRoleArn")),
        templates=templates,
    )


def registry_policy(one: Resource) -> RegistryPolicyState:
    """A registry policy."""
    policy = one.properties.get("PolicyText")
    return RegistryPolicyState(
        name="registry policy",
        place=one.place,
        policy=read_policy(policy),
        policy_length=len(json.dumps(policy, separators=(",", ":"))),
    )


def replication(
    one: Resource,
    templates: Mapping[Environment, tuple[TemplateState, ...]],
    environments: Collection[Environment],
) -> ReplicationState:
    """A replication configuration, with the creation templates of the app's registries."""
    found: object = _mapping(one.properties.get("ReplicationConfiguration")).get("Rules")
    rules = found if isinstance(found, list) else []
    unknown = None if isinstance(found, list) else Unknown(_AT_DEPLOYMENT)

    def destination(rule: Mapping[str, Any], place: Mapping[str, Any]) -> ReplicationDestination:
        account, region = _text(place["RegistryId"]), _text(place["Region"])
        there = ("" if PLACEHOLDER.search(account) else account, region)
        found: tuple[TemplateState, ...] | Unknown = templates.get(there, ())
        if there not in environments:
            found = Unknown(f"no stack of this app is for {account} {region}")
        prefixes = tuple(_text(value.get("Filter")) for value in rule.get("RepositoryFilters") or ())
        return ReplicationDestination(account=account, region=region, prefixes=prefixes, templates=found)

    return ReplicationState(
        name="replication configuration",
        place=one.place,
        rules=unknown or len(rules),
        destinations=unknown
        or tuple(destination(rule, place) for rule in rules for place in rule["Destinations"]),
    )


def scanning(one: Resource, repositories: list[RepositoryState]) -> ScanningState:
    """A scanning configuration, with the repositories of its registry."""
    return ScanningState(
        name="scanning configuration",
        place=one.place,
        type=_known(_text(one.properties.get("ScanType"))),
        rules=_scanning_rules(one),
        repositories=tuple(state.name for state in repositories if not PLACEHOLDER.search(state.name)),
    )


def registry(environment: Environment, file: Path, repositories: int, caches: int) -> RegistryState:
    """A registry, with how much of it the app declares."""
    account, region = environment
    place = Location(
        account=account,
        region=region,
        address=f"aws://{account or 'unknown-account'}/{region or 'unknown-region'}",
        template=str(file),
    )
    return RegistryState(name="registry", place=place, repositories=repositories, caches=caches)


def _frequency(name: str, own: object, scanning: Resource | None) -> Frequency | Unknown:
    """How often images are scanned: the registry's rules come before the repository's own setting."""
    own_setting: Frequency = "SCAN_ON_PUSH" if own in (True, "true") else "MANUAL"
    if scanning is None:
        return own_setting
    rules = _scanning_rules(scanning)
    if isinstance(rules, Unknown):
        return rules
    made_up = PLACEHOLDER.search(name) is not None
    matched: set[Frequency] = set()
    for rule in rules:
        for value in rule.filters:
            if not value.strip("*") or (not made_up and filter_matches(value, name)):
                matched.add(rule.frequency)
    if "CONTINUOUS_SCAN" in matched:
        return "CONTINUOUS_SCAN"
    if matched:
        return "SCAN_ON_PUSH"
    if made_up and rules:
        return Unknown("CloudFormation makes up its name, so that nobody knows which scanning rules cover it")
    # Under ENHANCED nothing but the registry's rules counts (UG image-scanning-enhanced).
    return own_setting if scanning.properties.get("ScanType") == "BASIC" else "MANUAL"


def _scanning_rules(one: Resource) -> tuple[ScanningRule, ...] | Unknown:
    rules = one.properties.get("Rules")
    if not isinstance(rules, list):
        return Unknown(_AT_DEPLOYMENT)
    return tuple(
        ScanningRule(
            frequency=rule["ScanFrequency"],
            filters=tuple(value["Filter"] for value in rule["RepositoryFilters"]),
        )
        for rule in rules
    )


def _tags(one: Resource) -> dict[str, str] | Unknown:
    own = one.properties.get("Tags") or []
    if not isinstance(own, list):
        return Unknown(_AT_DEPLOYMENT)
    tags = {**one.stack_tags, **{str(tag["Key"]): str(tag["Value"]) for tag in own}}
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}


def _known(text: str) -> str | Unknown:
    return Unknown(_AT_DEPLOYMENT) if PLACEHOLDER.search(text) else text


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
