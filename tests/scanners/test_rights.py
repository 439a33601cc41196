"""Every policy: actions written out, `*` as a resource only where IAM knows none narrower."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.consumers.reading import listed

# A key's policy speaks of the key alone: `*` is how KMS writes that, and `kms:*` how the account keeps it.
ON_A_KEY = "AWS::KMS::Key"

WITHOUT_RESOURCE = {
    "codepipeline:PutJobFailureResult": "no resource type",
    "codepipeline:PutJobSuccessResult": "no resource type",
    "ecr:GetAuthorizationToken": "no resource type",
    "ecr-public:GetAuthorizationToken": "no resource type",
    "ecr:GetAccountSetting": "no resource type",
    "ecr:PutAccountSetting": "no resource type",
    "ecs:DescribeTaskDefinition": "no resource type",
    "ecs:DiscoverPollEndpoint": "no resource type",
    "ecs:RegisterTaskDefinition": "no resource type",
    "ssmmessages:CreateControlChannel": "no resource type",
    "ssmmessages:CreateDataChannel": "no resource type",
    "ssmmessages:OpenControlChannel": "no resource type",
    "ssmmessages:OpenDataChannel": "no resource type",
    "inspector2:ListCoverage": "no resource type",
    "inspector2:ListFindings": "no resource type",
    "sts:GetCallerIdentity": "no resource type",
    "sts:GetServiceBearerToken": "no resource type",
    "xray:PutTelemetryRecords": "no resource type",
    "xray:PutTraceSegments": "no resource type",
    "ec2:AssignPrivateIpAddresses": "Lambda refuses a function in a VPC whose role can't do this on *",
    "ec2:CreateNetworkInterface": "Lambda refuses a function in a VPC whose role can't do this on *",
    "ec2:DeleteNetworkInterface": "Lambda refuses a function in a VPC whose role can't do this on *",
    "ec2:UnassignPrivateIpAddresses": "Lambda refuses a function in a VPC whose role can't do this on *",
}
"""By action. `Describe*` of EC2 and Elastic Load Balancing knows no resource type either."""

DESCRIBING = ("ec2:Describe", "elasticloadbalancing:Describe")


def allowing(part: Any) -> Iterator[dict[str, Any]]:
    """The statements that allow, of every policy in a resource's properties."""
    if isinstance(part, list):
        for member in part:
            yield from allowing(member)
    elif isinstance(part, dict):
        for statement in part.get("Statement", []):
            if statement["Effect"] == "Allow":
                yield statement
        for member in part.values():
            yield from allowing(member)


def test_actions_are_written_out_and_resources_named(templates: dict[str, dict[str, Any]]) -> None:
    on_anything = set()
    for name, body in templates.items():
        for resource in body["Resources"].values():
            if resource["Type"] == ON_A_KEY:
                continue
            for statement in allowing(resource.get("Properties", {})):
                assert "NotAction" not in statement, (name, statement)
                assert "NotResource" not in statement, (name, statement)
                actions = listed(statement["Action"])
                assert not any("*" in action for action in actions), (name, statement)
                if "*" in listed(statement.get("Resource", [])):
                    on_anything |= {action for action in actions if not action.startswith(DESCRIBING)}
    assert on_anything == WITHOUT_RESOURCE.keys()
