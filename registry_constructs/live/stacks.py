"""The templates of live stacks, and how many images a repository holds."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from typing import Any, Final

import yaml

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.live.aws import Aws, pages, required
from registry_constructs.live.errors import AwsError, reading, unreadable

_STANDING: Final = [
    "CREATE_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
    "ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
]


def read_stacks(
    aws: Aws, account: str | None, region: str | None, pattern: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and template of each stack whose name matches a pattern with `*`.

    Args:
        aws: Where to read.
        account: The account that the credentials have to be of; None for whichever they are of.
        region: The Region; None for that of the configuration.
        pattern: What stacks are called, with `*`.

    Raises:
        InvalidInputError: The credentials are another account's.
        AwsError: A stack could not be read.
    """
    [where] = aws.regions([region] if region else ())
    _check_account(aws, account, where)
    cloudformation = aws.client("cloudformation", where)
    names = sorted(
        summary["StackName"]
        for summary in pages(
            cloudformation,
            "list_stacks",
            "StackSummaries",
            where=f"the stacks in {where}",
            identity=("StackName",),
            StackStatusFilter=_STANDING,
        )
        if fnmatch.fnmatchcase(summary["StackName"], pattern)
    )

    def template(name: str) -> dict[str, Any]:
        return read_template(cloudformation, name, f"the template of {name} in {where}")

    yield from zip(names, aws.each(template, names), strict=True)


def read_template(cloudformation: Any, name: str, where: str) -> dict[str, Any]:  # noqa: ANN401 - a client
    """The template of a stack, as it was deployed. Functions in YAML's short form, such as `!Ref`, are None.

    Args:
        cloudformation: A client of its Region.
        name: The stack's name.
        where: What errors call it.

    Raises:
        AwsError: It can't be read.
    """
    with reading(where):
        answer = cloudformation.get_template(StackName=name, TemplateStage="Original")
    body = required(answer, "TemplateBody", where)
    try:
        # boto3 reads JSON by itself; what was deployed as YAML comes as text.
        found = yaml.load(body, _Loader) if isinstance(body, str) else json.loads(json.dumps(body))  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise unreadable(where, f"a template that is not YAML: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("Resources"), dict):
        raise unreadable(where, "a template without Resources")
    return found


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def count_images(aws: Aws, account: str | None, region: str | None, name: str) -> int | None:
    """The images of a repository; None if there is no such repository.

    Raises:
        InvalidInputError: The credentials are another account's.
        AwsError: ECR could not be read.
    """
    [where] = aws.regions([region] if region else ())
    _check_account(aws, account, where)
    try:
        images = pages(
            aws.client("ecr", where),
            "list_images",
            "imageIds",
            where=f"the images of {name} in {where}",
            identity=("imageDigest",),
            repositoryName=name,
        )
        return len(images)
    except AwsError as error:
        if error.code == "RepositoryNotFoundException":
            return None
        raise


def _check_account(aws: Aws, account: str | None, region: str) -> None:
    if account is not None and (found := aws.account(region)) != account:
        raise InvalidInputError(
            "The credentials are another account's",
            got=found,
            allowed=account,
            fix="choose the environment of these credentials with --environment, or others with --profile",
            where="--environment",
        )
