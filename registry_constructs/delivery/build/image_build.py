"""Container image builds in CodeBuild."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IConstruct

from registry_constructs._cdk.located import located
from registry_constructs._cdk.logs import encrypted_log_group
from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.consumers.environment_variables import grant_imported_keys
from registry_constructs.delivery.build.buildspec import (
    BUILD_ARGUMENT,
    BUILD_SECRET,
    image_buildspec,
    index_buildspec,
)
from registry_constructs.delivery.build.checks import check_build, warn_of_any_event, warn_of_moving_tags
from registry_constructs.delivery.build.network import VPC_REASON, build_network
from registry_constructs.delivery.build.project import build_project, build_role
from registry_constructs.ecr.regions import registry_host
from registry_constructs.images.image import Image
from registry_constructs.images.image_checks import Architecture
from registry_constructs.registry import ManagedSigning
from registry_constructs.registry.signing import check_signing, let_sign

TOKEN_REASON: Final = "ecr:GetAuthorizationToken knows no resource."  # noqa: S105
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the role of a build."""


@jsii.implements(iam.IGrantable)
class ImageBuild(Construct):
    """Builds an image from a Dockerfile and pushes it, tagged with its source commit.

    By default, with only a repository

    - the build's container is not privileged: BuildKit runs on a Docker server of CodeBuild, a machine beside
      it that is charged while builds run and keeps layers for up to a month (CodeBuild guide,
      sample-docker-server),
    - each architecture is built on a machine of its own kind, and two become one index,
    - the tag is the commit, and a commit that was built already is not built again: its image is found,
    - the role may push to this repository and write this log group, and nothing else,
    - logs are encrypted and kept for a year.

    A build exports `IMAGE_DIGEST`, `IMAGE_URI` (by the digest) and `IMAGE_TAG`, and leaves an
    `imagedefinitions.json` for ECS. The builder is BuildKit's image from Docker Hub unless `buildkit` names
    another one.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`.
        repository: Where the image goes: of this Region, with tags that can't be moved. Another account has
            to let the role push.
        source: A repository of a Git host, to start builds by hand or by its events; what a CodeConnection
            needs is yours to grant. One architecture only. Default: what a `DeliveryPipeline` hands over.
        dockerfile: The Dockerfile's path in the source.
        context: The path in the source of what the Dockerfile may copy.
        architectures: `amd64`, `arm64` or both, each a build at the same time.
        build_args: Build arguments, in plain text. What looks like a secret is refused. Default: none.
        secrets: Secrets of Secrets Manager by the id that the Dockerfile mounts them with,
            `RUN --mount=type=secret,id=...`. They are in no layer, and CodeBuild hides them in logs.
            Default: none.
        cache_repository: A repository for BuildKit's layers, which everybody who may pull from it can read;
            its tags have to move. Default: only what the Docker server keeps.
        signing: Managed signing whose profile the role may sign with, beside the app's own that matches the
            repositories, which needs no naming. Default: none is named.
        buildkit: BuildKit's own image, such as one of a pull-through cache by its digest. Default: the one
            that buildx takes from Docker Hub.
        compute_type: The size of the build's machine.
        docker_server_compute_type: The size of the Docker server, which does the work. Default: `SMALL`, of 2
            vCPUs and 4 GiB.
        privileged: Set True to run Docker in the build's own container, with all rights on its machine,
            instead of on a Docker server. It saves the second machine.
        vpc: A VPC for the builds. Default: CodeBuild's own network.
        vpc_subnets: Its subnets, which need a way to the source and to the base images. Default: the private
            ones with a way out.
        encryption_key: For the artifacts. Default: a rotating key of its own, retained.

    Attributes:
        repository: The repository.
        architectures: What images are built for.
        projects: The project of each architecture.
        index_project: The project that makes the index; None for one architecture.
        role: What the builds run as.
        log_group: Their output.
        encryption_key: The key of the artifacts.

    Raises:
        InvalidInputError: For what could only fail in the build, and for a secret in plain text.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository: ecr.IRepository,
        source: codebuild.ISource | None = None,
        dockerfile: str = "Dockerfile",
        context: str = ".",
        architectures: Sequence[Architecture] = ("amd64",),
        build_args: Mapping[str, str] | None = None,
        secrets: Mapping[str, secretsmanager.ISecret] | None = None,
        cache_repository: ecr.IRepository | None = None,
        signing: ManagedSigning | None = None,
        buildkit: Image | None = None,
        compute_type: codebuild.ComputeType = codebuild.ComputeType.SMALL,
        docker_server_compute_type: codebuild.DockerServerComputeType | None = None,
        privileged: bool = False,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        encryption_key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, id)
        build_args, secrets = build_args or {}, secrets or {}
        with located(self):
            check_build(
                self,
                repository=repository,
                source=source,
                paths={"dockerfile": dockerfile, "context": context},
                architectures=architectures,
                build_args=build_args,
                secrets=secrets,
                cache_repository=cache_repository,
                buildkit=buildkit,
                docker_server=docker_server_compute_type,
                privileged=privileged,
            )
            check_signing(signing)
        self.repository = repository
        self.architectures = tuple(dict.fromkeys(architectures))
        self.encryption_key = encryption_key or kms.Key(
            self,
            "Key",
            description="Encrypts what a build of images reads and leaves",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self.log_group = encrypted_log_group(self, "Logs")
        self.role = build_role(
            self, "Role", "Builds and pushes one image", log_group=self.log_group, key=self.encryption_key
        )
        repository.grant_pull_push(self.role)
        if cache_repository is not None:
            cache_repository.grant_pull_push(self.role)
        if buildkit is not None:
            buildkit.grant_pull(self.role)
        for secret in secrets.values():
            secret.grant_read(self.role)
        grant_imported_keys(self.role, secrets)
        reason = TOKEN_REASON if vpc is None else f"{TOKEN_REASON} {VPC_REASON}"
        acknowledge_wildcards(self.role, ["*"], reason)
        network = None if vpc is None else build_network(self, vpc, vpc_subnets, self.role)
        common, building = self._variables(build_args, cache_repository, buildkit)
        several = len(self.architectures) > 1
        size = codebuild.DockerServerComputeType.SMALL
        self.projects = {
            architecture: build_project(
                self,
                architecture.capitalize() if several else "Project",
                role=self.role,
                log_group=self.log_group,
                key=self.encryption_key,
                description=f"Builds an image for {architecture}",
                build_spec=image_buildspec(
                    architecture=architecture,
                    dockerfile=dockerfile,
                    context=context,
                    build_args=list(build_args),
                    secrets=list(secrets),
                    cached=cache_repository is not None,
                    alone=not several,
                ),
                variables=building,
                secrets={f"{BUILD_SECRET}{name}": secret for name, secret in secrets.items()},
                architecture=architecture,
                compute_type=compute_type,
                docker_server=None if privileged else docker_server_compute_type or size,
                privileged=privileged,
                source=source,
                network=network,
            )
            for architecture in self.architectures
        }
        self.index_project: codebuild.Project | None = None
        if several:
            self.index_project = build_project(
                self,
                "Index",
                role=self.role,
                log_group=self.log_group,
                key=self.encryption_key,
                description="Makes and tags the index of an image's architectures",
                build_spec=index_buildspec(self.architectures),
                variables=common,
                network=network,
            )
        pushed = [repository] if cache_repository is None else [repository, cache_repository]
        let_sign(self, self.role, pushed, signing)
        for project in self.projects.values():
            warn_of_any_event(project)
        warn_of_moving_tags(self, repository)

    def _variables(
        self, build_args: Mapping[str, str], cache: ecr.IRepository | None, buildkit: Image | None
    ) -> tuple[dict[str, str], dict[str, str]]:
        """The environment variables of every project, and those of the builds."""
        stack = cdk.Stack.of(self)
        own = _registry(self, self.repository)
        common = {
            "REGISTRIES": own,
            "REGISTRY_ID": self.repository.env.account,
            "REPOSITORY_NAME": self.repository.repository_name,
            "REPOSITORY_URI": f"{own}/{self.repository.repository_name}",
        }
        building = common | {f"{BUILD_ARGUMENT}{name}": value for name, value in build_args.items()}
        # The second is where this account's caches are, from which base images come.
        registries = [own, registry_host(stack.account, stack.region, stack.url_suffix)]
        if cache is not None:
            registries.append(_registry(self, cache))
            building["CACHE"] = f"{registries[-1]}/{cache.repository_name}"
        if buildkit is not None:
            registries.append(buildkit.registry_host)
            building["BUILDKIT"] = buildkit.uri
        return common, building | {"REGISTRIES": " ".join(dict.fromkeys(registries))}

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The role, so that a cache of base images can be granted to the build: `cache.grant_pull(build)`."""
        return self.role

    def image(self, *, digest: str | None = None, tag: str | None = None) -> Image:
        """A built image, for a service or a function that runs it; its architectures are known.

        Args:
            digest: `sha256:` and 64 hexadecimal digits, as the build exported it. Give this or the tag.
            tag: The commit that it was built from, whole.

        Raises:
            InvalidInputError: If neither or both are given, or one is malformed.
        """
        with located(self):
            return Image.of(self.repository, digest=digest, tag=tag, architectures=self.architectures)


def _registry(scope: IConstruct, repository: ecr.IRepository) -> str:
    # `repository_uri` would take account and Region out of the ARN with functions of CloudFormation.
    environment = repository.env
    return registry_host(environment.account, environment.region, cdk.Stack.of(scope).url_suffix)
