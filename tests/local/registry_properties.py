"""Properties of the registry's resource types, and what ECR's API then says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.local.stacks import template

OTHER = "999999999999"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "ecr:ReplicateImage", "Resource": "*"},
    ],
}
PROFILE = f"arn:aws:signer:us-east-1:{OTHER}:/signing-profiles/release"
ROLE = f"arn:aws:iam::{OTHER}:role/templates"


def body(kind: str, properties: dict[str, Any], *attributes: str) -> str:
    return template({"It": (f"AWS::ECR::{kind}", properties)}, *attributes)


def replication(*regions: str, rules: int = 1) -> dict[str, Any]:
    rule = {"Destinations": [{"Region": region, "RegistryId": OTHER} for region in regions]}
    return {"ReplicationConfiguration": {"Rules": [rule] * rules}}


def scanning(kind: str, frequency: str = "SCAN_ON_PUSH", wildcard: str = "*") -> dict[str, Any]:
    repositories = [{"Filter": wildcard, "FilterType": "WILDCARD"}]
    return {
        "ScanType": kind,
        "Rules": [{"ScanFrequency": frequency, "RepositoryFilters": repositories}],
    }


def signing(*profiles: str) -> dict[str, Any]:
    return {"Rules": [{"SigningProfileArn": profile} for profile in profiles]}


def cache(prefix: str, url: str = "quay.io", **more: str) -> dict[str, Any]:
    return {"EcrRepositoryPrefix": prefix, "UpstreamRegistryUrl": url} | more


def creation(prefix: str, **more: Any) -> dict[str, Any]:
    return {"Prefix": prefix, "AppliedFor": ["REPLICATION"]} | more


def principal(name: str) -> dict[str, Any]:
    return {"PrincipalArn": f"arn:aws:iam::{OTHER}:role/{name}"}


def read_policy(ecr: Any) -> Any:
    try:
        return json.loads(ecr.get_registry_policy()["policyText"])
    except ecr.exceptions.RegistryPolicyNotFoundException:
        return None


def read_replication(ecr: Any) -> Any:
    rules = ecr.describe_registry()["replicationConfiguration"]["rules"]
    return [[place["region"] for place in rule["destinations"]] for rule in rules]


def read_scanning(ecr: Any) -> Any:
    found = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    return found["scanType"], [rule["scanFrequency"] for rule in found["rules"]]


def read_signing(ecr: Any) -> Any:
    try:
        rules = ecr.get_signing_configuration()["signingConfiguration"]["rules"]
    except ecr.exceptions.SigningConfigurationNotFoundException:
        return None
    return [rule["signingProfileArn"] for rule in rules]


def read_caches(ecr: Any) -> Any:
    rules = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    return [(rule["ecrRepositoryPrefix"], rule["upstreamRegistry"]) for rule in rules]


def read_templates(ecr: Any) -> Any:
    found = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
    return [(one["prefix"], one.get("description")) for one in found]


def read_exclusions(ecr: Any) -> Any:
    return ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a type makes of two sets of properties, the second an update; `identifiers` are what Ref gives."""

    read: Callable[[Any], Any]
    empty: Any
    properties: tuple[dict[str, Any], dict[str, Any]]
    found: tuple[Any, Any]
    identifiers: tuple[str, str] | None = None


CASES = {
    "RegistryPolicy": Case(
        read=read_policy,
        empty=None,
        properties=({"PolicyText": POLICY}, {"PolicyText": json.dumps({"Statement": []})}),
        found=(POLICY, {"Statement": []}),
    ),
    "ReplicationConfiguration": Case(
        read=read_replication,
        empty=[],
        properties=(replication("eu-west-1"), replication("eu-west-1", "us-east-1", rules=2)),
        found=([["eu-west-1"]], [["eu-west-1", "us-east-1"]] * 2),
    ),
    "RegistryScanningConfiguration": Case(
        read=read_scanning,
        empty=("BASIC", []),
        properties=(scanning("BASIC"), scanning("ENHANCED", "CONTINUOUS_SCAN")),
        found=(("BASIC", ["SCAN_ON_PUSH"]), ("ENHANCED", ["CONTINUOUS_SCAN"])),
    ),
    "SigningConfiguration": Case(
        read=read_signing,
        empty=None,
        properties=(signing(PROFILE), signing(PROFILE, PROFILE + "2")),
        found=([PROFILE], [PROFILE, PROFILE + "2"]),
    ),
    "PullThroughCacheRule": Case(
        read=read_caches,
        empty=[],
        properties=(cache("quay"), cache("k8s", "registry.k8s.io", UpstreamRegistry="k8s")),
        found=([("quay", "quay")], [("k8s", "k8s")]),
        identifiers=("quay", "k8s"),
    ),
    "RepositoryCreationTemplate": Case(
        read=read_templates,
        empty=[],
        properties=(creation("a"), creation("ROOT", Description="All")),
        found=([("a", None)], [("ROOT", "All")]),
        identifiers=("a", "ROOT"),
    ),
    "PullTimeUpdateExclusion": Case(
        read=read_exclusions,
        empty=[],
        properties=(principal("scanner"), principal("path/other")),
        found=(list(principal("scanner").values()), list(principal("path/other").values())),
        identifiers=(principal("scanner")["PrincipalArn"], principal("path/other")["PrincipalArn"]),
    ),
}
