"""One way to name an image, for everything that runs one."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, IConstruct

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.references import MOVING_TAGS
from registry_constructs.ecr.regions import registry_host
from registry_constructs.ecr.tokens import is_token
from registry_constructs.images.image_checks import (
    Architecture,
    check_architectures,
    check_built_for,
    check_reference,
)
from registry_constructs.images.origins import CacheOrigin, RepositoryOrigin
from registry_constructs.registry import PullThroughCache
from registry_constructs.repository import Repository


class Image:
    """An image in ECR and the right to pull it; every consumer of this library takes one.

    Name it by its digest: what was tested is what runs, and a rollback finds the same image. A tag that can
    be moved to another image is a warning on the consumer.

    Attributes:
        source: The repository, or the pull-through cache.
        account: The account of its registry.
        region: The Region of its registry.
        repository_name: The repository's name in its registry.
        repository_arn: Its ARN, which policies of VPC endpoints are written for.
        digest: `sha256:` and 64 hexadecimal digits; None if it is named by a tag.
        tag: The tag; None if it is named by its digest.
        architectures: What it was built for; None if it is not given.
        first_pull_actions: What its first pull needs beside `PULL_ACTIONS`: for a cache, the making of the
            repository.
    """

    def __init__(
        self,
        origin: RepositoryOrigin | CacheOrigin,
        *,
        digest: str | None,
        tag: str | None,
        architectures: Sequence[Architecture] | None,
    ) -> None:
        self._origin = origin
        self.source = origin.construct
        self.account = origin.account
        self.region = origin.region
        self.repository_name = origin.repository_name
        self.repository_arn = origin.repository_arn
        self.first_pull_actions = origin.first_pull_actions
        self.digest = digest
        self.tag = None if digest else tag
        self.architectures = None if architectures is None else tuple(architectures)

    @staticmethod
    def of(
        repository: ecr.IRepository,
        *,
        digest: str | None = None,
        tag: str | None = None,
        architectures: Sequence[Architecture] | None = None,
    ) -> Image:
        """An image of a repository: this library's, the CDK's, an imported one, or another account's.

        Args:
            repository: The repository.
            digest: `sha256:` and 64 hexadecimal digits. Give this or the tag.
            tag: Up to 128 characters.
            architectures: What it was built for, `amd64` and `arm64`; a consumer that runs on another one is
                refused. Default: not checked, as ECR tells it only once the image is there.

        Raises:
            InvalidInputError: If it is no private repository, if neither or both names are given, or one is
                malformed.
        """
        if not hasattr(repository, "repository_uri_for_tag"):
            raise InvalidInputError(
                "Not a private repository",
                got=type(repository).__name__,
                allowed="a Repository, or an ecr.IRepository",
                fix="import one by its name: Repository.from_repository_name(stack, 'Shop', 'shop/checkout')",
            )
        check_reference(digest, tag)
        check_architectures(architectures)
        return Image(RepositoryOrigin(repository), digest=digest, tag=tag, architectures=architectures)

    @staticmethod
    def cached(
        cache: PullThroughCache, image: str, *, architectures: Sequence[Architecture] | None = None
    ) -> Image:
        """An image of another registry, pulled through a cache.

        Args:
            cache: The cache.
            image: As for `PullThroughCache.image_uri`: `nginx:1.27`, `quay.io/org/app@sha256:...`.
            architectures: As for `of`.

        Raises:
            InvalidInputError: If the image is not one of the cache's upstream.
        """
        check_architectures(architectures)
        found = cache.cached_image(image)
        return Image(
            CacheOrigin(cache, found.repository_name),
            digest=found.digest,
            tag=found.tag,
            architectures=architectures,
        )

    @staticmethod
    def replica(
        scope: Construct,
        id: str,
        repository_name: str,
        *,
        digest: str | None = None,
        tag: str | None = None,
        architectures: Sequence[Architecture] | None = None,
    ) -> Image:
        """An image that `Replication` brings into the account and Region of `scope`; its digest is the same.

        Args:
            scope: A construct in a stack of the destination.
            id: The id of the imported repository.
            repository_name: The repository's name, which is the same at both ends.
            digest: As for `of`.
            tag: As for `of`.
            architectures: As for `of`.

        Raises:
            InvalidInputError: As for `of`, and for a name that ECR would refuse.
        """
        repository = Repository.from_repository_name(scope, id, repository_name)
        return Image.of(repository, digest=digest, tag=tag, architectures=architectures)

    def at_digest(self, digest: str) -> Image:
        """The image of the same repository with this digest, which may be known only at deployment."""
        image = copy(self)
        image.digest, image.tag = digest, None
        return image

    @property
    def uri(self) -> str:
        """What a client pulls: `<registry>/<repository>@sha256:...`, or with `:<tag>`."""
        return f"{self._origin.repository_uri}{self._reference}"

    @property
    def registry_host(self) -> str:
        """The host that clients sign in to, the beginning of `uri`."""
        return self._origin.repository_uri.partition("/")[0]

    @property
    def plain_uri(self) -> str:
        """`uri` without references, where account, Region and name are known; otherwise as it is.

        A template refers to a repository, so that it is made before its image is used; a file can't.
        """
        if is_token(self.region):
            return self.uri
        host = registry_host(self.account, self.region)
        uri = f"{host}/{self._origin.plain_name}{self._reference}"
        return self.uri if is_token(uri) else uri

    @property
    def _reference(self) -> str:
        return f"@{self.digest}" if self.digest else f":{self.tag}"

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let an identity pull the image; from a cache also the first time, when ECR has yet to get it.

        A cache's grant names all of its repositories; cdk-nag's finding about that is acknowledged.
        """
        return self._origin.grant_pull(grantee)

    def for_ecs(self) -> ecs.ContainerImage:
        """The image for a container of ECS, whose execution role is granted the pull."""
        return _EcsImage(self)

    def for_lambda(
        self, *, cmd: list[str] | None = None, entrypoint: list[str] | None = None
    ) -> lambda_.DockerImageCode:
        """The image for a Lambda function; the repository's policy lets Lambda pull it.

        Args:
            cmd: The command, instead of the image's.
            entrypoint: The entry point, instead of the image's.

        Raises:
            InvalidInputError: For a cached image: Lambda can't pull through a cache.
        """
        return lambda_.DockerImageCode.from_ecr(
            self.repository_for_lambda(),
            tag_or_digest=_as_digest(self.digest) or self.tag,
            cmd=cmd,
            entrypoint=entrypoint,
        )

    def repository_for_lambda(self) -> ecr.IRepository:
        """The repository that Lambda fetches the image from.

        Raises:
            InvalidInputError: For a cached image: Lambda can't pull through a cache.
        """
        return self._origin.repository_for_lambda()

    def check_architecture(self, architecture: Architecture) -> None:
        """Refuse a consumer that runs on another architecture than the image was built for.

        Raises:
            InvalidInputError: If it is none that images are built for, or the image's architectures are
                known and this is none of them.
        """
        check_built_for(architecture, self.architectures)

    def warn_if_moving(self, consumer: IConstruct) -> None:
        """Warn on a consumer if the image's tag may be moved to another image."""
        if self.digest is None and self.tag is not None and not is_token(self.tag) and self._moves(self.tag):
            cdk.Validations.of(consumer).add_warning(
                "registry-constructs:image-tag-moves",
                f"The tag {self.tag!r} can be moved to another image: what runs then depends on when a task "
                "started, and a rollback does not bring the old image back. Name the image by its digest.",
            )

    def _moves(self, tag: str) -> bool:
        known = self._origin.tag_moves(tag)
        return tag.lower() in MOVING_TAGS if known is None else known


def check_image(image: object) -> None:
    """Refuse what consumers can't pull, such as text.

    Raises:
        InvalidInputError: If it is no `Image`.
    """
    if not isinstance(image, Image):
        raise InvalidInputError(
            "Not an image",
            got=type(image).__name__,
            allowed="an Image",
            fix="write image=Image.of(repository, digest='sha256:...')",
        )


class _EcsImage(ecs.ContainerImage):
    def __init__(self, image: Image) -> None:
        super().__init__()
        self._image = image

    def bind(
        self,
        scope: Construct,
        container_definition: ecs.ContainerDefinition,
    ) -> ecs.ContainerImageConfig:
        self._image.warn_if_moving(scope)
        self._image.grant_pull(container_definition.task_definition.obtain_execution_role())
        return ecs.ContainerImageConfig(image_name=self._image.uri)


def _as_digest(digest: str | None) -> str | None:
    """A digest that the CDK can tell from a tag, by how it begins, even if it is known only at deployment."""
    if digest is None or not is_token(digest) or digest.startswith("sha256:"):
        return digest
    return f"sha256:{cdk.Fn.select(1, cdk.Fn.split(':', digest))}"
