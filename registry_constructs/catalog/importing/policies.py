"""Translates a live repository policy to a catalog's `access`, and lists statements that don't fit."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from registry_constructs.catalog.description import RepositoryDescription
from registry_constructs.catalog.rendering import Json, StackEnvironment, policy_statements
from registry_constructs.catalog.schema import Access, check_principal
from registry_constructs.ecr import limits
from registry_constructs.ecr.actions import LAMBDA_PULL_ACTIONS, PULL_ACTIONS, PUSH_ACTIONS
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import check_account_id, parse_lambda_function

_PULL: Final = frozenset(action.lower() for action in PULL_ACTIONS)
_PUSH: Final = frozenset(action.lower() for action in PUSH_ACTIONS)
_LAMBDA: Final = frozenset(action.lower() for action in LAMBDA_PULL_ACTIONS)
_ORGANIZATION: Final = ("StringEquals", "aws:principalorgid")
_UNITS: Final = ("ForAnyValue:StringLike", "aws:principalorgpaths")
_SOURCE: Final = ("ArnLike", "aws:sourcearn")
# Of several values of such a condition, one is enough.
_ANY_VALUE: Final = {"StringEquals", "StringLike", "ArnLike", "ForAnyValue:StringLike"}
_PARTS: Final = {"Sid", "Effect", "Principal", "Action", "Condition"}

Conditions = frozenset[tuple[str, str, str]]


class Grant(NamedTuple):
    """One action that one principal is allowed. A policy grants a set of these, in any order.

    Attributes:
        principal: Such as `AWS:arn:aws:iam::111122223333:root`.
        action: In lower case: IAM ignores the case of actions.
        conditions: Operator, key and value of each condition.
    """

    principal: str
    action: str
    conditions: Conditions


class ReadPolicy(NamedTuple):
    """A parsed repository policy.

    Attributes:
        access: The catalog's `access` for it, by kind.
        granted: The permissions that `access` grants, all of which are in the policy.
        undescribed: The statements that `access` does not describe completely.
    """

    access: dict[str, Any]
    granted: frozenset[Grant]
    undescribed: tuple[str, ...]


def read(text: str, environment: StackEnvironment) -> ReadPolicy:
    """Parse a repository policy; Sids and the policy's version are ignored."""
    try:
        found = json.loads(text)["Statement"]
        statements: list[Json] = [found] if isinstance(found, dict) else list(found)
    except (ValueError, KeyError, TypeError):
        return ReadPolicy({}, frozenset(), (text,))
    by_statement = [_grants(statement, environment) for statement in statements]
    there = frozenset(itertools.chain(*(granted or () for granted in by_statement)))
    access = _access(there, environment)
    granted = grants(access, environment)
    if not granted <= there:
        access, granted = {}, frozenset()
    undescribed = [
        json.dumps(statement)
        for statement, its in zip(statements, by_statement, strict=True)
        if its is None or not its <= granted
    ]
    return ReadPolicy(access, granted, tuple(undescribed))


def grants(access: dict[str, Any], environment: StackEnvironment) -> frozenset[Grant]:
    """The permissions that a catalog's `access` grants in a environment that is known."""
    repository = RepositoryDescription(name="any", access=Access.model_validate(access))
    return of_statements(policy_statements(repository, environment), environment)


def of_statements(statements: Iterable[Json], environment: StackEnvironment) -> frozenset[Grant]:
    """The permissions that rendered statements grant."""
    return frozenset(itertools.chain(*(_grants(statement, environment) or () for statement in statements)))


def _grants(statement: Any, environment: StackEnvironment) -> frozenset[Grant] | None:  # noqa: ANN401 - any JSON
    """The permissions that a statement grants; None for other statements, such as those that deny."""
    if not isinstance(statement, dict) or statement.keys() - _PARTS or statement.get("Effect") != "Allow":
        return None
    try:
        principals = _principals(statement["Principal"], environment)
        actions = [action.lower() for action in _listed(statement["Action"])]
        conditions = list(_conditions(statement.get("Condition", {})))
    except (AttributeError, KeyError, TypeError):
        return None
    return frozenset(map(Grant._make, itertools.product(principals, actions, conditions)))


def _principals(principal: Any, environment: StackEnvironment) -> list[str]:  # noqa: ANN401
    given = {"AWS": "*"} if principal == "*" else principal
    found = []
    for kind, values in given.items():
        for value in _listed(values):
            is_account = kind == "AWS" and limits.ACCOUNT_ID.fullmatch(value)
            found.append(f"{kind}:{environment.arn('iam', '', value, 'root') if is_account else value}")
    return found


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - IAM takes a single value without a list
    return value if isinstance(value, list) else [value]


def _conditions(condition: Json) -> Iterator[Conditions]:
    """The alternatives that fulfill a condition."""
    ways: list[list[tuple[str, str, str]]] = []
    for operator, keys in condition.items():
        # IAM treats the two alike (IAM User Guide, ARN condition operators).
        name = "ArnLike" if operator == "ArnEquals" else operator
        for key, given in keys.items():
            values = sorted(map(str, _listed(given)))
            if name in _ANY_VALUE:
                ways.append([(name, key.lower(), value) for value in values])
            else:
                ways.append([(name, key.lower(), json.dumps(values))])
    for way in itertools.product(*ways):
        yield frozenset(way)


def _access(there: frozenset[Grant], environment: StackEnvironment) -> dict[str, Any]:
    actions: dict[tuple[str, Conditions], set[str]] = defaultdict(set)
    for principal, action, conditions in there:
        actions[principal, conditions].add(action)
    access: dict[str, Any] = {}
    for kind, needed in (("pull", _PULL), ("push", _PUSH)):
        access[kind] = sorted(
            principal.removeprefix("AWS:")
            for (principal, conditions), allowed in actions.items()
            if not conditions and needed <= allowed and _is_identity(principal)
        )
    roots = {
        _account(principal): allowed
        for (principal, conditions), allowed in actions.items()
        if not conditions and _account(principal)
    }
    access["accounts"] = sorted(account for account, allowed in roots.items() if allowed >= _PULL)
    pulling = [
        conditions
        for (principal, conditions), allowed in actions.items()
        if principal == "AWS:*" and allowed >= _PULL
    ]
    access["organization"] = _organization(pulling)
    access["lambda_functions"] = sorted(
        {
            name
            for (principal, conditions), allowed in actions.items()
            if principal == "Service:lambda.amazonaws.com" and allowed >= _LAMBDA
            for name in _function(conditions, environment, roots)
        }
    )
    return {kind: value for kind, value in access.items() if value}


def _is_identity(principal: str) -> bool:
    try:
        check_principal(principal.removeprefix("AWS:"))
    except InvalidInputError:
        return False
    return principal.startswith("AWS:")


def _account(principal: str) -> str:
    """The account id of a principal that is an account; empty for any other."""
    parts = principal.split(":")
    if len(parts) != 7 or parts[0] != "AWS" or parts[6] != "root":
        return ""
    try:
        check_account_id(parts[5])
    except InvalidInputError:
        return ""
    return parts[5]


def _organization(pulling: list[Conditions]) -> dict[str, Any]:
    """The organization that may pull, or its units; the first one, because a catalog supports only one."""
    units: dict[str, list[str]] = defaultdict(list)
    whole: set[str] = set()
    for conditions in pulling:
        found = {(operator, key): value for operator, key, value in conditions}
        organization = found.pop(_ORGANIZATION, "")
        path = found.pop(_UNITS, "")
        if found or len(conditions) != bool(organization) + bool(path):
            continue
        if not limits.ORGANIZATION_ID.fullmatch(organization):
            continue
        unit = path.removeprefix(f"{organization}/*/").removesuffix("/*")
        if not path:
            whole.add(organization)
        elif limits.ORGANIZATIONAL_UNIT_ID.fullmatch(unit) and path == f"{organization}/*/{unit}/*":
            units[organization].append(unit)
    if whole:
        return {"id": min(whole)}
    return {"id": min(units), "units": sorted(units[min(units)])} if units else {}


def _function(
    conditions: Conditions, environment: StackEnvironment, roots: dict[str, set[str]]
) -> Iterator[str]:
    """The function for which Lambda may pull: its name, or its ARN in another account."""
    for operator, key, arn in conditions if len(conditions) == 1 else ():
        if (operator, key) != _SOURCE:
            continue
        try:
            name, region, account = parse_lambda_function(arn)
        except InvalidInputError:
            continue
        if name is not None or region != environment.region:
            continue
        if account == environment.account:
            own = arn.rpartition(":")[2]
            yield own if arn == environment.arn("lambda", region, account, f"function:{own}") else arn
        elif roots.get(account or "", set()) >= _LAMBDA:
            # The catalog allows the function's account too, which creates the function.
            yield arn
