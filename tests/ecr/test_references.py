"""Image references, in every form in which ECR's registries are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs.ecr import limits
from registry_constructs.ecr.references import Reference, parse_reference

ACCOUNT, REGION = "111122223333", "eu-west-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest"),
    [
        (f"{HOST}/web:v1", "web", "v1", ""),
        (f"{HOST}/shop/web", "shop/web", "latest", ""),
        (f"{HOST}/web@{DIGEST}", "web", "", DIGEST),
        (f"{HOST}/web:v1@{DIGEST}", "web", "", DIGEST),
        (f"  {HOST}/a--b/c__d.e:V_1.2-x\n", "a--b/c__d.e", "V_1.2-x", ""),
        (f"docker-pullable://{HOST}/web@{DIGEST}", "web", "", DIGEST),
        (f"{HOST}:443/web:v1", "web", "v1", ""),
    ],
)
def test_the_parts_of_a_reference(text: str, repository: str, tag: str, digest: str) -> None:
    assert parse_reference(text) == Reference(ACCOUNT, REGION, repository, tag, digest)


@pytest.mark.parametrize(
    ("host", "region"),
    [
        (f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1"),
        (f"{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        (f"{ACCOUNT}.dkr-ecr.eu-west-1.on.aws", "eu-west-1"),
        (f"{ACCOUNT}.dkr-ecr-fips.us-east-1.on.aws", "us-east-1"),
        (f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        (f"{ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1"),
    ],
)
def test_every_host_of_a_private_registry(host: str, region: str) -> None:
    assert parse_reference(f"{host}/web:v1") == Reference(ACCOUNT, region, "web", "v1", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nginx",
        "nginx:1.27",
        "docker.io/library/nginx@" + DIGEST,
        "public.ecr.aws/shop/web:v1",
        "quay.io/org/app:v1",
        f"1234.dkr.ecr.{REGION}.amazonaws.com/web:v1",
        f"{HOST}/web@sha256:ab",
        f"{HOST}/",
        f"evil.example/{HOST}/web:v1",
        "sha256:" + "ab" * 32,
    ],
)
def test_what_is_no_image_of_a_private_registry(text: str) -> None:
    assert parse_reference(text) is None


@given(
    repository=st.from_regex(limits.REPOSITORY_NAME, fullmatch=True).filter(lambda name: len(name) <= 256),
    tag=st.from_regex(limits.IMAGE_TAG, fullmatch=True),
    digest=st.from_regex(limits.IMAGE_DIGEST, fullmatch=True),
)
def test_whatever_ecr_takes_is_read(repository: str, tag: str, digest: str) -> None:
    assert parse_reference(f"{HOST}/{repository}:{tag}") == Reference(ACCOUNT, REGION, repository, tag, "")
    assert parse_reference(f"{HOST}/{repository}@{digest}") == Reference(
        ACCOUNT, REGION, repository, "", digest
    )
