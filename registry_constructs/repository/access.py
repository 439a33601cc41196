"""Who may do what with a repository's images, by intent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import IValidation

from registry_constructs._cdk.located import located
from registry_constructs._cdk.policy_text import policy_length
from registry_constructs.ecr import limits
from registry_constructs.ecr.actions import LAMBDA_PULL_ACTIONS, PULL_ACTIONS, PUSH_ACTIONS
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import check_account_id
from registry_constructs.repository.principals import lambda_principals, organization_principal

ORGANIZATION_REASON: Final = (
    "IAM has no principal that stands for an organization. The '*' is narrowed to one by aws:PrincipalOrgID, "
    "and to its units, where some are named, by aws:PrincipalOrgPaths: nobody outside can pull."
)
"""Why cdk-nag's AwsSolutions-ECR1 is acknowledged where an organization may pull."""

_PULL_STATEMENT_LENGTH: Final = 250
"""More characters than the policy and its statement for pulls have without the accounts."""

_ACCOUNT_LENGTH: Final = 60
"""More characters than an account's ARN has in any partition."""


@jsii.implements(IValidation)
class _PolicyLength:
    def __init__(self, repository: ecr.Repository) -> None:
        self._repository = repository

    def validate(self) -> list[str]:
        resource = cast("ecr.CfnRepository", self._repository.node.default_child)
        length = policy_length(self._repository, resource.repository_policy_text)
        if length <= limits.REPOSITORY_POLICY_LENGTH:
            return []
        return [
            f"The repository policy has {length:,} characters, and ECR takes "
            f"{limits.REPOSITORY_POLICY_LENGTH:,}. Let an organization pull (grant_pull_to_organization) "
            "instead of many accounts."
        ]


def push_grant(repository: ecr.IRepository, grantee: iam.IGrantable) -> iam.Grant:
    """Let an identity push to a repository of any kind."""
    grant = repository.grant(grantee, *PUSH_ACTIONS)
    ecr.AuthorizationToken.grant_read(grantee)
    return grant


class RepositoryAccess(ecr.Repository):
    """The grants of a repository that this app owns."""

    _length_is_checked = False
    _next_is_short = False
    _most_characters = 0

    def add_to_resource_policy(self, statement: iam.PolicyStatement) -> iam.AddToResourcePolicyResult:
        """Add a statement to the repository's policy; over 10,240 characters of policy stop the synth."""
        if not self._next_is_short and not self._length_is_checked:
            self._length_is_checked = True
            self.node.add_validation(_PolicyLength(self))
        self._next_is_short = False
        return super().add_to_resource_policy(statement)

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let an identity pull images.

        Lambda's bare service principal, which `lambda_.DockerImageCode.from_ecr` grants to, is narrowed to
        the functions of the repository's own account and Region. A function of another account needs
        `grant_pull_to_lambda` with its ARN.
        """
        is_lambda = isinstance(grantee, iam.ServicePrincipal) and grantee.service == "lambda.amazonaws.com"
        if is_lambda and not grantee.grant_principal.policy_fragment.conditions:
            return self.grant_pull_to_lambda("*")
        return super().grant_pull(grantee)

    def grant_push(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let an identity push images: what `ecr.Repository` grants and `ecr:BatchGetImage`."""
        return push_grant(self, grantee)

    def grant_pull_to_accounts(self, *account_ids: str) -> iam.Grant:
        """Let other accounts pull images, by the repository's policy.

        Each account must still allow its own roles to: the three pull actions on this repository's ARN and
        `ecr:GetAuthorizationToken`, which only an identity's policy can give.

        Args:
            account_ids: Account ids of 12 digits, at least one.

        Raises:
            InvalidInputError: If one is not an account id.
        """
        with located(self):
            _check_given(account_ids, "account", "'111122223333'")
            for account_id in account_ids:
                check_account_id(account_id)
        # With a check by Node for each, an app of many repositories takes a quarter longer: there is none as
        # long as the accounts surely fit.
        self._most_characters += _PULL_STATEMENT_LENGTH + _ACCOUNT_LENGTH * len(account_ids)
        self._next_is_short = self._most_characters <= limits.REPOSITORY_POLICY_LENGTH
        accounts = iam.CompositePrincipal(*map(iam.AccountPrincipal, account_ids))
        return self.grant(accounts, *PULL_ACTIONS)

    def grant_pull_to_organization(self, organization_id: str, *, units: Iterable[str] = ()) -> iam.Grant:
        """Let every account of an organization pull images, or only those of some organizational units.

        IAM has no principal for an organization: the statement allows `*` under the condition that
        `aws:PrincipalOrgID` is this organization. That passes Checkov 32. cdk-nag's AwsSolutions-ECR1, which
        looks at the `*` alone, is acknowledged with the reason, for the repository as a whole: from then on
        it finds no other `*` in this policy either.

        Args:
            organization_id: Such as `o-a1b2c3d4e5`.
            units: Ids of organizational units (`ou-ab12-11111111`); accounts in them and below them may pull.
                Default: the whole organization.

        Raises:
            InvalidInputError: If an id is not one of AWS Organizations.
        """
        with located(self):
            principal = organization_principal(organization_id, units)
        cdk.Validations.of(self).acknowledge(
            cdk.Acknowledgment(id="AwsSolutions-ECR1", reason=ORGANIZATION_REASON)
        )
        return self.grant(principal, *PULL_ACTIONS)

    def grant_pull_to_lambda(self, *functions: str) -> iam.Grant:
        """Let Lambda pull images for these functions, by the repository's policy.

        Lambda writes such a statement itself when there is none, and the next update of the stack removes it;
        one that is in the template stays.

        Args:
            functions: Names of functions in the repository's account and Region, or ARNs (without version)
                of functions in other accounts of the same Region; `*` and `?` are allowed in the name. A
                token is taken for an ARN. A function of the same stack is given by its literal name: its
                ARN would make a circular dependency.

        Raises:
            InvalidInputError: If one is not a function's name or ARN, or is in another Region.
        """
        with located(self):
            _check_given(functions, "function", "'checkout-*'")
            service, *accounts = lambda_principals(self.stack, functions)
        grant = self.grant(service, *LAMBDA_PULL_ACTIONS)
        if accounts:
            grant = grant.combine(self.grant(iam.CompositePrincipal(*accounts), *LAMBDA_PULL_ACTIONS))
        return grant


def _check_given(given: Sequence[str], what: str, example: str) -> None:
    if not given:
        raise InvalidInputError(
            f"No {what} is given",
            got=given,
            allowed=f"at least one {what}",
            fix=f"name it, such as {example}",
        )
