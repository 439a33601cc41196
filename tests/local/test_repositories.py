"""What the local AWS keeps of private repositories beyond ministack: filters of tags, and imports."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry_constructs.local import LocalAws

FILTERS = [{"filterType": "WILDCARD", "filter": "latest"}]


def told(aws: LocalAws, account: str, name: str) -> dict[str, Any]:
    [found] = aws.client("ecr", account=account).describe_repositories(repositoryNames=[name])["repositories"]
    return dict(found)


def test_filters_of_tags_are_kept_and_changed(local_aws: LocalAws) -> None:
    account = "300000000001"
    ecr = local_aws.client("ecr", account=account)
    made = ecr.create_repository(
        repositoryName="shop/cart",
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=FILTERS,
    )
    assert made["repository"]["imageTagMutabilityExclusionFilters"] == FILTERS
    assert told(local_aws, account, "shop/cart")["imageTagMutabilityExclusionFilters"] == FILTERS
    ecr.put_image_tag_mutability(repositoryName="shop/cart", imageTagMutability="MUTABLE")
    assert "imageTagMutabilityExclusionFilters" not in told(local_aws, account, "shop/cart")


def template(**properties: Any) -> str:
    resource = {
        "Type": "AWS::ECR::Repository",
        "DeletionPolicy": "Retain",
        "Properties": {"RepositoryName": "shop/cart", **properties},
    }
    return json.dumps({"Resources": {"Cart": resource}})


def test_filters_of_a_template_are_kept(local_aws: LocalAws) -> None:
    account = "300000000002"
    formation = local_aws.client("cloudformation", account=account)
    filters = [
        {
            "ImageTagMutabilityExclusionFilterType": "WILDCARD",
            "ImageTagMutabilityExclusionFilterValue": "latest",
        }
    ]
    body = template(ImageTagMutability="IMMUTABLE_WITH_EXCLUSION", ImageTagMutabilityExclusionFilters=filters)
    formation.create_stack(StackName="Shop", TemplateBody=body)
    formation.get_waiter("stack_create_complete").wait(StackName="Shop", WaiterConfig={"Delay": 1})
    assert told(local_aws, account, "shop/cart")["imageTagMutabilityExclusionFilters"] == FILTERS


@pytest.mark.parametrize(
    ("exists", "status"), [(True, "CREATE_COMPLETE"), (False, "FAILED")], ids=["there", "not there"]
)
def test_a_change_set_imports_what_is_there(local_aws: LocalAws, exists: bool, status: str) -> None:
    account = f"30000000000{3 + exists}"
    if exists:
        local_aws.client("ecr", account=account).create_repository(repositoryName="shop/cart")
    formation = local_aws.client("cloudformation", account=account)
    formation.create_change_set(
        StackName="Shop",
        ChangeSetName="adopt",
        ChangeSetType="IMPORT",
        TemplateBody=template(),
        ResourcesToImport=[
            {
                "ResourceType": "AWS::ECR::Repository",
                "LogicalResourceId": "Cart",
                "ResourceIdentifier": {"RepositoryName": "shop/cart"},
            }
        ],
    )
    found = formation.describe_change_set(StackName="Shop", ChangeSetName="adopt")
    assert found["Status"] == status
    if not exists:
        assert "was not found" in found["StatusReason"]
