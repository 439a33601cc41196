"""Selection of a VPC's private and public subnets."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2

from registry_constructs.ecr.errors import InvalidInputError


def private_subnets(vpc: ec2.IVpc, given: ec2.SubnetSelection | None) -> ec2.SubnetSelection:
    """The selected subnets, or the VPC's private ones: those with egress, otherwise the isolated ones.

    Raises:
        InvalidInputError: If there are none, or some are public.
    """
    if given is None:
        private = vpc.private_subnets or vpc.isolated_subnets
        if not private:
            raise InvalidInputError(
                "The VPC has no private subnets",
                got=vpc.node.path,
                allowed="a VPC with private subnets, with a NAT gateway or with VPC endpoints for ECR",
                fix="add subnets of the type PRIVATE_WITH_EGRESS or PRIVATE_ISOLATED; consumers get no "
                "public addresses",
            )
        return ec2.SubnetSelection(subnets=private)
    selected = select_subnets(vpc, given)
    public = [subnet.node.path for subnet in selected if _is_public(vpc, subnet)]
    if public:
        raise InvalidInputError(
            "Consumers can't run in public subnets",
            got=public,
            allowed="private subnets",
            fix="leave the selection out, or select the type PRIVATE_WITH_EGRESS; a load balancer in the "
            "public ones takes requests from the internet",
        )
    return ec2.SubnetSelection(subnets=selected)


def public_subnets(vpc: ec2.IVpc, given: ec2.SubnetSelection | None) -> ec2.SubnetSelection:
    """The selected subnets, or the VPC's public ones.

    Raises:
        InvalidInputError: If there are none, or some are not public.
    """
    selected = vpc.public_subnets if given is None else select_subnets(vpc, given)
    others = [subnet.node.path for subnet in selected if not _is_public(vpc, subnet)]
    if others or not selected:
        raise InvalidInputError(
            "These subnets are not public" if others else "The VPC has no public subnets",
            got=others or vpc.node.path,
            allowed="public subnets, for an internet-facing load balancer",
            fix="leave the selection out" if others else "add subnets of the type PUBLIC",
        )
    return ec2.SubnetSelection(subnets=selected)


def select_subnets(vpc: ec2.IVpc, given: ec2.SubnetSelection) -> Sequence[ec2.ISubnet]:
    """The subnets of a selection in a VPC.

    Raises:
        InvalidInputError: If the VPC has no such subnets.
    """
    if given.subnets and given == ec2.SubnetSelection(subnets=given.subnets):
        return given.subnets  # if imported by id only, the CDK doesn't know their zones
    try:
        selected = vpc.select_subnets(
            availability_zones=given.availability_zones,
            one_per_az=given.one_per_az,
            subnet_filters=given.subnet_filters,
            subnet_group_name=given.subnet_group_name,
            subnets=given.subnets,
            subnet_type=given.subnet_type,
        ).subnets
    except RuntimeError as error:  # jsii raises this for an error of the CDK
        raise _no_such_subnets(vpc, str(error)) from None
    if not selected:
        raise _no_such_subnets(vpc, "a selection without subnets")
    return selected


def _no_such_subnets(vpc: ec2.IVpc, got: str) -> InvalidInputError:
    return InvalidInputError(
        "The VPC has no such subnets",
        got=got,
        allowed=f"a selection of the subnets of {vpc.node.path}",
        fix="leave the selection out for its private ones",
    )


def _is_public(vpc: ec2.IVpc, subnet: ec2.ISubnet) -> bool:
    """Whether a subnet is a public one of the VPC, or imported by the id of one."""
    return any(
        subnet.node.path == public.node.path or subnet.subnet_id == public.subnet_id
        for public in vpc.public_subnets
    )
