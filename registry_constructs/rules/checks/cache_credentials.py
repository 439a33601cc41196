"""Rule `cache-credentials`: a pull-through cache has credentials for an upstream that requires them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.ecr.references import registry_account
from registry_constructs.ecr.upstreams import UPSTREAMS
from registry_constructs.rules.examples import Resource
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import CacheState
from registry_constructs.rules.values import known


def _check(state: CacheState, _: RuleSettings) -> Iterator[str]:
    upstream = known(state.upstream)
    account = registry_account(upstream)
    if account and state.place.account and account != state.place.account and not known(state.role):
        yield f"It has no role to pull from the registry of account {account}"
    if _needs_secret(upstream) and not known(state.credential):
        yield f"It has no secret with credentials for {upstream}"


def _needs_secret(upstream: str) -> bool:
    return any(
        one.needs_secret
        and (one.own_host.fullmatch(upstream) if one.own_host else upstream in (one.host, *one.aliases))
        for one in UPSTREAMS.values()
    )


def _cache(**properties: str) -> Resource:
    return {"Type": "AWS::ECR::PullThroughCacheRule", "Properties": properties}


RULE: Final = Rule(
    id="cache-credentials",
    demand="A pull-through cache has credentials for an upstream that requires them",
    why="Docker Hub, GitHub, GitLab, Azure and Chainguard are cached with a secret only, and the ECR of "
    "another account with a role. Without it each first pull fails, mostly at a deployment.",
    fix="Give the cache a secret named ecr-pullthroughcache/..., or a role; Upstream.docker_hub and its kin "
    "take one",
    severity=Severity.HIGH,
    judges=(CacheState,),
    check=_check,
    needs=frozenset({Part.REGISTRY}),
    example=Example(
        compliant={"Example": _cache(EcrRepositoryPrefix="quay", UpstreamRegistryUrl="quay.io")},
        # ECR itself refuses an upstream of somebody else without the secret that it asks for.
        non_compliant={
            "Example": _cache(
                EcrRepositoryPrefix="platform",
                UpstreamRegistry="ecr",
                UpstreamRegistryUrl="999988887777.dkr.ecr.eu-west-1.amazonaws.com",
            )
        },
    ),
)
