"""PinnedImages: what runs is named by digest, and what can't be is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_

from registry_constructs import InvalidInputError, PinnedImages
from tests.synthesis import cfn_lint, new_app, new_stack, raw_template, warnings

DIGEST = f"sha256:{'a' * 64}"
HOST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"


def task(stack: cdk.Stack, *images: ecs.ContainerImage) -> None:
    definition = ecs.FargateTaskDefinition(stack, "Task")
    for number, image in enumerate(images):
        definition.add_container(f"Container{number}", image=image)


def images(stack: cdk.Stack) -> list[Any]:
    """What the task's containers run."""
    rendered = raw_template(stack)
    assert cfn_lint(rendered) == []
    [found] = [one for one in rendered["Resources"].values() if one["Type"] == "AWS::ECS::TaskDefinition"]
    return [one["Image"] for one in found["Properties"]["ContainerDefinitions"]]


def pinned(scope: cdk.App | cdk.Stack, digests: dict[str, str]) -> PinnedImages:
    mixin = PinnedImages(digests)
    cdk.Mixins.of(scope).apply(mixin)
    return mixin


def not_pinned(stack: cdk.Stack) -> list[str]:
    return [one for one in warnings(stack) if "registry-constructs:image-not-pinned" in one]


def test_a_repository_of_the_stack_stays_referenced() -> None:
    stack = new_stack()
    repository = ecr.Repository(stack, "Web", repository_name="shop/web")
    task(stack, ecs.ContainerImage.from_ecr_repository(repository, "latest"))
    [change] = pinned(stack, {"shop/web": DIGEST}).changes
    [image] = images(stack)
    assert image["Fn::Join"][1][-2:] == [
        {"Ref": stack.resolve(repository.node.default_child.logical_id)},  # type: ignore[union-attr]
        f"@{DIGEST}",
    ]
    assert (change.before, change.after) == (f"{HOST}/shop/web:latest", f"{HOST}/shop/web@{DIGEST}")


def test_a_repository_of_another_stack_is_named() -> None:
    app = new_app()
    repository = ecr.Repository(new_stack("Images", app=app), "Web", repository_name="shop/web")
    stack = new_stack("Service", app=app)
    task(stack, ecs.ContainerImage.from_ecr_repository(repository, "v1"))
    assert len(pinned(app, {"shop/web:v1": DIGEST}).changes) == 1
    assert images(stack) == [f"{HOST}/shop/web@{DIGEST}"]


def test_imported_repositories_and_references_are_pinned() -> None:
    stack = new_stack()
    imported = ecr.Repository.from_repository_name(stack, "Imported", "shop/imported")
    task(
        stack,
        ecs.ContainerImage.from_ecr_repository(imported, "v1"),
        ecs.ContainerImage.from_registry(f"{HOST}/shop/literal:prod"),
        ecs.ContainerImage.from_registry(f"{HOST}/shop/literal"),
        ecs.ContainerImage.from_registry("public.ecr.aws/nginx/nginx:1.29"),
    )
    digests = {"shop/imported": DIGEST, "shop/literal": DIGEST, "public.ecr.aws/nginx/nginx:1.29": DIGEST}
    assert len(pinned(stack, digests).changes) == 4
    imported_image, *others = images(stack)
    assert imported_image["Fn::Join"][1][-1] == f"/shop/imported@{DIGEST}"
    assert others == [
        f"{HOST}/shop/literal@{DIGEST}",
        f"{HOST}/shop/literal@{DIGEST}",
        f"public.ecr.aws/nginx/nginx@{DIGEST}",
    ]


def test_functions_and_builds_are_pinned() -> None:
    stack = new_stack()
    repository = ecr.Repository(stack, "Web", repository_name="shop/web")
    lambda_.DockerImageFunction(
        stack, "Function", code=lambda_.DockerImageCode.from_ecr(repository, tag_or_digest="v1")
    )
    image = codebuild.LinuxBuildImage.from_ecr_repository(repository, "v1")
    environment = codebuild.BuildEnvironment(build_image=image)
    spec = codebuild.BuildSpec.from_object({"version": "0.2"})
    codebuild.Project(stack, "Build", environment=environment, build_spec=spec)
    mixin = pinned(stack, {"shop/web": DIGEST})
    assert {one.property for one in mixin.changes} == {"Code.ImageUri", "Environment.Image"}
    assert json.dumps(raw_template(stack)).count(f"@{DIGEST}") == 2


def test_what_is_named_by_digest_or_not_given_stays() -> None:
    stack = new_stack()
    other = f"sha256:{'b' * 64}"
    references = [f"{HOST}/shop/web@{other}", f"{HOST}/shop/other:v1"]
    task(stack, *map(ecs.ContainerImage.from_registry, references))
    mixin = pinned(stack, {"shop/web": DIGEST})
    assert images(stack) == references
    assert (mixin.changes, mixin.left, not_pinned(stack)) == ([], [], [])


def test_a_tag_that_can_be_moved_and_stays_is_a_warning() -> None:
    stack = new_stack()
    task(stack, ecs.ContainerImage.from_registry(f"{HOST}/shop/web:latest"))
    [left] = pinned(stack, {}).left
    [warning] = not_pinned(stack)
    assert (left.property, left.reason) == ("ContainerDefinitions.0.Image", "no digest is given")
    assert warning.startswith(f"{HOST}/shop/web:latest is named by a tag that can be moved")


def test_the_digests_can_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "images.json"
    file.write_text(json.dumps({"shop/web": DIGEST}))
    stack = new_stack()
    task(stack, ecs.ContainerImage.from_registry(f"{HOST}/shop/web:v1"))
    cdk.Mixins.of(stack).apply(PinnedImages.from_file(file))
    assert images(stack) == [f"{HOST}/shop/web@{DIGEST}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"shop/web": "latest"}', "This is no digest"),
        ('{"shop/web": 7}', "This is no digest"),
        ("[]", "not an object"),
        ("{", "not JSON"),
    ],
)
def test_what_is_no_digest_is_refused(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "images.json"
    file.write_text(text)
    with pytest.raises(InvalidInputError, match=message) as raised:
        PinnedImages.from_file(file)
    assert raised.value.where.startswith(str(file))
