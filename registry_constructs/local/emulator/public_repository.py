"""`AWS::ECR::PublicRepository`, and the part of the ecr-public API that reads it back."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from ministack.core.responses import AccountScopedDict, get_account_id
from ministack.services.cloudformation.provisioners import _physical_name, _reconcile_tag_list

from registry_constructs.ecr import limits
from registry_constructs.local.emulator.schemas import Properties
from registry_constructs.local.emulator.tables import Api, ApiError, Created, ResourceType

_repositories = AccountScopedDict()

_CATALOG = {
    "AboutText": "aboutText",
    "Architectures": "architectures",
    "OperatingSystems": "operatingSystems",
    "RepositoryDescription": "description",
    "UsageText": "usageText",
}
_SERVICE_LENGTHS = {
    "RepositoryName": limits.PUBLIC_REPOSITORY_NAME_LENGTH[1],
    "RepositoryPolicyText": limits.REPOSITORY_POLICY_LENGTH,
}
"""What the service refuses and the schema doesn't."""


# CloudFormation -----------------------------------------------------------------------------------------


def _create(logical_id: str, properties: Properties, stack: str) -> Created:
    _check_lengths(properties)
    name = properties.get("RepositoryName") or _physical_name(
        stack, logical_id, lowercase=True, max_len=limits.PUBLIC_REPOSITORY_NAME_LENGTH[1]
    )
    if name in _repositories:
        raise ApiError("RepositoryAlreadyExistsException", f"The repository '{name}' already exists")
    account = get_account_id()
    arn = f"arn:aws:ecr-public::{account}:repository/{name}"
    _repositories[name] = {
        "repository": {
            "repositoryArn": arn,
            "registryId": account,
            "repositoryName": name,
            "repositoryUri": f"public.ecr.aws/{_alias()}/{name}",
            "createdAt": time.time(),
        },
        "tags": list(properties.get("Tags", [])),
    }
    return _write(name, properties)


def _update(name: str, old: Properties, new: Properties) -> Created:
    _check_lengths(new)
    _reconcile_tag_list(_repositories[name]["tags"], old, new)
    return _write(name, new)


def _write(name: str, properties: Properties) -> Created:
    """Set what an update can change; a property that is absent is cleared."""
    record = _repositories[name]
    record["policy"] = properties.get("RepositoryPolicyText")
    catalog = properties.get("RepositoryCatalogData")
    record["catalog"] = catalog and {_CATALOG[key]: value for key, value in catalog.items()}
    return name, {"Arn": record["repository"]["repositoryArn"]}


def _delete(name: str) -> None:
    _repositories.pop(name, None)


def _check_lengths(properties: Properties) -> None:
    for key, most in _SERVICE_LENGTHS.items():
        if len(properties.get(key, "")) > most:
            raise ApiError("InvalidParameterException", f"#/{key}: at most {most} characters")


RESOURCE_TYPE = ResourceType(
    name="AWS::ECR::PublicRepository",
    create=_create,
    update=_update,
    delete=_delete,
)


# The ecr-public API -------------------------------------------------------------------------------------


def _alias() -> str:
    """The registry's default alias: AWS draws one at random, here the account always has the same."""
    return "r" + hashlib.sha256(get_account_id().encode()).hexdigest()[:7]


def _find(name: str) -> dict[str, Any]:
    if name not in _repositories:
        raise ApiError(
            "RepositoryNotFoundException",
            f"The repository with name '{name}' does not exist in the registry with id '{get_account_id()}'",
        )
    return _repositories[name]  # type: ignore[no-any-return]


def _describe_repositories(request: dict[str, Any]) -> dict[str, Any]:
    names = request.get("repositoryNames") or list(_repositories)
    return {"repositories": [_find(name)["repository"] for name in names]}


def _describe_registries(_request: dict[str, Any]) -> dict[str, Any]:
    account, alias = get_account_id(), _alias()
    registry_alias = {
        "name": alias,
        "status": "ACTIVE",
        "primaryRegistryAlias": True,
        "defaultRegistryAlias": True,
    }
    registry = {
        "registryId": account,
        "registryArn": f"arn:aws:ecr-public::{account}:registry/{account}",
        "registryUri": f"public.ecr.aws/{alias}",
        "verified": False,
        "aliases": [registry_alias],
    }
    return {"registries": [registry]}


def _get_catalog_data(request: dict[str, Any]) -> dict[str, Any]:
    name = request["repositoryName"]
    catalog = _find(name)["catalog"]
    if catalog is None:
        raise ApiError(
            "RepositoryCatalogDataNotFoundException", f"The repository '{name}' does not have catalog data"
        )
    return {"catalogData": catalog}


def _get_policy(request: dict[str, Any]) -> dict[str, Any]:
    name = request["repositoryName"]
    policy = _find(name)["policy"]
    if policy is None:
        raise ApiError("RepositoryPolicyNotFoundException", f"The repository '{name}' does not have a policy")
    return {"registryId": get_account_id(), "repositoryName": name, "policyText": policy}


def _list_tags(request: dict[str, Any]) -> dict[str, Any]:
    return {"tags": _find(request["resourceArn"].partition(":repository/")[2])["tags"]}


API = Api(
    service="ecr-public",
    target="SpencerFrontendService",
    operations={
        "DescribeRegistries": _describe_registries,
        "DescribeRepositories": _describe_repositories,
        "GetRepositoryCatalogData": _get_catalog_data,
        "GetRepositoryPolicy": _get_policy,
        "ListTagsForResource": _list_tags,
    },
    region=limits.PUBLIC_REPOSITORY_REGION,
)
