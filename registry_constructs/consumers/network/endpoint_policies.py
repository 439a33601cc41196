"""Policies of the VPC endpoints that private image pulls need.

An endpoint policy grants nothing; it limits what is possible through the endpoint. The resource is `*` only
for actions without resource-level permissions (Service Authorization Reference).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from aws_cdk import aws_iam as iam

from registry_constructs.ecr.actions import IMPORT_ACTIONS, PULL_ACTIONS

WorkloadType = Literal["fargate", "ecs-ec2", "eks"]
"""Consumers that pull: tasks on Fargate (also Batch on Fargate), ECS tasks on EC2, or an EKS cluster."""

Service = Literal["eks", "elasticloadbalancing", "kms", "secretsmanager", "ssm", "ssmmessages"]
"""Further services that consumers can use."""

WORKLOADS: Final[dict[str, tuple[str, ...]]] = {
    "fargate": (),
    "ecs-ec2": ("ecs", "ecs-agent", "ecs-telemetry"),
    "eks": ("ec2", "eks-auth", "sts"),
}
"""Services that each workload type calls besides ECR, S3 and CloudWatch Logs (ECS guide vpc-endpoints, EKS
guide private-clusters)."""

SERVICES: Final = ("eks", "elasticloadbalancing", "kms", "secretsmanager", "ssm", "ssmmessages")
"""Services that only some consumers use."""


@dataclass(frozen=True, kw_only=True)
class EndpointEnvironment:
    """The partition, Region and accounts of the consumers.

    Attributes:
        partition: The partition, such as `aws`.
        region: The Region.
        accounts: The accounts whose identities use the endpoints.
    """

    partition: str
    region: str
    accounts: tuple[str, ...]

    def arns(self, patterns: Sequence[str]) -> list[str]:
        """ARNs of the patterns in each account, or `*` without patterns."""
        return [
            f"arn:{self.partition}:{pattern.format(region=self.region, account=account)}"
            for account in self.accounts
            for pattern in patterns
        ] or ["*"]


@dataclass(frozen=True, kw_only=True)
class _Allowed:
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    signed: bool = True


_CLUSTERS = "ecs:{region}:{account}:cluster/*"
_INSTANCES = "ecs:{region}:{account}:container-instance/*"
_GROUPS = ("ec2:{region}:{account}:security-group/*", "ec2:{region}:{account}:vpc/*")
_BALANCERS = tuple(
    f"elasticloadbalancing:{{region}}:{{account}}:{kind}/*"
    for kind in ("listener", "listener-rule", "loadbalancer", "targetgroup")
)

_POLICIES: Final[dict[str, tuple[_Allowed, ...]]] = {
    "logs": (
        _Allowed(
            actions=("logs:CreateLogStream", "logs:PutLogEvents"),
            resources=("logs:{region}:{account}:log-group:*",),
        ),
    ),
    # The managed policy AmazonEC2ContainerServiceforEC2Role, without creating clusters.
    "ecs": (
        _Allowed(actions=("ecs:DiscoverPollEndpoint",)),
        _Allowed(
            actions=(
                "ecs:DeregisterContainerInstance",
                "ecs:RegisterContainerInstance",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ),
            resources=(_CLUSTERS,),
        ),
        _Allowed(
            actions=("ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"),
            resources=(_INSTANCES,),
        ),
        _Allowed(actions=("ecs:TagResource",), resources=(_CLUSTERS, _INSTANCES)),
    ),
    # The managed policies AmazonEKSWorkerNodePolicy and AmazonEKS_CNI_Policy.
    "ec2": (
        _Allowed(
            actions=(
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeInstances",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeRouteTables",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeTags",
                "ec2:DescribeVolumes",
                "ec2:DescribeVolumesModifications",
                "ec2:DescribeVpcs",
            )
        ),
        _Allowed(
            actions=(
                "ec2:AssignIpv6Addresses",
                "ec2:AssignPrivateIpAddresses",
                "ec2:AttachNetworkInterface",
                "ec2:CreateNetworkInterface",
                "ec2:CreateTags",
                "ec2:DeleteNetworkInterface",
                "ec2:DetachNetworkInterface",
                "ec2:ModifyNetworkInterfaceAttribute",
                "ec2:UnassignPrivateIpAddresses",
            ),
            resources=tuple(
                f"ec2:{{region}}:{{account}}:{kind}/*"
                for kind in ("instance", "network-interface", "security-group", "subnet")
            ),
        ),
    ),
    "sts": (
        _Allowed(actions=("sts:GetCallerIdentity",)),
        _Allowed(actions=("sts:AssumeRole",), resources=("iam::{account}:role/*",)),
        # A pod's web identity is not an IAM principal before this call.
        _Allowed(
            actions=("sts:AssumeRoleWithWebIdentity",), resources=("iam::{account}:role/*",), signed=False
        ),
    ),
    "kms": (
        _Allowed(
            actions=("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
            resources=("kms:{region}:{account}:key/*",),
        ),
    ),
    "secretsmanager": (
        _Allowed(
            actions=("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"),
            resources=("secretsmanager:{region}:{account}:secret:*",),
        ),
    ),
    "ssm": (
        _Allowed(
            actions=("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"),
            resources=("ssm:{region}:{account}:parameter/*",),
        ),
    ),
    # ECS Exec.
    "ssmmessages": (
        _Allowed(
            actions=(
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            )
        ),
    ),
    # The AWS Load Balancer Controller (its docs/install/iam_policy.json).
    "elasticloadbalancing": (
        _Allowed(
            actions=tuple(
                f"elasticloadbalancing:Describe{suffix}"
                for suffix in (
                    *("ListenerAttributes", "ListenerCertificates", "Listeners", "LoadBalancerAttributes"),
                    *("LoadBalancers", "Rules", "SSLPolicies", "Tags", "TargetGroupAttributes"),
                    *("TargetGroups", "TargetHealth"),
                )
            )
        ),
        _Allowed(
            actions=tuple(
                f"elasticloadbalancing:{action}"
                for action in (
                    *("AddListenerCertificates", "AddTags", "CreateListener", "CreateLoadBalancer"),
                    *("CreateRule", "CreateTargetGroup", "DeleteListener", "DeleteLoadBalancer"),
                    *("DeleteRule", "DeleteTargetGroup", "DeregisterTargets", "ModifyListener"),
                    *("ModifyListenerAttributes", "ModifyLoadBalancerAttributes", "ModifyRule"),
                    *("ModifyTargetGroup", "ModifyTargetGroupAttributes", "RegisterTargets"),
                    *("RemoveListenerCertificates", "RemoveTags", "SetIpAddressType", "SetRulePriorities"),
                    *("SetSecurityGroups", "SetSubnets", "SetWebAcl"),
                )
            ),
            resources=_BALANCERS,
        ),
    ),
    # Amazon ECS and EKS support no policy on these (awsdocs/amazon-ecs-developer-guide#55,
    # awslabs/landing-zone-accelerator-on-aws#224): "only supports the full-access endpoint policy".
    "ecs-agent": (),
    "ecs-telemetry": (),
    "eks": (),
    "eks-auth": (),
}

_CONTROLLER_ON_EC2 = (
    _Allowed(
        actions=(
            "ec2:DescribeAccountAttributes",
            "ec2:DescribeAddresses",
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeInternetGateways",
        )
    ),
    _Allowed(
        actions=(
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:CreateSecurityGroup",
            "ec2:DeleteSecurityGroup",
            "ec2:DeleteTags",
            "ec2:RevokeSecurityGroupIngress",
        ),
        resources=_GROUPS,
    ),
)


def service_policy(
    service: str, environment: EndpointEnvironment, *, others: Sequence[str]
) -> list[iam.PolicyStatement]:
    """The policy statements of a service's endpoint; empty for a service that supports no policy.

    Args:
        service: The service's short name, such as `logs`.
        environment: The environment of the consumers.
        others: The services that have an endpoint as well.
    """
    allowed = _POLICIES[service]
    if service == "ec2" and "elasticloadbalancing" in others:
        allowed += _CONTROLLER_ON_EC2
    return [
        _statement(
            part.actions, environment.arns(part.resources), environment.accounts if part.signed else ()
        )
        for part in allowed
    ]


def registry_policy(
    environment: EndpointEnvironment, *, pulled: Sequence[str], imported: Sequence[str]
) -> list[iam.PolicyStatement]:
    """The policy statements of both ECR endpoints.

    Args:
        environment: The environment of the consumers.
        pulled: ARNs of repositories that images are pulled from.
        imported: ARNs of repositories that ECR can create for a cache, on the first pull.
    """
    statements = [
        _statement(["ecr:GetAuthorizationToken"], ["*"], environment.accounts),
        _statement(PULL_ACTIONS, pulled, environment.accounts),
    ]
    if imported:
        statements.append(_statement(IMPORT_ACTIONS, imported, environment.accounts))
    return statements


def layers_policy(environment: EndpointEnvironment) -> list[iam.PolicyStatement]:
    """The policy statement of the S3 endpoint: reading layers, by URLs that an account of AWS signs."""
    # UG vpc-endpoints, minimum Amazon S3 bucket permissions.
    layers = f"arn:{environment.partition}:s3:::prod-{environment.region}-starport-layer-bucket/*"
    return [_statement(["s3:GetObject"], [layers], ())]


def _statement(
    actions: Sequence[str], resources: Sequence[str], accounts: Sequence[str]
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.AnyPrincipal()],
        actions=sorted(actions),
        resources=list(resources),
        conditions={"StringEquals": {"aws:PrincipalAccount": list(accounts)}} if accounts else None,
    )
