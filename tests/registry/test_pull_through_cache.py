"""Pull-through caches: the rule of each upstream, its prefix, its images and its limits."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr

from registry_constructs import (
    InvalidInputError,
    PullThroughCache,
    RepositorySettings,
    Upstream,
    presets,
)
from registry_constructs.ecr import limits
from registry_constructs.ecr.upstreams import UPSTREAMS
from tests.synthesis import cfn_lint, new_app, new_stack, properties, raw_template, resources

RULE = "AWS::ECR::PullThroughCacheRule"
SECRET = "AWS::SecretsManager::Secret"
TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
ELSEWHERE = cdk.Environment(account="111122223333", region="us-east-1")
DIGEST = f"sha256:{'0a' * 32}"
EVERY_UPSTREAM = [
    (Upstream.docker_hub(), "docker-hub", "registry-1.docker.io"),
    (Upstream.ecr_public(), "ecr-public", "public.ecr.aws"),
    (Upstream.quay(), "quay", "quay.io"),
    (Upstream.kubernetes(), "k8s", "registry.k8s.io"),
    (Upstream.github(), "github-container-registry", "ghcr.io"),
    (Upstream.gitlab(), "gitlab-container-registry", "registry.gitlab.com"),
    (Upstream.chainguard(), "chainguard", "cgr.dev"),
    (Upstream.azure("contoso"), "azure-container-registry", "contoso.azurecr.io"),
    (Upstream.ecr(ELSEWHERE), "ecr", "111122223333.dkr.ecr.us-east-1.amazonaws.com"),
]
# As people write them.
IMAGES = {
    "docker-hub": "docker.io/grafana/grafana:12",
    "ecr-public": "public.ecr.aws/docker/library/redis:7",
    "quay": "quay.io/prometheus/prometheus:v3",
    "k8s": "registry.k8s.io/pause:3.10",
    "github-container-registry": f"ghcr.io/org/app@{DIGEST}",
    "gitlab-container-registry": "registry.gitlab.com/a/b/c:v1",
    "chainguard": "cgr.dev/chainguard/python:latest",
    "azure-container-registry": "contoso.azurecr.io/app:v1",
    "ecr": "111122223333.dkr.ecr.us-east-1.amazonaws.com/team/app:v1",
}
NEED_SECRET = {
    "azure-container-registry",
    "chainguard",
    "docker-hub",
    "github-container-registry",
    "gitlab-container-registry",
}


def new_cache(stack: Any, upstream: Any = None, prefix: Any = "hub", **keywords: Any) -> PullThroughCache:
    """A cache without a template unless settings are given."""
    upstream = Upstream.quay() if upstream is None else upstream
    return PullThroughCache(
        stack, "Cache", upstream=upstream, prefix=prefix, **({"settings": None} | keywords)
    )


def refusal(stack: Any = None, *arguments: Any, **keywords: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as refused:
        new_cache(new_stack() if stack is None else stack, *arguments, **keywords)
    return refused.value


@pytest.fixture
def stack() -> cdk.Stack:
    return new_stack()


# The rule -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("upstream", "name", "host"), EVERY_UPSTREAM)
def test_the_rule_of_each_upstream(stack: cdk.Stack, upstream: Upstream, name: str, host: str) -> None:
    cache = new_cache(stack, upstream)
    secret = {"CredentialArn": {"Ref": "CacheCredentials926150CD"}} if name in NEED_SECRET else {}
    assert properties(stack, RULE) == {
        "EcrRepositoryPrefix": "hub",
        "UpstreamRegistry": name,
        "UpstreamRegistryUrl": host,
        **secret,
    }
    assert len(resources(stack, SECRET)) == len(secret)
    assert (cache.credentials is not None) is bool(secret)
    assert cache.required_elsewhere is None
    assert cache.template is None


def test_these_are_all_upstreams() -> None:
    assert {name for _, name, _ in EVERY_UPSTREAM} == set(UPSTREAMS)


def test_logical_ids_stay() -> None:
    stack = new_stack()
    registry = cdk.Environment(account="222233334444", region="eu-west-1")
    new_cache(stack, Upstream.docker_hub(), settings=RepositorySettings())
    PullThroughCache(stack, "Other", upstream=Upstream.ecr(registry), prefix="other", settings=None)
    assert {name: body["Type"] for name, body in raw_template(stack)["Resources"].items()} == {
        "Cache18F6EE16": RULE,
        "CacheCredentials926150CD": SECRET,
        "CacheTemplate20093315": TEMPLATE,
        "CacheTemplateRoleD6DCC7ED": "AWS::IAM::Role",
        "CacheTemplateRoleDefaultPolicyE80F7D68": "AWS::IAM::Policy",
        "Other34654A52": RULE,
        "OtherRole696DE253": "AWS::IAM::Role",
        "OtherRoleDefaultPolicy40FBD467": "AWS::IAM::Policy",
        "RegistryConstructsKey445C5C20": "AWS::KMS::Key",
        "RegistryConstructsKeyAlias979C03DF": "AWS::KMS::Alias",
    }


def test_the_template_stands_before_the_rule(stack: cdk.Stack) -> None:
    cache = PullThroughCache(stack, "Cache", upstream=Upstream.quay(), prefix="hub")
    [rule] = resources(stack, RULE).values()
    assert set(rule["DependsOn"]) == {
        "CacheTemplate20093315",
        "CacheTemplateRoleD6DCC7ED",
        "CacheTemplateRoleDefaultPolicyE80F7D68",
    }
    given = properties(stack, TEMPLATE)
    assert given["AppliedFor"] == ["PULL_THROUGH_CACHE"]
    assert given["Prefix"] == "hub"
    assert given["ImageTagMutability"] == "MUTABLE"
    assert given["LifecyclePolicy"] == presets.pull_through_mirror().to_json()
    assert given["EncryptionConfiguration"]["KmsKey"] == {
        "Fn::GetAtt": ["RegistryConstructsKey445C5C20", "Arn"]
    }
    assert cache.template is not None


def test_own_settings(stack: cdk.Stack) -> None:
    new_cache(stack, settings=RepositorySettings(encryption=ecr.RepositoryEncryption.AES_256, lifecycle=[]))
    given = properties(stack, TEMPLATE)
    assert given["EncryptionConfiguration"] == {"EncryptionType": "AES256"}
    assert "LifecyclePolicy" not in given
    assert given["ImageTagMutability"] == "MUTABLE"
    assert cfn_lint(raw_template(stack)) == []


# Prefixes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "written"),
    [("ab", "ab"), ("a" * 30, "a" * 30), ("ab/", "ab"), ("a/b", "a/b"), ("ROOT", "ROOT")],
)
def test_prefixes_that_ecr_takes(stack: cdk.Stack, given: str, written: str) -> None:
    assert new_cache(stack, prefix=given).prefix == written
    assert properties(stack, RULE)["EcrRepositoryPrefix"] == written
    assert cfn_lint(raw_template(stack)) == []


@pytest.mark.parametrize(
    "prefix", ["", "a", "a/", "a" * 31, "Hub", "/hub", "hub//", "hub ", None, 12, ["hub"]]
)
def test_prefixes_that_ecr_refuses(prefix: Any) -> None:
    for keywords, problem in (
        ({"prefix": prefix}, "Not a prefix of a cache"),
        ({"upstream_prefix": prefix}, "Not an upstream prefix"),
    ):
        error = refusal(**keywords)
        assert error.problem == problem
        assert error.where == "Stack/Cache"
        assert error.allowed.startswith("2 to 30 characters")


@pytest.mark.parametrize("settings", [None, RepositorySettings()])
def test_a_prefix_known_only_at_deployment(stack: cdk.Stack, settings: RepositorySettings | None) -> None:
    error = refusal(stack, prefix=cdk.Aws.STACK_NAME, settings=settings)
    assert error.problem == "The cache's prefix is known only at deployment"
    assert error.where == "Stack/Cache"
    assert "write one such as 'docker-hub'" in error.fix
    assert "Not an upstream prefix" in refusal(stack=new_stack(), upstream_prefix=cdk.Aws.STACK_NAME).problem


def test_an_upstream_prefix(stack: cdk.Stack) -> None:
    cache = new_cache(stack, prefix="base/", upstream_prefix="org/base/")
    assert properties(stack, RULE) == {
        "EcrRepositoryPrefix": "base",
        "UpstreamRegistry": "quay",
        "UpstreamRegistryUrl": "quay.io",
        "UpstreamRepositoryPrefix": "org/base",
    }
    assert cache.cached_image("quay.io/org/base/python:3").repository_name == "base/python"
    with pytest.raises(InvalidInputError, match=r"Stack/Cache: .*not below the upstream prefix"):
        cache.cached_image("quay.io/org/other:3")
    assert "take its place" in refusal(prefix="ROOT", upstream_prefix="org").problem


def test_root(stack: cdk.Stack) -> None:
    cache = new_cache(stack, Upstream.docker_hub(), "ROOT", settings=RepositorySettings())
    assert properties(stack, RULE)["EcrRepositoryPrefix"] == "ROOT"
    assert "UpstreamRepositoryPrefix" not in properties(stack, RULE)
    assert properties(stack, TEMPLATE)["Prefix"] == "ROOT"
    assert properties(stack, SECRET)["Name"] == "ecr-pullthroughcache/ROOT"
    assert cache.cached_image("nginx").reference == "library/nginx:latest"
    assert cfn_lint(raw_template(stack)) == []


# Limits -------------------------------------------------------------------------------------------------


def test_two_caches_of_one_prefix() -> None:
    app = new_app()
    first, second = new_stack("First", app=app), new_stack("Second", app=app)
    new_cache(first, prefix="hub")
    error = refusal(second, prefix="hub/")
    assert (error.where, error.got) == ("Second/Cache", "one at First/Cache and another one at Second/Cache")
    assert "two pull-through cache rules for" in error.problem
    assert "hub" in error.problem


def test_the_same_prefix_in_another_region_and_account() -> None:
    app = new_app()
    for number, (account, region) in enumerate(
        [("111122223333", "eu-west-1"), ("111122223333", "us-east-1"), ("222233334444", "eu-west-1")]
    ):
        env = cdk.Environment(account=account, region=region)
        assert new_cache(new_stack(f"Stack{number}", env=env, app=app)).prefix == "hub"


def test_a_prefix_below_another(stack: cdk.Stack) -> None:
    new_cache(stack, prefix="hub")
    PullThroughCache(stack, "Below", upstream=Upstream.quay(), prefix="hub/quay", settings=None)
    assert len(resources(stack, RULE)) == 2


def test_fifty_caches_and_no_more() -> None:
    app = new_app()
    stack = new_stack(app=app)
    for number in range(50):
        PullThroughCache(
            stack, f"Cache{number}", upstream=Upstream.quay(), prefix=f"quay-{number}", settings=None
        )
    assert len(resources(stack, RULE)) == 50
    error = refusal(new_stack("Other", app=app))
    assert "more than 50 pull-through cache rules" in error.problem
    assert all(path in str(error.got) for path in ["Other/Cache", *(f"Stack/Cache{n}" for n in range(50))])


@pytest.mark.parametrize("region", sorted(limits.REGIONS_WITHOUT_PULL_THROUGH_CACHE))
def test_regions_without_pull_through_caches(region: str) -> None:
    error = refusal(new_stack(env=cdk.Environment(account="111122223333", region=region)))
    assert error.problem == "ECR has no pull-through caches in this stack's Region"
    assert (error.where, error.got) == ("Stack/Cache", region)
    assert "cn-north-1, cn-northwest-1, us-gov-east-1, us-gov-west-1" in error.allowed


def test_a_stack_without_account_and_region() -> None:
    agnostic = new_stack(env=None)
    cache = new_cache(agnostic)
    assert agnostic.resolve(cache.image_uri("org/app:v1")) == {
        "Fn::Join": [
            "",
            [
                {"Ref": "AWS::AccountId"},
                ".dkr.ecr.",
                {"Ref": "AWS::Region"},
                ".",
                {"Ref": "AWS::URLSuffix"},
                "/hub/org/app:v1",
            ],
        ]
    }
    assert cfn_lint(raw_template(agnostic)) == []


# Images -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("upstream", "name", "host"), EVERY_UPSTREAM)
def test_an_image_of_each_upstream(stack: cdk.Stack, upstream: Upstream, name: str, host: str) -> None:
    cache = new_cache(stack, upstream)
    image = IMAGES[name]
    below = image.partition("/")[2]
    assert cache.cached_image(image).reference == f"hub/{below}"
    assert cache.cached_image(f"{host}/{below}") == cache.cached_image(below) == cache.cached_image(image)
    assert stack.resolve(cache.image_uri(image)) == {
        "Fn::Join": ["", ["111122223333.dkr.ecr.eu-west-1.", {"Ref": "AWS::URLSuffix"}, f"/hub/{below}"]]
    }
    with pytest.raises(InvalidInputError) as refused:
        cache.image_uri("registry.example.com/org/app:v1")
    assert refused.value.where == "Stack/Cache"
    assert refused.value.problem == "The image comes from another registry"
    assert host in refused.value.allowed


@pytest.mark.parametrize("image", ["nginx:1.27", "docker.io/nginx:1.27", "docker.io/library/nginx:1.27"])
def test_official_images_of_docker_hub(stack: cdk.Stack, image: str) -> None:
    assert new_cache(stack, Upstream.docker_hub()).cached_image(image).reference == "hub/library/nginx:1.27"


def test_parts_of_an_image(stack: cdk.Stack) -> None:
    image = new_cache(stack, Upstream.docker_hub()).cached_image(f"nginx:1.27@{DIGEST}")
    assert (image.repository_name, image.tag, image.digest) == ("hub/library/nginx", "1.27", DIGEST)


@pytest.mark.parametrize("image", ["", " ", None, 12, "https://quay.io/org/app", "quay.io"])
def test_what_is_no_image(stack: cdk.Stack, image: Any) -> None:
    with pytest.raises(InvalidInputError, match="Stack/Cache: ") as refused:
        new_cache(stack).image_uri(image)
    assert "docker pull" in refused.value.fix


# Wrong types --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keywords", "problem"),
    [
        ({"upstream": "docker-hub"}, "Not an upstream"),
        ({"upstream": UPSTREAMS["quay"]}, "Not an upstream"),
        ({"settings": {"lifecycle": []}}, "Not settings for repositories"),
        ({"settings": True}, "Not settings for repositories"),
    ],
)
def test_what_is_no_upstream_and_no_settings(keywords: dict[str, Any], problem: str) -> None:
    error = refusal(**keywords)
    assert (error.problem, error.where) == (problem, "Stack/Cache")
