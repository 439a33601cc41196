"""Which repositories there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from registry_constructs import limits
from registry_constructs.errors import InvalidInputError
from registry_constructs.operations.aws import Aws, pages, unreadable
from registry_constructs.operations.errors import AwsError
from registry_constructs.operations.journal import Key

_PAGE: Final = 1000


class Listed(NamedTuple):
    """The repositories to read.

    Attributes:
        keys: Each of them, by Region and name.
        missing: Names that a Region does not have, as `shop/checkout in eu-west-1`.
    """

    keys: tuple[Key, ...]
    missing: tuple[str, ...]


def list_repositories(aws: Aws, regions: Sequence[str], names: Sequence[str] | None) -> Listed:
    """All private repositories of the account in these Regions, or those of these names.

    Args:
        aws: Where to read.
        regions: Where.
        names: The names. None: all.

    Raises:
        InvalidInputError: A name can't be one, or none of the Regions has it.
        AwsError: They can't be listed.
    """
    if names is None:
        keys = [key for region in regions for key in _all(aws.client("ecr", region), region)]
        return Listed(tuple(sorted(keys)), ())
    for name in names:
        _check_name(name)
    found, missing = [], []
    for name in dict.fromkeys(names):
        here = [_named(aws.client("ecr", region), region, name) for region in regions]
        if not any(here):
            raise InvalidInputError(
                "There is no such repository",
                got=name,
                allowed=f"a private repository of the account in {', '.join(regions)}",
                fix="check the name, the credentials and --region",
                where="--repository",
            )
        found += [key for key in here if key]
        missing += [f"{name} in {region}" for key, region in zip(here, regions, strict=True) if not key]
    return Listed(tuple(sorted(found)), tuple(missing))


def _all(ecr: Any, region: str) -> list[Key]:  # noqa: ANN401 - an ECR client
    where = f"the repositories in {region}"
    return [
        _key(repository, region, where)
        for repository in pages(
            ecr, "describe_repositories", "repositories", where=where, PaginationConfig={"PageSize": _PAGE}
        )
    ]


def _named(ecr: Any, region: str, name: str) -> Key | None:  # noqa: ANN401
    where = f"{name} in {region}"
    try:
        found = list(pages(ecr, "describe_repositories", "repositories", where=where, repositoryNames=[name]))
    except AwsError as error:
        if error.code == "RepositoryNotFoundException":
            return None
        raise
    if len(found) != 1:
        raise unreadable(where, "the repository")
    return _key(found[0], region, where)


def _key(repository: dict[str, Any], region: str, where: str) -> Key:
    if "repositoryName" not in repository:
        raise unreadable(where, "repositoryName")
    created = repository.get("createdAt")
    return Key(region, repository["repositoryName"], created.timestamp() if created else 0.0)


def _check_name(name: str) -> None:
    shortest, longest = limits.REPOSITORY_NAME_LENGTH
    if not (limits.REPOSITORY_NAME.fullmatch(name) and shortest <= len(name) <= longest):
        raise InvalidInputError(
            "This is no repository's name",
            got=name,
            allowed=f"{shortest} to {longest} characters such as shop/checkout, without the registry's host",
            fix="give the name as ECR has it; --all takes all",
            where="--repository",
        )
