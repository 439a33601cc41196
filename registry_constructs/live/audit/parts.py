"""What each part of a registry costs: the actions that reading it takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from registry_constructs.rules.rule import Part, Rule

# One table, which the policy is written from and a test holds the reading to.
_ALWAYS: Final = ("ecr:DescribeRepositories", "ecr:DescribePullThroughCacheRules")
_ACTIONS: Final[dict[Part, tuple[str, ...]]] = {
    Part.LIFECYCLE: ("ecr:GetLifecyclePolicy",),
    Part.POLICY: ("ecr:GetRepositoryPolicy",),
    Part.TAGS: ("ecr:ListTagsForResource",),
    Part.KEY: ("kms:DescribeKey",),
    Part.SCANNING: ("ecr:BatchGetRepositoryScanningConfiguration",),
    Part.IMAGES: ("ecr:DescribeImages",),
    Part.RETENTION: ("ecr:ListTagsForResource", "cloudformation:GetTemplate"),
    Part.REGISTRY: (
        "ecr:DescribeRegistry",
        "ecr:DescribeRepositoryCreationTemplates",
        "ecr:GetRegistryPolicy",
        "ecr:GetRegistryScanningConfiguration",
    ),
    Part.PUBLIC: (
        "ecr-public:DescribeRepositories",
        "ecr-public:GetRepositoryPolicy",
        "ecr-public:ListTagsForResource",
    ),
    Part.CONSUMERS: (
        "ecs:DescribeServices",
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "ecs:ListClusters",
        "ecs:ListServices",
        "ecs:ListTasks",
        "eks:ListClusters",
        "events:ListEventBuses",
        "events:ListRuleNamesByTarget",
        "events:ListTargetsByRule",
        "lambda:GetFunction",
        "lambda:ListFunctions",
        "lambda:ListVersionsByFunction",
        "scheduler:GetSchedule",
        "scheduler:ListSchedules",
    ),
}


def parts_of(rules: Iterable[Rule]) -> frozenset[Part]:
    """What must be read for some rules."""
    return frozenset(part for rule in rules for part in rule.needs)


def actions_for(
    parts: Iterable[Part], *, all_regions: bool = False, organization: bool = False, role: bool = False
) -> list[str]:
    """The actions that reading these parts takes, in the order of the alphabet.

    Args:
        parts: The parts.
        all_regions: Whether the account is asked for its Regions.
        organization: Whether the organization is asked for its accounts.
        role: Whether a role of other accounts is assumed; it needs the actions there.
    """
    found = {*_ALWAYS, *(action for part in parts for action in _ACTIONS[part])}
    if all_regions:
        found.add("ec2:DescribeRegions")
    if organization:
        found |= {"organizations:DescribeOrganization", "organizations:ListAccounts"}
    if role:
        found.add("sts:AssumeRole")
    return sorted(found)


def policy_for(actions: Iterable[str]) -> dict[str, Any]:
    """The IAM policy that allows these actions. All of them only read, and list what nobody knows yet."""
    statement = {"Sid": "Audit", "Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}
