"""The IAM principals of an organization, its units and Lambda functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import (
    check_organization_id,
    check_organizational_unit_id,
    parse_lambda_function,
)
from registry_constructs.ecr.tokens import is_token, known_to_differ


def organization_principal(organization_id: str, units: Iterable[str]) -> iam.IPrincipal:
    """Every principal of an organization, or only of the accounts in and below some of its units.

    Raises:
        InvalidInputError: If an id is not one of AWS Organizations.
    """
    check_organization_id(organization_id)
    if isinstance(units, str):
        raise InvalidInputError(
            "units is a single text", got=units, allowed="a list of ids", fix=f"write units=[{units!r}]"
        )
    paths = []
    for unit in units:
        check_organizational_unit_id(unit)
        paths.append(f"{organization_id}/*/{unit}/*")
    organization = iam.OrganizationPrincipal(organization_id)
    if not paths:
        return organization
    return organization.with_conditions({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": paths}})


def lambda_principals(stack: cdk.Stack, functions: Sequence[str]) -> list[iam.IPrincipal]:
    """The principals by which Lambda may pull for the functions named.

    Lambda pulls as a service, so the service principal is allowed for these functions' ARNs alone. A function
    of another account needs its account allowed as well, which creates the function, while the service
    fetches the image again for a function that was inactive (re:Post lambda-ecr-image).

    Raises:
        InvalidInputError: If a name or ARN can't be a function's, or is in another Region: Lambda pulls
            within a Region only.
    """
    found = [_function(stack, function) for function in functions]
    service = iam.ServicePrincipal("lambda.amazonaws.com")
    return [
        service.with_conditions({"ArnLike": {"aws:SourceArn": [arn for arn, _ in found]}}),
        *(iam.AccountPrincipal(account) for account in sorted({account for _, account in found if account})),
    ]


def _function(stack: cdk.Stack, function: str) -> tuple[str, str | None]:
    """The function's ARN, and its account if that may be another one than the stack's."""
    try:
        name, region, account = parse_lambda_function(function)
    except InvalidInputError:
        if is_token(function):
            return function, None
        raise
    if name is not None:
        own = stack.format_arn(
            service="lambda",
            resource="function",
            resource_name=name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        return own, None
    if known_to_differ(region, stack.region):
        raise InvalidInputError(
            "A Lambda function of another Region can't pull from this repository",
            got=function,
            allowed=f"functions in {stack.region}",
            fix="replicate the image into the function's Region and grant there",
        )
    return function, account if account != stack.account else None


def check_granted(grant: iam.Grant, grantee: iam.IGrantable, *, fix: str) -> None:
    """Refuse who has no policy to write the grant into: the CDK would say nothing."""
    if not grant.success:
        raise InvalidInputError(
            "This principal has no policy of its own",
            got=type(grantee).__name__,
            allowed="roles, users and groups",
            fix=fix,
        )
