"""What templates declare, functions and all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry_constructs.rules.state import (
    CacheState,
    ConsumerState,
    PublicRepositoryState,
    RegistryPolicyState,
    RegistryState,
    ReplicationState,
    RepositoryState,
    ScanningState,
    State,
    TemplateState,
)
from registry_constructs.rules.values import Unknown
from registry_constructs.templates.app import read_templates
from tests.rules.declaring import ACCOUNT, REGION, stack


def _repository(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::ECR::Repository", "Properties": properties}


def _read(resources: dict[str, Any], **more: Any) -> list[State]:
    return read_templates([stack(resources, **more)])


def _only(kind: type[State], states: list[State]) -> Any:
    [found] = [state for state in states if isinstance(state, kind)]
    return found


def test_a_bare_repository_is_what_cloudformation_makes_of_it() -> None:
    state = _only(RepositoryState, _read({"Images": {"Type": "AWS::ECR::Repository"}}))
    assert (state.name, state.encryption, state.key, state.mutability) == (
        "${Images}",
        "AES256",
        "",
        "MUTABLE",
    )
    assert (state.scan, state.lifecycle, state.policy, state.tags) == ("MANUAL", "", (), {})
    assert (state.cached, state.retained, state.images) == (False, False, None)
    assert state.place.address == "Stack.Images"
    assert not state.place.live


def test_a_repository_whole() -> None:
    state = _only(
        RepositoryState,
        _read(
            {
                "Images": {
                    "DeletionPolicy": "RetainExceptOnCreate",
                    "UpdateReplacePolicy": "Retain",
                    "Metadata": {"aws:cdk:path": "App/Images/Resource"},
                    **_repository(
                        RepositoryName="shop/web",
                        EncryptionConfiguration={"EncryptionType": "KMS_DSSE", "KmsKey": "alias/ours"},
                        ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                        ImageTagMutabilityExclusionFilters=[
                            {
                                "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                                "ImageTagMutabilityExclusionFilterValue": "dev-*",
                            }
                        ],
                        ImageScanningConfiguration={"ScanOnPush": True},
                        LifecyclePolicy={"LifecyclePolicyText": "{}"},
                        Tags=[{"Key": "team", "Value": "shop"}, {"Key": "aws:x", "Value": "y"}],
                    ),
                }
            },
            tags={"app": "shop", "team": "unset"},
        ),
    )
    assert (state.encryption, state.key, state.mutability) == (
        "KMS_DSSE",
        "alias/ours",
        "IMMUTABLE_WITH_EXCLUSION",
    )
    assert (state.exclusions, state.scan, state.lifecycle) == (("dev-*",), "SCAN_ON_PUSH", "{}")
    assert (state.tags, state.retained) == ({"app": "shop", "team": "shop"}, True)
    assert state.place.path == "App/Images/Resource"


@pytest.mark.parametrize(
    "changed",
    [
        {"UpdateReplacePolicy": "Delete"},
        {"DeletionPolicy": "Delete"},
        {"Properties": {"EmptyOnDelete": True}},
        {"Properties": {"EmptyOnDelete": "true"}},
    ],
)
def test_what_cloudformation_may_delete_is_not_retained(changed: dict[str, Any]) -> None:
    kept = {"Type": "AWS::ECR::Repository", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    assert _only(RepositoryState, _read({"Images": kept})).retained is True
    assert _only(RepositoryState, _read({"Images": kept | changed})).retained is False


def test_aws_s_own_key_is_no_key_of_yours() -> None:
    encryption = {"EncryptionType": "KMS", "KmsKey": "alias/aws/ecr"}
    state = _only(RepositoryState, _read({"Images": _repository(EncryptionConfiguration=encryption)}))
    assert (state.encryption, state.key) == ("KMS", "")


@pytest.mark.parametrize("function", [{"Ref": "Parameter"}, {"Fn::If": ["Prod", "IMMUTABLE", "MUTABLE"]}])
def test_what_only_the_deployment_knows_is_unknown(function: Any) -> None:
    state = _only(
        RepositoryState,
        _read(
            {
                "Images": _repository(
                    ImageTagMutability=function,
                    ImageTagMutabilityExclusionFilters=function,
                    EncryptionConfiguration={"EncryptionType": function},
                    LifecyclePolicy={"LifecyclePolicyText": function},
                    RepositoryPolicyText=function,
                    Tags=function,
                )
            }
        ),
    )
    for value in (
        state.mutability,
        state.exclusions,
        state.encryption,
        state.lifecycle,
        state.policy,
        state.tags,
    ):
        assert isinstance(value, Unknown)


def test_no_value_is_no_property() -> None:
    state = _only(RepositoryState, _read({"Images": _repository(ImageTagMutability={"Ref": "AWS::NoValue"})}))
    assert state.mutability == "MUTABLE"


def _scanning(kind: str, *rules: tuple[str, str]) -> dict[str, Any]:
    return {
        "Type": "AWS::ECR::RegistryScanningConfiguration",
        "Properties": {
            "ScanType": kind,
            "Rules": [
                {
                    "ScanFrequency": frequency,
                    "RepositoryFilters": [{"Filter": value, "FilterType": "WILDCARD"}],
                }
                for frequency, value in rules
            ],
        },
    }


@pytest.mark.parametrize(
    ("scanning", "own", "frequency"),
    [
        (_scanning("BASIC", ("SCAN_ON_PUSH", "*")), False, "SCAN_ON_PUSH"),
        (_scanning("BASIC", ("SCAN_ON_PUSH", "hop/w")), False, "SCAN_ON_PUSH"),
        (_scanning("BASIC", ("SCAN_ON_PUSH", "web*")), False, "MANUAL"),
        (_scanning("BASIC", ("SCAN_ON_PUSH", "web*")), True, "SCAN_ON_PUSH"),
        (_scanning("ENHANCED", ("SCAN_ON_PUSH", "web*")), True, "MANUAL"),
        (
            _scanning("ENHANCED", ("SCAN_ON_PUSH", "*"), ("CONTINUOUS_SCAN", "shop/*")),
            False,
            "CONTINUOUS_SCAN",
        ),
    ],
)
def test_the_registry_decides_about_scanning(scanning: Any, own: bool, frequency: str) -> None:
    images = _repository(RepositoryName="shop/web", ImageScanningConfiguration={"ScanOnPush": own})
    states = read_templates([stack({"Images": images}), stack({"Scanning": scanning}, name="Registry")])
    assert _only(RepositoryState, states).scan == frequency
    assert _only(ScanningState, states).repositories == ("shop/web",)


def test_another_region_s_registry_decides_nothing() -> None:
    scanning = stack({"S": _scanning("BASIC", ("SCAN_ON_PUSH", "*"))}, name="Other", region="us-east-1")
    states = read_templates([stack({"Images": _repository()}), scanning])
    assert _only(RepositoryState, states).scan == "MANUAL"
    assert _only(ScanningState, states).repositories == ()


def test_rules_for_a_name_that_cloudformation_makes_up() -> None:
    def scan(value: str) -> Any:
        states = _read({"Images": _repository(), "S": _scanning("ENHANCED", ("SCAN_ON_PUSH", value))})
        return _only(RepositoryState, states).scan

    assert scan("*") == "SCAN_ON_PUSH"
    assert isinstance(scan("shop"), Unknown)


def test_policies_name_principals_as_far_as_they_are_known() -> None:
    policy = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {
                    "AWS": [
                        {"Fn::GetAtt": ["Role", "Arn"]},
                        {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::999988887777:root"]]},
                        {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/x"},
                    ]
                },
                "Action": "ecr:BatchGetImage",
            }
        ]
    }
    resources = {"Images": _repository(RepositoryPolicyText=policy), "Role": {"Type": "AWS::IAM::Role"}}
    [statement] = _only(RepositoryState, _read(resources)).policy
    assert statement.principals == (
        f"AWS:arn:aws:iam::{ACCOUNT}:role/${{Role}}",
        "AWS:arn:aws:iam::999988887777:root",
        f"AWS:arn:aws:iam::{ACCOUNT}:role/x",
    )
    [open_statement] = _only(RepositoryState, _read(resources, account="", region="")).policy
    assert open_statement.principals[0] == "AWS:arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Role}"


def test_a_registry_whole() -> None:
    states = _read(
        {
            "Cache": {
                "Type": "AWS::ECR::PullThroughCacheRule",
                "Properties": {"EcrRepositoryPrefix": "hub", "UpstreamRegistry": "docker-hub"},
            },
            "Made": {
                "Type": "AWS::ECR::RepositoryCreationTemplate",
                "Properties": {
                    "Prefix": "hub",
                    "AppliedFor": ["PULL_THROUGH_CACHE"],
                    "RepositoryPolicy": json.dumps(
                        {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}
                    ),
                },
            },
            "Replication": {
                "Type": "AWS::ECR::ReplicationConfiguration",
                "Properties": {
                    "ReplicationConfiguration": {
                        "Rules": [
                            {
                                "Destinations": [
                                    {"Region": REGION, "RegistryId": {"Ref": "AWS::AccountId"}},
                                    {"Region": "us-east-1", "RegistryId": "999988887777"},
                                ],
                                "RepositoryFilters": [{"Filter": "shop/", "FilterType": "PREFIX_MATCH"}],
                            }
                        ]
                    }
                },
            },
            "Policy": {
                "Type": "AWS::ECR::RegistryPolicy",
                "Properties": {"PolicyText": {"Statement": []}},
            },
            "Cached": _repository(RepositoryName="hub/library/nginx"),
        }
    )
    cache = _only(CacheState, states)
    assert (cache.name, cache.upstream, cache.credential) == ("hub", "registry-1.docker.io", "")
    made = _only(TemplateState, states)
    assert (made.name, made.applied_for) == ("hub", ("PULL_THROUGH_CACHE",))
    assert cache.templates == (made,)
    assert made.policy[0].everybody
    replication = _only(ReplicationState, states)
    here, elsewhere = replication.destinations
    assert (here.prefixes, here.templates) == (("shop/",), (made,))
    assert elsewhere.templates == Unknown("no stack of this app is for 999988887777 us-east-1")
    assert (_only(RegistryPolicyState, states).policy, _only(RegistryPolicyState, states).policy_length) == (
        (),
        16,
    )
    assert _only(RepositoryState, states).cached is True
    assert (_only(RegistryState, states).repositories, _only(RegistryState, states).caches) == (1, 1)


def test_a_public_repository() -> None:
    state = _only(
        PublicRepositoryState,
        _read({"Tools": {"Type": "AWS::ECR::PublicRepository", "Properties": {"RepositoryName": "tools"}}}),
    )
    assert (state.name, state.tags) == ("tools", {})


_CONTAINERS = [{"image": "IMAGE"}]


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::ECS::TaskDefinition", {"ContainerDefinitions": [{"Image": "IMAGE"}]}),
        ("AWS::Lambda::Function", {"Code": {"ImageUri": "IMAGE"}}),
        ("AWS::Batch::JobDefinition", {"ContainerProperties": {"Image": "IMAGE"}}),
        ("AWS::CodeBuild::Project", {"Environment": {"Image": "IMAGE"}}),
        ("AWS::SageMaker::Model", {"Containers": [{"Image": "IMAGE"}]}),
        (
            "AWS::AppRunner::Service",
            {"SourceConfiguration": {"ImageRepository": {"ImageIdentifier": "IMAGE"}}},
        ),
        (
            "Custom::AWSCDK-EKS-KubernetesResource",
            {
                "Manifest": json.dumps(
                    [{"spec": {"template": {"spec": {"containers": [{"image": "IMAGE"}]}}}}]
                )
            },
        ),
    ],
)
def test_what_runs_images(kind: str, properties: dict[str, Any]) -> None:
    state = _only(ConsumerState, _read({"Web": {"Type": kind, "Properties": properties}}))
    assert state.images == ("IMAGE",)


def test_images_are_read_as_the_cdk_writes_them() -> None:
    """`ContainerImage.from_ecr_repository` of a repository of another stack."""
    arn = {"Fn::ImportValue": "Images:ExportsOutputFnGetAttShopArn"}
    image = {
        "Fn::Join": [
            "",
            [
                {"Fn::Select": [4, {"Fn::Split": [":", arn]}]},
                ".dkr.ecr.",
                {"Fn::Select": [3, {"Fn::Split": [":", arn]}]},
                ".",
                {"Ref": "AWS::URLSuffix"},
                "/",
                {"Fn::ImportValue": "Images:ExportsOutputRefShop"},
                ":latest",
            ],
        ]
    }
    images = stack({"Shop": _repository(RepositoryName="shop/web")}, name="Images")
    outputs = {
        "Arn": {
            "Value": {"Fn::GetAtt": ["Shop", "Arn"]},
            "Export": {"Name": "Images:ExportsOutputFnGetAttShopArn"},
        },
        "Name": {"Value": {"Ref": "Shop"}, "Export": {"Name": "Images:ExportsOutputRefShop"}},
    }
    images = stack(images.resources, name="Images")
    images.template["Outputs"] = outputs  # type: ignore[index]
    web = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [{"Image": image}]}}
    state = _only(ConsumerState, read_templates([images, stack({"Web": web}, name="Service")]))
    assert state.images == (f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop/web:latest",)
    assert state.mutability == {"shop/web": "MUTABLE"}


def test_a_nested_stack_takes_its_parameters_from_the_one_around_it() -> None:
    parent = stack({"Shop": _repository(RepositoryName="shop/web")})
    nested = stack(
        {"Images": _repository(RepositoryName={"Ref": "Name"})},
        name="Stack.Nested",
        parameters={"Name": {"Fn::Sub": "${AWS::Region}/inner"}},
        parent=parent,
    )
    names = [state.name for state in read_templates([parent, nested]) if isinstance(state, RepositoryState)]
    assert names == ["shop/web", f"{REGION}/inner"]


def test_repositories_of_one_name_with_two_settings_promise_nothing() -> None:
    first = stack({"A": _repository(RepositoryName="shop/web")})
    second = stack(
        {"B": _repository(RepositoryName="shop/web", ImageTagMutability="IMMUTABLE")},
        name="Other",
        region="us-east-1",
    )
    web = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [{"Image": "x"}]}}
    state = _only(ConsumerState, read_templates([first, second, stack({"Web": web}, name="Web")]))
    assert state.mutability == {}
