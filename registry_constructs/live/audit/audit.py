"""Accounts and Regions, read into what rules judge."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from registry_constructs.live.audit.accounts import Account, Scope, find_accounts
from registry_constructs.live.audit.asking import reason
from registry_constructs.live.audit.parts import parts_of
from registry_constructs.live.audit.public import read_public
from registry_constructs.live.audit.reader import RegistryReader
from registry_constructs.live.audit.standing import Read, consumers_of, states_of
from registry_constructs.live.errors import AwsError
from registry_constructs.live.in_use import InUse
from registry_constructs.live.journal import Journal
from registry_constructs.rules.judge import Unjudged
from registry_constructs.rules.rule import Part, Rule
from registry_constructs.rules.state import Location, RepositoryState, State
from registry_constructs.rules.values import Unknown

# What AWS answers in a Region that the account has not enabled: it does not know the credentials there.
_NOT_ENABLED: Final = (
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "UnrecognizedClientException",
)


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What was read.

    Attributes:
        states: All that rules judge.
        unread: What was not read at all; while there is any, nothing is known to be all right.
        places: The accounts and Regions whose repositories were read.
        skipped: Accounts of the organization that were not read because they are not active, with the state.
        organization: The id of the organization; empty if it was not asked for.
        members: The accounts of the organization, and those that were audited.
        requests: How many requests were sent, each attempt counted.
        resumed: How many repositories an interrupted run had read.
    """

    states: tuple[State, ...]
    unread: tuple[Unjudged, ...]
    places: tuple[tuple[str, str], ...]
    skipped: tuple[tuple[str, str], ...]
    organization: str
    members: frozenset[str]
    requests: int
    resumed: int


def read_registries(
    rules: Iterable[Rule],
    scope: Scope,
    *,
    resume: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> Audit:
    """Read live registries as far as they can be read. Changes nothing in AWS.

    Args:
        rules: The rules that will be asked; nothing is read that none of them needs.
        scope: Which accounts and Regions.
        resume: A file in which repositories are kept until all is read, so that a run that was interrupted
            less than six hours ago goes on. Default: nothing is kept.
        progress: Called with the number of repositories read. Default: nobody.

    Raises:
        InvalidInputError: The scope makes no sense, or the file can't be written.
        AwsError: The file of the interrupted run is broken.
    """
    parts = parts_of(rules)
    accounts = find_accounts(scope)
    unread = list(accounts.unread)
    reads: list[Read] = []
    others: list[State] = []
    done = 0

    def read_one() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done)

    with _journal(resume, parts, accounts.found) as journal:
        for account in accounts.found:
            rejected: AwsError | None = None
            for region in account.regions:
                where = f"{account.id} in {region}"
                if rejected:
                    unread.append(Unjudged(rule=None, where=where, reason=reason(rejected).reason))
                    continue
                registry = RegistryReader(account.aws, account.id, region, parts)
                read = registry.read(journal, read_one)
                if isinstance(read.repositories, Unknown) and _not_enabled(
                    account, region, registry.ask.lost
                ):
                    why = f"the Region is not enabled for the account ({read.repositories.reason})"
                    unread.append(Unjudged(rule=None, where=where, reason=why))
                    continue
                reads.append(read)
                if registry.ask.lost and registry.ask.lost.rejected:
                    rejected = registry.ask.lost
            others += _beside(account, parts, reads, unread)
        resumed = journal.resumed if journal else 0
        states, not_listed = states_of(reads)
        unread += not_listed
        places = tuple((read.account, read.region) for read in reads if isinstance(read.repositories, list))
        if not places and not unread:
            unread.append(Unjudged(rule=None, where="the audit", reason="it read no registry"))
        if journal and not unread and all(map(_complete, reads)):
            journal.remove()
    return Audit(
        states=(*states, *others),
        unread=tuple(unread),
        places=places,
        skipped=tuple(accounts.skipped),
        organization=accounts.organization,
        members=accounts.members | {account.id for account in accounts.found},
        requests=sum(account.aws.requests for account in accounts.found),
        resumed=resumed,
    )


def _complete(read: Read) -> bool:
    return not isinstance(read.repositories, Unknown) and all(one.complete for one in read.repositories)


def _beside(
    account: Account, parts: frozenset[Part], reads: list[Read], unread: list[Unjudged]
) -> Iterator[State]:
    """What is of an account and not in its private registries."""
    try:
        # The gallery is of this partition alone.
        if Part.PUBLIC in parts and account.aws.partition(account.regions[0]) == "aws":
            yield from read_public(account.aws, account.id, unread)
        if Part.CONSUMERS in parts:
            own = [read for read in reads if read.account == account.id]
            states, _ = states_of(own)
            for read in own:
                yield from _consumers(account, read.region, states, unread)
    except AwsError as error:
        unread.append(
            Unjudged(
                rule=None, where=f"account {account.id} in {account.regions[0]}", reason=reason(error).reason
            )
        )


def _consumers(
    account: Account, region: str, states: Iterable[State], unread: list[Unjudged]
) -> Iterator[State]:
    findings = InUse().read(account.aws, [region])
    unread += [
        Unjudged(rule=None, where=f"{place} of {account.id} in {region}", reason=why)
        for place, why in findings.reasons.items()
    ]
    repositories = [
        state for state in states if isinstance(state, RepositoryState) and state.place.region == region
    ]
    place = Location(account=account.id, region=region, address="")
    yield from consumers_of(findings.references(), place, repositories)


def _not_enabled(account: Account, region: str, error: AwsError | None) -> bool:
    """Whether AWS knows the credentials, and only this Region does not."""
    if error is None or error.code not in _NOT_ENABLED or region == account.regions[0]:
        return False
    try:
        account.aws.account(account.regions[0])
    except AwsError:
        return False
    return True


@contextlib.contextmanager
def _journal(
    resume: Path | None, parts: frozenset[Part], accounts: Iterable[Account]
) -> Iterator[Journal | None]:
    if resume is None:
        yield None
        return
    question: dict[str, Any] = {
        "audit": sorted(part.name for part in parts),
        "places": [[account.id, *account.regions] for account in accounts],
    }
    with Journal(resume, question, option="--resume") as journal:
        yield journal
