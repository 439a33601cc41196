"""What templates of consumers say, in a form that tests can compare."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk

from tests.synthesis import properties, resources

Statement = tuple[tuple[str, ...], Any, Any]
"""Actions, resource and condition of a statement that allows."""


def listed(value: Any) -> list[Any]:
    """IAM's one or several, as a list."""
    return value if isinstance(value, list) else [value]


def statements(stack: cdk.Stack, role: str) -> list[Statement]:
    """What a role may do, by its policies; the role is named by the beginning of its logical id."""
    found = []
    for policy in resources(stack, "AWS::IAM::Policy").values():
        actual = policy["Properties"]
        if any(one.get("Ref", "").startswith(role) for one in actual["Roles"]):
            for one in actual["PolicyDocument"]["Statement"]:
                assert one["Effect"] == "Allow"
                found.append((tuple(sorted(listed(one["Action"]))), one["Resource"], one.get("Condition")))
    return found


def container(stack: cdk.Stack) -> dict[str, Any]:
    """The only container of the only task definition."""
    [only] = properties(stack, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    found: dict[str, Any] = only
    return found


def attributes(stack: cdk.Stack) -> dict[str, Any]:
    """The load balancer's attributes."""
    actual = properties(stack, "AWS::ElasticLoadBalancingV2::LoadBalancer")["LoadBalancerAttributes"]
    return {one["Key"]: one["Value"] for one in actual}
