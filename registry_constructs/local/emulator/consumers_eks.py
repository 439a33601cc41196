"""What ministack's EKS lacks of CloudFormation: add-ons, access entries, Pod Identity, Fargate, manifests.

ministack has the APIs of the first three and only learns to read them from a template. Fargate profiles are
kept and described here. Manifests are kept, and not applied: there is no kubectl.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, json_response
from ministack.services import eks
from ministack.services.cloudformation import provisioners

from registry_constructs.local.emulator.schemas import Properties
from registry_constructs.local.emulator.tables import Created

MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"
NOT_APPLIED = "kept-not-applied"
"""What the physical ids of manifests begin with, for people who wonder where their pods are."""

_profiles = AccountRegionScopedDict()
_manifests = AccountRegionScopedDict()
_PROFILES_PATH = re.compile(r"/clusters/(?P<cluster>[^/]+)/fargate-profiles(?:/(?P<name>[^/]+))?")
_SYSTEM_NAMESPACE = "kube-system"


def install() -> None:
    """Teach CloudFormation these types, and the EKS API to describe Fargate profiles."""
    for name, create, update, delete, replacing in (
        ("Addon", _create_addon, _update_addon, _delete_addon, ("ClusterName", "AddonName")),
        (
            "AccessEntry",
            _create_access_entry,
            _update_access_entry,
            _delete_access_entry,
            ("ClusterName", "PrincipalArn", "Type"),
        ),
        (
            "PodIdentityAssociation",
            _create_association,
            _update_association,
            _delete_association,
            ("ClusterName", "Namespace", "ServiceAccount"),
        ),
        (
            "FargateProfile",
            _create_profile,
            _update_profile,
            _delete_profile,
            ("ClusterName", "FargateProfileName", "PodExecutionRoleArn", "Subnets", "Selectors"),
        ),
    ):
        kind = f"AWS::EKS::{name}"
        provisioners._RESOURCE_HANDLERS[kind] = {"create": create, "update": update, "delete": delete}
        provisioners._REPLACING_PROPERTIES[kind] = replacing
        provisioners._STACK_TAG_PROPERTY[kind] = ("Tags", "list")
    provisioners._RESOURCE_HANDLERS[MANIFEST] = {
        "create": _keep_manifest,
        "update": _update_manifest,
        "delete": lambda identifier, _properties: _manifests.pop(identifier, None),
    }
    app.SERVICE_HANDLERS["eks"] = _with_profiles(app.SERVICE_HANDLERS["eks"])


def _call(operation: Callable[..., Any], *arguments: object) -> dict[str, Any]:
    """Do what ministack's API does, and fail as CloudFormation does when it refuses."""
    status, _, body = operation(*arguments)
    answer: dict[str, Any] = json.loads(body or b"{}")
    if status >= 400:
        raise ValueError(f'Resource handler returned message: "{answer.get("message", answer)}"')
    return answer


def _request(properties: Properties, *names: str) -> dict[str, Any]:
    """Properties as the API names them."""
    found = {name[0].lower() + name[1:]: properties[name] for name in names if name in properties}
    return found | {"tags": {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}}


# Add-ons ------------------------------------------------------------------------------------------------

_ADDON = ("AddonName", "AddonVersion", "ConfigurationValues", "ServiceAccountRoleArn")


def _create_addon(_logical_id: str, properties: Properties, _stack: str) -> Created:
    cluster = properties["ClusterName"]
    addon = _call(eks._create_addon, cluster, _request(properties, *_ADDON))["addon"]
    _associate(cluster, addon["addonName"], properties)
    return f"{cluster}|{addon['addonName']}", {"Arn": addon["addonArn"]}


def _update_addon(identifier: str, _old: Properties, new: Properties, _stack: str) -> Created:
    cluster, _, name = identifier.partition("|")
    _call(eks._update_addon, cluster, name, _request(new, *_ADDON))
    _dissociate(cluster, name)
    _associate(cluster, name, new)
    return identifier, {"Arn": eks._addons[f"{cluster}/{name}"]["addonArn"]}


def _delete_addon(identifier: str, _properties: Properties) -> None:
    cluster, _, name = identifier.partition("|")
    if f"{cluster}/{name}" in eks._addons:
        _dissociate(cluster, name)
        _call(eks._delete_addon, cluster, name)


def _associate(cluster: str, addon: str, properties: Properties) -> None:
    """The Pod Identity associations of an add-on, which EKS makes and names by their ARNs."""
    made = [
        _call(
            eks._create_pod_identity_association,
            cluster,
            _request(one, "ServiceAccount", "RoleArn") | {"namespace": _SYSTEM_NAMESPACE},
        )["association"]
        for one in properties.get("PodIdentityAssociations", [])
    ]
    eks._addons[f"{cluster}/{addon}"]["podIdentityAssociations"] = [one["associationArn"] for one in made]


def _dissociate(cluster: str, addon: str) -> None:
    for arn in eks._addons[f"{cluster}/{addon}"]["podIdentityAssociations"]:
        _call(eks._delete_pod_identity_association, cluster, arn.rpartition("/")[2])


# Access entries -----------------------------------------------------------------------------------------

_ENTRY = ("PrincipalArn", "KubernetesGroups", "Type", "Username")


def _create_access_entry(_logical_id: str, properties: Properties, _stack: str) -> Created:
    cluster, principal = properties["ClusterName"], properties["PrincipalArn"]
    entry = _call(eks._create_access_entry, cluster, _request(properties, *_ENTRY))["accessEntry"]
    _allow(cluster, principal, properties)
    return f"{principal}|{cluster}", {"AccessEntryArn": entry["accessEntryArn"]}


def _update_access_entry(identifier: str, old: Properties, new: Properties, _stack: str) -> Created:
    principal, _, cluster = identifier.partition("|")
    entry = _call(eks._update_access_entry, cluster, principal, _request(new, *_ENTRY))["accessEntry"]
    for policy in old.get("AccessPolicies", []):
        _call(eks._disassociate_access_policy, cluster, principal, policy["PolicyArn"])
    _allow(cluster, principal, new)
    return identifier, {"AccessEntryArn": entry["accessEntryArn"]}


def _delete_access_entry(identifier: str, _properties: Properties) -> None:
    principal, _, cluster = identifier.partition("|")
    if eks._ae_key(cluster, principal) in eks._access_entries:
        _call(eks._delete_access_entry, cluster, principal)


def _allow(cluster: str, principal: str, properties: Properties) -> None:
    for policy in properties.get("AccessPolicies", []):
        scope = policy["AccessScope"]
        access_scope = {"type": scope["Type"], "namespaces": scope.get("Namespaces", [])}
        request = {"policyArn": policy["PolicyArn"], "accessScope": access_scope}
        _call(eks._associate_access_policy, cluster, principal, request)


# Pod Identity -------------------------------------------------------------------------------------------

_ASSOCIATION = ("Namespace", "ServiceAccount", "RoleArn", "TargetRoleArn", "DisableSessionTags", "Policy")


def _create_association(_logical_id: str, properties: Properties, _stack: str) -> Created:
    request = _request(properties, *_ASSOCIATION)
    made = _call(eks._create_pod_identity_association, properties["ClusterName"], request)["association"]
    return _association(made)


def _update_association(identifier: str, _old: Properties, new: Properties, _stack: str) -> Created:
    name = identifier.rpartition("/")[2]
    request = _request(new, *_ASSOCIATION)
    changed = _call(eks._update_pod_identity_association, new["ClusterName"], name, request)["association"]
    return _association(changed)


def _delete_association(identifier: str, properties: Properties) -> None:
    cluster, name = properties["ClusterName"], identifier.rpartition("/")[2]
    if eks._pia_key(cluster, name) in eks._pod_identity_associations:
        _call(eks._delete_pod_identity_association, cluster, name)


def _association(record: dict[str, Any]) -> Created:
    arn = record["associationArn"]
    return arn, {"AssociationArn": arn, "AssociationId": record["associationId"]}


# Fargate profiles ---------------------------------------------------------------------------------------


def _create_profile(logical_id: str, properties: Properties, stack: str) -> Created:
    cluster = properties["ClusterName"]
    if cluster not in eks._clusters:
        raise ValueError(f"No cluster found for name: {cluster}.")
    name = properties.get("FargateProfileName") or provisioners._physical_name(stack, logical_id, max_len=100)
    arn = (
        f"arn:aws:eks:{get_region()}:{get_account_id()}:fargateprofile/{cluster}/{name}/{logical_id.lower()}"
    )
    if (cluster, name) in _profiles:
        raise ValueError(f"Fargate profile {name} already exists in cluster {cluster}.")
    _profiles[cluster, name] = {
        "fargateProfileName": name,
        "fargateProfileArn": arn,
        "clusterName": cluster,
        "createdAt": time.time(),
        "podExecutionRoleArn": properties["PodExecutionRoleArn"],
        "subnets": properties.get("Subnets", []),
        "selectors": [_selector(one) for one in properties["Selectors"]],
        "status": "ACTIVE",
        "health": {"issues": []},
    } | _request(properties)
    return f"{cluster}|{name}", {"Arn": arn}


def _update_profile(identifier: str, _old: Properties, new: Properties, _stack: str) -> Created:
    cluster, _, name = identifier.partition("|")
    record = _profiles[cluster, name]
    record |= _request(new)
    return identifier, {"Arn": record["fargateProfileArn"]}


def _delete_profile(identifier: str, _properties: Properties) -> None:
    cluster, _, name = identifier.partition("|")
    _profiles.pop((cluster, name), None)


def _selector(properties: Properties) -> dict[str, Any]:
    labels = {label["Key"]: label["Value"] for label in properties.get("Labels", [])}
    return {"namespace": properties["Namespace"], "labels": labels}


def _with_profiles(ministacks_own: Callable[..., Any]) -> Callable[..., Any]:
    """The EKS API, which also lists and describes Fargate profiles."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: object) -> Any:  # noqa: ANN401
        match = _PROFILES_PATH.fullmatch(path) if method == "GET" else None
        if not match:
            return await ministacks_own(method, path, headers, body, query)
        cluster, name = match["cluster"], match["name"]
        if name is None:
            names = [of for in_cluster, of in _profiles if in_cluster == cluster]
            return json_response({"fargateProfileNames": names})
        if (cluster, name) not in _profiles:
            return eks._error(
                404, "ResourceNotFoundException", f"No Fargate Profile found with name: {name}."
            )
        return json_response({"fargateProfile": _profiles[cluster, name]})

    return handle


# Manifests ----------------------------------------------------------------------------------------------


def kept() -> list[list[Any]]:
    """What is kept, each with the account, Region and name of its cluster."""
    return [[*key[:2], cluster, objects] for key, (cluster, objects) in _manifests.all_items()]


def _keep_manifest(logical_id: str, properties: Properties, stack: str) -> Created:
    identifier = f"{NOT_APPLIED}/{stack}/{logical_id}"
    return _keep(identifier, properties)


def _update_manifest(identifier: str, _old: Properties, new: Properties, _stack: str) -> Created:
    return _keep(identifier, new)


def _keep(identifier: str, properties: Properties) -> Created:
    cluster = properties["ClusterName"]
    if cluster not in eks._clusters:
        raise ValueError(f"No cluster found for name: {cluster}.")
    objects = json.loads(properties["Manifest"])
    _manifests[identifier] = (cluster, objects)
    names = ", ".join(f"{one['kind']}/{one['metadata']['name']}" for one in objects)
    sys.stderr.write(f"There is no kubectl here: kept for cluster {cluster} and not applied: {names}\n")
    return identifier, {}
