"""Grants that only an identity's own policy can hold."""

from __future__ import annotations

from aws_cdk import aws_iam as iam

from registry_constructs.ecr.errors import InvalidInputError


def check_granted(grant: iam.Grant, grantee: iam.IGrantable, *, fix: str) -> None:
    """Refuse who has no policy to write the grant into: the CDK would say nothing."""
    if not grant.success:
        raise InvalidInputError(
            "This principal has no policy of its own",
            got=type(grantee).__name__,
            allowed="roles, users and groups",
            fix=fix,
        )
