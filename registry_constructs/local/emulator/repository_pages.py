"""Repositories in pages, as ECR lists them: ministack drops what is beyond the first thousand."""

from __future__ import annotations

from typing import Any, Final

from ministack.services import ecr

from registry_constructs.local.emulator.service_model import refusal
from registry_constructs.local.emulator.tables import ApiError

Json = dict[str, Any]

_PAGE: Final = 100
"""Repositories of a page that doesn't say how many (API DescribeRepositories maxResults)."""


def _describe(request: Json) -> Json:
    names = request.get("repositoryNames")
    if names is None:
        every = sorted(ecr._repositories)
        first = every.index(request["nextToken"]) if request.get("nextToken") in every else 0
        if request.get("nextToken") and first == 0:
            raise refusal("nextToken", "must be one that was given")
        end = first + request.get("maxResults", _PAGE)
        names, rest = every[first:end], every[end:]
    else:
        rest = []
    for name in names:
        if name not in ecr._repositories:
            raise ApiError("RepositoryNotFoundException", f"The repository with name '{name}' does not exist")
    answer = {"repositories": [ecr._repo_shape(ecr._repositories[name]) for name in names]}
    return answer | ({"nextToken": rest[0]} if rest else {})


OPERATIONS: Final = {"DescribeRepositories": _describe}
