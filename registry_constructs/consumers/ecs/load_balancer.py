"""The Application Load Balancer of an ECS service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_s3 as s3
from constructs import Construct

from registry_constructs.consumers.network.subnets import private_subnets, public_subnets
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token

LOG_BUCKET_REASON: Final = (
    "The bucket holds access logs; access logs of this bucket would be added to it in turn."
)
"""Why cdk-nag's AwsSolutions-S1 is acknowledged on the bucket of the access logs."""

INTERNET_REASON: Final = (
    "The load balancer is internet-facing (internal=False) with a certificate: anyone may connect."
)
"""Why cdk-nag's AwsSolutions-EC23 is acknowledged on an internet-facing load balancer."""


@dataclass(frozen=True, kw_only=True)
class LoadBalancer:
    """Settings of an Application Load Balancer, internal by default, that uses HTTP to the container.

    It drops invalid headers, is protected from deletion, and writes access logs to a new bucket, which keeps
    them for a year and is retained when the stack is deleted. It is charged per hour.

    Attributes:
        certificate: For HTTPS, with TLS 1.3, or 1.2 with forward secrecy; HTTP then redirects to it.
            Default: HTTP, which is allowed only for an internal load balancer.
        internal: Whether only its network can reach it. False puts it into the public subnets and needs a
            certificate.
        peers: Who is allowed to connect; with `[]` no one is, and `service.load_balancer.connections` allows
            security groups. Default: the VPC's addresses, or everyone if it is internet-facing.
        vpc_subnets: Its subnets. Default: the private subnets, or the public ones if internet-facing.
        health_check_path: The path that the health check requests from each task.
        health_check_codes: The HTTP status codes of a healthy task, such as `200` or `200-399`.
        deletion_protection: Whether deletion protection is on, so that CloudFormation can't delete it either.
    """

    certificate: acm.ICertificate | None = None
    internal: bool = True
    peers: Sequence[ec2.IPeer] | None = None
    vpc_subnets: ec2.SubnetSelection | None = None
    health_check_path: str = "/"
    health_check_codes: str = "200"
    deletion_protection: bool = True

    def check(self, scope: Construct, *, port: int | None) -> None:
        """Check for settings that can't work, or that use unencrypted HTTP over the internet.

        Raises:
            InvalidInputError: Without a port, internet-facing without a certificate, for an invalid health
                check path, and in a stack without a Region.
        """
        if port is None:
            raise InvalidInputError(
                "A load balancer needs a container port to send requests to",
                got=None,
                allowed="the port that the container listens on",
                fix="write port=8080 in addition to load_balancer",
            )
        if not self.internal and self.certificate is None:
            raise InvalidInputError(
                "An internet-facing load balancer needs a certificate",
                got="internal=False without certificate",
                allowed="internal=False with a certificate",
                fix="write certificate=acm.Certificate(...), or leave internal out",
            )
        if not is_token(self.health_check_path) and not self.health_check_path.startswith("/"):
            raise InvalidInputError(
                "Not a path for the health check",
                got=self.health_check_path,
                allowed="a path that begins with /",
                fix=f"write health_check_path='/{self.health_check_path}'",
            )
        if is_token(cdk.Stack.of(scope).region):
            raise InvalidInputError(
                "The stack has no Region, and the permission to write access logs depends on it",
                got=cdk.Stack.of(scope).node.path,
                allowed="a stack with a Region",
                fix="give the stack env=cdk.Environment(account=..., region=...)",
            )


def balance(
    scope: Construct,
    settings: LoadBalancer,
    service: ecs.FargateService | ecs.Ec2Service,
    *,
    vpc: ec2.IVpc,
    container: ecs.ContainerDefinition,
) -> tuple[elbv2.ApplicationLoadBalancer, elbv2.ApplicationTargetGroup]:
    """Add a load balancer to a service, whose tasks then accept connections only from it.

    Raises:
        InvalidInputError: If the VPC has no such subnets, or its addresses are not known.
    """
    select = private_subnets if settings.internal else public_subnets
    subnets = select(vpc, settings.vpc_subnets)
    _check_zones(subnets)
    balancer = elbv2.ApplicationLoadBalancer(
        scope,
        "LoadBalancer",
        vpc=vpc,
        vpc_subnets=subnets,
        internet_facing=not settings.internal,
        deletion_protection=settings.deletion_protection,
        drop_invalid_header_fields=True,
    )
    balancer.log_access_logs(_log_bucket(scope))
    group = elbv2.ApplicationTargetGroup(
        scope,
        "Targets",
        vpc=vpc,
        port=container.container_port,
        protocol=elbv2.ApplicationProtocol.HTTP,
        targets=[
            service.load_balancer_target(
                container_name=container.container_name, container_port=container.container_port
            )
        ],
        health_check=elbv2.HealthCheck(
            path=settings.health_check_path, healthy_http_codes=settings.health_check_codes
        ),
    )
    _listen(balancer, settings, group, _peers(settings, vpc))
    if not settings.internal:
        cdk.Validations.of(balancer).acknowledge(
            cdk.Acknowledgment(id="AwsSolutions-EC23", reason=INTERNET_REASON)
        )
    return balancer, group


def _check_zones(selected: ec2.SubnetSelection) -> None:
    subnets = selected.subnets or []
    if len(subnets) < 2:
        raise InvalidInputError(
            "A load balancer needs at least two Availability Zones",
            got=[subnet.node.path for subnet in subnets],
            allowed="two subnets or more, in different zones",
            fix="use a VPC of two zones or more",
        )


def _listen(
    balancer: elbv2.ApplicationLoadBalancer,
    settings: LoadBalancer,
    group: elbv2.ApplicationTargetGroup,
    peers: Sequence[ec2.IPeer],
) -> None:
    http = elbv2.ApplicationProtocol.HTTP
    forward = elbv2.ListenerAction.forward([group])
    if settings.certificate is None:
        listeners = [
            balancer.add_listener("Http", port=80, protocol=http, open=False, default_action=forward)
        ]
    else:
        to_https = elbv2.ListenerAction.redirect(protocol="HTTPS", port="443", permanent=True)
        listeners = [
            balancer.add_listener("Http", port=80, protocol=http, open=False, default_action=to_https),
            balancer.add_listener(
                "Https",
                port=443,
                protocol=elbv2.ApplicationProtocol.HTTPS,
                open=False,
                certificates=[settings.certificate],
                ssl_policy=elbv2.SslPolicy.TLS13_12_RES_PQ,
                default_action=forward,
            ),
        ]
    for listener in listeners:
        for peer in peers:
            listener.connections.allow_default_port_from(peer, "Clients")


def _peers(settings: LoadBalancer, vpc: ec2.IVpc) -> Sequence[ec2.IPeer]:
    if settings.peers is not None:
        return settings.peers
    if not settings.internal:
        return [ec2.Peer.any_ipv4()]
    resource = vpc.node.default_child
    if isinstance(resource, ec2.CfnVPC) and resource.cidr_block:
        # The literal CIDR, so that readers and tools see in the template which addresses are allowed.
        return [ec2.Peer.ipv4(resource.cidr_block)]
    try:
        return [ec2.Peer.ipv4(vpc.vpc_cidr_block)]
    except RuntimeError:  # jsii raises this for an error of the CDK
        raise InvalidInputError(
            "The imported VPC's addresses are not known",
            got=vpc.node.path,
            allowed="a VPC with vpc_cidr_block",
            fix="import it with vpc_cidr_block, or set who may connect: LoadBalancer(peers=[...])",
        ) from None


def _log_bucket(scope: Construct) -> s3.Bucket:
    """Create the bucket of the access logs; Elastic Load Balancing supports only SSE-S3 there."""
    bucket = s3.Bucket(
        scope,
        "AccessLogs",
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        versioned=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=cdk.Duration.days(365),
                noncurrent_version_expiration=cdk.Duration.days(30),
                abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
            )
        ],
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
    cdk.Validations.of(bucket).acknowledge(cdk.Acknowledgment(id="AwsSolutions-S1", reason=LOG_BUCKET_REASON))
    return bucket
