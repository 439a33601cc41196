"""Builds, deployed to the local AWS and read back. It runs no build, and has no CodePipeline.

So no pipeline is deployed here: its template is checked by the CDK's validation, cfn-lint and its snapshot.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
from botocore.exceptions import ClientError

from registry_constructs import DeployedImage, FargateService, Repository
from registry_constructs.local import LocalAws
from tests.consumers.ecs.variants_ecs import DIGEST, vpc
from tests.delivery.build import variants_build
from tests.local.stacks import Stack
from tests.synthesis import ENV, new_app, new_stack, raw_template

REGION = "eu-west-1"
BUILDS = [name for name in variants_build.VARIANTS if name.startswith("build-")]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(account="111122223333", region=REGION) as running:
        yield running


def deployed(aws: LocalAws, stack: cdk.Stack, account: str) -> Stack:
    standing = Stack(aws, account, region=REGION, name=stack.stack_name)
    standing.create(json.dumps(raw_template(stack)), Capabilities=["CAPABILITY_IAM"])
    return standing


@pytest.mark.parametrize("name", BUILDS)
def test_every_build_is_deployed_and_deleted(name: str, aws: LocalAws) -> None:
    account = f"{zlib.crc32(name.encode()):012d}"
    stack = new_stack(name, env=variants_build.ENVIRONMENTS.get(name, ENV))
    variants_build.VARIANTS[name](stack)
    standing = deployed(aws, stack, account)
    codebuild = aws.client("codebuild", account=account, region=REGION)
    names = codebuild.list_projects()["projects"]
    assert len(names) == (3 if name == "build-both-architectures" else 1)
    for project in codebuild.batch_get_projects(names=names)["projects"]:
        assert project["environment"]["privilegedMode"] is (name == "build-privileged")
        assert json.loads(project["source"]["buildspec"])["version"] == "0.2"
        actual = {one["name"]: one["value"] for one in project["environment"]["environmentVariables"]}
        assert actual["REPOSITORY_URI"].startswith(actual["REGISTRIES"].split()[0])
        assert actual["REPOSITORY_URI"].endswith(f"/{actual['REPOSITORY_NAME']}")
    standing.delete()
    assert codebuild.list_projects()["projects"] == []


def image_of(aws: LocalAws, account: str) -> str:
    """What the newest task definition runs."""
    ecs = aws.client("ecs", account=account, region=REGION)
    newest = ecs.list_task_definitions(sort="DESC")["taskDefinitionArns"][0]
    [container] = ecs.describe_task_definition(taskDefinition=newest)["taskDefinition"][
        "containerDefinitions"
    ]
    return str(container["image"])


def service(memory: int) -> tuple[cdk.Stack, cdk.Stack]:
    """The stack of what remembers an image, and the one of the service that runs it."""
    app = new_app()
    images, stack = new_stack("Images", app=app), new_stack("Service", app=app)
    remembered = DeployedImage(
        images, "Deployed", repository=variants_build.repository(images), first_digest=DIGEST
    )
    FargateService(
        stack, "Checkout", image=remembered.image_for(stack), vpc=vpc(stack), memory_limit_mib=memory
    )
    return images, stack


def test_a_change_of_the_service_keeps_what_the_pipeline_deployed(aws: LocalAws) -> None:
    account = "100000000001"
    images, stack = service(512)
    deployed(aws, images, account)
    standing = deployed(aws, stack, account)
    assert image_of(aws, account).endswith(f"/shop/checkout@{DIGEST}")

    released = f"sha256:{'f' * 64}"  # what the pipeline's last action does
    aws.client("ssm", account=account, region=REGION).put_parameter(
        Name="/deployed-images/Images/Deployed", Value=released, Type="String", Overwrite=True
    )
    _, larger = service(1024)
    standing.update(json.dumps(raw_template(larger)))
    assert image_of(aws, account).endswith(f"/shop/checkout@{released}")


def calls(aws: LocalAws, key: dict[str, Any], service: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=aws.endpoint_url,
        region_name=REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def test_what_the_role_of_a_build_may_do() -> None:
    """Its policy on a user, as nobody but CodeBuild can be the role."""
    account = "111122223333"
    with LocalAws(account=account, region=REGION, auth=True) as aws:
        stack = new_stack("Build")
        variants_build.build(stack, repository=Repository(stack, "Own", repository_name="shop/checkout"))
        deployed(aws, stack, account)
        iam = aws.client("iam", account=account, region=REGION)
        [role] = [one["RoleName"] for one in iam.list_roles()["Roles"] if "BuildRole" in one["RoleName"]]
        [policy] = iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        iam.create_user(UserName="build")
        iam.put_user_policy(UserName="build", PolicyName="build", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName="build")["AccessKey"]
        aws.client("ecr", account=account, region=REGION).create_repository(repositoryName="shop/orders")

        ecr = calls(aws, key, "ecr")
        tag = [{"imageTag": "a-commit"}]
        assert ecr.get_authorization_token()["authorizationData"]
        assert ecr.batch_get_image(repositoryName="shop/checkout", imageIds=tag)["images"] == []
        assert ecr.initiate_layer_upload(repositoryName="shop/checkout")["uploadId"]
        calls_refused: list[Callable[[], object]] = [
            lambda: ecr.batch_get_image(repositoryName="shop/orders", imageIds=tag),
            lambda: ecr.initiate_layer_upload(repositoryName="shop/orders"),
            lambda: ecr.batch_delete_image(repositoryName="shop/checkout", imageIds=tag),
            lambda: ecr.put_image_tag_mutability(
                repositoryName="shop/checkout", imageTagMutability="MUTABLE"
            ),
            lambda: calls(aws, key, "ssm").put_parameter(Name="/deployed", Value="x", Type="String"),
            lambda: calls(aws, key, "codebuild").list_projects(),
        ]
        for refused in calls_refused:
            with pytest.raises(ClientError, match="not authorized"):
                refused()
