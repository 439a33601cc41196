"""An Application Load Balancer in front of a service."""

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

LOG_BUCKET_REASON: Final = "The bucket holds access logs; to log the access to it would fill it with itself."
"""Why cdk-nag's AwsSolutions-S1 is acknowledged on the bucket of the access logs."""

INTERNET_REASON: Final = "It is internet-facing by name, with a certificate: everybody may connect to it."
"""Why cdk-nag's AwsSolutions-EC23 is acknowledged on an internet-facing load balancer."""


@dataclass(frozen=True, kw_only=True)
class LoadBalancer:
    """An Application Load Balancer, internal unless said otherwise, for HTTP in the container.

    It drops invalid headers, is protected from deletion, and writes access logs, for a year, into a bucket of
    its own that stays when the stack goes. It costs by the hour.

    Attributes:
        certificate: For HTTPS, with TLS 1.3, or 1.2 with forward secrecy; HTTP then redirects to it.
            Default: HTTP, which only an internal load balancer may speak.
        internal: Whether only its network can reach it. False puts it into the public subnets and needs a
            certificate.
        peers: Who may connect; `[]` for nobody, and then `service.load_balancer.connections` lets security
            groups in. Default: the VPC's addresses, or everybody if it is internet-facing.
        vpc_subnets: Where it stands. Default: the private subnets, or the public ones if internet-facing.
        health_check_path: What it asks each task for.
        health_check_codes: The answers that are healthy, such as `200` or `200-399`.
        deletion_protection: Whether ELB refuses to delete it, and CloudFormation with it.
    """

    certificate: acm.ICertificate | None = None
    internal: bool = True
    peers: Sequence[ec2.IPeer] | None = None
    vpc_subnets: ec2.SubnetSelection | None = None
    health_check_path: str = "/"
    health_check_codes: str = "200"
    deletion_protection: bool = True

    def check(self, scope: Construct, *, port: int | None) -> None:
        """Refuse what can't work, or would send everything in plain text over the internet.

        Raises:
            InvalidInputError: Without a port, internet-facing without a certificate, for a health check that
                is no path, and in a stack without a Region.
        """
        if port is None:
            raise InvalidInputError(
                "A load balancer without a port to send requests to",
                got=None,
                allowed="port=8080, or whichever the program listens on",
                fix="write the port beside load_balancer",
            )
        if not self.internal and self.certificate is None:
            raise InvalidInputError(
                "An internet-facing load balancer without a certificate",
                got="internal=False",
                allowed="a certificate beside it",
                fix="write certificate=acm.Certificate(...), or leave internal out",
            )
        if not is_token(self.health_check_path) and not self.health_check_path.startswith("/"):
            raise InvalidInputError(
                "Not a path to check the health with",
                got=self.health_check_path,
                allowed="a path that begins with /",
                fix=f"write health_check_path='/{self.health_check_path}'",
            )
        if is_token(cdk.Stack.of(scope).region):
            raise InvalidInputError(
                "The stack names no Region, and who may write access logs depends on it",
                got=cdk.Stack.of(scope).node.path,
                allowed="a stack with a Region",
                fix="give the stack env=cdk.Environment(account=..., region=...)",
            )


def balance(
    scope: Construct,
    given: LoadBalancer,
    service: ecs.FargateService | ecs.Ec2Service,
    *,
    vpc: ec2.IVpc,
    container: ecs.ContainerDefinition,
) -> tuple[elbv2.ApplicationLoadBalancer, elbv2.ApplicationTargetGroup]:
    """Put a load balancer in front of a service; its tasks accept connections from it alone.

    Raises:
        InvalidInputError: If the VPC has no such subnets, or no addresses that are known.
    """
    select = private_subnets if given.internal else public_subnets
    subnets = select(vpc, given.vpc_subnets)
    _check_zones(subnets)
    balancer = elbv2.ApplicationLoadBalancer(
        scope,
        "LoadBalancer",
        vpc=vpc,
        vpc_subnets=subnets,
        internet_facing=not given.internal,
        deletion_protection=given.deletion_protection,
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
            path=given.health_check_path, healthy_http_codes=given.health_check_codes
        ),
    )
    _listen(balancer, given, group, _peers(given, vpc))
    if not given.internal:
        cdk.Validations.of(balancer).acknowledge(
            cdk.Acknowledgment(id="AwsSolutions-EC23", reason=INTERNET_REASON)
        )
    return balancer, group


def _check_zones(selected: ec2.SubnetSelection) -> None:
    subnets = selected.subnets or []
    if len(subnets) < 2:
        raise InvalidInputError(
            "A load balancer stands in two Availability Zones at least",
            got=[subnet.node.path for subnet in subnets],
            allowed="two subnets or more, in different zones",
            fix="use a VPC of two zones or more",
        )


def _listen(
    balancer: elbv2.ApplicationLoadBalancer,
    given: LoadBalancer,
    group: elbv2.ApplicationTargetGroup,
    peers: Sequence[ec2.IPeer],
) -> None:
    http = elbv2.ApplicationProtocol.HTTP
    forward = elbv2.ListenerAction.forward([group])
    if given.certificate is None:
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
                certificates=[given.certificate],
                ssl_policy=elbv2.SslPolicy.TLS13_12_RES_PQ,
                default_action=forward,
            ),
        ]
    for listener in listeners:
        for peer in peers:
            listener.connections.allow_default_port_from(peer, "Clients")


def _peers(given: LoadBalancer, vpc: ec2.IVpc) -> Sequence[ec2.IPeer]:
    if given.peers is not None:
        return given.peers
    if not given.internal:
        return [ec2.Peer.any_ipv4()]
    resource = vpc.node.default_child
    if isinstance(resource, ec2.CfnVPC) and resource.cidr_block:
        # Written out, so that those who read the template, tools among them, see what is let in.
        return [ec2.Peer.ipv4(resource.cidr_block)]
    try:
        return [ec2.Peer.ipv4(vpc.vpc_cidr_block)]
    except RuntimeError:  # what jsii makes of an error of the CDK
        raise InvalidInputError(
            "The imported VPC's addresses are not known",
            got=vpc.node.path,
            allowed="a VPC with vpc_cidr_block",
            fix="import it with vpc_cidr_block, or say who may connect: LoadBalancer(peers=[...])",
        ) from None


def _log_bucket(scope: Construct) -> s3.Bucket:
    """Elastic Load Balancing writes access logs only with S3's own encryption."""
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
