"""The accounts and Regions of an audit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from registry_constructs.errors import InvalidInputError
from registry_constructs.naming import check_account_id
from registry_constructs.operations.aws import CONCURRENCY, Aws, pages
from registry_constructs.operations.errors import AwsError, reading
from registry_constructs.rules.intrinsics import partition_of
from registry_constructs.rules.judge import Unjudged


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What is audited.

    Attributes:
        profiles: Profiles of the AWS configuration, each of an account. Default: what `AWS_PROFILE` says, or
            none. With `role`, the first of them assumes it.
        accounts: Accounts in which `role` is assumed.
        organization: Whether all active accounts of the organization are audited.
        role: The name of a role in each of these accounts, such as `Audit` or `path/Audit`.
        regions: The Regions. Default: the one of the configuration.
        all_regions: Whether all Regions are audited that an account has enabled.
        concurrency: Requests at a time.
    """

    profiles: Sequence[str] = ()
    accounts: Sequence[str] = ()
    organization: bool = False
    role: str = ""
    regions: Sequence[str] = ()
    all_regions: bool = False
    concurrency: int = CONCURRENCY

    def check(self) -> None:
        """Refuse what can't be meant.

        Raises:
            InvalidInputError: Accounts without a role, a role without accounts, or an id that is none.
        """
        for account in self.accounts:
            try:
                check_account_id(account)
            except InvalidInputError as error:
                raise error.within("--account") from None
        if bool(self.accounts or self.organization) != bool(self.role):
            raise InvalidInputError(
                "A role without accounts" if self.role else "Accounts without a role",
                got=self.role or list(self.accounts) or "--organization",
                allowed="--role NAME beside --account or --organization",
                fix="name the role that reads in each account" if not self.role else "name the accounts",
                where="--role",
            )
        if self.all_regions and self.regions:
            raise InvalidInputError(
                "All Regions, and some by name",
                got=list(self.regions),
                allowed="--region, once or more, or --all-regions",
                fix="give one of the two",
                where="--all-regions",
            )


class Account(NamedTuple):
    """An account whose credentials work.

    Attributes:
        aws: Its credentials.
        id: Its id.
        regions: The Regions to audit.
    """

    aws: Aws
    id: str
    regions: tuple[str, ...]


@dataclass
class Accounts:
    """The accounts of a scope.

    Attributes:
        found: Those that can be read.
        unread: Those that can't, and why.
        organization: The id of the organization; empty if it was not asked for.
        members: The ids of all its active accounts.
    """

    found: list[Account] = field(default_factory=list)
    unread: list[Unjudged] = field(default_factory=list)
    organization: str = ""
    members: frozenset[str] = frozenset()


# Services of the organization answer in this Region of each partition (AWS General Reference).
_ORGANIZATIONS: Final = {"aws": "us-east-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}


def find_accounts(scope: Scope) -> Accounts:
    """Sign in to each account.

    Raises:
        InvalidInputError: The scope can't be meant, or no Region is set.
        AwsError: The first credentials are not valid, or the organization can't be read.
    """
    scope.check()
    accounts = Accounts()
    ids = list(scope.accounts)
    if scope.organization:
        first = Aws(profile=_first(scope), concurrency=scope.concurrency)
        _read_organization(first, scope, accounts)
        ids += sorted(accounts.members)
    seen: set[str] = set()
    for where, aws in _signed_in(scope, ids):
        try:
            regions = aws.regions(scope.regions)
            account = aws.account(regions[0])
            if scope.all_regions:
                regions = _enabled(aws, regions[0], account)
        except AwsError as error:
            if not scope.role and len(scope.profiles) < 2:
                raise
            accounts.unread.append(Unjudged(rule=None, where=where, reason=f"{error.problem}: {error.got}"))
            continue
        if account not in seen:
            seen.add(account)
            accounts.found.append(Account(aws, account, regions))
    return accounts


def _signed_in(scope: Scope, ids: Sequence[str]) -> Iterator[tuple[str, Aws]]:
    if not scope.role:
        for profile in scope.profiles or (None,):
            yield (
                f"profile {profile}" if profile else "the configuration",
                Aws(profile=profile, concurrency=scope.concurrency),
            )
        return
    first = Aws(profile=_first(scope), concurrency=scope.concurrency)
    [region, *_] = first.regions(scope.regions)
    own = first.account(region)
    for account in dict.fromkeys(ids):
        arn = f"arn:{partition_of(region)}:iam::{account}:role/{scope.role.removeprefix('role/')}"
        # An organization's own account has no role for itself, as a rule.
        if account == own and scope.organization:
            yield f"account {account} in {region}", first
        else:
            aws = Aws(profile=_first(scope), role=arn, concurrency=scope.concurrency)
            yield f"account {account} in {region}", aws


def _read_organization(aws: Aws, scope: Scope, accounts: Accounts) -> None:
    [region, *_] = aws.regions(scope.regions)
    client = aws.client("organizations", _ORGANIZATIONS[partition_of(region)])
    where = "the organization"
    with reading(where):
        accounts.organization = client.describe_organization()["Organization"]["Id"]
    accounts.members = frozenset(
        one["Id"]
        for one in pages(client, "list_accounts", "Accounts", where=where)
        if one.get("Status") == "ACTIVE"
    )


def _enabled(aws: Aws, region: str, account: str) -> tuple[str, ...]:
    """The Regions that an account has enabled."""
    where = f"the Regions of {account}"
    ec2 = aws.client("ec2", region)
    with reading(where):
        answer = ec2.describe_regions(AllRegions=False)
    return aws.regions(sorted(one["RegionName"] for one in answer.get("Regions", [])))


def _first(scope: Scope) -> str | None:
    return scope.profiles[0] if scope.profiles else None
