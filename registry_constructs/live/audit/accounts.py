"""The accounts and Regions of an audit."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import check_account_id
from registry_constructs.live.aws import CONCURRENCY, Aws, pages, required
from registry_constructs.live.errors import AwsError, reading, unreadable
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
        """Refuse a scope that makes no sense.

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
        unread: Those that can't, and why; Regions that botocore does not know are among them.
        skipped: Accounts of the organization that are not active, each with its state.
        organization: The id of the organization; empty if it was not requested or can't be read.
        members: The ids of all its active accounts.
    """

    found: list[Account] = field(default_factory=list)
    unread: list[Unjudged] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    organization: str = ""
    members: frozenset[str] = frozenset()

    def unreadable(self, where: str, error: AwsError) -> None:
        """Add what can't be read because of an error."""
        self.unread.append(Unjudged(rule=None, where=where, reason=f"{error.problem}: {error.got}"))


_ACTIVE: Final = "ACTIVE"
# The other states of an account, which nobody can sign in to (API reference of Organizations, Account).
_NOT_ACTIVE: Final = ("CLOSED", "PENDING_ACTIVATION", "PENDING_CLOSURE", "SUSPENDED")


def find_accounts(scope: Scope) -> Accounts:
    """Sign in to each account. Whatever can't be read is in `unread`.

    Raises:
        InvalidInputError: The scope makes no sense, or no Region is set.
    """
    scope.check()
    accounts = Accounts()
    ids = list(scope.accounts)
    if scope.organization:
        try:
            _read_organization(scope, accounts)
        except AwsError as error:
            accounts.unreadable(error.where, error)
        ids += sorted(accounts.members)
    try:
        ways = list(_ways(scope, ids))
    except AwsError as error:
        accounts.unreadable("the credentials", error)
        ways = []
    seen: set[str] = set()
    for where, sign_in in ways:
        try:
            aws = sign_in()
            regions = aws.regions(scope.regions)
            account = aws.account(regions[0])
            if account in seen:
                continue
            if scope.all_regions:
                regions = _enabled(aws, regions[0], account)
        except AwsError as error:
            accounts.unreadable(where, error)
            continue
        seen.add(account)
        for region in sorted(set(regions) - aws.known_regions):
            reason = "the installed botocore does not know this Region: update boto3"
            accounts.unread.append(Unjudged(rule=None, where=f"{account} in {region}", reason=reason))
        known = tuple(region for region in regions if region in aws.known_regions)
        if known:
            accounts.found.append(Account(aws, account, known))
    return accounts


def _ways(scope: Scope, ids: Sequence[str]) -> Iterator[tuple[str, Callable[[], Aws]]]:
    """Each way into an account: what to call it, and how to take it."""
    if not scope.role:
        for profile in scope.profiles or (None,):
            where = f"profile {profile}" if profile else "the configuration"
            yield where, functools.partial(Aws, profile=profile, concurrency=scope.concurrency)
        return
    if not ids:
        return
    first = Aws(profile=_first(scope), concurrency=scope.concurrency)
    [region, *_] = first.regions(scope.regions)
    own = first.account(region)
    name = scope.role.removeprefix("role/")
    for account in dict.fromkeys(ids):
        where = f"account {account} in {region}"
        # An organization's own account has no role for itself, as a rule.
        if account == own and scope.organization:
            yield where, lambda: first
        else:
            arn = f"arn:{first.partition(region)}:iam::{account}:role/{name}"
            yield (
                where,
                functools.partial(Aws, profile=_first(scope), role=arn, concurrency=scope.concurrency),
            )


def _read_organization(scope: Scope, accounts: Accounts) -> None:
    """Add the organization's id, its active accounts, those that are skipped and those that are unknown.

    Raises:
        AwsError: The organization can't be read, or has no active account.
    """
    aws = Aws(profile=_first(scope), concurrency=scope.concurrency)
    [region, *_] = aws.regions(scope.regions)
    client = aws.client("organizations", region)
    where = "the organization"
    with reading(where):
        answer = client.describe_organization()
    accounts.organization = str(required(answer, "Organization", where)["Id"])
    members = set()
    for one in pages(client, "list_accounts", "Accounts", where=where, identity=("Id",)):
        # AWS has retired Status, which State replaces.
        state = one.get("State") or one.get("Status")
        if state == _ACTIVE:
            members.add(one["Id"])
        elif state in _NOT_ACTIVE:
            accounts.skipped.append((one["Id"], state))
        else:
            reason = f"the organization does not say whether it is active: its state is {state or 'missing'}"
            accounts.unread.append(Unjudged(rule=None, where=f"account {one['Id']}", reason=reason))
    accounts.members = frozenset(members)
    if not members:
        raise unreadable(where, "an organization without an active account")


def _enabled(aws: Aws, region: str, account: str) -> tuple[str, ...]:
    """The Regions that an account has enabled, sorted.

    Raises:
        AwsError: They can't be read, or there is none.
    """
    where = f"the Regions of {account}"
    ec2 = aws.client("ec2", region)
    with reading(where):
        answer = ec2.describe_regions(AllRegions=False)
    regions = {str(one["RegionName"]) for one in required(answer, "Regions", where)}
    if not regions:
        raise unreadable(where, "an answer without any Region")
    return tuple(sorted(regions))


def _first(scope: Scope) -> str | None:
    return scope.profiles[0] if scope.profiles else None
