"""Names that ECR, AWS accounts and AWS Organizations accept, checked with a reason for each refusal.

Every check lets CDK tokens pass: their value is known only when CloudFormation deploys.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import ENCODED_TEXT, is_token

_FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_*?-]{1,140}")
_FUNCTION_ARN = re.compile(
    rf"arn:(?:aws[a-z-]*|{ENCODED_TEXT}):lambda"
    rf":(?P<region>[a-z0-9-]+|{ENCODED_TEXT})"
    rf":(?P<account>[0-9]{{12}}|{ENCODED_TEXT})"
    rf":function:(?:[a-zA-Z0-9_*?-]|{ENCODED_TEXT}){{1,140}}"
)


def check_repository_name(name: str) -> None:
    """Refuse a private repository's name that ECR would refuse.

    Raises:
        InvalidInputError: With the reason: length, first character, upper case, separators.
    """
    _check_name(
        name,
        pattern=limits.REPOSITORY_NAME,
        length=limits.REPOSITORY_NAME_LENGTH,
        separators="one '.', one or two '_', or any number of '-'",
    )


def check_public_repository_name(name: str) -> None:
    """Refuse a public repository's name that ECR Public would refuse.

    Raises:
        InvalidInputError: With the reason; a separator may occur only once here, so `a--b` is refused too.
    """
    _check_name(
        name,
        pattern=limits.PUBLIC_REPOSITORY_NAME,
        length=limits.PUBLIC_REPOSITORY_NAME_LENGTH,
        separators="a single '.', '_' or '-'",
    )


def check_prefix(prefix: str) -> None:
    """Refuse a prefix of repository names that a replication rule would refuse; `shop/` and `shop` both are.

    Raises:
        InvalidInputError: With what is allowed.
    """
    shortest, longest = limits.REPLICATION_PREFIX_LENGTH
    fits = isinstance(prefix, str) and shortest <= len(prefix) <= longest
    if is_token(prefix) or (fits and limits.REPLICATION_PREFIX.fullmatch(prefix)):
        return
    raise InvalidInputError(
        "Not a prefix of repository names",
        got=prefix,
        allowed=f"{shortest} to {longest} characters: a-z, 0-9, '.', '_', '-' and '/'; no '*'",
        fix="write what the names begin with, such as 'shop/'",
    )


def check_template_prefix(prefix: str) -> None:
    """Refuse a prefix that a repository creation template would refuse; `ROOT` matches every name.

    Raises:
        InvalidInputError: With what is allowed.
    """
    shortest, longest = limits.TEMPLATE_PREFIX_LENGTH
    fits = isinstance(prefix, str) and shortest <= len(prefix) <= longest
    if fits and limits.TEMPLATE_PREFIX.fullmatch(prefix):
        return
    raise InvalidInputError(
        "Not a prefix that a creation template takes",
        got=prefix,
        allowed=f"{shortest} to {longest} characters: parts of a-z and 0-9 with '.', '_', '__' or any number "
        "of '-' between them, joined by '/'; or ROOT",
        fix="write the parts that the names begin with, such as 'shop', or 'ROOT' for every name",
    )


def check_exclusion_filters(keyword: str, patterns: Sequence[str]) -> None:
    """Refuse filters of tags that ECR would refuse as exceptions from a repository's mutability.

    Args:
        keyword: What the filters were given as.
        patterns: The filters, `*` for any run of characters.

    Raises:
        InvalidInputError: With what is allowed.
    """
    fewest, most = limits.EXCLUSION_FILTERS
    if not isinstance(patterns, list | tuple) or not fewest <= len(patterns) <= most:
        raise InvalidInputError(
            f"{keyword} does not list {fewest} to {most} filters",
            got=patterns,
            allowed=f"a list of {fewest} to {most} filters",
            fix="write a list such as ['latest', 'cache-*']; '*' joins several tags into one filter",
        )
    for pattern in patterns:
        if not isinstance(pattern, str) or not limits.EXCLUSION_FILTER.fullmatch(pattern):
            raise InvalidInputError(
                f"{keyword} has a filter that ECR refuses",
                got=pattern,
                allowed="1 to 128 of the characters a-z A-Z 0-9 . _ - and *",
                fix="write the tag itself, or a part of it with '*' for the rest",
            )


def names_start(prefix: str) -> str:
    """How the names of all repositories below a prefix of a cache or a creation template begin.

    Args:
        prefix: Such as `shop` or `shop/`; `ROOT`, for which this is empty, is every name.
    """
    return "" if prefix == limits.ROOT_PREFIX else f"{prefix.removesuffix('/')}/"


class LambdaFunction(NamedTuple):
    """A Lambda function that is named by its name or ARN.

    Attributes:
        name: The name, without an ARN around it; None for an ARN.
        region: The ARN's Region; None for a name.
        account: The ARN's account; None for a name.
    """

    name: str | None
    region: str | None = None
    account: str | None = None


def parse_lambda_function(function: str) -> LambdaFunction:
    """A function by its name, or by its ARN without a version; `*` and `?` are allowed in the name.

    Raises:
        InvalidInputError: If it is neither.
    """
    if isinstance(function, str):
        if arn := _FUNCTION_ARN.fullmatch(function):
            return LambdaFunction(None, arn["region"], arn["account"])
        if _FUNCTION_NAME.fullmatch(function):
            return LambdaFunction(function)
    raise InvalidInputError(
        "Not a Lambda function",
        got=function,
        allowed="a function name, or an ARN arn:<partition>:lambda:<region>:<account>:function:<name>; "
        "'*' and '?' are allowed in the name",
        fix="pass the name for a function of this account and Region, the ARN without a version or alias "
        "for another account's",
    )


def check_account_id(account_id: str) -> None:
    """Refuse what is not an AWS account id (12 digits, as text: an `int` would lose leading zeros)."""
    _check_pattern(account_id, limits.ACCOUNT_ID, what="AWS account id", example="'111122223333'")


def check_region(region: str) -> None:
    """Refuse what can't be a Region's name."""
    _check_pattern(region, limits.REGION, what="AWS Region", example="'eu-west-1'")


def check_organization_id(organization_id: str) -> None:
    """Refuse what is not an AWS Organizations id."""
    _check_pattern(organization_id, limits.ORGANIZATION_ID, what="organization id", example="'o-a1b2c3d4e5'")


def check_organizational_unit_id(unit_id: str) -> None:
    """Refuse what is not an organizational unit's id."""
    _check_pattern(
        unit_id, limits.ORGANIZATIONAL_UNIT_ID, what="organizational unit id", example="'ou-ab12-11111111'"
    )


def check_root_or_unit_id(target_id: str) -> None:
    """Refuse what is neither an organizational unit's id nor that of an organization's root."""
    _check_pattern(
        target_id,
        limits.STACK_SET_UNIT,
        what="organizational unit or root id",
        example="'ou-ab12-11111111' or 'r-ab12'",
    )


def _check_pattern(value: str, pattern: re.Pattern[str], *, what: str, example: str) -> None:
    if is_token(value) or (isinstance(value, str) and pattern.fullmatch(value)):
        return
    raise InvalidInputError(
        f"Not an {what}",
        got=value,
        allowed=f"text that matches {pattern.pattern}, such as {example}",
        fix=f"pass the {what} as text",
    )


def _check_name(name: str, *, pattern: re.Pattern[str], length: tuple[int, int], separators: str) -> None:
    if is_token(name):
        return
    shortest, longest = length
    if not isinstance(name, str):
        problem, fix = "A repository name is text", "pass a str"
    elif not shortest <= len(name) <= longest:
        problem, fix = f"A repository name of {len(name)} characters", "choose a name within the bounds"
    elif pattern.fullmatch(name):
        return
    elif name != name.lower():
        problem, fix = "A repository name has upper-case letters", f"use {name.lower()!r}"
    elif odd := sorted(set(re.findall(r"[^a-z0-9._/-]", name))):
        shown = " ".join(repr(character) for character in odd)
        problem, fix = f"A repository name has characters that ECR refuses: {shown}", "leave them out"
    else:
        problem = "A repository name has a separator at the edge of a part, or too many in a row"
        fix = "let every part between '/' begin and end with a letter or digit"
    raise InvalidInputError(
        problem,
        got=name,
        allowed=f"{shortest} to {longest} characters; parts of a-z and 0-9 with {separators} between them, "
        "joined by '/'",
        fix=fix,
    )
