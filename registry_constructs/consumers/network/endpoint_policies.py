"""What may pass each VPC endpoint of a private pull.

An endpoint's policy grants nothing: it is the most that anybody can do through the endpoint. `*` stands as
resource only for actions that know no narrower one (Service Authorization Reference).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from aws_cdk import aws_iam as iam

from registry_constructs.ecr.actions import IMPORT_ACTIONS, PULL_ACTIONS

Workload = Literal["fargate", "ecs-ec2", "eks"]
"""What pulls: tasks on Fargate (Batch on Fargate too), ECS tasks on EC2 instances, or an EKS cluster."""

Service = Literal["eks", "elasticloadbalancing", "kms", "secretsmanager", "ssm", "ssmmessages"]
"""What else consumers may call."""

WORKLOADS: Final[dict[str, tuple[str, ...]]] = {
    "fargate": (),
    "ecs-ec2": ("ecs", "ecs-agent", "ecs-telemetry"),
    "eks": ("ec2", "eks-auth", "sts"),
}
"""What each kind of consumer calls beside ECR, S3 and CloudWatch Logs (ECS guide vpc-endpoints, EKS guide
private-clusters)."""

SERVICES: Final = ("eks", "elasticloadbalancing", "kms", "secretsmanager", "ssm", "ssmmessages")
"""What consumers call only if they use it."""


@dataclass(frozen=True, kw_only=True)
class EndpointEnvironment:
    """Where consumers run.

    Attributes:
        partition: Such as `aws`.
        region: The Region.
        accounts: The accounts whose identities go through the endpoints.
    """

    partition: str
    region: str
    accounts: tuple[str, ...]

    def arns(self, patterns: Sequence[str]) -> list[str]:
        """ARNs in each of the accounts, or `*` for no pattern."""
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
    # The managed policy AmazonEC2ContainerServiceforEC2Role, without making clusters.
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
        # A pod's web identity is no IAM principal yet.
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
                f"elasticloadbalancing:Describe{what}"
                for what in (
                    *("ListenerAttributes", "ListenerCertificates", "Listeners", "LoadBalancerAttributes"),
                    *("LoadBalancers", "Rules", "SSLPolicies", "Tags", "TargetGroupAttributes"),
                    *("TargetGroups", "TargetHealth"),
                )
            )
        ),
        _Allowed(
            actions=tuple(
                f"elasticloadbalancing:{what}"
                for what in (
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
    # Amazon ECS and EKS take no policy on these (awsdocs/amazon-ecs-developer-guide#55,
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
    service: str, place: EndpointEnvironment, *, others: Sequence[str]
) -> list[iam.PolicyStatement]:
    """What consumers may do through a service's endpoint; nothing for one that takes no policy.

    Args:
        service: The service's short name, such as `logs`.
        place: Where the consumers run.
        others: The services that have an endpoint as well.
    """
    allowed = _POLICIES[service]
    if service == "ec2" and "elasticloadbalancing" in others:
        allowed += _CONTROLLER_ON_EC2
    return [
        _statement(one.actions, place.arns(one.resources), place.accounts if one.signed else ())
        for one in allowed
    ]


def registry_policy(
    place: EndpointEnvironment, *, pulled: Sequence[str], imported: Sequence[str]
) -> list[iam.PolicyStatement]:
    """What may be done through both endpoints of ECR.

    Args:
        place: Where the consumers run.
        pulled: ARNs of repositories that images are pulled from.
        imported: ARNs of repositories that ECR may make for a cache, on the first pull.
    """
    statements = [
        _statement(["ecr:GetAuthorizationToken"], ["*"], place.accounts),
        _statement(PULL_ACTIONS, pulled, place.accounts),
    ]
    if imported:
        statements.append(_statement(IMPORT_ACTIONS, imported, place.accounts))
    return statements


def layers_policy(place: EndpointEnvironment) -> list[iam.PolicyStatement]:
    """What may be done in S3: reading layers. The URL that ECR gives is signed by an account of AWS's own."""
    # UG vpc-endpoints, minimum Amazon S3 bucket permissions.
    layers = f"arn:{place.partition}:s3:::prod-{place.region}-starport-layer-bucket/*"
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
