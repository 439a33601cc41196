"""What can be added to a registry from anywhere in an app."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from registry_constructs._cdk.located import located
from registry_constructs.ecr.actions import IMPORT_ACTIONS, PULL_ACTIONS, REPLICATION_ACTIONS
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import check_account_id, check_prefix
from registry_constructs.registry.merged import registry_of
from registry_constructs.registry.scanning import checked_filters
from registry_constructs.repository.principals import organization_principal


class RegistryAdditions:
    """One account's registry in one Region, seen from a construct that adds to it; see `Registry.of`."""

    def __init__(self, scope: IConstruct) -> None:
        self._scope = scope
        self._merged = registry_of(scope)

    def add_scan_on_push(self, *filters: str) -> None:
        """Scan the images of more repositories when they are pushed.

        Args:
            filters: As for `Scanning`. The owner says whether scanning is basic or enhanced.

        Raises:
            InvalidInputError: If ECR would refuse a filter, the owner says nothing of scanning, or another
                construct asks for the same filter continuously.
        """
        with located(self._scope):
            checked = checked_filters("filters", filters)
            self._merged.add_scanning_filters("SCAN_ON_PUSH", checked, self._scope.node.path)

    def add_continuous_scan(self, *filters: str) -> None:
        """Scan the images of more repositories again whenever a new vulnerability becomes known.

        Args:
            filters: As for `Scanning`. Amazon Inspector charges for each scan.

        Raises:
            InvalidInputError: If ECR would refuse a filter, the owner's scanning is not enhanced, or another
                construct asks for the same filter on push.
        """
        with located(self._scope):
            checked = checked_filters("filters", filters)
            self._merged.add_scanning_filters("CONTINUOUS_SCAN", checked, self._scope.node.path)

    def add_to_policy(self, statement: iam.PolicyStatement) -> iam.PolicyStatement:
        """Add a statement to the registry's policy, for what the methods below don't cover."""
        with located(self._scope):
            self._merged.add_statement(statement, self._scope)
        return statement

    def allow_replication(self, *source_accounts: str, prefixes: Sequence[str] = ()) -> iam.PolicyStatement:
        """Let other accounts replicate into this registry; `Replication` does it where it is needed.

        Args:
            source_accounts: Account ids of 12 digits, at least one.
            prefixes: What the repositories' names begin with. Default: any name.

        Raises:
            InvalidInputError: If one is not an account id, or a prefix can't begin a name.
        """
        return self._allow(REPLICATION_ACTIONS, source_accounts, None, (), prefixes)

    def allow_import(
        self,
        *accounts: str,
        organization: str | None = None,
        units: Iterable[str] = (),
        prefixes: Sequence[str],
    ) -> iam.PolicyStatement:
        """Let others fill this registry's pull-through caches; `PullThroughCache` does it where needed.

        Args:
            accounts: Account ids of 12 digits. Give these or the organization.
            organization: An organization's id, such as `o-a1b2c3d4e5`.
            units: Organizational units of it. Default: the whole organization.
            prefixes: The caches' prefixes with a `/` at the end, such as `docker-hub/`; `[]` for all caches.

        Raises:
            InvalidInputError: For what is not an id or a prefix.
        """
        return self._allow(IMPORT_ACTIONS, accounts, organization, units, prefixes)

    def allow_create_on_push(
        self,
        *accounts: str,
        organization: str | None = None,
        units: Iterable[str] = (),
        prefixes: Sequence[str],
    ) -> iam.PolicyStatement:
        """Let others push to repositories that don't exist yet; a creation template must apply to them.

        Args:
            accounts: Account ids of 12 digits. Give these or the organization.
            organization: An organization's id.
            units: Organizational units of it. Default: the whole organization.
            prefixes: What the new repositories' names begin with; `[]` for any name.

        Raises:
            InvalidInputError: For what is not an id or a prefix.
        """
        return self._allow(("ecr:CreateRepository",), accounts, organization, units, prefixes)

    def allow_pull(
        self,
        *accounts: str,
        organization: str | None = None,
        units: Iterable[str] = (),
        prefixes: Sequence[str] = (),
    ) -> iam.PolicyStatement:
        """Let others pull from all repositories of the registry, or those under some prefixes.

        ECR heeds it only with the registry policy scope V2, which new registries have; see
        `AccountSettings`.

        Args:
            accounts: Account ids of 12 digits. Give these or the organization.
            organization: An organization's id.
            units: Organizational units of it. Default: the whole organization.
            prefixes: What the repositories' names begin with. Default: any name.

        Raises:
            InvalidInputError: For what is not an id or a prefix.
        """
        return self._allow(PULL_ACTIONS, accounts, organization, units, prefixes)

    def _allow(
        self,
        actions: Sequence[str],
        accounts: Sequence[str],
        organization: str | None,
        units: Iterable[str],
        prefixes: Sequence[str],
    ) -> iam.PolicyStatement:
        with located(self._scope):
            statement = iam.PolicyStatement(
                principals=_principals(accounts, organization, units),
                actions=sorted(actions),
                resources=repository_arns(self._scope, prefixes),
            )
        return self.add_to_policy(statement)


def repository_arns(scope: IConstruct, prefixes: Sequence[str]) -> list[str]:
    """The ARNs of the repositories in the scope's registry whose names begin with one of the prefixes."""
    if isinstance(prefixes, str):
        raise InvalidInputError(
            "prefixes is a single text", got=prefixes, allowed="a list", fix=f"write prefixes=[{prefixes!r}]"
        )
    # An iterator would be empty after the check, and no value means everything.
    if not isinstance(prefixes, Collection):
        raise InvalidInputError(
            "prefixes is not a list", got=prefixes, allowed="a list", fix="write prefixes=['shop/']"
        )
    for prefix in prefixes:
        check_prefix(prefix)
    stack = cdk.Stack.of(scope)
    return [
        stack.format_arn(service="ecr", resource="repository", resource_name=f"{prefix}*")
        for prefix in sorted(set(prefixes)) or [""]
    ]


def _principals(
    accounts: Sequence[str], organization: str | None, units: Iterable[str]
) -> list[iam.IPrincipal]:
    units = [units] if isinstance(units, str) else list(units)
    if bool(accounts) == (organization is not None) or (accounts and units):
        raise InvalidInputError(
            "Who is allowed must be accounts, or an organization",
            got={"accounts": accounts, "organization": organization, "units": units},
            allowed="account ids, or one organization with units of it",
            fix="name at least one account; call the method twice for accounts and an organization",
        )
    if organization is not None:
        return [organization_principal(organization, units)]
    for account in accounts:
        check_account_id(account)
    return [iam.AccountPrincipal(account) for account in sorted(set(accounts))]
