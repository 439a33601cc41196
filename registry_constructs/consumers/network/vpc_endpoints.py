"""Checks of a VPC for new endpoints: DNS, route tables and existing endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from constructs import IConstruct, IValidation

from registry_constructs.ecr.errors import InvalidInputError

S3: Final = "s3"
"""The only service whose endpoint is a gateway endpoint, that is, a route in route tables."""


def check_dns(vpc: ec2.IVpc) -> None:
    """Check that endpoints can have private DNS in a VPC, as far as the CDK knows.

    Raises:
        InvalidInputError: If DNS support or DNS hostnames are off.
    """
    if isinstance(vpc, ec2.Vpc) and not (vpc.dns_hostnames_enabled and vpc.dns_support_enabled):
        raise InvalidInputError(
            "Endpoints with private DNS need a VPC with DNS support and DNS hostnames",
            got={"DNS hostnames": vpc.dns_hostnames_enabled, "DNS support": vpc.dns_support_enabled},
            allowed="both, as by default",
            fix="leave enable_dns_hostnames and enable_dns_support out of the VPC",
        )


def check_route_tables(subnets: Iterable[ec2.ISubnet]) -> None:
    """Check that the CDK knows the route tables of subnets; it would leave out unknown ones.

    Raises:
        InvalidInputError: If one has no route table id.
    """
    unknown = [subnet.subnet_id for subnet in subnets if not _has_route_table(subnet)]
    if unknown:
        raise InvalidInputError(
            "The route tables of subnets are not known, so layers can't be routed to them",
            got=unknown,
            allowed="subnets with a route table id",
            fix="import the VPC with Vpc.from_lookup, or pass the ids to from_vpc_attributes "
            "(isolated_subnet_route_table_ids=[...])",
        )


def other_endpoints(scope: IConstruct, vpc: ec2.IVpc) -> Iterator[ec2.CfnVPCEndpoint]:
    """The VPC's endpoints outside a scope, in the stack of the scope and the stack of the VPC."""
    stacks = {stack.node.path: stack for stack in (cdk.Stack.of(vpc), cdk.Stack.of(scope))}
    for stack in stacks.values():
        for child in stack.node.find_all():
            if (
                isinstance(child, ec2.CfnVPCEndpoint)
                and child.vpc_id == vpc.vpc_id
                and cast("IConstruct", child.node.scope).node.scope is not scope
            ):
                yield child


def is_exclusive(endpoint: ec2.CfnVPCEndpoint, service: str) -> bool:
    """Whether AWS refuses a second endpoint for the service in addition to this one."""
    if (endpoint.vpc_endpoint_type == "Gateway") != (service == S3):
        return False
    name = cdk.Stack.of(endpoint).resolve(endpoint.service_name)
    last = name if isinstance(name, str) else str(name["Fn::Join"][1][-1])
    return last.endswith(f".{service}") and (service == S3 or bool(endpoint.private_dns_enabled))


def construct_id(service: str) -> str:
    """The construct id of a service: `EcrApi` for `ecr.api`. A changed id replaces the endpoint."""
    return "".join(part.capitalize() for part in service.replace("-", ".").split("."))


@jsii.implements(IValidation)
class NoSecondEndpoint:
    """Validation at synthesis that no second endpoint was created for a service after the construct's own.

    Args:
        scope: The construct.
        vpc: Its VPC.
        services: Returns the services that it created endpoints for.
    """

    def __init__(self, scope: IConstruct, vpc: ec2.IVpc, services: Callable[[], Iterable[str]]) -> None:
        self._scope = scope
        self._vpc = vpc
        self._services = services

    def validate(self) -> list[str]:
        """Errors for the endpoints that AWS would refuse."""
        return [
            f"{other.node.path} is a second endpoint for {service} in the VPC of {self._scope.node.path}, "
            "and AWS refuses it. Create it before, so that it is used, or leave it out."
            for other in other_endpoints(self._scope, self._vpc)
            for service in self._services()
            if is_exclusive(other, service)
        ]


def is_isolated(vpc: ec2.IVpc, subnets: Sequence[ec2.ISubnet]) -> bool:
    """Whether one of the subnets is isolated, without a route out of the VPC."""
    isolated = {subnet.node.path for subnet in vpc.isolated_subnets}
    return any(subnet.node.path in isolated for subnet in subnets)


def _has_route_table(subnet: ec2.ISubnet) -> bool:
    try:
        return bool(subnet.route_table.route_table_id)
    except RuntimeError:  # the CDK raises this if there is none
        return False
