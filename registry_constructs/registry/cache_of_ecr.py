"""What a pull-through cache of another ECR registry needs at both ends."""

from __future__ import annotations

import json
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.ecr.actions import CACHE_WRITE_ACTIONS, UPSTREAM_READ_ACTIONS
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.regions import partition_of
from registry_constructs.registry.deployment_order import deploy_first
from registry_constructs.registry.merged import registry_of
from registry_constructs.registry.registry import Registry
from registry_constructs.registry.replication import RegistryOrEnvironment, known_environment
from registry_constructs.registry.replication_rules import RegistryEnvironment

UPSTREAM_ROLE_REASON: Final = (
    "The role is for repositories that do not exist yet: ECR may read the upstream's, and write those under "
    "the cache's prefix. A token is asked for on *: its action knows no resource."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the role for another account's upstream."""


def reach_upstream(
    cache: Construct, upstream: RegistryOrEnvironment, *, own_names: str, upstream_names: str
) -> tuple[iam.Role | None, dict[str, Any] | None]:
    """See that an upstream ECR registry lets a cache's registry read.

    Args:
        cache: The cache, which gets the role.
        upstream: The registry to read from.
        own_names: The cache's repositories, such as `base/*`.
        upstream_names: The repositories upstream, such as `platform/base/*`.

    Returns:
        The role that ECR reads with and what the upstream must hold if another app owns it: both None within
        one account.

    Raises:
        InvalidInputError: For a registry that is the cache's own, or in another AWS partition.
    """
    with located(cache):
        own, there = known_environment(cache), known_environment(upstream)
        partition = _common_partition(own, there)
    if own.account == there.account:
        return None, None
    own_arn = f"arn:{partition}:ecr:{own.region}:{own.account}:repository/{own_names}"
    upstream_arn = f"arn:{partition}:ecr:{there.region}:{there.account}:repository/{upstream_names}"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{own.account}:root"},
        "Action": list(UPSTREAM_READ_ACTIONS),
        "Resource": upstream_arn,
    }
    role = _make_role(cache, own_arn, upstream_arn, there)
    if isinstance(upstream, Registry):
        registry_of(upstream).add_statement(iam.PolicyStatement.from_json(statement), cache)
        deploy_first(upstream, cache)
        return role, None
    cdk.Annotations.of(cache).add_info(
        f"The registry of {there} is not in this app. For the cache to read from it, it must allow "
        f"in its registry policy (scope V2):\n{json.dumps(statement, indent=2)}"
    )
    return role, {"statement of the registry policy": statement}


def _make_role(cache: Construct, own_arn: str, upstream_arn: str, there: RegistryEnvironment) -> iam.Role:
    role = iam.Role(
        cache,
        "Role",
        assumed_by=iam.ServicePrincipal("pullthroughcache.ecr.amazonaws.com"),
        description=f"Lets Amazon ECR fill a cache from {there}",
    )
    ecr.AuthorizationToken.grant_read(role)
    role.add_to_policy(
        iam.PolicyStatement(actions=list(UPSTREAM_READ_ACTIONS), resources=[upstream_arn, own_arn])
    )
    role.add_to_policy(iam.PolicyStatement(actions=list(CACHE_WRITE_ACTIONS), resources=[own_arn]))
    acknowledge_wildcards(role, ["*", upstream_arn, own_arn], UPSTREAM_ROLE_REASON)
    return role


def _common_partition(own: RegistryEnvironment, there: RegistryEnvironment) -> str:
    """The AWS partition of a cache's registry and of its upstream, which must be two of one partition."""
    if own == there:
        raise InvalidInputError(
            "A registry can't cache itself",
            got=str(there),
            allowed="another account's registry, or another Region's",
            fix="pull the image from its own repository",
        )
    partition, theirs = (partition_of(place.region).name for place in (own, there))
    if partition != theirs:
        raise InvalidInputError(
            "The registry is in another AWS partition, where no IAM role of this one can read",
            got=f"{there} ({theirs}) for a cache in {own} ({partition})",
            allowed=f"registries in Regions of the partition {partition}",
            fix="push the images to both partitions",
        )
    return partition
