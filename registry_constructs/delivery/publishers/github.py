"""Publishing from GitHub Actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.delivery.publishers.publisher import Publisher
from registry_constructs.delivery.publishers.subjects import github_subjects
from registry_constructs.delivery.publishers.workflows import Refs, github_workflow
from registry_constructs.registry import ManagedSigning
from registry_constructs.repository import PublicRepository

GITHUB: Final = "https://token.actions.githubusercontent.com"
"""GitHub's OIDC provider. GitHub Enterprise Server has `https://<host>/_services/token`."""

AUDIENCE: Final = "sts.amazonaws.com"
"""The audience that aws-actions/configure-aws-credentials requests."""


class GitHubPublisher(Publisher):
    """An IAM role for the workflows of one GitHub repository to push images, without a stored key.

    Its trust names the repository and the branches, tags or environments, each exactly. A job that runs in
    an environment has the environment in its subject and no branch: restrict branches in the environment
    then. Pull requests from forks get no token.

    Repositories made, renamed or transferred since July 15, 2026 have the ids of owner and repository in
    their subjects: `acme@123456/checkout@456789`. Nobody else can ever get those; a name without ids can be
    taken by somebody else once it is free, which is a warning (GitHub docs, OpenID Connect reference).

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`.
        repository: The repository of source code: what `gh api
            repos/<owner>/<repository>/actions/oidc/customization/sub --jq .sub_claim_prefix` prints after
            `repo:`. GitHub's spelling counts, upper case too.
        repositories: Where to push.
        public_repositories: Public repositories where to push. Default: none.
        branches: Branches whose jobs may publish, such as `["main"]`. Default: none.
        tags: Tags whose jobs may publish. Default: none.
        environments: Environments whose jobs may publish. Default: none.
        branch_patterns: Branches by a pattern with `*`, such as `["release/*"]`. Who may push such a branch
            may publish. Default: none.
        tag_patterns: Tags by a pattern, such as `["v*"]`. Default: none.
        pull_requests: Trust the jobs of pull requests, whose code is not merged yet.
        any_job: Trust every job of the repository.
        signing: Managed signing whose profile the role may sign with, beside the app's own that matches the
            repositories, which needs no naming. Default: none is named.
        provider: The account's identity provider for GitHub, of which IAM takes one. Default: one is made,
            shared in the stack and retained; the deployment fails if the account has one already.
        url: GitHub's OIDC provider. Default: that of github.com.
        audience: The audience of the tokens. Default: the one that AWS's action requests.
        role_name: Known before the deployment, so that `workflow` can name it. Default: a generated name.
        max_session_duration: 1 to 12 hours. Default: 1 hour.

    Raises:
        InvalidInputError: For a wildcard outside the `*_patterns` arguments, an invalid name, no trusted job,
            and no repository.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository: str,
        repositories: Sequence[ecr.IRepository] = (),
        public_repositories: Sequence[PublicRepository] = (),
        branches: Sequence[str] = (),
        tags: Sequence[str] = (),
        environments: Sequence[str] = (),
        branch_patterns: Sequence[str] = (),
        tag_patterns: Sequence[str] = (),
        pull_requests: bool = False,
        any_job: bool = False,
        signing: ManagedSigning | None = None,
        provider: iam.IOidcProvider | None = None,
        url: str = GITHUB,
        audience: str = AUDIENCE,
        role_name: str | None = None,
        max_session_duration: cdk.Duration | None = None,
    ) -> None:
        with located(scope, id):
            subjects = github_subjects(
                repository,
                branches=branches,
                tags=tags,
                environments=environments,
                branch_patterns=branch_patterns,
                tag_patterns=tag_patterns,
                pull_requests=pull_requests,
                any_job=any_job,
            )
        super().__init__(
            scope,
            id,
            subjects=subjects,
            url=url,
            audience=audience,
            repositories=repositories,
            public_repositories=public_repositories,
            signing=signing,
            provider=provider,
            role_name=role_name,
            max_session_duration=max_session_duration,
        )
        self._refs = Refs([*branches, *branch_patterns], [*tags, *tag_patterns])
        self._environment = next(iter(environments), None)
        if "@" not in repository and url == GITHUB:
            cdk.Validations.of(self).add_warning(
                "registry-constructs:github-name-can-be-taken",
                f"{repository!r} names no ids. Repositories made, renamed or transferred since July 15, 2026 "
                "have ids in their subjects, which this does not trust; and once this name is free, whoever "
                "takes it may publish. Turn on immutable subjects (Settings, Actions, OIDC) and write "
                "'<owner>@<id>/<repository>@<id>'.",
            )

    @property
    def workflow(self) -> str:
        """A workflow that builds and pushes to the first repository, for `.github/workflows/publish.yml`.

        It runs for the branches and tags that are trusted, in the first environment that is; without any
        branch or tag it is started by hand.
        Without `role_name` it takes the role's ARN from the variable `AWS_ROLE_ARN` of GitHub Actions.

        Raises:
            InvalidInputError: If the repository's name, account or Region is known only at deployment.
        """
        return github_workflow(self._destination(), refs=self._refs, environment=self._environment)
