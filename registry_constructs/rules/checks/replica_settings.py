"""Rule `replica-settings`: a creation template at the destination covers whatever is replicated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.rules.examples import Resource
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import ReplicationDestination, ReplicationState
from registry_constructs.rules.values import known


def _check(state: ReplicationState, _: RuleSettings) -> Iterator[str]:
    for destination in known(state.destinations):
        bare = [prefix for prefix in destination.prefixes or ("",) if not _covered(destination, prefix)]
        if bare:
            what = ", ".join(bare) if bare != [""] else "all repositories"
            where = f"{destination.account} {destination.region}"
            yield f"No creation template in {where} says how the replicas of {what} are made"


def _covered(destination: ReplicationDestination, prefix: str) -> bool:
    return any(
        template.covers(prefix) and "REPLICATION" in known(template.applied_for)
        for template in known(destination.templates)
    )


_TEMPLATE: Final[Resource] = {
    "Type": "AWS::ECR::RepositoryCreationTemplate",
    "Properties": {"Prefix": "shop", "AppliedFor": ["REPLICATION"]},
}


def _replication(prefix: str) -> Resource:
    rule = {
        "Destinations": [{"Region": "eu-central-1", "RegistryId": {"Ref": "AWS::AccountId"}}],
        "RepositoryFilters": [{"Filter": prefix, "FilterType": "PREFIX_MATCH"}],
    }
    return {
        "Type": "AWS::ECR::ReplicationConfiguration",
        "Properties": {"ReplicationConfiguration": {"Rules": [rule]}},
    }


RULE: Final = Rule(
    id="replica-settings",
    demand="A creation template at the destination covers whatever is replicated",
    why="ECR replicates images and no settings: a replica without a template has tags that move, no "
    "lifecycle policy, no repository policy and AES256 (UG replication).",
    fix="Deploy RepositoryCreationTemplate(applied_for=['REPLICATION'], ...) at the destination; "
    "Replication of this library does",
    severity=Severity.MEDIUM,
    judges=(ReplicationState,),
    check=_check,
    needs=frozenset({Part.REGISTRY}),
    example=Example(
        compliant={"Example": _replication("shop/")},
        non_compliant={"Example": _replication("payments/")},
        elsewhere={"eu-central-1": {"Template": _TEMPLATE}},
    ),
)
