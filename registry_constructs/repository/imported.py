"""A repository that another stack or app owns: it can be named and read, its policy can't be changed."""

from __future__ import annotations

import json
import re

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import check_repository_name
from registry_constructs.ecr.tokens import is_token
from registry_constructs.repository.access import push_grant

_REPOSITORY_ARN = re.compile(r"arn:aws[a-z-]*:ecr:[a-z0-9-]+:[0-9]{12}:repository/(?P<name>[^:]+)")
_CROSS_ACCOUNT_TAG = "aws:PrincipalTag/aws-cdk:id"


class ImportedRepository(ecr.RepositoryBase):
    """What `Repository.from_*` return. Grants to IAM identities of the app work; others raise.

    `ecr.Repository.from_*` drop every statement for the repository's policy and report success. Here a
    grant that needs such a statement stops the synth and prints the statement, unless
    `policy_managed_elsewhere` says that the owner has seen to it.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository_arn: str,
        repository_name: str,
        environment_from_arn: bool,
        policy_managed_elsewhere: bool,
    ) -> None:
        super().__init__(scope, id, environment_from_arn=repository_arn if environment_from_arn else None)
        self._repository_arn = repository_arn
        self._repository_name = repository_name
        self._policy_managed_elsewhere = policy_managed_elsewhere

    @property
    def repository_arn(self) -> str:
        """The ARN that it was imported by."""
        return self._repository_arn

    @property
    def repository_name(self) -> str:
        """The name within its registry."""
        return self._repository_name

    def grant_push(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let an identity push images: what `ecr.Repository` grants and `ecr:BatchGetImage`."""
        return push_grant(self, grantee)

    def add_to_resource_policy(self, statement: iam.PolicyStatement) -> iam.AddToResourcePolicyResult:
        """Refuse, or leave the statement out where the policy is managed elsewhere.

        Raises:
            InvalidInputError: Always, unless it was imported with `policy_managed_elsewhere=True`. The CDK
                raises it again as a `RuntimeError` with the same text when one of its own grants called.
        """
        if self._policy_managed_elsewhere:
            return iam.AddToResourcePolicyResult(statement_added=False)
        rendered = self.stack.resolve(statement.to_statement_json())
        if is_token(self.stack.account) and _CROSS_ACCOUNT_TAG in str(rendered):
            # The CDK takes a role of a stack without an account for another account's, as it can't know.
            cdk.Validations.of(self).add_warning(
                "registry-constructs:imported-account-unknown",
                f"The stack names no account. If {self._repository_arn} is another account's, its owner has "
                f"to allow this stack's account: {json.dumps(rendered)}. Give the stack an env with an "
                "account, or import with policy_managed_elsewhere=True.",
            )
            return iam.AddToResourcePolicyResult(statement_added=False)
        raise InvalidInputError(
            "An imported repository's policy can't be changed from here, so this grant would do nothing",
            got=json.dumps(rendered),
            allowed="grants to IAM roles and users of this app, in the repository's own account",
            fix="let the app that owns the repository grant it (with the statement above), then import it "
            "with policy_managed_elsewhere=True",
            where=self.node.path,
        )


def _name_in_arn(arn: str) -> str:
    match = _REPOSITORY_ARN.fullmatch(arn) if isinstance(arn, str) else None
    if match:
        check_repository_name(match["name"])
        return match["name"]
    late = is_token(arn)
    raise InvalidInputError(
        "The ARN is known only at deployment" if late else "Not an ECR repository's ARN",
        got=arn,
        allowed="arn:<partition>:ecr:<region>:<account>:repository/<name>",
        fix="use from_repository_attributes, which takes ARN and name"
        if late
        else "copy the repository's ARN",
    )


def _check_same(arn: str, name: str) -> None:
    named = _name_in_arn(arn)
    if not is_token(name) and named != name:
        raise InvalidInputError(
            "The ARN and the name are of two repositories",
            got={"repository_arn": arn, "repository_name": name},
            allowed=f"the name {named!r} with this ARN",
            fix="use from_repository_arn, which needs no name",
        )


class RepositoryImports(ecr.Repository):
    """The ways to name a repository that this app does not own."""

    @classmethod
    def from_repository_name(
        cls,
        scope: Construct,
        id: str,
        repository_name: str,
        *,
        policy_managed_elsewhere: bool = False,
    ) -> ecr.IRepository:
        """Import a repository of the stack's own account and Region by its name.

        Args:
            scope: The construct that the import belongs to.
            id: The import's id, unique in `scope`.
            repository_name: The name within the registry.
            policy_managed_elsewhere: Say True once the owner has granted what this app needs: statements for
                the repository's policy are then left out. Default: they raise.

        Raises:
            InvalidInputError: If ECR would refuse the name.
        """
        with located(scope, id):
            check_repository_name(repository_name)
        return ImportedRepository(
            scope,
            id,
            repository_arn=cls.arn_for_local_repository(repository_name, scope),
            repository_name=repository_name,
            environment_from_arn=False,
            policy_managed_elsewhere=policy_managed_elsewhere,
        )

    @classmethod
    def from_repository_arn(
        cls,
        scope: Construct,
        id: str,
        repository_arn: str,
        *,
        policy_managed_elsewhere: bool = False,
    ) -> ecr.IRepository:
        """Import a repository of any account and Region by its ARN, which must be known at synth.

        Args:
            scope: The construct that the import belongs to.
            id: The import's id, unique in `scope`.
            repository_arn: Such as `arn:aws:ecr:eu-west-1:111122223333:repository/team/app`.
            policy_managed_elsewhere: As for `from_repository_name`.

        Raises:
            InvalidInputError: If it is not a repository's ARN, or a token.
        """
        with located(scope, id):
            name = _name_in_arn(repository_arn)
        return ImportedRepository(
            scope,
            id,
            repository_arn=repository_arn,
            repository_name=name,
            environment_from_arn=True,
            policy_managed_elsewhere=policy_managed_elsewhere,
        )

    @classmethod
    def from_repository_attributes(
        cls,
        scope: Construct,
        id: str,
        *,
        repository_arn: str,
        repository_name: str,
        policy_managed_elsewhere: bool = False,
    ) -> ecr.IRepository:
        """Import a repository by ARN and name; either may be a token.

        Args:
            scope: The construct that the import belongs to.
            id: The import's id, unique in `scope`.
            repository_arn: The ARN.
            repository_name: The name within its registry.
            policy_managed_elsewhere: As for `from_repository_name`.

        Raises:
            InvalidInputError: If ECR would refuse the name.
        """
        with located(scope, id):
            check_repository_name(repository_name)
            if not is_token(repository_arn):
                _check_same(repository_arn, repository_name)
        return ImportedRepository(
            scope,
            id,
            repository_arn=repository_arn,
            repository_name=repository_name,
            environment_from_arn=not is_token(repository_arn),
            policy_managed_elsewhere=policy_managed_elsewhere,
        )

    @classmethod
    def from_lookup(
        cls,
        scope: Construct,
        id: str,
        *,
        repository_arn: str | None = None,
        repository_name: str | None = None,
        policy_managed_elsewhere: bool = False,
    ) -> ecr.IRepository:
        """Import a repository that the CDK CLI looks up in the account at synth; kept in `cdk.context.json`.

        Args:
            scope: A construct in a stack with an explicit account and Region.
            id: The import's id, unique in `scope`.
            repository_arn: The ARN to look for. Give this or the name.
            repository_name: The name to look for.
            policy_managed_elsewhere: As for `from_repository_name`.
        """
        if repository_name is not None:
            with located(scope, id):
                check_repository_name(repository_name)
        found = super().from_lookup(
            scope, f"{id}Lookup", repository_arn=repository_arn, repository_name=repository_name
        )
        return ImportedRepository(
            scope,
            id,
            repository_arn=found.repository_arn,
            repository_name=found.repository_name,
            # A lookup stays in the stack's environment, and before its first answer the ARN is a placeholder.
            environment_from_arn=False,
            policy_managed_elsewhere=policy_managed_elsewhere,
        )
