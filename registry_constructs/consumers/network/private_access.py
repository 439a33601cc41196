"""VPC endpoints through which containers without internet access pull images."""

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
    WorkloadType,
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
    is_exclusive,
    is_isolated,
    other_endpoints,
)
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.images.image import Image
from registry_constructs.registry import PullThroughCache

_ECR: Final = ("ecr.api", "ecr.dkr")
_HTTPS: Final = ec2.Port.tcp(443)
_PULL: Final = "Pull images"
_PULLED_OUTSIDE: Final = ("apprunner", "lambda")


class PrivateRegistryAccess(Construct):
    """VPC endpoints with restrictive policies, so that containers without internet access can pull from ECR.

    It creates interface endpoints with private DNS for ECR's API, ECR's registry, CloudWatch Logs and the
    services that the workloads call, and a gateway endpoint for S3, where ECR keeps layers. Their policies
    allow only pulls from the repositories listed, by identities of the accounts listed, and writing to these
    accounts' logs. The endpoints' security group allows HTTPS only from the consumers listed.

    Each interface endpoint is charged per hour and zone, and per gigabyte; the gateway endpoint is free.

    From the subnets, S3 access in the Region is limited to ECR layers, because the gateway endpoint gets all
    their S3 traffic. Allow other access, there or through any other endpoint, with
    `access.endpoints["s3"].add_to_policy(...)`. AWS supports no policy on the endpoints `ecs-agent`,
    `ecs-telemetry`, `eks` and `eks-auth`.

    Create one per VPC: AWS allows one endpoint with private DNS per service. Endpoints that the CDK has
    created for the VPC before are used unchanged, with a warning, as their policies are not managed here.

    Lambda and App Runner fetch images outside the VPC and need no endpoints.

    Args:
        scope: The construct that it belongs to, in a stack of the VPC's Region.
        id: The construct's id.
        vpc: The VPC, of this app or imported; it needs DNS support and DNS hostnames.
        images: Images to pull. The first pull through a pull-through cache is allowed as well.
        repositories: Repositories to pull from, of any account, in the VPC's Region.
        caches: Pull-through caches to pull any image through, first pulls included.
        accounts: Accounts with repositories that may all be pulled from, such as the AWS account with the
            images of the EKS add-ons.
        consumers: Services, clusters and security groups that pull; `allow` adds others.
        workloads: The types of consumers: `fargate`, `ecs-ec2`, `eks`. Default: `fargate`.
        also: Further services that consumers call: `secretsmanager`, `ssm`, `kms` for secrets, `ssmmessages`
            for ECS Exec, `eks` for its API, `elasticloadbalancing` for the AWS Load Balancer Controller.
            Default: none.
        logs: Create an endpoint for CloudWatch Logs. Default: True.
        subnets: The consumers' subnets: their route tables get the route to S3, and the endpoints have an
            address in one subnet of each zone. Default: the subnets with egress through NAT; without any, the
            isolated ones.
        existing: Existing endpoints to use, by service: `{"logs": endpoint}`; also `ecr.api`, `ecr.dkr` and
            `s3`. Default: those that the CDK has created for the VPC in this stack or the VPC's.
        consumer_accounts: Accounts whose identities may use the endpoints, if the VPC is shared with them.
            Default: the stack's account.
        s3_prefix_list: The id of the Region's prefix list for S3 (`pl-...`), so that consumers whose security
            group restricts outbound traffic get a rule to it. Default: no such rule.

    Attributes:
        security_group: The endpoints' security group. Give it to further endpoints of the same consumers.
        endpoints: The endpoints that this construct created, by service.

    Raises:
        InvalidInputError: If nothing is listed to pull, a repository is in another Region, the VPC has no DNS
            support, or subnets or route tables are missing.
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
        workloads: Sequence[WorkloadType] = ("fargate",),
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
            environment = EndpointEnvironment(
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
                self._make(service, self._gateway(selected), layers_policy(environment))
            elif service in _ECR:
                allowed = registry_policy(environment, pulled=pulled, imported=imported)
                self._make(service, self._interface(service, selected), allowed)
            else:
                allowed = service_policy(service, environment, others=wanted)
                self._make(service, self._interface(service, selected), allowed)
        self.node.add_validation(NoSecondEndpoint(self, vpc, lambda: self.endpoints))
        self._warn(
            isolated=bool(imported) and is_isolated(vpc, selected),
            eks="eks" in workloads and not accounts,
            china=stack.region.startswith("cn-"),
        )
        self.allow(*consumers)

    def allow(self, *consumers: ec2.IConnectable) -> None:
        """Allow consumers to connect to the endpoints by HTTPS.

        The rules are created in the stack of the consumer's security groups, so that a stack that uses this
        stack's VPC gets no circular dependency. Pass a consumer only after its security groups are created.
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
        """Allow S3 in a security group that restricts outbound traffic, or warn."""
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
        """Use the endpoints that the VPC has already, since AWS would refuse second ones."""
        for endpoint in other_endpoints(self, self._vpc):
            for service in services:
                if service in self._reused or not is_exclusive(endpoint, service):
                    continue
                self._reused[service] = cast("ec2.IVpcEndpoint", endpoint.node.scope)
                cdk.Validations.of(self).add_warning(
                    f"registry-constructs:endpoint-not-managed-here-{construct_id(service)}",
                    f"The VPC already has an endpoint for {service}, which is used: {endpoint.node.path}. "
                    "Its policy, and for S3 its route tables, must allow pulling the images: they are not "
                    f"managed here. Pass existing={{{service!r}: endpoint}} to confirm that they do.",
                )

    def _warn(self, *, isolated: bool, eks: bool, china: bool) -> None:
        warn = cdk.Validations.of(self).add_warning
        if isolated:
            warn(
                "registry-constructs:cache-needs-a-way-out",
                "The first pull of an image through a cache needs internet access, which isolated subnets "
                "don't have. Pull each image once from elsewhere, or use subnets that have a route to a NAT "
                "gateway.",
            )
        if eks:
            warn(
                "registry-constructs:eks-images-of-aws",
                "EKS pulls its own add-ons (VPC CNI, kube-proxy, CoreDNS) from an AWS registry in the "
                "Region, which the endpoint policies don't allow. Add its account: accounts=[...] (EKS User "
                "Guide, container image registries for add-ons).",
            )
        if china:
            warn(
                "registry-constructs:layer-bucket-in-china",
                "AWS documents the name of the bucket with image layers only for its standard partition; the "
                "name in the China Regions is assumed to be the same. Test a pull before you rely on it.",
            )


def _services(workloads: Sequence[str], also: Sequence[str], *, logs: bool) -> list[str]:
    """The services of the interface endpoints besides ECR's."""
    given = [] if isinstance(workloads, str) else list(workloads)
    if not given or not set(given) <= WORKLOADS.keys():
        outside = [name for name in given if name in _PULLED_OUTSIDE]
        raise InvalidInputError(
            "workloads is not a list of workload types",
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
            fix="create others with ec2.InterfaceVpcEndpoint and security_groups=[access.security_group]",
        )
    needed = {service for workload in given for service in WORKLOADS[workload]}
    return sorted({*needed, *also, *(["logs"] if logs else [])})


def _check_existing(existing: Mapping[str, ec2.IVpcEndpoint], services: Sequence[str]) -> None:
    known = [*_ECR, *services, S3]
    unknown = sorted(set(existing) - set(known))
    if unknown:
        raise InvalidInputError(
            "existing has services that no endpoint is created for",
            got=unknown,
            allowed=f"any of {', '.join(known)}",
            fix="leave them out",
        )


def _connect(consumer: ec2.ISecurityGroup, endpoints: ec2.ISecurityGroup) -> None:
    """Add rules to both security groups, in the consumer's stack: `remote_rule` creates them there."""
    endpoints.add_ingress_rule(consumer, _HTTPS, _PULL, remote_rule=True)
    if not consumer.allow_all_outbound:
        consumer.add_egress_rule(endpoints, _HTTPS, _PULL)
