"""Every named variant of registries, pull-through caches and repository creation templates."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from registry_constructs import (
    ManagedSigning,
    PullThroughCache,
    PullTimeExclusion,
    Registry,
    Replication,
    RepositoryCreationTemplate,
    RepositorySettings,
    Scanning,
    Upstream,
    presets,
)
from tests.synthesis import new_stack

Variant = Callable[[cdk.Stack], Any]


def _cache(stack: cdk.Stack, upstream: Upstream, prefix: str, **keywords: Any) -> PullThroughCache:
    return PullThroughCache(stack, "Cache", upstream=upstream, prefix=prefix, **keywords)


def _cache_own_settings(stack: cdk.Stack) -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:555566667777:secret:ecr-pullthroughcache/own-AbCdEf"
    secret = secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", arn)
    settings = RepositorySettings(
        encryption=ecr.RepositoryEncryption.AES_256,
        mutable_except=["v*"],
        lifecycle=presets.development(),
        policy=[
            iam.PolicyStatement(
                principals=[iam.AccountPrincipal("222233334444")], actions=["ecr:DescribeImages"]
            )
        ],
        tags={"owner": "platform"},
    )
    _cache(stack, Upstream.github(secret), "own", settings=settings)


def _cache_grants(stack: cdk.Stack) -> None:
    Registry(stack, "Registry")
    cache = _cache(stack, Upstream.quay(), "quay-for-all")
    cache.grant_pull(iam.Role(stack, "Puller", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")))
    cache.grant_pull_to_accounts("222233334444", "333344445555")
    cache.grant_pull_to_organization("o-a1b2c3d4e5", units=["ou-ab12-11111111"])


def own_account(name: str, region: str = "eu-west-1") -> cdk.Environment:
    """An account for one variant alone: an app has one `Registry` for an account and Region."""
    return cdk.Environment(account=f"{zlib.crc32(name.encode()):012d}", region=region)


def _registry_policy(stack: cdk.Stack) -> None:
    registry = Registry(stack, "Registry")
    registry.allow_replication("222233334444", prefixes=["shop/"])
    registry.allow_import("222233334444", "333344445555", prefixes=["docker-hub/"])
    registry.allow_create_on_push(organization="o-a1b2c3d4e5", prefixes=["team/"])
    registry.allow_pull(organization="o-a1b2c3d4e5", units=["ou-ab12-11111111"])
    registry.add_to_policy(
        iam.PolicyStatement(
            principals=[iam.AccountPrincipal("444455556666")],
            actions=["ecr:ReplicateImage"],
            resources=[f"arn:aws:ecr:eu-west-1:{stack.account}:repository/legacy"],
        )
    )
    cdk.Validations.of(registry).acknowledge(
        cdk.Acknowledgment(id="registry-constructs:registry-policy-scope", reason=SCOPE_REASON)
    )


SCOPE_REASON = "the account was made after registry policies got the scope V2"


def _replication(stack: cdk.Stack) -> None:
    """Two Regions of the account, a registry of another account, and one that another app owns."""
    app, name = cast("cdk.App", stack.node.root), stack.stack_name
    ends = {
        "region": cdk.Environment(account=stack.account, region="eu-central-1"),
        "account": own_account(f"{name}-account"),
    }
    registries = [
        Registry(new_stack(f"{name}-{end}", env=env, app=app), "Registry") for end, env in ends.items()
    ]
    Registry(stack, "Registry")
    elsewhere = cdk.Environment(account="222233334444", region="eu-west-1")
    Replication(stack, "Replication", destinations=[*registries, elsewhere], prefixes=["shop/", "base/"])
    Replication(stack, "Everything", destinations=registries[:1])


def _replication_from_elsewhere(stack: cdk.Stack) -> None:
    Replication(
        stack,
        "Replication",
        source=cdk.Environment(account="222233334444", region="eu-central-1"),
        destinations=[Registry(stack, "Registry")],
        prefixes=["shop/checkout", "base"],
    )


def _template(**keywords: Any) -> Variant:
    """A creation template for `shop`, for replicas unless said otherwise."""
    given = {"prefix": "shop", "applied_for": ["REPLICATION"], **keywords}
    return lambda stack: RepositoryCreationTemplate(stack, "Template", **given)


def _template_with_everything(stack: cdk.Stack) -> None:
    RepositoryCreationTemplate(
        stack,
        "Template",
        prefix="shop/",
        applied_for=["REPLICATION", "CREATE_ON_PUSH"],
        description="Everything that a template can say",
        settings=RepositorySettings(
            encryption=ecr.RepositoryEncryption.KMS,
            encryption_key=kms.Key(stack, "Key", enable_key_rotation=True),
            immutable_except=["latest", "cache-*"],
            lifecycle=presets.releases(),
            policy=[
                iam.PolicyStatement(
                    principals=[iam.AccountPrincipal("222233334444")], actions=["ecr:BatchGetImage"]
                )
            ],
            tags={"owner": "platform", "cost-center": "42"},
        ),
    )


def _signing(stack: cdk.Stack) -> None:
    Registry(stack, "Registry")
    signing = ManagedSigning(stack, "Signing", repositories=["prod/*", "base"])
    signing.grant_sign(
        iam.Role(stack, "Pipeline", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    )


def _pull_time_exclusions(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Scanner", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    PullTimeExclusion(stack, "ScannerPulls", principal=role)
    PullTimeExclusion(stack, "BackupPulls", principal=f"arn:aws:iam::{stack.account}:user/backup/nightly")


def _registry_with_every_part(stack: cdk.Stack) -> None:
    """Each part is said twice: by the owner or for it, and by a team's own construct."""
    team = Construct(stack, "Team")
    Registry.of(team).add_scan_on_push("team/*")
    Registry.of(team).add_continuous_scan("team/checkout")
    Registry.of(team).allow_replication("333344445555", prefixes=["team/"])
    ManagedSigning(team, "Signing", repositories=["team/*"])
    Replication(team, "Replication", destinations=[ELSEWHERE], prefixes=["team/"])
    registry = Registry(stack, "Registry", scanning=Scanning.enhanced(continuous=["prod/*"]))
    registry.allow_replication("222233334444", prefixes=["shop/"])
    ManagedSigning(stack, "Signing", repositories=["prod/*"])
    Replication(stack, "Replication", destinations=[ELSEWHERE], prefixes=["prod/"])


ELSEWHERE = cdk.Environment(account="222233334444", region="eu-central-1")

_OF_REGISTRIES: dict[str, Variant] = {
    "registry-scanning-basic": lambda s: Registry(s, "Registry", scanning=Scanning.basic()),
    "registry-scanning-basic-by-hand": lambda s: Registry(s, "Registry", scanning=Scanning.basic(on_push=[])),
    "registry-scanning-enhanced": lambda s: Registry(
        s, "Registry", scanning=Scanning.enhanced(continuous=["prod/*", "base"])
    ),
    "registry-policy": _registry_policy,
    "replication": _replication,
    "replication-from-elsewhere": _replication_from_elsewhere,
    "template-replication": _template(),
    "template-pull-through-cache": _template(prefix="docker-hub", applied_for=["PULL_THROUGH_CACHE"]),
    "template-create-on-push": _template(applied_for=["CREATE_ON_PUSH"]),
    "template-root": _template(prefix="ROOT", applied_for=["CREATE_ON_PUSH", "REPLICATION"]),
    "template-without-role": _template(
        settings=RepositorySettings(encryption=ecr.RepositoryEncryption.AES_256, lifecycle=[])
    ),
    "template-with-everything": _template_with_everything,
    "signing": _signing,
    "pull-time-exclusions": _pull_time_exclusions,
    "registry-with-every-part": _registry_with_every_part,
}

_OF_CACHES: dict[str, Variant] = {
    "cache-of-docker-hub": lambda s: _cache(s, Upstream.docker_hub(), "docker-hub"),
    "cache-of-ecr-public": lambda s: _cache(s, Upstream.ecr_public(), "ecr-public"),
    "cache-of-quay": lambda s: _cache(s, Upstream.quay(), "quay"),
    "cache-of-kubernetes": lambda s: _cache(s, Upstream.kubernetes(), "k8s"),
    "cache-of-github": lambda s: _cache(s, Upstream.github(), "github"),
    "cache-of-gitlab": lambda s: _cache(s, Upstream.gitlab(), "gitlab"),
    "cache-of-chainguard": lambda s: _cache(s, Upstream.chainguard(), "chainguard"),
    "cache-of-azure": lambda s: _cache(s, Upstream.azure("contoso"), "azure"),
    "cache-of-another-region": lambda s: _cache(
        s, Upstream.ecr(cdk.Environment(account="555566667777", region="us-east-1")), "region"
    ),
    "cache-of-another-account": lambda s: _cache(
        s,
        Upstream.ecr(cdk.Environment(account="222233334444", region="eu-west-1")),
        "account",
        upstream_prefix="shop/base",
    ),
    "cache-with-own-settings": _cache_own_settings,
    "cache-without-prefix": lambda s: _cache(s, Upstream.quay(), "ROOT"),
    "cache-of-an-upstream-prefix": lambda s: _cache(s, Upstream.quay(), "base", upstream_prefix="org/base"),
    "cache-without-template": lambda s: _cache(s, Upstream.quay(), "bare", settings=None),
    "cache-with-grants": _cache_grants,
}

VARIANTS = _OF_REGISTRIES | _OF_CACHES
ENVIRONMENTS = {name: own_account(name) for name in _OF_REGISTRIES} | {
    name: cdk.Environment(account="555566667777", region="eu-west-1") for name in _OF_CACHES
}
