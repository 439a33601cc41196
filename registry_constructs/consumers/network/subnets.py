"""The subnets that consumers run in: which ones a selection stands for, and whether they are private."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2

from registry_constructs.ecr.errors import InvalidInputError


def private_subnets(vpc: ec2.IVpc, given: ec2.SubnetSelection | None) -> ec2.SubnetSelection:
    """The subnets that are selected, or the VPC's private ones: with a way out, or else isolated.

    Raises:
        InvalidInputError: If there are none, or public ones are among them.
    """
    if given is None:
        found = vpc.private_subnets or vpc.isolated_subnets
        if not found:
            raise InvalidInputError(
                "The VPC has no private subnets",
                got=vpc.node.path,
                allowed="a VPC with private subnets, with a NAT gateway or with VPC endpoints for ECR",
                fix="add subnets of the type PRIVATE_WITH_EGRESS or PRIVATE_ISOLATED; nothing here gets a "
                "public address",
            )
        return ec2.SubnetSelection(subnets=found)
    selected = select_subnets(vpc, given)
    among = [subnet.node.path for subnet in selected if _is_public(vpc, subnet)]
    if among:
        raise InvalidInputError(
            "Nothing runs in public subnets here",
            got=among,
            allowed="private subnets",
            fix="leave the selection out, or select the type PRIVATE_WITH_EGRESS; a load balancer in the "
            "public ones takes requests from the internet",
        )
    return ec2.SubnetSelection(subnets=selected)


def public_subnets(vpc: ec2.IVpc, given: ec2.SubnetSelection | None) -> ec2.SubnetSelection:
    """The subnets that are selected, or the VPC's public ones.

    Raises:
        InvalidInputError: If there are none, or others are among them.
    """
    found = vpc.public_subnets if given is None else select_subnets(vpc, given)
    others = [subnet.node.path for subnet in found if not _is_public(vpc, subnet)]
    if others or not found:
        raise InvalidInputError(
            "The internet doesn't reach these subnets" if others else "The VPC has no public subnets",
            got=others or vpc.node.path,
            allowed="public subnets, for what faces the internet",
            fix="leave the selection out" if others else "add subnets of the type PUBLIC",
        )
    return ec2.SubnetSelection(subnets=found)


def select_subnets(vpc: ec2.IVpc, given: ec2.SubnetSelection) -> Sequence[ec2.ISubnet]:
    """The subnets that a selection stands for in a VPC.

    Raises:
        InvalidInputError: If the VPC has none of them.
    """
    if given.subnets and given == ec2.SubnetSelection(subnets=given.subnets):
        return given.subnets  # imported by their ids alone, they have no zone for the CDK to tell
    try:
        selected = vpc.select_subnets(
            availability_zones=given.availability_zones,
            one_per_az=given.one_per_az,
            subnet_filters=given.subnet_filters,
            subnet_group_name=given.subnet_group_name,
            subnets=given.subnets,
            subnet_type=given.subnet_type,
        ).subnets
    except RuntimeError as error:  # what jsii makes of an error of the CDK
        raise _no_such_subnets(vpc, str(error)) from None
    if not selected:
        raise _no_such_subnets(vpc, "a selection of no subnet")
    return selected


def _no_such_subnets(vpc: ec2.IVpc, got: str) -> InvalidInputError:
    return InvalidInputError(
        "The VPC has no such subnets",
        got=got,
        allowed=f"a selection of the subnets of {vpc.node.path}",
        fix="leave the selection out for its private ones",
    )


def _is_public(vpc: ec2.IVpc, subnet: ec2.ISubnet) -> bool:
    """Whether a subnet is one of the VPC's public ones, or imported by the id of one."""
    return any(
        subnet.node.path == public.node.path or subnet.subnet_id == public.subnet_id
        for public in vpc.public_subnets
    )
