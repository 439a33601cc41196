"""One way to name an image, for everything that runs one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, IConstruct

from registry_constructs.ecr import limits
from registry_constructs.ecr.actions import PULL_ACTIONS
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.references import MOVING_TAGS
from registry_constructs.ecr.tokens import is_token, known_to_differ
from registry_constructs.images.moving_tags import tag_moves
from registry_constructs.registry import PullThroughCache
from registry_constructs.repository import Repository
from registry_constructs.repository.imported import ImportedRepository

Architecture = Literal["amd64", "arm64"]
"""A processor architecture, as image manifests name it."""


class Image:
    """An image in ECR and the right to pull it; every consumer of this library takes one.

    Name it by its digest: what was tested is what runs, and a rollback finds the same image. A tag that can
    be moved to another image is a warning on the consumer.

    Attributes:
        repository: The repository; None for an image of a pull-through cache.
        cache: The cache; None for an image of a repository.
        repository_name: The repository's name in its registry.
        repository_arn: Its ARN, which policies of VPC endpoints are written for.
        digest: `sha256:` and 64 hexadecimal digits; None if it is named by a tag.
        tag: The tag; None if it is named by its digest.
        architectures: What it was built for; None if that was not said.
    """

    def __init__(
        self,
        *,
        repository: ecr.IRepository | None,
        cache: PullThroughCache | None,
        repository_name: str,
        repository_arn: str,
        digest: str | None,
        tag: str | None,
        architectures: Sequence[Architecture] | None,
    ) -> None:
        self.repository = repository
        self.cache = cache
        self.repository_name = repository_name
        self.repository_arn = repository_arn
        self.digest = digest
        self.tag = None if digest else tag
        self.architectures = None if architectures is None else tuple(architectures)

    @classmethod
    def of(
        cls,
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
        _check_reference(digest, tag)
        check_architectures(architectures)
        return cls(
            repository=repository,
            cache=None,
            repository_name=repository.repository_name,
            repository_arn=repository.repository_arn,
            digest=digest,
            tag=tag,
            architectures=architectures,
        )

    @classmethod
    def cached(
        cls, cache: PullThroughCache, image: str, *, architectures: Sequence[Architecture] | None = None
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
        stack = cdk.Stack.of(cache)
        return cls(
            repository=None,
            cache=cache,
            repository_name=found.repository_name,
            repository_arn=stack.format_arn(
                service="ecr", resource="repository", resource_name=found.repository_name
            ),
            digest=found.digest,
            tag=found.tag,
            architectures=architectures,
        )

    @classmethod
    def replica(
        cls,
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
        return cls.of(repository, digest=digest, tag=tag, architectures=architectures)

    @property
    def uri(self) -> str:
        """What a client pulls: `<registry>/<repository>@sha256:...`, or with `:<tag>`."""
        suffix = f"@{self.digest}" if self.digest else f":{self.tag}"
        if self.repository is not None:
            return f"{repository_uri(self.repository)}{suffix}"
        return f"{_registry(cast('IConstruct', self.cache))}/{self.repository_name}{suffix}"

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let an identity pull the image; from a cache also the first time, when ECR has yet to get it."""
        if self.cache is not None:
            return self.cache.grant_pull(grantee)
        repository = cast("ecr.IRepository", self.repository)
        _warn_of_another_owner(repository, grantee)
        return repository.grant_pull(grantee)

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
        if self.repository is None:
            raise InvalidInputError(
                "Lambda can't pull through a cache",
                got=self.repository_name,
                allowed="an image of a repository",
                fix="push the image to a repository of your own",
            )
        return lambda_.DockerImageCode.from_ecr(
            self.repository, tag_or_digest=_as_digest(self.digest) or self.tag, cmd=cmd, entrypoint=entrypoint
        )

    def check_architecture(self, architecture: Architecture) -> None:
        """Refuse a consumer that runs on another architecture than the image was built for.

        Raises:
            InvalidInputError: If it is none that images are built for, or the image's architectures are
                known and this is none of them.
        """
        if architecture not in {"amd64", "arm64"}:
            raise InvalidInputError(
                "Not an architecture",
                got=architecture,
                allowed="'amd64' or 'arm64'",
                fix="write architecture='arm64', or leave it out",
            )
        if self.architectures is not None and architecture not in self.architectures:
            raise InvalidInputError(
                "The image was not built for this architecture",
                got=architecture,
                allowed=" or ".join(self.architectures),
                fix="run it on what it was built for, or build it for both and push an image index",
            )

    def warn_if_moving(self, consumer: IConstruct) -> None:
        """Warn on a consumer if the image's tag may stand for another image tomorrow."""
        if self.digest is None and self.tag is not None and not is_token(self.tag) and self._moves(self.tag):
            cdk.Validations.of(consumer).add_warning(
                "registry-constructs:image-tag-moves",
                f"The tag {self.tag!r} can be moved to another image: what runs then depends on when a task "
                "started, and a rollback does not bring the old image back. Name the image by its digest.",
            )

    def _moves(self, tag: str) -> bool:
        known = None if self.repository is None else tag_moves(self.repository, tag)
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


def _warn_of_another_owner(repository: ecr.IRepository, grantee: iam.IGrantable) -> None:
    """A repository that the CDK imported drops what another account's policy must hold, without a word."""
    if isinstance(repository, ImportedRepository) or repository.node.default_child is not None:
        return
    there, here = repository.env.account, grantee.grant_principal.principal_account
    if not known_to_differ(there, here):
        return
    cdk.Validations.of(repository).add_warning(
        "registry-constructs:owner-must-allow-the-pull",
        f"The repository is account {there}'s, and its policy can't be changed from here. See that it lets "
        f"account {here} pull ({', '.join(PULL_ACTIONS)}), and import it with "
        "Repository.from_repository_arn(..., policy_managed_elsewhere=True).",
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


def repository_uri(repository: ecr.IRepository) -> str:
    """What images are pulled from, `<registry>/<repository>`."""
    if not isinstance(repository.node.default_child, ecr.CfnRepository):
        return repository.repository_uri
    # The CDK's would take account and Region out of the ARN with functions of CloudFormation, even where the
    # stack knows them.
    return f"{_registry(repository)}/{repository.repository_name}"


def _registry(scope: IConstruct) -> str:
    stack = cdk.Stack.of(scope)
    return f"{stack.account}.dkr.ecr.{stack.region}.{stack.url_suffix}"


def _as_digest(digest: str | None) -> str | None:
    """A digest that the CDK can tell from a tag, by how it begins, even if it is known only at deployment."""
    if digest is None or not is_token(digest) or digest.startswith("sha256:"):
        return digest
    return f"sha256:{cdk.Fn.select(1, cdk.Fn.split(':', digest))}"


def check_architectures(architectures: Sequence[Architecture] | None) -> None:
    """Refuse what is no list of architectures; None is for not known.

    Raises:
        InvalidInputError: If it is none.
    """
    if architectures is not None and (
        isinstance(architectures, str) or not architectures or not set(architectures) <= {"amd64", "arm64"}
    ):
        raise InvalidInputError(
            "architectures is not a list of what images are built for",
            got=architectures,
            allowed="'amd64', 'arm64' or both",
            fix="write architectures=['arm64'], or leave it out",
        )


def _check_reference(digest: str | None, tag: str | None) -> None:
    if (digest is None) == (tag is None):
        raise InvalidInputError(
            "An image is named by its digest or by a tag",
            got={"digest": digest, "tag": tag},
            allowed="one of the two",
            fix="write digest='sha256:...', which no push can change",
        )
    given, pattern, what = (
        (tag, limits.IMAGE_TAG, "tag") if digest is None else (digest, limits.IMAGE_DIGEST, "digest")
    )
    if not isinstance(given, str) or not (is_token(given) or pattern.fullmatch(given)):
        raise InvalidInputError(
            f"Not an image {what}",
            got=given,
            allowed=f"text that matches {pattern.pattern}",
            fix="copy it from 'aws ecr describe-images'",
        )
