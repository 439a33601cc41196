"""What a VPC without internet needs so that its containers can pull: endpoints, and nobody else at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.consumers.network.endpoint_policies import (
    SERVICES,
    WORKLOADS,
    EndpointEnvironment,
    Service,
    Workload,
    layers_policy,
    registry_policy,
    service_policy,
)
from registry_constructs.consumers.network.pulled import check_accounts, repository_arns
from registry_constructs.consumers.network.subnets import private_subnets, select_subnets
from registry_constructs.consumers.network.vpc_endpoints import (
    S3,
    NoSecondEndpoint,
    check_dns,
    check_route_tables,
    construct_id,
    endpoints_beside,
    is_isolated,
    rules_out,
)
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.images.image import Image
from registry_constructs.registry import PullThroughCache

_ECR: Final = ("ecr.api", "ecr.dkr")
_HTTPS: Final = ec2.Port.tcp(443)
_PULL: Final = "Pull images"
_PULLED_OUTSIDE: Final = ("apprunner", "lambda")


class PrivateRegistryAccess(Construct):
    """Lets containers in subnets without internet pull from ECR, and through the endpoints nothing else.

    It makes interface endpoints with private DNS for ECR's API, for ECR's registry, for CloudWatch Logs and
    for what the workloads call, and a gateway endpoint for S3, where ECR keeps layers. Their policies allow
    pulls from the repositories named, by identities of the accounts named, and writing to these accounts'
    logs. The endpoints' security group lets in HTTPS from the consumers named, and nobody else.

    Each interface endpoint costs a fee for every hour in every zone, and for every gigabyte; the gateway
    endpoint costs nothing.

    From the subnets, S3 is nothing but ECR's layers: the gateway endpoint takes all their traffic to S3 in
    the Region. Whatever else is needed there, or through any of the endpoints, is allowed with
    `access.endpoints["s3"].add_to_policy(...)`. AWS takes no policy on the endpoints `ecs-agent`,
    `ecs-telemetry`, `eks` and `eks-auth`.

    One for a VPC: AWS takes one endpoint with private DNS for a service. Endpoints that the CDK has made for
    the VPC already are used as they are, with a warning, since their policies are not managed here.

    Lambda and App Runner fetch images themselves, outside the VPC, and need none of this.

    Args:
        scope: The construct that it belongs to, in a stack of the VPC's Region.
        id: The construct's id.
        vpc: The VPC, made here or imported; it needs DNS support and DNS hostnames.
        images: Images that are pulled. One of a pull-through cache may be pulled the first time as well.
        repositories: Repositories that are pulled from, of any account, in the VPC's Region.
        caches: Pull-through caches that any image is pulled through, the first time included.
        accounts: Accounts whose every repository may be pulled from, such as that of AWS with the images of
            EKS's own add-ons.
        consumers: What pulls: services, clusters, security groups; `allow` adds others.
        workloads: What kinds of consumer there are: `fargate`, `ecs-ec2`, `eks`. Default: `fargate`.
        also: Further services that consumers call: `secretsmanager`, `ssm`, `kms` for secrets, `ssmmessages`
            for ECS Exec, `eks` for its API, `elasticloadbalancing` for the AWS Load Balancer Controller.
            Default: none.
        logs: Make an endpoint for CloudWatch Logs. Default: True.
        subnets: Where the consumers are: layers reach them by their route tables, and the endpoints have an
            address in one subnet of each zone. Default: the subnets with a way out through NAT; without any,
            the isolated ones.
        existing: Endpoints that are not to be made, by service: `{"logs": endpoint}`; also `ecr.api`,
            `ecr.dkr` and `s3`. Default: those that the CDK has made for the VPC in this stack or the VPC's.
        consumer_accounts: Whose identities may use the endpoints: accounts that the VPC is shared with.
            Default: the stack's account.
        s3_prefix_list: The id of the Region's prefix list for S3 (`pl-...`), so that consumers whose security
            group restricts outbound traffic get a rule to it. Default: no such rule.

    Attributes:
        security_group: The endpoints' security group. Give it to further endpoints of the same consumers.
        endpoints: The endpoints made here, by service.

    Raises:
        InvalidInputError: If nothing is named to pull, a repository is in another Region, the VPC has no DNS,
            or subnets or route tables are missing.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        images: Sequence[Image] = (),
        repositories: Sequence[ecr.IRepository] = (),
        caches: Sequence[PullThroughCache] = (),
        accounts: Sequence[str] = (),
        consumers: Sequence[ec2.IConnectable] = (),
        workloads: Sequence[Workload] = ("fargate",),
        also: Sequence[Service] = (),
        logs: bool = True,
        subnets: ec2.SubnetSelection | None = None,
        existing: Mapping[str, ec2.IVpcEndpoint] | None = None,
        consumer_accounts: Sequence[str] | None = None,
        s3_prefix_list: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        stack = cdk.Stack.of(self)
        self._vpc = vpc
        self._s3_prefix_list = s3_prefix_list
        with located(self):
            services = _services(workloads, also, logs=logs)
            _check_existing(existing or {}, services)
            check_dns(vpc)
            place = EndpointEnvironment(
                partition=stack.partition,
                region=stack.region,
                accounts=tuple(check_accounts(consumer_accounts or ())) or (stack.account,),
            )
            pulled, imported = repository_arns(
                self, images=images, repositories=repositories, caches=caches, accounts=accounts
            )
            chosen = subnets or private_subnets(vpc, None)
            selected = select_subnets(vpc, chosen)
        self.security_group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=vpc,
            description="VPC endpoints through which images are pulled",
            allow_all_outbound=False,
        )
        self._reused = dict(existing or {})
        wanted = (*_ECR, *services, S3)
        self._find_reusable([service for service in wanted if service not in self._reused])
        self.endpoints: dict[str, ec2.VpcEndpoint] = {}
        for service in wanted:
            if service in self._reused:
                continue
            if service == S3:
                with located(self):
                    check_route_tables(selected)
                self._make(service, self._gateway(selected), layers_policy(place))
            elif service in _ECR:
                allowed = registry_policy(place, pulled=pulled, imported=imported)
                self._make(service, self._interface(service, selected), allowed)
            else:
                allowed = service_policy(service, place, others=wanted)
                self._make(service, self._interface(service, selected), allowed)
        self.node.add_validation(NoSecondEndpoint(self, vpc, lambda: self.endpoints))
        self._warn(
            isolated=bool(imported) and is_isolated(vpc, selected),
            eks="eks" in workloads and not accounts,
            china=stack.region.startswith("cn-"),
        )
        self.allow(*consumers)

    def allow(self, *consumers: ec2.IConnectable) -> None:
        """Let consumers reach the endpoints by HTTPS.

        The rules are made in the stack of the consumer's security groups: it may be another one than this
        construct's, and use this one's VPC, without a circular dependency. So name a consumer once it has its
        security groups.
        """
        targets: list[ec2.IConnectable] = [self.security_group]
        targets += [
            cast("ec2.IConnectable", endpoint)
            for service, endpoint in self._reused.items()
            if service != S3 and hasattr(endpoint, "connections")
        ]
        for consumer in consumers:
            groups = consumer.connections.security_groups
            for target in targets:
                if not groups:
                    consumer.connections.allow_to(target, _HTTPS, _PULL)
                for group in groups:
                    for endpoint_group in target.connections.security_groups:
                        _connect(group, endpoint_group)
            for group in groups:
                if not group.allow_all_outbound:
                    self._allow_layers(group)

    def _allow_layers(self, group: ec2.ISecurityGroup) -> None:
        """A security group that restricts outbound traffic must let the consumer reach S3 as well."""
        if self._s3_prefix_list is not None:
            group.add_egress_rule(ec2.Peer.prefix_list(self._s3_prefix_list), _HTTPS, _PULL)
            return
        cdk.Validations.of(group).add_warning(
            "registry-constructs:layers-need-a-way-to-s3",
            "The security group restricts outbound traffic, and image layers come from S3. Give "
            f"{self.node.path} the Region's prefix list for S3 (s3_prefix_list='pl-...', see 'aws ec2 "
            "describe-managed-prefix-lists'), or allow HTTPS to it.",
        )

    def _make(self, service: str, endpoint: ec2.VpcEndpoint, allowed: list[iam.PolicyStatement]) -> None:
        for statement in allowed:
            endpoint.add_to_policy(statement)
        self.endpoints[service] = endpoint

    def _interface(self, service: str, subnets: Sequence[ec2.ISubnet]) -> ec2.InterfaceVpcEndpoint:
        return ec2.InterfaceVpcEndpoint(
            self,
            construct_id(service),
            vpc=self._vpc,
            service=ec2.InterfaceVpcEndpointAwsService(service),
            private_dns_enabled=True,
            open=False,
            security_groups=[self.security_group],
            subnets=ec2.SubnetSelection(subnets=list(subnets)),
        )

    def _gateway(self, subnets: Sequence[ec2.ISubnet]) -> ec2.GatewayVpcEndpoint:
        return ec2.GatewayVpcEndpoint(
            self,
            construct_id(S3),
            vpc=self._vpc,
            service=ec2.GatewayVpcEndpointAwsService.S3,
            subnets=[ec2.SubnetSelection(subnets=list(subnets))],
        )

    def _find_reusable(self, services: Sequence[str]) -> None:
        """Use endpoints of the VPC that are there already, since AWS would refuse a second one."""
        for found in endpoints_beside(self, self._vpc):
            for service in services:
                if service in self._reused or not rules_out(found, service):
                    continue
                self._reused[service] = cast("ec2.IVpcEndpoint", found.node.scope)
                cdk.Validations.of(self).add_warning(
                    f"registry-constructs:endpoint-not-managed-here-{construct_id(service)}",
                    f"The VPC has an endpoint for {service} already, which is used: {found.node.path}. Its "
                    "policy, and for S3 its route tables, must let the images be pulled: they are not "
                    f"managed here. Pass existing={{{service!r}: endpoint}} to say that they do.",
                )

    def _warn(self, *, isolated: bool, eks: bool, china: bool) -> None:
        warn = cdk.Validations.of(self).add_warning
        if isolated:
            warn(
                "registry-constructs:cache-needs-a-way-out",
                "The first pull of an image through a cache needs a way to the internet, which isolated "
                "subnets have not. Pull each image once from elsewhere, or name subnets that have a route "
                "to a NAT gateway.",
            )
        if eks:
            warn(
                "registry-constructs:eks-images-of-aws",
                "EKS pulls its own add-ons (VPC CNI, kube-proxy, CoreDNS) from a registry of AWS in the "
                "Region, which the endpoints don't let through. Name its account: accounts=[...] (EKS User "
                "Guide, container image registries for add-ons).",
            )
        if china:
            warn(
                "registry-constructs:layer-bucket-in-china",
                "AWS documents the name of the bucket with image layers for its standard partition, and that "
                "of the China Regions is assumed to be alike. Pull an image before you rely on it.",
            )


def _services(workloads: Sequence[str], also: Sequence[str], *, logs: bool) -> list[str]:
    """The interface endpoints beside ECR's."""
    given = [] if isinstance(workloads, str) else list(workloads)
    if not given or not set(given) <= WORKLOADS.keys():
        outside = [name for name in given if name in _PULLED_OUTSIDE]
        raise InvalidInputError(
            "workloads is not a list of what pulls",
            got=workloads,
            allowed=f"one or more of {', '.join(WORKLOADS)}",
            fix=f"leave {outside[0]} out: it fetches images outside the VPC, without endpoints"
            if outside
            else "write workloads=['fargate']",
        )
    if isinstance(also, str) or not set(also) <= set(SERVICES):
        raise InvalidInputError(
            "also is not a list of services that consumers call",
            got=also,
            allowed=f"any of {', '.join(SERVICES)}",
            fix="make others with ec2.InterfaceVpcEndpoint and security_groups=[access.security_group]",
        )
    needed = {service for workload in given for service in WORKLOADS[workload]}
    return sorted({*needed, *also, *(["logs"] if logs else [])})


def _check_existing(existing: Mapping[str, ec2.IVpcEndpoint], services: Sequence[str]) -> None:
    known = [*_ECR, *services, S3]
    unknown = sorted(set(existing) - set(known))
    if unknown:
        raise InvalidInputError(
            "existing names services that no endpoint is made for",
            got=unknown,
            allowed=f"any of {', '.join(known)}",
            fix="leave them out",
        )


def _connect(consumer: ec2.ISecurityGroup, endpoints: ec2.ISecurityGroup) -> None:
    """Rules on both sides, in the consumer's stack: `remote_rule` has them made there."""
    endpoints.add_ingress_rule(consumer, _HTTPS, _PULL, remote_rule=True)
    if not consumer.allow_all_outbound:
        consumer.add_egress_rule(endpoints, _HTTPS, _PULL)
