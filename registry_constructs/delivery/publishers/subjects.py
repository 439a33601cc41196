"""Subjects of OIDC tokens of CI jobs that a role trusts. Plain Python."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from registry_constructs.ecr.errors import InvalidInputError

# Since July 2026 GitHub puts '@' and a number behind each name, which is never given again (GitHub docs,
# OpenID Connect reference, immutable subject claims).
_GITHUB_NAME: Final = r"[A-Za-z0-9_.-]+"
_GITHUB: Final = re.compile(rf"{_GITHUB_NAME}(@[0-9]+)?/{_GITHUB_NAME}(@[0-9]+)?")
_GITLAB: Final = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+")
_UUID: Final = re.compile(r"\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}")
_REF: Final = re.compile(r"[^\s:~^\\\[\]?*]+")
_REF_PATTERN: Final = re.compile(r"[^\s:~^\\\[\]?]+")
_ENVIRONMENT: Final = re.compile(r"[^*?$\r\n]+")


class Subjects:
    """The subjects that a role trusts.

    Attributes:
        exact: Whole subjects.
        patterns: Subjects with `*` for any run of characters; the rest of them is exact.
    """

    def __init__(self) -> None:
        self.exact: list[str] = []
        self.patterns: list[str] = []

    @property
    def operator(self) -> str:
        """The operator of the IAM condition: `*` is a wildcard only if patterns were given."""
        return "StringLike" if self.patterns else "StringEquals"

    @property
    def values(self) -> list[str]:
        """All trusted subjects, sorted."""
        return sorted({*self.exact, *self.patterns})


def github_subjects(
    repository: str,
    *,
    branches: Sequence[str],
    tags: Sequence[str],
    environments: Sequence[str],
    branch_patterns: Sequence[str],
    tag_patterns: Sequence[str],
    pull_requests: bool,
    any_job: bool,
) -> Subjects:
    """Subjects of GitHub Actions (GitHub docs, OpenID Connect reference, example subject claims).

    Raises:
        InvalidInputError: For a name that can't be, and if nothing is trusted.
    """
    if not isinstance(repository, str) or not _GITHUB.fullmatch(repository) or repository.count("@") == 1:
        raise InvalidInputError(
            "Not a repository of GitHub",
            got=repository,
            allowed="<owner>@<id>/<repository>@<id>, or <owner>/<repository> before July 15, 2026",
            fix="write the text after 'repo:' in the output of "
            "'gh api repos/<owner>/<repository>/actions/oidc/customization/sub --jq .sub_claim_prefix'",
        )
    start, subjects = f"repo:{repository}:", Subjects()
    subjects.exact += [f"{start}ref:refs/heads/{one}" for one in _refs("branches", branches)]
    subjects.exact += [f"{start}ref:refs/tags/{one}" for one in _refs("tags", tags)]
    subjects.exact += [f"{start}environment:{one}" for one in _environments(environments)]
    if pull_requests:
        subjects.exact.append(f"{start}pull_request")
    subjects.patterns += [
        f"{start}ref:refs/heads/{one}" for one in _patterns("branch_patterns", branch_patterns)
    ]
    subjects.patterns += [f"{start}ref:refs/tags/{one}" for one in _patterns("tag_patterns", tag_patterns)]
    if any_job:
        subjects.patterns.append(f"{start}*")
    return _not_empty(subjects, "branches=['main'], tags, or environments=['production']")


def gitlab_subjects(
    project: str,
    *,
    branches: Sequence[str],
    tags: Sequence[str],
    branch_patterns: Sequence[str],
    tag_patterns: Sequence[str],
    any_job: bool,
) -> Subjects:
    """Subjects of GitLab CI (GitLab docs, OpenID Connect authentication using ID tokens, token payload).

    Raises:
        InvalidInputError: For a project, branch or tag that can't be, and if nothing is trusted.
    """
    if not isinstance(project, str) or not _GITLAB.fullmatch(project):
        raise InvalidInputError(
            "Not a project of GitLab",
            got=project,
            allowed="<group>/<project>, with subgroups between them",
            fix="write project='shop/checkout'",
        )
    start, subjects = f"project_path:{project}:", Subjects()
    subjects.exact += [f"{start}ref_type:branch:ref:{one}" for one in _refs("branches", branches)]
    subjects.exact += [f"{start}ref_type:tag:ref:{one}" for one in _refs("tags", tags)]
    subjects.patterns += [
        f"{start}ref_type:branch:ref:{one}" for one in _patterns("branch_patterns", branch_patterns)
    ]
    subjects.patterns += [f"{start}ref_type:tag:ref:{one}" for one in _patterns("tag_patterns", tag_patterns)]
    if any_job:
        subjects.patterns.append(f"{start}*")
    return _not_empty(subjects, "branches=['main'] or tags")


def bitbucket_subjects(repository_uuid: str, *, environments: Mapping[str, str], any_job: bool) -> Subjects:
    """Subjects of Bitbucket Pipelines (Atlassian, deploy on AWS using Bitbucket Pipelines OpenID Connect).

    A subject ends with the UUID of the step, which is new each time; so it is a pattern in any case.

    Raises:
        InvalidInputError: For what is no UUID in braces, and if nothing is trusted.
    """
    if not isinstance(environments, Mapping):
        raise InvalidInputError(
            "environments has no UUIDs",
            got=environments,
            allowed="names, each with its UUID",
            fix="write environments={'production': '{...}'}",
        )
    for uuid in (repository_uuid, *environments.values()):
        check_uuid(uuid)
    subjects = Subjects()
    subjects.patterns += [f"{repository_uuid}:{one}:*" for one in environments.values()]
    if any_job:
        subjects.patterns.append(f"{repository_uuid}:*")
    return _not_empty(subjects, "environments={'production': '{...}'}")


def check_uuid(uuid: str) -> None:
    """Check that a text is a UUID in Bitbucket's format.

    Raises:
        InvalidInputError: If it isn't.
    """
    if not isinstance(uuid, str) or not _UUID.fullmatch(uuid):
        raise InvalidInputError(
            "Not a UUID of Bitbucket",
            got=uuid,
            allowed="{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}, in braces and in lower case",
            fix="copy it from the repository's settings, OpenID Connect",
        )


def _refs(keyword: str, names: Sequence[str]) -> Sequence[str]:
    for name in _listed(keyword, names):
        if not isinstance(name, str) or not _REF.fullmatch(name) or "${" in name:
            pattern = isinstance(name, str) and "*" in name
            raise InvalidInputError(
                f"{keyword} has a name with a wildcard"
                if pattern
                else f"{keyword} has a name that Git refuses",
                got=name,
                allowed="whole names",
                fix=f"write {_PATTERNS[keyword]}=[{name!r}] to trust every name that it matches"
                if pattern
                else "write the name without refs/heads/ or refs/tags/",
            )
        _check_short(keyword, name)
    return names


_PATTERNS: Final = {"branches": "branch_patterns", "tags": "tag_patterns"}


def _patterns(keyword: str, patterns: Sequence[str]) -> Sequence[str]:
    for pattern in _listed(keyword, patterns):
        if not isinstance(pattern, str) or not _REF_PATTERN.fullmatch(pattern) or "${" in pattern:
            raise InvalidInputError(
                f"{keyword} has a pattern that no name matches",
                got=pattern,
                allowed="a name with '*' for any run of characters",
                fix=f"write {keyword}=['release/*']",
            )
        if "*" not in pattern:
            raise InvalidInputError(
                f"{keyword} has a name without '*'",
                got=pattern,
                allowed="patterns",
                fix="put it where whole names are",
            )
        _check_short(keyword, pattern)
    return patterns


def _check_short(keyword: str, name: str) -> None:
    if name.startswith("refs/"):
        raise InvalidInputError(
            f"{keyword} has a whole reference",
            got=name,
            allowed="a name, as Git shows it",
            fix=f"write {name.rpartition('/')[2]!r}",
        )


def _environments(names: Sequence[str]) -> list[str]:
    for name in _listed("environments", names):
        if not isinstance(name, str) or not _ENVIRONMENT.fullmatch(name):
            raise InvalidInputError(
                "environments has a name that can't be trusted",
                got=name,
                allowed="whole names, without '*', '?' and '$'",
                fix="write environments=['production']",
            )
    # A colon separates the parts of a subject, so GitHub writes one in a name so.
    return [name.replace(":", "%3A") for name in names]


def _listed(keyword: str, values: Sequence[str]) -> Sequence[str]:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise InvalidInputError(
            f"{keyword} is not a list",
            got=values,
            allowed="a list of names",
            fix=f"write {keyword}=[{values!r}]",
        )
    return values


def _not_empty(subjects: Subjects, example: str) -> Subjects:
    if not subjects.values:
        raise InvalidInputError(
            "No trusted jobs are specified",
            got="no branch, tag or environment",
            allowed="at least one",
            fix=f"write {example}; any_job=True trusts every job of the repository",
        )
    return subjects
