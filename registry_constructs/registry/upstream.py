"""Where a pull-through cache gets its images."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_secretsmanager as secretsmanager

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.regions import registry_host
from registry_constructs.ecr.upstreams import UPSTREAMS, check_upstream_host
from registry_constructs.registry.replication import RegistryOrEnvironment, known_environment


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """One of the nine registries that ECR can cache; use the named constructors.

    Where a registry asks for credentials, they are a secret with the keys `username` and `accessToken`, whose
    name begins with `ecr-pullthroughcache/`, in the cache's account and Region, encrypted with Secrets
    Manager's own key: ECR can't read one with a key of yours. With none given, the cache makes such a secret
    and says how to fill it.

    Attributes:
        name: What CloudFormation calls it, such as `docker-hub`.
        host: Where it is, such as `registry-1.docker.io`.
        credentials: The secret that was given.
        registry: The ECR registry, for an upstream that is one.
    """

    name: str
    host: str
    credentials: secretsmanager.ISecret | None = None
    registry: RegistryOrEnvironment | None = None

    def __post_init__(self) -> None:
        check_upstream_host(self.name, self.host)
        if self.credentials is not None and not hasattr(self.credentials, "secret_arn"):
            raise InvalidInputError(
                "The credentials are no secret",
                got=self.credentials,
                allowed="a secretsmanager.Secret, or one imported with Secret.from_secret_complete_arn",
                fix="import the secret, or leave credentials out to have one made",
            )

    @classmethod
    def docker_hub(cls, credentials: secretsmanager.ISecret | None = None) -> Upstream:
        """Docker Hub, with a user's name and access token."""
        return cls._known("docker-hub", credentials)

    @classmethod
    def ecr_public(cls) -> Upstream:
        """The Amazon ECR Public Gallery."""
        return cls._known("ecr-public")

    @classmethod
    def quay(cls) -> Upstream:
        """Quay; public images only."""
        return cls._known("quay")

    @classmethod
    def kubernetes(cls) -> Upstream:
        """The Kubernetes community's registry.k8s.io."""
        return cls._known("k8s")

    @classmethod
    def github(cls, credentials: secretsmanager.ISecret | None = None) -> Upstream:
        """GitHub's registry ghcr.io, with a user's name and a classic token that may read packages."""
        return cls._known("github-container-registry", credentials)

    @classmethod
    def gitlab(cls, credentials: secretsmanager.ISecret | None = None) -> Upstream:
        """The registry of GitLab.com (not of a GitLab of your own), with a token that may read registries."""
        return cls._known("gitlab-container-registry", credentials)

    @classmethod
    def chainguard(cls, credentials: secretsmanager.ISecret | None = None) -> Upstream:
        """Chainguard's registry cgr.dev, with a pull token."""
        return cls._known("chainguard", credentials)

    @classmethod
    def azure(cls, registry_name: str, credentials: secretsmanager.ISecret | None = None) -> Upstream:
        """An Azure container registry.

        Args:
            registry_name: What precedes `.azurecr.io`.
            credentials: A token of that registry.

        Raises:
            InvalidInputError: If it can't be a registry's name.
        """
        name, host = "azure-container-registry", f"{registry_name}.azurecr.io"
        try:
            check_upstream_host(name, host)
        except InvalidInputError:
            raise InvalidInputError(
                "Not the name of an Azure container registry",
                got=registry_name,
                allowed="what precedes '.azurecr.io' in its login server: a-z, 0-9 and '-'",
                fix="write Upstream.azure('contoso') for contoso.azurecr.io",
            ) from None
        return cls(name=name, host=host, credentials=credentials)

    @classmethod
    def ecr(cls, registry: RegistryOrEnvironment) -> Upstream:
        """Another private ECR registry: another Region's, another account's, or both.

        Args:
            registry: A `Registry` of this app, whose policy then lets the cache's account read, or the
                account and Region of one that another app owns: the cache's `required_elsewhere` says what it
                must allow. In the cache's own account, nothing needs to be allowed.

        Raises:
            InvalidInputError: If it is neither, or its account or Region is not known.
        """
        if not isinstance(registry, RegistryOrEnvironment):
            raise InvalidInputError(
                "Not an ECR registry",
                got=registry,
                allowed="a Registry of this app, or cdk.Environment(account=..., region=...)",
                fix="write Upstream.ecr(cdk.Environment(account='111122223333', region='eu-west-1'))",
            )
        place = known_environment(registry)
        return cls(name="ecr", host=registry_host(place.account, place.region), registry=registry)

    @classmethod
    def _known(cls, name: str, credentials: secretsmanager.ISecret | None = None) -> Upstream:
        return cls(name=name, host=UPSTREAMS[name].host, credentials=credentials)

    @property
    def needs_credentials(self) -> bool:
        """Whether ECR asks for a secret, also for public images."""
        return UPSTREAMS[self.name].needs_secret
