"""Which repositories there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.live.aws import Aws, pages
from registry_constructs.live.errors import AwsError, unreadable
from registry_constructs.live.journal import Key

PAGE: Final = 1000
"""Items of a page: the most that ECR gives (API reference)."""

REPOSITORY: Final = ("repositoryName",)
"""What tells one repository of a registry from another."""


class Listed(NamedTuple):
    """The repositories to read.

    Attributes:
        keys: Each of them, by Region and name.
        missing: Names that a Region does not have, as `shop/checkout in eu-west-1`.
    """

    keys: tuple[Key, ...]
    missing: tuple[str, ...]


class Described(NamedTuple):
    """The repositories to read, as ECR describes them.

    Attributes:
        repositories: The Region and the description of each, sorted by both.
        missing: Names that a Region does not have, as `shop/checkout in eu-west-1`.
    """

    repositories: tuple[tuple[str, dict[str, Any]], ...]
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
    found, missing = describe_repositories(aws, regions, names)
    return Listed(tuple(sorted(_key(repository, region) for region, repository in found)), missing)


def describe_repositories(aws: Aws, regions: Sequence[str], names: Sequence[str] | None) -> Described:
    """The same, with all that the description says.

    Raises:
        InvalidInputError: A name can't be one, or none of the Regions has it.
        AwsError: They can't be listed.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    missing: list[str] = []
    if names is None:
        found = [(region, one) for region in regions for one in _all(aws.client("ecr", region), region)]
    for name in names or ():
        _check_name(name)
    for name in dict.fromkeys(names or ()):
        here = [(region, _named(aws.client("ecr", region), region, name)) for region in regions]
        if not any(one for _, one in here):
            raise InvalidInputError(
                "There is no such repository",
                got=name,
                allowed=f"a private repository of the account in {', '.join(regions)}",
                fix="check the name, the credentials and --region",
                where="--repository",
            )
        found += [(region, one) for region, one in here if one]
        missing += [f"{name} in {region}" for region, one in here if not one]
    found.sort(key=lambda one: (one[0], one[1]["repositoryName"]))
    return Described(tuple(found), tuple(missing))


def _all(ecr: Any, region: str) -> list[dict[str, Any]]:  # noqa: ANN401 - an ECR client
    where = f"the repositories in {region}"
    return pages(
        ecr, "describe_repositories", "repositories", where=where, identity=REPOSITORY, maxResults=PAGE
    )


def _named(ecr: Any, region: str, name: str) -> dict[str, Any] | None:  # noqa: ANN401
    where = f"{name} in {region}"
    try:
        found = pages(
            ecr,
            "describe_repositories",
            "repositories",
            where=where,
            identity=REPOSITORY,
            repositoryNames=[name],
        )
    except AwsError as error:
        if error.code == "RepositoryNotFoundException":
            return None
        raise
    if [one["repositoryName"] for one in found] != [name]:
        raise unreadable(where, "an answer without the repository, or with another one")
    return dict(found[0])


def _key(repository: dict[str, Any], region: str) -> Key:
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
