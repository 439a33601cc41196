"""The registries that ECR can cache, and the names that their images have in a cache."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import check_repository_name, names_start
from registry_constructs.ecr.tokens import is_token


@dataclass(frozen=True, kw_only=True)
class UpstreamRegistry:
    """A registry that ECR can cache.

    Attributes:
        name: What CloudFormation calls it: `UpstreamRegistry`.
        host: What CloudFormation calls `UpstreamRegistryUrl`, or how it looks where every customer has one.
        own_host: The pattern of such hosts; None where there is one for all.
        aliases: Other hosts that people write for it.
        needs_secret: Whether ECR asks for a secret with a name and a token, also for public images.
    """

    name: str
    host: str
    own_host: re.Pattern[str] | None = None
    aliases: tuple[str, ...] = ()
    needs_secret: bool = False


_PARTS = "parts of a-z and 0-9 with '.', '_', '__' or any number of '-' between them, joined by '/'"

_UPSTREAMS = (
    UpstreamRegistry(name="ecr-public", host="public.ecr.aws", aliases=("ecr-public.aws.com",)),
    UpstreamRegistry(name="k8s", host="registry.k8s.io"),
    UpstreamRegistry(name="quay", host="quay.io"),
    UpstreamRegistry(
        name="docker-hub",
        host="registry-1.docker.io",
        aliases=("docker.io", "index.docker.io", "registry.hub.docker.com"),
        needs_secret=True,
    ),
    UpstreamRegistry(name="github-container-registry", host="ghcr.io", needs_secret=True),
    UpstreamRegistry(name="gitlab-container-registry", host="registry.gitlab.com", needs_secret=True),
    UpstreamRegistry(
        name="azure-container-registry",
        host="<custom>.azurecr.io",
        own_host=re.compile(r"[a-z0-9][a-z0-9-]*\.azurecr\.io"),
        needs_secret=True,
    ),
    UpstreamRegistry(name="chainguard", host="cgr.dev", needs_secret=True),
    UpstreamRegistry(
        name="ecr",
        host="<account>.dkr.ecr.<region>.amazonaws.com",
        own_host=re.compile(r"[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.(com|com\.cn|eu)"),
    ),
)

UPSTREAMS: Final[Mapping[str, UpstreamRegistry]] = MappingProxyType({one.name: one for one in _UPSTREAMS})
"""Every upstream by its name (UG pull-through-cache-creating-rule, CFN UpstreamRegistry)."""


@dataclass(frozen=True, kw_only=True)
class CachedImage:
    """An image as it is named in the registry that caches it.

    Attributes:
        repository_name: The repository that ECR makes at the first pull.
        tag: The tag; None for an image that is named by its digest alone.
        digest: `sha256:` and 64 hexadecimal digits, or None.
    """

    repository_name: str
    tag: str | None = None
    digest: str | None = None

    @property
    def suffix(self) -> str:
        """What follows the repository's name: `:tag`, `@sha256:...` or `:tag@sha256:...`."""
        tag = "" if self.tag is None else f":{self.tag}"
        return tag if self.digest is None else f"{tag}@{self.digest}"

    @property
    def reference(self) -> str:
        """Name and suffix; with the caching registry's host before it, it can be pulled."""
        return f"{self.repository_name}{self.suffix}"


def cached_image_name(
    image: str,
    *,
    upstream: str,
    host: str | None = None,
    prefix: str,
    upstream_prefix: str = limits.ROOT_PREFIX,
) -> CachedImage:
    """Find the name that an upstream image has in a cache.

    As for Docker, a host has a `.` or a `:`, or is `localhost`; else it is a namespace. An image without
    a host is one of this upstream. One without tag and digest is `latest`. Docker Hub's official images get
    the `library/` that ECR doesn't add by itself.

    Args:
        image: What people paste: `nginx`, `docker.io/library/nginx:1.27`, `ghcr.io/org/app@sha256:...`.
        upstream: One of `UPSTREAMS`, such as `docker-hub`.
        host: The upstream's host. Default: the one in `UPSTREAMS`; `ecr` and `azure-container-registry` have
            none there.
        prefix: The cache's prefix in this registry; `ROOT` for none.
        upstream_prefix: What upstream names begin with and `prefix` takes the place of. Default: `ROOT`,
            which keeps the whole name below `prefix`.

    Raises:
        InvalidInputError: For what is no image of this upstream, or has no name that ECR accepts.
    """
    check_prefixes(prefix, upstream_prefix)
    hosts = _hosts(upstream, host)
    written, name, tag, digest = _parse(image)
    if written is not None and written.lower() not in hosts:
        raise InvalidInputError(
            "The image comes from another registry",
            got=image,
            allowed=f"images of {' or '.join(hosts)}",
            fix="use the cache of that registry, or leave the host out",
        )
    if name in hosts:
        raise _refused("The image is a registry's host alone", image, f"{name}/<name>:<tag>")
    if upstream == "docker-hub" and "/" not in name:
        name = f"library/{name}"
    start = names_start(upstream_prefix)
    if not name.startswith(start):
        raise _refused("The image is not below the upstream prefix", image, f"names that begin with {start}")
    name = names_start(prefix) + name.removeprefix(start)
    check_repository_name(name)
    return CachedImage(repository_name=name, tag=tag, digest=digest)


def check_upstream_host(upstream: str, host: str | None) -> None:
    """Refuse a name that is no upstream's, and a host that it doesn't have; a token is taken as it is.

    Raises:
        InvalidInputError: With the upstreams or hosts that there are.
    """
    if not isinstance(upstream, str) or upstream not in UPSTREAMS:
        raise InvalidInputError(
            "Not a registry that ECR can cache",
            got=upstream,
            allowed=", ".join(UPSTREAMS),
            fix="name one of them",
        )
    known = UPSTREAMS[upstream]
    if known.own_host is None:
        fits, fix = host in (None, known.host), "leave the host out"
    else:
        fits = isinstance(host, str) and (is_token(host) or known.own_host.fullmatch(host) is not None)
        fix = "write the host of your registry, without https://"
    if not fits:
        raise InvalidInputError(
            f"Not a host of the upstream {upstream}", got=host, allowed=known.host, fix=fix
        )


def check_cache_prefix(prefix: str) -> None:
    """Refuse a cache's prefix that ECR would refuse: 2 to 30 characters, parts joined by `/`, or `ROOT`.

    Raises:
        InvalidInputError: With what is allowed. A token passes.
    """
    if not is_token(prefix):
        _check_prefix("Not a prefix of a cache", prefix)


def check_upstream_prefix(prefix: str) -> None:
    """Refuse an upstream prefix that ECR would refuse; the bounds are those of a cache's prefix.

    Raises:
        InvalidInputError: With what is allowed; also for a token, as image names are compared with it.
    """
    _check_prefix("Not an upstream prefix", prefix)


def check_prefixes(prefix: str, upstream_prefix: str) -> None:
    """Refuse prefixes that don't go together: in a cache with the prefix `ROOT`, upstream names stay whole.

    Raises:
        InvalidInputError: Also for either prefix by itself.
    """
    check_cache_prefix(prefix)
    check_upstream_prefix(upstream_prefix)
    if prefix == limits.ROOT_PREFIX != upstream_prefix:
        raise InvalidInputError(
            "An upstream prefix without a prefix to take its place",
            got=upstream_prefix,
            allowed="ROOT, as the cache's own prefix is ROOT",
            fix="give the cache a prefix, or leave upstream_prefix out",
        )


def _check_prefix(problem: str, prefix: str) -> None:
    shortest, longest = limits.CACHE_PREFIX_LENGTH
    fits = isinstance(prefix, str) and shortest <= len(prefix) <= longest
    if not fits or not limits.TEMPLATE_PREFIX.fullmatch(prefix):
        raise InvalidInputError(
            problem,
            got=prefix,
            allowed=f"{shortest} to {longest} characters: {_PARTS}; or ROOT",
            fix="write one such as 'docker-hub', or 'ROOT' for none",
        )


def _hosts(upstream: str, host: str | None) -> tuple[str, ...]:
    check_upstream_host(upstream, host)
    known = UPSTREAMS[upstream]
    return (known.host if host is None else host, *known.aliases)


def _parse(image: str) -> tuple[str | None, str, str | None, str | None]:
    """Host, name, tag and digest of an image, as Docker reads it."""
    if not isinstance(image, str) or not image.strip():
        raise _refused("No image is named", image, "the name of an image")
    if is_token(image):
        raise _refused("The image is known only at deployment", image, "an image that is written out")
    if "://" in image:
        raise _refused("An image is not an address", image, "the image without 'https://' before it")
    rest, at, digest = image.partition("@")
    if at and not limits.IMAGE_DIGEST.fullmatch(digest):
        raise _refused("Not an image digest", image, "'sha256:' and 64 of 0-9 and a-f after the '@'")
    first, slash, path = rest.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    name, colon, tag = (path if is_host else rest).partition(":")
    if colon and not limits.IMAGE_TAG.fullmatch(tag):
        raise _refused("Not an image tag", image, f"what matches {limits.IMAGE_TAG.pattern} after the ':'")
    if name != name.lower():
        raise _refused("The image's name has upper-case letters", image, repr(name.lower()))
    if not limits.REPOSITORY_NAME.fullmatch(name):
        raise _refused("Not the name of an image", image, _PARTS)
    return first if is_host else None, name, tag or (None if at else "latest"), digest or None


def _refused(problem: str, image: object, allowed: str) -> InvalidInputError:
    fix = "write it as 'docker pull' takes it, such as 'nginx:1.27'"
    return InvalidInputError(problem, got=image, allowed=allowed, fix=fix)
