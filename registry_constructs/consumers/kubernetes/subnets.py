"""The subnets of a cluster: private ones, in two Availability Zones at least."""

from __future__ import annotations

from aws_cdk import aws_ec2 as ec2

from registry_constructs.errors import InvalidInputError
from registry_constructs.tokens import is_token


def private_subnets(vpc: ec2.IVpc, given: ec2.SubnetSelection | None) -> ec2.SubnetSelection:
    """The private subnets that were asked for, or those that a VPC has.

    Raises:
        InvalidInputError: If one is public, there is none, or they are in one Availability Zone.
    """
    selection = given or _default(vpc)
    found = vpc.select_subnets(
        availability_zones=selection.availability_zones,
        one_per_az=selection.one_per_az,
        subnet_filters=selection.subnet_filters,
        subnet_group_name=selection.subnet_group_name,
        subnets=selection.subnets,
        subnet_type=selection.subnet_type,
    )
    public = sorted(set(found.subnet_ids) & {subnet.subnet_id for subnet in vpc.public_subnets})
    if public:
        raise InvalidInputError(
            "These subnets are public",
            got=", ".join(public),
            allowed="private subnets",
            fix="write subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)",
        )
    zones = set(found.availability_zones)
    if not is_token(found.availability_zones) and len(zones) < 2:
        raise InvalidInputError(
            "EKS needs subnets in two Availability Zones",
            got=", ".join(sorted(zones)),
            allowed="private subnets in two Availability Zones at least",
            fix="give the VPC max_azs=2 or more",
        )
    return selection


def _default(vpc: ec2.IVpc) -> ec2.SubnetSelection:
    if vpc.private_subnets:
        return ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
    if vpc.isolated_subnets:
        return ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    raise InvalidInputError(
        "The VPC has no private subnets",
        got=vpc.node.path,
        allowed="a VPC with private subnets in two Availability Zones at least",
        fix="give it subnets of the type PRIVATE_WITH_EGRESS, or PRIVATE_ISOLATED and VPC endpoints",
    )
