"""The repository names that alarms and dashboards monitor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import aws_ecr as ecr

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token


def repository_names(repositories: Sequence[str | ecr.IRepository], most: int) -> list[str]:
    """The names of repositories, each once; tokens pass.

    Raises:
        InvalidInputError: For a value that is no list, more than `most` names, and an invalid name.
    """
    if isinstance(repositories, str) or not isinstance(repositories, Sequence):
        raise InvalidInputError(
            "repositories is not a list",
            got=repositories,
            allowed="a list of repositories or of their names",
            fix="write repositories=[repository]",
        )
    names: list[Any] = [
        item if isinstance(item, str) else getattr(item, "repository_name", item) for item in repositories
    ]
    for name in names:
        if not isinstance(name, str) or not (is_token(name) or limits.REPOSITORY_NAME.fullmatch(name)):
            raise InvalidInputError(
                "repositories has an invalid repository name",
                got=name,
                allowed="a repository, or its whole name: a metric belongs to one repository",
                fix="name the repositories that matter most",
            )
    if len(names) > most:
        raise InvalidInputError(
            f"repositories has {len(names)} names",
            got=f"{names[0]!r} to {names[-1]!r}",
            allowed=f"up to {most}",
            fix="name the repositories that matter most",
        )
    return list(dict.fromkeys(names))
