"""The statements of a resource policy, as rules read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from registry_constructs.rules.values import Unknown

PLACEHOLDER: Final = re.compile(r"\$\{[^}]*\}")
"""The placeholder for a part of a text that only the deployment knows."""

_WILDCARD: Final = re.compile(r"[*?]")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_PART: Final = rf"(?:{PLACEHOLDER.pattern}|[^:])*"
_ARN: Final = re.compile(rf"arn:{_PART}:{_PART}:{_PART}:(?P<account>{_PART}):.*", re.DOTALL)


def _identified(prefix: str, first: str) -> re.Pattern[str]:
    """How a value with a wildcard begins if it names somebody: more than fixed letters, or a placeholder."""
    return re.compile(rf"{prefix}{first}|(?:{prefix})?{PLACEHOLDER.pattern}")


_ACCOUNTS: Final = _identified("", "[0-9]{12}")
_ORGANIZATIONS: Final = _identified("o-", "[a-z0-9]")
# Without an account (S3 has none in its ARNs), the resource has to be named.
_ARNS: Final = re.compile(rf"arn:{_PART}:{_PART}:{_PART}:(?:[0-9]{{12}}|{PLACEHOLDER.pattern}|:[^*?])")
# Conditions that hold for no stranger (IAM User Guide, global condition keys), and how a value with a
# wildcard begins if that is still so: `o-*` is every organization, `o-1234567890/*` is one.
_NARROWING: Final = {
    "aws:principalaccount": _ACCOUNTS,
    "aws:principalarn": _ARNS,
    "aws:principalorgid": _ORGANIZATIONS,
    "aws:principalorgpaths": _ORGANIZATIONS,
    "aws:sourceaccount": _ACCOUNTS,
    "aws:sourcearn": _ARNS,
    "aws:sourceorgid": _ORGANIZATIONS,
    "aws:sourceorgpaths": _ORGANIZATIONS,
    "aws:sourcevpc": _identified("vpc-", "[0-9a-z]"),
    "aws:sourcevpce": _identified("vpce-", "[0-9a-z]"),
    "aws:userid": _identified("", "[0-9]{12}|[A-Z]{4}[A-Z0-9]"),
    "aws:vpcesourceaccount": _ACCOUNTS,
    "aws:vpcesourceorgid": _ORGANIZATIONS,
}
_POSITIVE: Final = frozenset({"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One statement of a policy.

    Attributes:
        label: How people find it: its Sid, or its place such as `statement 2`.
        allows: Whether it allows; if not, it denies.
        principals: Each as `AWS:...`, `Service:...` or `Federated:...`; `AWS:*` for everybody.
        excluded_principals: Whether the principals are those whom it is not for (`NotPrincipal`).
        actions: The actions as they are written.
        excluded_actions: Whether the actions are those that it is not about (`NotAction`).
        conditions: Operator, key in small letters, and values.
    """

    label: str
    allows: bool
    principals: tuple[str, ...]
    excluded_principals: bool = False
    actions: tuple[str, ...]
    excluded_actions: bool = False
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = field(default=())

    @property
    def everybody(self) -> bool:
        """Whether it allows everybody in the world, no condition keeping strangers out."""
        named = self.excluded_principals or "AWS:*" in self.principals
        return self.allows and named and not any(map(_narrows, self.conditions))

    def values(self, key: str) -> tuple[str, ...] | None:
        """The values that a condition on a key allows; None if nothing is asked of it."""
        found = [
            values
            for operator, name, values in self.conditions
            if name == key and _plain(operator) in _POSITIVE
        ]
        return found[0] if found else None


def read_policy(policy: object) -> tuple[Statement, ...] | Unknown:
    """The statements of a policy's text or document; none for no policy."""
    if isinstance(policy, str):
        if not policy:
            return ()
        try:
            policy = json.loads(policy)
        except ValueError:
            return Unknown("the policy is no JSON before the deployment")
    if not policy:
        return ()
    try:
        return tuple(_statements(policy))
    except (AttributeError, KeyError, TypeError):
        return Unknown("the policy is not written as IAM has it, or not known before the deployment")


def account_of(principal: str) -> str | None:
    """The account of an AWS principal; None for one without, such as a service or everybody.

    A part that only the deployment knows stays in it: the account of `${Role.Arn}` is that.
    """
    kind, _, value = principal.partition(":")
    if kind != "AWS":
        return None
    if _ACCOUNT.fullmatch(value):
        return value
    found = _ARN.fullmatch(value)
    if found:
        return found["account"]
    return value if PLACEHOLDER.search(value) else None


def _statements(policy: Any) -> Iterator[Statement]:  # noqa: ANN401 - anything may be in a template
    found = policy["Statement"]
    for number, one in enumerate(found if isinstance(found, list) else [found], 1):
        yield Statement(
            label=str(one.get("Sid") or f"statement {number}"),
            allows=one["Effect"] == "Allow",
            principals=tuple(_principals(one.get("Principal", one.get("NotPrincipal")))),
            excluded_principals="NotPrincipal" in one,
            actions=_listed(one["NotAction"] if "NotAction" in one else one["Action"]),
            excluded_actions="NotAction" in one,
            conditions=tuple(
                (operator, key.lower(), _listed(values))
                for operator, keys in (one.get("Condition") or {}).items()
                for key, values in keys.items()
            ),
        )


def _principals(principal: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(principal, str):
        principal = {"AWS": principal}
    if not isinstance(principal, Mapping):
        raise TypeError
    for kind, values in principal.items():
        for value in _listed(values):
            yield f"{kind}:{value}"


def _listed(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - IAM takes a single value without a list
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | bool | int) for one in values):
        raise TypeError
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)


def _narrows(condition: tuple[str, str, tuple[str, ...]]) -> bool:
    """Whether a condition holds for no stranger; one of several values that does is enough for them."""
    operator, key, values = condition
    identified = _NARROWING.get(key)
    if identified is None or _plain(operator) not in _POSITIVE:
        return False
    return all(not _WILDCARD.search(value) or identified.match(value) for value in values)


def _plain(operator: str) -> str:
    """The operator without its set prefix. `ForAllValues:` and `IfExists` hold where the key is missing."""
    return operator.removeprefix("ForAnyValue:")
