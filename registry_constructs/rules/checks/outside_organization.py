"""Rule `outside-organization`: only your own accounts and your own organization have access."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from registry_constructs.rules.examples import allowing, repository
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import RegistryPolicyState, RepositoryState, TemplateState
from registry_constructs.rules.statements import PLACEHOLDER, Statement, account_of
from registry_constructs.rules.values import UnknownValueError, known

_ACCOUNTS: Final = ("aws:principalaccount", "aws:sourceaccount")
_ARNS: Final = ("aws:principalarn", "aws:sourcearn")
_ORGANIZATIONS: Final = (
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
)


def _check(
    state: RepositoryState | RegistryPolicyState | TemplateState, settings: RuleSettings
) -> Iterator[str]:
    own = {state.place.account, "${AWS::AccountId}", *settings.accounts}
    for statement in known(state.policy):
        if not statement.allows or statement.excluded_principals:
            continue
        organizations = _values(statement, _ORGANIZATIONS)
        if organizations:
            for organization in sorted({value.partition("/")[0] for value in organizations}):
                if organization != settings.organization:
                    yield f"{statement.label} lets in the organization {organization}"
            continue
        for account in sorted(set(_accounts(statement)) - own):
            if PLACEHOLDER.search(account):
                raise UnknownValueError(f"the account in {account} is known at the deployment only")
            yield f"{statement.label} lets in the account {account}"


def _accounts(statement: Statement) -> Iterator[str]:
    conditions = [
        *_values(statement, _ACCOUNTS),
        *(account_of(f"AWS:{arn}") or "" for arn in _values(statement, _ARNS)),
    ]
    for principal in statement.principals:
        account = account_of(principal)
        yield from [account] if account is not None else filter(None, conditions)


def _values(statement: Statement, keys: Iterable[str]) -> list[str]:
    return [value for key in keys for value in statement.values(key) or ()]


RULE: Final = Rule(
    id="outside-organization",
    demand="Only your own accounts and your own organization have access",
    why="An account of somebody else pulls your images, or pushes what you then run, and nothing tells you "
    "when that account changes hands.",
    fix="Remove the principal, or say that it is yours: in Settings.accounts or Settings.organization, or "
    "by --trusted-account or --organization-id",
    severity=Severity.HIGH,
    judges=(RepositoryState, RegistryPolicyState, TemplateState),
    check=_check,
    needs=frozenset({Part.POLICY, Part.REGISTRY}),
    example=Example(
        compliant={
            "Example": repository(
                RepositoryPolicyText=allowing({"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}})
            )
        },
        non_compliant={
            "Example": repository(RepositoryPolicyText=allowing({"AWS": "arn:aws:iam::999988887777:root"}))
        },
    ),
)
