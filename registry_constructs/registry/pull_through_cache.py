"""Pull-through caches as a unit: rule, credentials, template, and who may pull."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.ecr import limits
from registry_constructs.ecr.actions import IMPORT_ACTIONS, PULL_ACTIONS
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import check_account_id, names_start
from registry_constructs.ecr.regions import registry_host
from registry_constructs.ecr.tokens import is_token, known_to_differ
from registry_constructs.ecr.upstreams import CachedImage, cached_image_name, check_prefixes
from registry_constructs.registry.additions import RegistryAdditions
from registry_constructs.registry.cache_of_ecr import reach_upstream
from registry_constructs.registry.cache_secret import check_secret, make_secret
from registry_constructs.registry.creation_template import RepositoryCreationTemplate
from registry_constructs.registry.merged import registry_of, signing_coverage_of
from registry_constructs.registry.places import regions_of
from registry_constructs.registry.repository_settings import RepositorySettings, check_settings
from registry_constructs.registry.upstream import Upstream
from registry_constructs.repository.principals import check_granted, organization_principal


class PullThroughCache(Construct):
    """A prefix under which this registry serves another registry's images, and keeps them.

    The first pull of an image makes a repository for it; when a tag is pulled later, ECR looks for a newer
    image upstream at least once in 24 hours. The first pull needs more permissions than the others, which
    `grant_pull` gives, and from a VPC perhaps a route to the internet, even where ECR has endpoints in it.
    Lambda can't pull through a cache.

    ECR pushes cached images itself, with a role that may not sign. Where a filter of the app's
    `ManagedSigning` matches repositories of the cache, a warning names both: those images most likely stay
    unsigned.

    CloudFormation replaces the rule when any of its properties changes: upstream, prefix, upstream prefix,
    credentials (another secret, not another value in it). It makes the new rule before it deletes the old
    one, and ECR takes a prefix once: so either change the prefix as well, or take the cache out in one
    deployment and put it back in the next. Cached images stay in either case, and so does a secret that the
    cache made. Its name is taken then: import it with `Secret.from_secret_complete_arn` and give it to the
    upstream when you put the cache back.

    Args:
        scope: A construct in a stack of the registry's account and Region.
        id: The construct's id.
        upstream: Such as `Upstream.docker_hub()`. Changing it replaces the rule.
        prefix: What the cached repositories' names begin with: 2 to 30 characters, such as `docker-hub`, or
            `ROOT` for none. Changing it replaces the rule.
        upstream_prefix: What names at the upstream begin with, whose place `prefix` takes: with
            `prefix="base"` and `upstream_prefix="platform/base"`, `base/python` is `platform/base/python`
            there. 2 to 30 characters. Changing it replaces the rule. Default: `ROOT`, the whole name follows
            `prefix`.
        settings: What the cached repositories get; None for no template: tags that move, AES-256, no
            lifecycle. Default: tags that move, because immutable ones would never be refreshed,
            `presets.pull_through_mirror()`, and the key that the stack's repositories share.

    Attributes:
        prefix: The prefix.
        credentials: The secret; None where the upstream asks for none.
        template: What the cached repositories get; None if `settings` is None.
        required_elsewhere: What an upstream ECR registry of another account must allow, if another app owns
            it, as JSON-like data under `statement of the registry policy`; None otherwise.

    Raises:
        InvalidInputError: In a Region without pull-through caches, for a secret that ECR can't use, for a
            prefix that another cache has or that is a token, for more than 50 caches, for an ECR registry as
            its own upstream, and for what ECR would refuse.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        upstream: Upstream,
        prefix: str,
        upstream_prefix: str = limits.ROOT_PREFIX,
        settings: RepositorySettings | None = RepositorySettings(),  # noqa: B008 - it is frozen
    ) -> None:
        super().__init__(scope, id)
        stack = cdk.Stack.of(self)
        with located(self):
            for region in regions_of(self):
                _check_region(region)
            _check_upstream(upstream)
            check_settings(settings)
            self.prefix, self._upstream_prefix = _bare_prefixes(prefix, upstream_prefix)
            if upstream.credentials is not None:
                check_secret(upstream.credentials, stack)
            registry_of(self).claim("pull-through cache rules", self.prefix, self.node.path)
        signing_coverage_of(self).add_cache(self, self.prefix)
        self._upstream = upstream
        self.credentials = upstream.credentials
        if self.credentials is None and upstream.needs_credentials:
            self.credentials = make_secret(self, prefix=self.prefix, host=upstream.host)
        role: iam.Role | None = None
        self.required_elsewhere: dict[str, Any] | None = None
        if upstream.registry is not None:
            role, self.required_elsewhere = reach_upstream(
                self,
                upstream.registry,
                own_names=f"{names_start(self.prefix)}*",
                upstream_names=f"{names_start(self._upstream_prefix)}*",
            )
        self.template = (
            RepositoryCreationTemplate(
                self,
                "Template",
                prefix=self.prefix,
                applied_for=["PULL_THROUGH_CACHE"],
                settings=settings,
                description=f"Images of {upstream.host}",
            )
            if settings is not None
            else None
        )
        rule = ecr.CfnPullThroughCacheRule(
            self,
            "Resource",
            ecr_repository_prefix=self.prefix,
            upstream_registry=upstream.name,
            upstream_registry_url=upstream.host,
            upstream_repository_prefix=None
            if self._upstream_prefix == limits.ROOT_PREFIX
            else self._upstream_prefix,
            credential_arn=self.credentials.secret_arn if self.credentials else None,
            custom_role_arn=role.role_arn if role else None,
        )
        if role is not None:
            rule.node.add_dependency(role.node.find_child("DefaultPolicy"))
        if self.template is not None:
            # A repository that is made before its template stays without the settings for ever.
            rule.node.add_dependency(self.template)

    def image_uri(self, image: str) -> str:
        """The name by which an upstream's image is pulled through this cache.

        Args:
            image: What people write: `nginx:1.27`, `docker.io/library/nginx`, `quay.io/org/app@sha256:...`.
                An official image of Docker Hub gets its `library/`; one without tag and digest is `latest`.

        Raises:
            InvalidInputError: For an image of another registry, and for what is no image.
        """
        stack = cdk.Stack.of(self)
        host = registry_host(stack.account, stack.region, stack.url_suffix)
        return f"{host}/{self.cached_image(image).reference}"

    def cached_image(self, image: str) -> CachedImage:
        """Repository, tag and digest of an upstream's image in this registry; see `image_uri`."""
        with located(self):
            return cached_image_name(
                image,
                upstream=self._upstream.name,
                host=self._upstream.host,
                prefix=self.prefix,
                upstream_prefix=self._upstream_prefix,
            )

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let an identity pull through the cache, the first time included.

        Next to what a pull needs that is `ecr:BatchImportUpstreamImage` and `ecr:CreateRepository`, on this
        cache's repositories alone. An identity of another account, where that is known, is allowed by the
        policies as well, as by `grant_pull_to_accounts`.

        Raises:
            InvalidInputError: For an account, an organization or a service: they have no policy of their own.
                For an identity of another account if the cache has no template.
        """
        grant = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=sorted({*PULL_ACTIONS, *IMPORT_ACTIONS}),
            resource_arns=[
                cdk.Stack.of(self).format_arn(
                    service="ecr", resource="repository", resource_name=f"{names_start(self.prefix)}*"
                )
            ],
        )
        with located(self):
            check_granted(grant, grantee, fix="use grant_pull_to_accounts or grant_pull_to_organization")
        ecr.AuthorizationToken.grant_read(grantee)
        # Principals that nothing is known of, such as an unknown one, have no account either.
        account = getattr(grantee.grant_principal, "principal_account", None)
        own = cdk.Stack.of(self).account
        if account and known_to_differ(account, own):
            self.grant_pull_to_accounts(account)
        return grant

    def grant_pull_to_accounts(self, *account_ids: str) -> None:
        """Let other accounts pull through the cache, the first time included.

        The registry policy allows the first pull, the repository policy that the template gives allows the
        others; repositories that are there already keep the policy they have. Each account must still allow
        its own roles to. A `Registry` of this account and Region must be in the app.

        Raises:
            InvalidInputError: If none is given, one is not an account id, or the cache has no template.
        """
        with located(self):
            if not account_ids:
                raise InvalidInputError(
                    "No account is given",
                    got=account_ids,
                    allowed="at least one account",
                    fix="name it, such as '111122223333'",
                )
            for account_id in account_ids:
                check_account_id(account_id)
            template = self._require_template()
        RegistryAdditions(self).allow_import(*account_ids, prefixes=self._prefixes())
        template.add_to_repository_policy(
            iam.PolicyStatement(
                principals=[iam.AccountPrincipal(account_id) for account_id in sorted(set(account_ids))],
                actions=list(PULL_ACTIONS),
            )
        )

    def grant_pull_to_organization(self, organization_id: str, *, units: Iterable[str] = ()) -> None:
        """Let an organization's accounts, or those of some units, pull, as `grant_pull_to_accounts` does.

        Args:
            organization_id: Such as `o-a1b2c3d4e5`.
            units: Ids of organizational units (`ou-ab12-11111111`); accounts in them and below them may pull.
                Default: the whole organization.

        Raises:
            InvalidInputError: If an id is not one of AWS Organizations, or the cache has no template.
        """
        units = units if isinstance(units, str) else list(units)
        with located(self):
            template = self._require_template()
            principal = organization_principal(organization_id, units)
        RegistryAdditions(self).allow_import(
            organization=organization_id, units=units, prefixes=self._prefixes()
        )
        template.add_to_repository_policy(
            iam.PolicyStatement(principals=[principal], actions=list(PULL_ACTIONS))
        )

    def _require_template(self) -> RepositoryCreationTemplate:
        if self.template is None:
            raise InvalidInputError(
                "A cache without a template gives its repositories no policy",
                got=None,
                allowed="settings=RepositorySettings(...)",
                fix="leave settings out, or give the policy with a creation template of your own",
            )
        return self.template

    def _prefixes(self) -> Sequence[str]:
        start = names_start(self.prefix)
        return (start,) if start else ()


def _check_upstream(upstream: Upstream) -> None:
    if not isinstance(upstream, Upstream):
        raise InvalidInputError(
            "Not an upstream", got=upstream, allowed="an Upstream", fix="write upstream=Upstream.docker_hub()"
        )


def _bare_prefixes(prefix: str, upstream_prefix: str) -> tuple[str, str]:
    """Both prefixes, checked, without the `/` at the end that ECR assumes."""
    if is_token(prefix):
        raise InvalidInputError(
            "The cache's prefix is known only at deployment",
            got=prefix,
            allowed="a prefix that is written out: a registry has each once, and images are named by it",
            fix="write one such as 'docker-hub', or 'ROOT' for none",
        )
    check_prefixes(prefix, upstream_prefix)
    bare = prefix.rstrip("/"), upstream_prefix.rstrip("/")
    check_prefixes(*bare)  # `a/` has two characters, and ECR is given one
    return bare


def _check_region(region: str) -> None:
    if region in limits.REGIONS_WITHOUT_PULL_THROUGH_CACHE:
        raise InvalidInputError(
            "ECR has no pull-through caches in this stack's Region",
            got=region,
            allowed=f"any Region but {', '.join(sorted(limits.REGIONS_WITHOUT_PULL_THROUGH_CACHE))}",
            fix="copy the images into repositories of your own",
        )
