"""Swapping the import is the whole migration: properties change, ids never do."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

import registry_constructs
from tests.synthesis import new_stack, template

# What `ecr.Repository` makes if nothing is said: the way to take over a repository that exists.
UNCHANGED = {
    "encryption": ecr.RepositoryEncryption.AES_256,
    "image_tag_mutability": ecr.TagMutability.MUTABLE,
    "image_scan_on_push": False,
    "lifecycle_rules": [],
}


def plain_app(library: ModuleType, **keywords: Any) -> dict[str, Any]:
    """An app as people have it, written against `ecr.Repository`."""
    stack = new_stack()
    named = library.Repository(stack, "Named", repository_name="team/app", **keywords)
    unnamed = library.Repository(stack, "Unnamed", **keywords)
    imported = library.Repository.from_repository_name(stack, "Imported", "team/base")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    named.grant_pull_push(role)
    imported.grant_pull(role)
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("app", image=ecs.ContainerImage.from_ecr_repository(named, "v1"))
    lambda_.DockerImageFunction(stack, "Function", code=lambda_.DockerImageCode.from_ecr(unnamed))
    unnamed.on_image_scan_completed("Scanned")
    cdk.CfnOutput(stack, "Uri", value=named.repository_uri)
    return template(stack)


def test_only_properties_change() -> None:
    before, after = plain_app(ecr), plain_app(registry_constructs)
    types = {name: body["Type"] for name, body in after["Resources"].items()}
    added = types.keys() - before["Resources"].keys()
    assert {types[name] for name in added} == {"AWS::KMS::Key", "AWS::KMS::Alias"}
    assert before["Resources"].keys() <= after["Resources"].keys()
    changed = {name for name, body in before["Resources"].items() if body != after["Resources"][name]}
    assert {types[name] for name in changed} == {"AWS::ECR::Repository"}
    assert before["Outputs"] == after["Outputs"]


def test_a_repository_that_exists_is_taken_over_without_a_replacement() -> None:
    before, after = plain_app(ecr), plain_app(registry_constructs, **UNCHANGED)
    assert before["Resources"].keys() == after["Resources"].keys()
    for name, body in before["Resources"].items():
        new = after["Resources"][name]["Properties"]
        if body["Type"] == "AWS::ECR::Repository":
            replacing = {"RepositoryName", "EncryptionConfiguration"}
            old = body.get("Properties", {})
            assert {k: old.get(k) for k in replacing} == {k: new.get(k) for k in replacing}


@pytest.mark.parametrize(
    "keywords",
    [
        {"encryption": ecr.RepositoryEncryption.KMS},
        {"encryption": ecr.RepositoryEncryption.AES_256},
    ],
)
def test_the_same_keywords_give_the_same_repository(keywords: dict[str, Any]) -> None:
    keywords = {
        **keywords,
        "repository_name": "team/app",
        "image_scan_on_push": True,
        "image_tag_mutability": ecr.TagMutability.IMMUTABLE,
        "lifecycle_rules": [ecr.LifecycleRule(max_image_count=100, description="newest")],
        "lifecycle_registry_id": "111122223333",
        "removal_policy": cdk.RemovalPolicy.DESTROY,
        "empty_on_delete": True,
    }
    ours, plain = new_stack(), new_stack()
    registry_constructs.Repository(ours, "App", **keywords)
    ecr.Repository(plain, "App", **keywords)
    assert template(ours) == template(plain)
