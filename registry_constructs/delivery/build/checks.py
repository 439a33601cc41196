"""Checks of an image build's settings at synthesis."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from registry_constructs.consumers.environment_variables import check_environment
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token, known_to_differ
from registry_constructs.images.image import Image
from registry_constructs.images.image_checks import Architecture, check_architectures
from registry_constructs.images.origins import tag_moves

_GIT_HOSTS: Final = ("BITBUCKET", "GITHUB", "GITHUB_ENTERPRISE", "GITLAB", "GITLAB_SELF_MANAGED")

_ARGUMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# A tag as a commit is one.
_COMMIT: Final = "0123456789abcdef" * 2 + "01234567"


def check_build(
    scope: Construct,
    *,
    repository: ecr.IRepository,
    source: codebuild.ISource | None,
    paths: Mapping[str, str],
    architectures: Sequence[Architecture],
    build_args: Mapping[str, str],
    secrets: Mapping[str, secretsmanager.ISecret],
    cache_repository: ecr.IRepository | None,
    buildkit: Image | None,
    docker_server: codebuild.DockerServerComputeType | None,
    privileged: bool,
) -> None:
    """Check for settings that would only fail in the build.

    Raises:
        InvalidInputError: For such a setting.
    """
    _check_repository(scope, "repository", repository)
    for name, path in paths.items():
        _check_path(name, path)
    check_architectures(architectures)
    _check_source(source, architectures)
    check_environment(
        scope,
        build_args,
        secrets,
        fix="store it in Secrets Manager, write secrets={'NAME': secret}, and mount it in the Dockerfile: an "
        "image contains its build arguments, readable by everyone who can pull it",
    )
    for name in (*build_args, *secrets):
        if not _ARGUMENT.fullmatch(name):
            raise InvalidInputError(
                "Not the name of a build argument or a secret",
                got=name,
                allowed="letters, digits and '_', the first no digit",
                fix="write it as the Dockerfile's ARG has it",
            )
    for name, secret in secrets.items():
        given: Any = secret
        if not hasattr(given, "secret_arn"):
            raise InvalidInputError(
                f"The value of {name} is not a secret",
                got=type(given).__name__,
                allowed="a secret of Secrets Manager",
                fix="write secretsmanager.Secret.from_secret_name_v2(stack, 'Npm', 'npm-token')",
            )
    if cache_repository is not None:
        _check_repository(scope, "cache_repository", cache_repository)
        _check_cache(repository, cache_repository, architectures)
    if buildkit is not None and not isinstance(buildkit, Image):
        raise InvalidInputError(
            "buildkit is not an image",
            got=buildkit,
            allowed="an Image",
            fix="write buildkit=Image.cached(cache, 'moby/buildkit@sha256:...')",
        )
    if privileged and docker_server is not None:
        raise InvalidInputError(
            "A privileged build has no Docker server",
            got={"privileged": True, "docker_server_compute_type": docker_server},
            allowed="one of the two",
            fix="leave privileged out; for a larger privileged build, set compute_type",
        )


def warn_of_moving_tags(scope: Construct, repository: ecr.IRepository) -> None:
    """Warn if the tag of a commit can be moved to another image."""
    if tag_moves(repository, _COMMIT):
        cdk.Validations.of(scope).add_warning(
            "registry-constructs:build-tag-moves",
            f"The tags of {repository.node.path} can be moved, so the image of a commit's tag may have been "
            "built from another commit. Make them immutable; immutable_except=[...] is for those that move.",
        )


def warn_of_any_event(project: codebuild.Project) -> None:
    """Warn if every event at the Git host starts a build, which can push images."""
    resource = project.node.default_child
    triggers = cdk.Stack.of(project).resolve(getattr(resource, "triggers", None)) or {}
    if triggers.get("webhook") and not triggers.get("filterGroups"):
        cdk.Validations.of(project).add_warning(
            "registry-constructs:build-on-any-event",
            "Every event at the Git host starts a build that may push, a pull request from anybody's fork "
            "too. Set webhook_filters=[FilterGroup.in_event_of(EventAction.PUSH).and_branch_is('main')] on "
            "the source.",
        )


def _check_repository(scope: Construct, name: str, repository: ecr.IRepository) -> None:
    given: Any = repository
    if not hasattr(given, "repository_name"):
        raise InvalidInputError(
            f"{name} is no repository",
            got=given,
            allowed="a Repository, or one imported",
            fix=f"write {name}=Repository(stack, 'Checkout')",
        )
    here, there = cdk.Stack.of(scope).region, repository.env.region
    if known_to_differ(here, there):
        raise InvalidInputError(
            "The repository is in another Region than the build, whose tokens are of its own",
            got=there,
            allowed=here,
            fix="build there, or push here and replicate",
        )


def _check_path(name: str, path: str) -> None:
    parts = PurePosixPath(path).parts if isinstance(path, str) and path else ("..",)
    if not is_token(path) and ("/" in parts[:1] or ".." in parts or path.startswith("-")):
        raise InvalidInputError(
            f"{name} is not in the source",
            got=path,
            allowed="a path below the source's top",
            fix=f"write {name}='services/checkout{'/Dockerfile' if name == 'dockerfile' else ''}'",
        )


def _check_source(source: codebuild.ISource | None, architectures: Sequence[Architecture]) -> None:
    if source is None:
        return
    kind = getattr(source, "type", None)
    if kind not in _GIT_HOSTS:
        raise InvalidInputError(
            "The source is not a Git host's repository",
            got=kind or source,
            allowed=", ".join(_GIT_HOSTS),
            fix="leave source out, and let a DeliveryPipeline read S3, CodeCommit or ECR",
        )
    if len(set(architectures)) > 1:
        raise InvalidInputError(
            "The index is made after the images, which takes a pipeline",
            got=list(architectures),
            allowed="one architecture with source=...",
            fix="leave source out and give the build to a DeliveryPipeline, which needs no service",
        )


def _check_cache(
    repository: ecr.IRepository, cache: ecr.IRepository, architectures: Sequence[Architecture]
) -> None:
    if cache.node.path == repository.node.path:
        raise InvalidInputError(
            "cache_repository is the repository of the images",
            got=cache.node.path,
            allowed="a repository of its own",
            fix="write cache_repository=Repository(stack, 'Cache', lifecycle=presets.build_cache(), "
            "image_tag_mutability=ecr.TagMutability.MUTABLE)",
        )
    fixed = [architecture for architecture in architectures if tag_moves(cache, architecture) is False]
    if fixed:
        raise InvalidInputError(
            "The cache is written under the same tag each time, and this repository's can't be moved",
            got=f"immutable {', '.join(fixed)} in {cache.node.path}",
            allowed="a repository whose tags move",
            fix="write image_tag_mutability=ecr.TagMutability.MUTABLE on it",
        )
