"""Publishing from Bitbucket Pipelines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.delivery.publishers.publisher import Publisher
from registry_constructs.delivery.publishers.subjects import bitbucket_subjects, check_uuid
from registry_constructs.delivery.publishers.workflows import bitbucket_pipeline
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.registry import ManagedSigning
from registry_constructs.repository import PublicRepository

_WORKSPACE = re.compile(r"[a-z0-9_-]+")


class BitbucketPublisher(Publisher):
    """An IAM role for the pipelines of one Bitbucket repository to push images, without a stored key.

    Its trust names the repository and its deployment environments by their UUIDs, which are never reused.
    Bitbucket's subjects hold no branch: restrict branches in the environment (Atlassian, deployment
    permissions).

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`.
        workspace: The workspace's id, as in its URLs.
        workspace_uuid: The workspace's UUID, `{...}`: the end of the audience in the repository's settings,
            OpenID Connect.
        repository_uuid: The repository's UUID, `{...}`, from the same page.
        repositories: Where to push.
        public_repositories: Public repositories where to push. Default: none.
        environments: Deployment environments whose steps may publish, by their names, each with its UUID
            from the same page. Default: none.
        any_job: Trust every step of the repository, on any branch.
        branches: What `pipeline` publishes from; the trust can't hold it. Default: `["main"]`.
        signing: Managed signing whose profile the role may sign with, beside the app's own that matches the
            repositories, which needs no naming. Default: none is named.
        provider: The account's identity provider for the workspace, of which IAM takes one. Default: one is
            made, shared in the stack and retained.
        role_name: Known before the deployment, so that `pipeline` can name it. Default: a generated name.
        max_session_duration: 1 to 12 hours. Default: 1 hour.

    Raises:
        InvalidInputError: For an invalid UUID, no trusted step, and no repository.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        workspace: str,
        workspace_uuid: str,
        repository_uuid: str,
        repositories: Sequence[ecr.IRepository] = (),
        public_repositories: Sequence[PublicRepository] = (),
        environments: Mapping[str, str] | None = None,
        any_job: bool = False,
        branches: Sequence[str] = ("main",),
        signing: ManagedSigning | None = None,
        provider: iam.IOidcProvider | None = None,
        role_name: str | None = None,
        max_session_duration: cdk.Duration | None = None,
    ) -> None:
        with located(scope, id):
            _check_workspace(workspace)
            check_uuid(workspace_uuid)
            subjects = bitbucket_subjects(repository_uuid, environments=environments or {}, any_job=any_job)
        super().__init__(
            scope,
            id,
            subjects=subjects,
            url=f"https://api.bitbucket.org/2.0/workspaces/{workspace}/pipelines-config/identity/oidc",
            audience=f"ari:cloud:bitbucket::workspace/{workspace_uuid.strip('{}')}",
            repositories=repositories,
            public_repositories=public_repositories,
            signing=signing,
            provider=provider,
            role_name=role_name,
            max_session_duration=max_session_duration,
        )
        self._branches = branches
        self._environments = environments or {}

    @property
    def pipeline(self) -> str:
        """A `bitbucket-pipelines.yml` that builds and pushes to the first repository.

        Without `role_name` it takes the role's ARN from the variable `AWS_ROLE_ARN_OF_PUBLISHER`.

        Raises:
            InvalidInputError: If the repository's name, account or Region is known only at deployment.
        """
        return bitbucket_pipeline(
            self._destination(), branches=self._branches, environments=self._environments
        )


def _check_workspace(workspace: str) -> None:
    if not isinstance(workspace, str) or not _WORKSPACE.fullmatch(workspace):
        raise InvalidInputError(
            "Not the id of a workspace of Bitbucket",
            got=workspace,
            allowed="lower-case letters, digits, '-' and '_'",
            fix="copy it from the repository's address: bitbucket.org/<workspace>/<repository>",
        )
