"""Names of upstream images in a pull-through cache."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.upstreams import (
    UPSTREAMS,
    CachedImage,
    cached_image_name,
    check_cache_prefix,
    check_upstream_host,
    check_upstream_prefix,
)

ROOT = limits.ROOT_PREFIX
DIGEST = f"sha256:{'0a' * 32}"
TOKEN = "${Token[TOKEN.12]}"
OWN_HOSTS = {
    "azure-container-registry": "contoso.azurecr.io",
    "ecr": "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
}


def cached(image: str, upstream: str = "docker-hub", **keywords: Any) -> CachedImage:
    return cached_image_name(
        image, upstream=upstream, host=OWN_HOSTS.get(upstream), **({"prefix": "cache"} | keywords)
    )


def refusal(image: Any, upstream: str = "docker-hub", **keywords: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as refused:
        cached(image, upstream, **keywords)
    return refused.value


@pytest.mark.parametrize(
    ("upstream", "image", "reference"),
    [
        ("docker-hub", "nginx", "cache/library/nginx:latest"),
        ("docker-hub", "nginx:1.27", "cache/library/nginx:1.27"),
        ("docker-hub", "library/nginx:1.27", "cache/library/nginx:1.27"),
        ("docker-hub", "docker.io/library/nginx:1.27", "cache/library/nginx:1.27"),
        ("docker-hub", "docker.io/nginx:1.27", "cache/library/nginx:1.27"),
        ("docker-hub", "index.docker.io/grafana/grafana", "cache/grafana/grafana:latest"),
        ("docker-hub", "registry-1.docker.io/grafana/grafana:12", "cache/grafana/grafana:12"),
        ("docker-hub", f"nginx@{DIGEST}", f"cache/library/nginx@{DIGEST}"),
        ("docker-hub", f"nginx:1.27@{DIGEST}", f"cache/library/nginx:1.27@{DIGEST}"),
        ("k8s", "registry.k8s.io/pause:3.10", "cache/pause:3.10"),
        ("k8s", "pause:3.10", "cache/pause:3.10"),
        ("k8s", "registry.k8s.io/ingress-nginx/controller:v1", "cache/ingress-nginx/controller:v1"),
        ("quay", "Quay.io/prometheus/node-exporter", "cache/prometheus/node-exporter:latest"),
        ("github-container-registry", f"ghcr.io/org/img@{DIGEST}", f"cache/org/img@{DIGEST}"),
        ("gitlab-container-registry", "registry.gitlab.com/a/b/c:v1", "cache/a/b/c:v1"),
        ("ecr-public", "public.ecr.aws/docker/library/redis:7", "cache/docker/library/redis:7"),
        ("ecr-public", "ecr-public.aws.com/nginx/nginx", "cache/nginx/nginx:latest"),
        ("chainguard", "cgr.dev/chainguard/python", "cache/chainguard/python:latest"),
        ("azure-container-registry", "contoso.azurecr.io/shop/app:v1", "cache/shop/app:v1"),
        ("ecr", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/app:v1", "cache/shop/app:v1"),
    ],
)
def test_what_people_paste(upstream: str, image: str, reference: str) -> None:
    assert cached(image, upstream).reference == reference


def test_the_parts_of_a_cached_image() -> None:
    image = cached(f"nginx:1.27@{DIGEST}")
    assert image == CachedImage(repository_name="cache/library/nginx", tag="1.27", digest=DIGEST)
    assert image.suffix == f":1.27@{DIGEST}"
    assert cached(f"nginx@{DIGEST}").tag is None
    assert cached("nginx").digest is None


@pytest.mark.parametrize(
    ("prefix", "upstream_prefix", "image", "name"),
    [
        ("quay", ROOT, "org/app", "quay/org/app"),
        ("quay/", ROOT, "org/app", "quay/org/app"),
        (ROOT, ROOT, "org/app", "org/app"),
        ("team-a", "team-a", "team-a/app", "team-a/app"),
        ("my-app", "upstream-app", "upstream-app/x", "my-app/x"),
        ("my-app", "upstream-app/", "quay.io/upstream-app/x/y", "my-app/x/y"),
        ("teams/one", "org/one", "org/one/app", "teams/one/app"),
        (TOKEN, ROOT, "org/app", f"{TOKEN}/org/app"),
    ],
)
def test_prefixes(prefix: str, upstream_prefix: str, image: str, name: str) -> None:
    found = cached(image, "quay", prefix=prefix, upstream_prefix=upstream_prefix)
    assert found.repository_name == name


def test_official_images_are_below_the_upstream_prefix_library() -> None:
    image = cached("nginx", prefix="official", upstream_prefix="library")
    assert image.repository_name == "official/nginx"
    assert "below the upstream prefix" in refusal("nginx", upstream_prefix="bitnami").problem


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        ("quay.io/org/app", "another registry"),
        ("localhost/app", "another registry"),
        ("localhost:5000/app", "another registry"),
        ("docker.io:443/library/nginx", "another registry"),
        ("https://docker.io/library/nginx", "not an address"),
        ("http://nginx", "not an address"),
        ("docker://nginx", "not an address"),
        ("", "No image"),
        ("  ", "No image"),
        (None, "No image"),
        (TOKEN, "known only at deployment"),
        (f"nginx:{TOKEN}", "known only at deployment"),
        ("Nginx", "upper-case"),
        ("Org/app", "upper-case"),
        ("nginx:", "tag"),
        ("nginx:-1", "tag"),
        ("org/nginx:1/2", "tag"),
        ("nginx:1/2", "another registry"),
        (f"nginx:{'1' * 129}", "tag"),
        ("nginx@", "digest"),
        ("nginx@sha256:abc", "digest"),
        (f"nginx@{DIGEST.upper()}", "digest"),
        (f"nginx@{DIGEST}@{DIGEST}", "digest"),
        (f"nginx@{DIGEST}:1.27", "digest"),
        ("docker.io", "host alone"),
        ("docker.io/", "Not the name"),
        ("docker.io/docker.io", "host alone"),
        ("/nginx", "Not the name"),
        ("nginx/", "Not the name"),
        ("org//app", "Not the name"),
        ("org/a..b", "Not the name"),
        (" nginx", "Not the name"),
        ("nginx\n", "Not the name"),
        ("docker pull nginx", "Not the name"),
        (f"org/{'a' * 256}", "characters"),
    ],
)
def test_what_is_no_image_of_docker_hub(image: Any, problem: str) -> None:
    assert problem in refusal(image).problem


def test_a_refusal_says_how_to_mend_it() -> None:
    assert str(refusal("ghcr.io/org/app", "quay")) == (
        "The image comes from another registry.\n"
        "  Got: 'ghcr.io/org/app'\n"
        "  Allowed: images of quay.io\n"
        "  Fix: use the cache of that registry, or leave the host out"
    )


def test_a_name_of_one_character_needs_a_prefix() -> None:
    assert cached("a", "quay").repository_name == "cache/a"
    assert "1 characters" in refusal("a", "quay", prefix=ROOT).problem


@pytest.mark.parametrize(("name", "upstream"), UPSTREAMS.items())
def test_every_upstream(name: str, upstream: Any) -> None:
    assert upstream.name == name
    check_upstream_host(name, OWN_HOSTS.get(name))
    with pytest.raises(InvalidInputError, match=f"Not a host of the upstream {name}"):
        check_upstream_host(name, "registry.example.com")
    if name in OWN_HOSTS:
        check_upstream_host(name, TOKEN)
        with pytest.raises(InvalidInputError, match="without https://"):
            check_upstream_host(name, None)
        with pytest.raises(InvalidInputError):
            check_upstream_host(name, f"https://{OWN_HOSTS[name]}")
    else:
        check_upstream_host(name, upstream.host)


def test_the_upstreams_are_those_of_cloudformation() -> None:
    assert set(UPSTREAMS) == {
        "azure-container-registry",
        "chainguard",
        "docker-hub",
        "ecr",
        "ecr-public",
        "github-container-registry",
        "gitlab-container-registry",
        "k8s",
        "quay",
    }
    assert {name for name, one in UPSTREAMS.items() if one.needs_secret} == {
        "azure-container-registry",
        "chainguard",
        "docker-hub",
        "github-container-registry",
        "gitlab-container-registry",
    }


def test_a_host_in_china_and_one_of_another_account() -> None:
    check_upstream_host("ecr", "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn")
    assert "another registry" in refusal("222233334444.dkr.ecr.eu-west-1.amazonaws.com/app", "ecr").problem


@pytest.mark.parametrize("upstream", ["dockerhub", "", None, ["k8s"]])
def test_an_upstream_that_ecr_does_not_have(upstream: Any) -> None:
    with pytest.raises(InvalidInputError, match="azure-container-registry"):
        check_upstream_host(upstream, None)


@pytest.mark.parametrize("prefix", ["ab", "a" * 30, "docker-hub", "a/b/c", "a__b", "a--b", "ab/", ROOT])
def test_prefixes_that_ecr_takes(prefix: str) -> None:
    check_cache_prefix(prefix)
    check_upstream_prefix(prefix)


@pytest.mark.parametrize("prefix", ["a", "a" * 31, "Docker", "a//b", "/ab", "a b", "-ab", "", None, 12])
def test_prefixes_that_ecr_refuses(prefix: Any) -> None:
    for check in (check_cache_prefix, check_upstream_prefix):
        with pytest.raises(InvalidInputError, match="2 to 30 characters"):
            check(prefix)


def test_a_token_is_a_caches_prefix_but_no_upstream_prefix() -> None:
    check_cache_prefix(TOKEN)
    with pytest.raises(InvalidInputError, match="Not an upstream prefix"):
        check_upstream_prefix(TOKEN)


def test_root_takes_no_upstream_prefix() -> None:
    assert "take its place" in refusal("org/app", "quay", prefix=ROOT, upstream_prefix="org").problem


NAMES = st.from_regex(limits.REPOSITORY_NAME, fullmatch=True).filter(lambda name: len(name) < 240)
TAGS = st.from_regex(limits.IMAGE_TAG, fullmatch=True)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format)
UPSTREAM_NAMES = st.sampled_from(list(UPSTREAMS))


@given(upstream=UPSTREAM_NAMES, name=NAMES, tag=st.none() | TAGS, digest=st.none() | DIGESTS)
def test_an_image_keeps_its_tag_and_digest_and_reads_back_from_the_cache(
    upstream: str, name: str, tag: str | None, digest: str | None
) -> None:
    host = OWN_HOSTS.get(upstream) or UPSTREAMS[upstream].host
    written = CachedImage(repository_name=name, tag=tag, digest=digest)
    if name in (host, *UPSTREAMS[upstream].aliases):
        return
    found = cached(f"{host}/{written.reference}", upstream)
    assert (found.tag, found.digest) == (tag or (None if digest else "latest"), digest)
    assert found.repository_name.endswith(f"/{name}")
    below = found.repository_name.removeprefix("cache/")
    assert cached(f"{host}/{below}{found.suffix}", upstream) == found


@given(
    image=st.text()
    | st.text("aA0./:@-_ \n", max_size=12)
    | NAMES
    | st.from_regex(r"[a-z./:@]*sha256:[0-9a-f]*"),
    upstream=UPSTREAM_NAMES,
    prefix=st.just(ROOT) | st.text("ab/-", max_size=5),
    upstream_prefix=st.just(ROOT) | st.text("ab/-", max_size=3),
)
def test_any_text_is_an_image_or_refused(
    image: str, upstream: str, prefix: str, upstream_prefix: str
) -> None:
    try:
        found = cached(image, upstream, prefix=prefix, upstream_prefix=upstream_prefix)
    except InvalidInputError:
        return
    assert limits.REPOSITORY_NAME.fullmatch(found.repository_name)
    assert found.tag or found.digest
