"""Rule `quota-near-end`: no quota of ECR is used to 80 % or more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.ecr import limits
from registry_constructs.ecr.lifecycle import LifecyclePolicy
from registry_constructs.rules.examples import Resource
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import (
    RegistryPolicyState,
    RegistryState,
    ReplicationState,
    RepositoryState,
    State,
    policy_of,
)
from registry_constructs.rules.values import known


def _check(state: State, settings: RuleSettings) -> Iterator[str]:
    for what, used, most in _used(state):
        if used >= most * settings.quota:
            yield f"It has {used:,} of at most {most:,} {what}"


def _used(state: State) -> Iterator[tuple[str, int, int]]:
    match state:
        case RepositoryState():
            if text := known(state.lifecycle):
                yield "lifecycle rules", _rules(text), limits.LIFECYCLE_RULES[1]
                yield "characters of a lifecycle policy", len(text), limits.LIFECYCLE_POLICY_LENGTH[1]
            yield "characters of a policy", known(state.policy_length), limits.REPOSITORY_POLICY_LENGTH
            if isinstance(state.images, tuple):
                yield "images", len(state.images), limits.IMAGES
        case RegistryPolicyState():
            yield "characters of a policy", known(state.policy_length), limits.REGISTRY_POLICY_LENGTH
        case ReplicationState():
            places = {(one.account, one.region) for one in known(state.destinations)}
            yield "replication rules", known(state.rules), limits.REPLICATION_RULES
            yield "replication destinations", len(places), limits.REPLICATION_DESTINATIONS
        case RegistryState():
            yield "repositories", known(state.repositories), limits.REPOSITORIES
            yield "pull-through cache rules", known(state.caches), limits.PULL_THROUGH_CACHE_RULES


def _rules(text: str) -> int:
    policy = policy_of(text)
    # Of one that ECR's rules refuse, lifecycle-sane says what is wrong.
    return len(policy.rules) if isinstance(policy, LifecyclePolicy) else 0


def _replication(rules: int) -> Resource:
    found = [
        {
            "Destinations": [{"Region": "eu-central-1", "RegistryId": {"Ref": "AWS::AccountId"}}],
            "RepositoryFilters": [{"Filter": f"team-{number}/", "FilterType": "PREFIX_MATCH"}],
        }
        for number in range(rules)
    ]
    return {
        "Type": "AWS::ECR::ReplicationConfiguration",
        "Properties": {"ReplicationConfiguration": {"Rules": found}},
    }


RULE: Final = Rule(
    id="quota-near-end",
    demand="No quota of ECR is used to 80 % or more",
    why="The next rule, destination or repository is refused in the middle of a deployment, and most of "
    "these quotas can't be raised (UG service-quotas). The part that is near is Settings.quota.",
    fix="Join rules and filters, remove what is unused, or ask AWS for more where the quota can be raised: "
    "repositories and images can",
    severity=Severity.MEDIUM,
    judges=(RepositoryState, RegistryPolicyState, ReplicationState, RegistryState),
    check=_check,
    needs=frozenset({Part.LIFECYCLE, Part.POLICY, Part.REGISTRY}),
    example=Example(
        compliant={"Example": _replication(2)},
        non_compliant={"Example": _replication(8)},
    ),
)
