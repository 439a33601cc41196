"""A live repository policy in the catalog's words: who may pull or push, and what no word is there for."""

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
    """One action of one principal. IAM reads a policy as the set of these, in whatever order it stands.

    Attributes:
        principal: Such as `AWS:arn:aws:iam::111122223333:root`.
        action: In small letters: IAM does not tell them apart.
        conditions: Operator, key and value of each.
    """

    principal: str
    action: str
    conditions: Conditions


class ReadPolicy(NamedTuple):
    """A repository policy, read.

    Attributes:
        access: What the catalog says of it, by kind.
        granted: What that grants: exactly this stands in ECR too.
        unsaid: The statements of which the catalog can't say all.
    """

    access: dict[str, Any]
    granted: frozenset[Grant]
    unsaid: tuple[str, ...]


def read(text: str, place: StackEnvironment) -> ReadPolicy:
    """Who may do what by a repository policy; Sids and the policy's version mean nothing here."""
    try:
        found = json.loads(text)["Statement"]
        statements: list[Json] = [found] if isinstance(found, dict) else list(found)
    except (ValueError, KeyError, TypeError):
        return ReadPolicy({}, frozenset(), (text,))
    by_statement = [_grants(statement, place) for statement in statements]
    there = frozenset(itertools.chain(*(granted or () for granted in by_statement)))
    access = _access(there, place)
    granted = grants(access, place)
    if not granted <= there:
        access, granted = {}, frozenset()
    unsaid = [
        json.dumps(statement)
        for statement, its in zip(statements, by_statement, strict=True)
        if its is None or not its <= granted
    ]
    return ReadPolicy(access, granted, tuple(unsaid))


def grants(access: dict[str, Any], place: StackEnvironment) -> frozenset[Grant]:
    """What a catalog's access grants in a place that is known."""
    repository = RepositoryDescription(name="any", access=Access.model_validate(access))
    return of_statements(policy_statements(repository, place), place)


def of_statements(statements: Iterable[Json], place: StackEnvironment) -> frozenset[Grant]:
    """What statements grant that the catalog rendered."""
    return frozenset(itertools.chain(*(_grants(statement, place) or () for statement in statements)))


def _grants(statement: Any, place: StackEnvironment) -> frozenset[Grant] | None:  # noqa: ANN401 - anything may stand there
    """What a statement grants; None for one that does something else, such as denying."""
    if not isinstance(statement, dict) or statement.keys() - _PARTS or statement.get("Effect") != "Allow":
        return None
    try:
        principals = _principals(statement["Principal"], place)
        actions = [action.lower() for action in _listed(statement["Action"])]
        conditions = list(_conditions(statement.get("Condition", {})))
    except (AttributeError, KeyError, TypeError):
        return None
    return frozenset(map(Grant._make, itertools.product(principals, actions, conditions)))


def _principals(principal: Any, place: StackEnvironment) -> list[str]:  # noqa: ANN401
    given = {"AWS": "*"} if principal == "*" else principal
    found = []
    for kind, values in given.items():
        for value in _listed(values):
            is_account = kind == "AWS" and limits.ACCOUNT_ID.fullmatch(value)
            found.append(f"{kind}:{place.arn('iam', '', value, 'root') if is_account else value}")
    return found


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - IAM takes a single value without a list
    return value if isinstance(value, list) else [value]


def _conditions(condition: Json) -> Iterator[Conditions]:
    """The ways in which a condition comes true."""
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


def _access(there: frozenset[Grant], place: StackEnvironment) -> dict[str, Any]:
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
            for name in _function(conditions, place, roots)
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
    """The account that a principal is; empty for anything else."""
    parts = principal.split(":")
    if len(parts) != 7 or parts[0] != "AWS" or parts[6] != "root":
        return ""
    try:
        check_account_id(parts[5])
    except InvalidInputError:
        return ""
    return parts[5]


def _organization(pulling: list[Conditions]) -> dict[str, Any]:
    """The organization that may pull, or its units; of several the first, as the catalog has one."""
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


def _function(conditions: Conditions, place: StackEnvironment, roots: dict[str, set[str]]) -> Iterator[str]:
    """The function for which Lambda may pull: its name, or the ARN of one of another account."""
    for operator, key, arn in conditions if len(conditions) == 1 else ():
        if (operator, key) != _SOURCE:
            continue
        try:
            name, region, account = parse_lambda_function(arn)
        except InvalidInputError:
            continue
        if name is not None or region != place.region:
            continue
        if account == place.account:
            own = arn.rpartition(":")[2]
            yield own if arn == place.arn("lambda", region, account, f"function:{own}") else arn
        elif roots.get(account or "", set()) >= _LAMBDA:
            # The catalog allows the function's account too, which creates the function.
            yield arn
