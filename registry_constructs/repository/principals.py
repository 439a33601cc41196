"""The IAM principals that stand for an organization, its units, and Lambda functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from registry_constructs.errors import InvalidInputError
from registry_constructs.naming import check_organization_id, check_organizational_unit_id
from registry_constructs.tokens import ENCODED_TEXT, is_token

_FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_*?-]{1,140}")
_FUNCTION_ARN = re.compile(
    rf"arn:(?:aws[a-z-]*|{ENCODED_TEXT}):lambda"
    rf":(?P<region>[a-z0-9-]+|{ENCODED_TEXT})"
    rf":(?P<account>[0-9]{{12}}|{ENCODED_TEXT})"
    rf":function:(?:[a-zA-Z0-9_*?-]|{ENCODED_TEXT}){{1,140}}"
)


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
        InvalidInputError: If a name or ARN can't be a function's, or stands in another Region: Lambda pulls
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
    if not isinstance(function, str):
        raise _no_function(function)
    if arn := _FUNCTION_ARN.fullmatch(function):
        region, account = arn["region"], arn["account"]
        if not is_token(stack.region) and not is_token(region) and region != stack.region:
            raise InvalidInputError(
                "A Lambda function of another Region can't pull from this repository",
                got=function,
                allowed=f"functions in {stack.region}",
                fix="replicate the image into the function's Region and grant there",
            )
        return function, account if account != stack.account else None
    if _FUNCTION_NAME.fullmatch(function):
        own = stack.format_arn(
            service="lambda",
            resource="function",
            resource_name=function,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        return own, None
    if is_token(function):
        return function, None
    raise _no_function(function)


def _no_function(got: object) -> InvalidInputError:
    return InvalidInputError(
        "Not a Lambda function",
        got=got,
        allowed="a function name, or an ARN arn:<partition>:lambda:<region>:<account>:function:<name>; "
        "'*' and '?' may stand in the name",
        fix="pass the name for a function of this account and Region, the ARN without a version or alias "
        "for another account's",
    )
