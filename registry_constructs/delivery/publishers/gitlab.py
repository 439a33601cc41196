"""Publishing from GitLab CI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.delivery.publishers.publisher import Publisher
from registry_constructs.delivery.publishers.subjects import gitlab_subjects
from registry_constructs.delivery.publishers.workflows import Refs, gitlab_pipeline
from registry_constructs.registry import ManagedSigning
from registry_constructs.repository import PublicRepository

GITLAB: Final = "https://gitlab.com"


class GitLabPublisher(Publisher):
    """An IAM role for the jobs of one GitLab project to push images, without a stored key.

    Its trust names the project and the branches or tags, each exactly. A merge request's job has its source
    branch in its subject. GitLab's environments are not in a subject; protect branches and tags instead.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`.
        project: The project's path, `<group>/<project>`, with subgroups between them. A path can be taken by
            others once it is free.
        repositories: Where to push.
        public_repositories: Public repositories where to push. Default: none.
        branches: Branches whose jobs may publish. Default: none.
        tags: Tags whose jobs may publish. Default: none.
        branch_patterns: Branches by a pattern with `*`. Who may push such a branch may publish.
            Default: none.
        tag_patterns: Tags by a pattern, such as `["v*"]`. Default: none.
        any_job: Trust every job of the project.
        signing: Managed signing whose profile the role may sign with, beside the app's own that matches the
            repositories, which needs no naming. Default: none is named.
        provider: The account's identity provider for this GitLab, of which IAM takes one. Default: one is
            made, shared in the stack and retained.
        url: The address of GitLab. Default: `https://gitlab.com`.
        audience: The audience of the job's token (`id_tokens: aud`). Default: the address.
        role_name: Known before the deployment, so that `pipeline` can name it. Default: a generated name.
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
        project: str,
        repositories: Sequence[ecr.IRepository] = (),
        public_repositories: Sequence[PublicRepository] = (),
        branches: Sequence[str] = (),
        tags: Sequence[str] = (),
        branch_patterns: Sequence[str] = (),
        tag_patterns: Sequence[str] = (),
        any_job: bool = False,
        signing: ManagedSigning | None = None,
        provider: iam.IOidcProvider | None = None,
        url: str = GITLAB,
        audience: str | None = None,
        role_name: str | None = None,
        max_session_duration: cdk.Duration | None = None,
    ) -> None:
        with located(scope, id):
            subjects = gitlab_subjects(
                project,
                branches=branches,
                tags=tags,
                branch_patterns=branch_patterns,
                tag_patterns=tag_patterns,
                any_job=any_job,
            )
        self._audience = audience or url
        super().__init__(
            scope,
            id,
            subjects=subjects,
            url=url,
            audience=self._audience,
            repositories=repositories,
            public_repositories=public_repositories,
            signing=signing,
            provider=provider,
            role_name=role_name,
            max_session_duration=max_session_duration,
        )
        self._refs = Refs([*branches, *branch_patterns], [*tags, *tag_patterns])

    @property
    def pipeline(self) -> str:
        """A `.gitlab-ci.yml` that builds and pushes to the first repository, from the trusted branches.

        Without `role_name` it takes the role's ARN from the CI variable `AWS_ROLE_ARN_OF_PUBLISHER`.

        Raises:
            InvalidInputError: If the repository's name, account or Region is known only at deployment.
        """
        return gitlab_pipeline(self._destination(), audience=self._audience, refs=self._refs)
