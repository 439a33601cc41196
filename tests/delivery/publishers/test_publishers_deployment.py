"""Publishers deployed to the local AWS with IAM: a token of the right job may push here, and nowhere else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError

from registry_constructs.local import LocalAws, images
from tests.delivery.publishers.variants_publishers import GITHUB, github
from tests.local.stacks import Stack
from tests.synthesis import new_stack, raw_template

ACCOUNT, REGION = "111122223333", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/publish-checkout"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    stack = new_stack()
    github(stack)
    with LocalAws(account=ACCOUNT, region=REGION, auth=True) as local:
        Stack(local, ACCOUNT, region=REGION).create(
            json.dumps(raw_template(stack)), Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        local.client("ecr").create_repository(repositoryName="shop/other")
        yield local


def token(**claims: str) -> str:
    """A token of GitHub's, but for its signature, which the local AWS does not check."""
    standard_claims = {
        "iss": "https://token.actions.githubusercontent.com",
        "aud": "sts.amazonaws.com",
        "sub": f"repo:{GITHUB}:ref:refs/heads/main",
    }
    parts = [{"alg": "RS256", "typ": "JWT"}, standard_claims | claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "c2lnbmVk"])


def assume(aws: LocalAws, **claims: str) -> dict[str, Any]:
    sts = aws.client("sts")
    found = sts.assume_role_with_web_identity(
        RoleArn=ROLE, RoleSessionName="publish", WebIdentityToken=token(**claims)
    )
    return dict(found["Credentials"])


@pytest.fixture(scope="module")
def publisher(aws: LocalAws) -> Any:
    """ECR, as a job of the right branch sees it."""
    credentials = assume(aws)
    return boto3.client(
        "ecr",
        region_name=REGION,
        endpoint_url=aws.endpoint_url,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": f"repo:{GITHUB}:ref:refs/heads/feature"},
        {"sub": f"repo:{GITHUB}:pull_request"},
        {"sub": "repo:acme/checkout:ref:refs/heads/main"},
        {"sub": "repo:evil@1/checkout@2:ref:refs/heads/main"},
        {"aud": "https://github.com/acme"},
        {"iss": "https://token.example.com"},
    ],
)
def test_another_job_is_refused(aws: LocalAws, claims: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(aws, **claims)


def push(ecr: Any, repository: str) -> str:
    """Every call of a push, in the order of a client; returns the digest."""
    artifact = images.image({"app": b"hello"})
    for digest, blob in artifact.blobs.items():
        ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest])
        upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
        part = {"partFirstByte": 0, "partLastByte": len(blob) - 1, "layerPartBlob": blob}
        ecr.upload_layer_part(repositoryName=repository, uploadId=upload, **part)
        ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest])
    put = ecr.put_image(
        repositoryName=repository,
        imageManifest=artifact.manifest.decode(),
        imageManifestMediaType=artifact.media_type,
        imageTag="0" * 40,
    )
    assert ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "0" * 40}])["images"]
    return str(put["image"]["imageId"]["imageDigest"])


def test_it_pushes_here(aws: LocalAws, publisher: Any) -> None:
    assert publisher.get_authorization_token()["authorizationData"]
    digest = push(publisher, "shop/checkout")
    [image] = aws.client("ecr").describe_images(repositoryName="shop/checkout")["imageDetails"]
    assert (image["imageDigest"], image["imageTags"]) == (digest, ["0" * 40])


@pytest.mark.parametrize(
    "call",
    [
        lambda ecr: push(ecr, "shop/other"),
        lambda ecr: ecr.put_image(repositoryName="shop/other", imageManifest="{}", imageTag="x"),
        lambda ecr: ecr.batch_get_image(repositoryName="shop/other", imageIds=[{"imageTag": "x"}]),
        lambda ecr: ecr.batch_delete_image(repositoryName="shop/checkout", imageIds=[{"imageTag": "x"}]),
        lambda ecr: ecr.get_download_url_for_layer(
            repositoryName="shop/checkout", layerDigest="sha256:" + "0" * 64
        ),
        lambda ecr: ecr.delete_repository(repositoryName="shop/checkout"),
        lambda ecr: ecr.set_repository_policy(repositoryName="shop/checkout", policyText="{}"),
        lambda ecr: ecr.put_lifecycle_policy(repositoryName="shop/checkout", lifecyclePolicyText=" " * 100),
        lambda ecr: ecr.put_image_tag_mutability(
            repositoryName="shop/checkout", imageTagMutability="MUTABLE"
        ),
        lambda ecr: ecr.create_repository(repositoryName="shop/new"),
        lambda ecr: ecr.describe_repositories(),
    ],
)
def test_and_nothing_else(publisher: Any, call: Callable[[Any], object]) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        call(publisher)


def test_the_provider_stands_once_and_stays(aws: LocalAws) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    found = aws.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (found["Url"], found["ClientIDList"]) == (
        "token.actions.githubusercontent.com",
        ["sts.amazonaws.com"],
    )
    stack = new_stack()
    github(stack, role_name="another")
    second = Stack(aws, ACCOUNT, region=REGION, name="Second")
    with pytest.raises(WaiterError):
        second.create(json.dumps(raw_template(stack)), Capabilities=["CAPABILITY_NAMED_IAM"])
    assert any("already exists" in failure for failure in second.failures())
