"""Rewrites a module so that mutmut sees all of it.

mutmut changes the bodies of functions, chosen by the tests that call them. It leaves out decorated functions
and everything that is evaluated at import. Here both become plain functions with the same meaning:

- `@property def text(self)` becomes `def text__plain_1(self)` and `text = property(text__plain_1)`;
- a constant `LISTED = 10` that functions of the module read gets `def LISTED__value()`, which they call.

What remains unchanged: default values, the fields of classes, and constants that other modules alone read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

import libcst as cst
import libcst.matchers as m

_CONSTANT: Final = re.compile(r"_?[A-Z][A-Z0-9_]*")
_VALUE: Final = "__value"
# mutmut takes these as they are; what decorates an overload is never called.
_LEFT: Final = {"staticmethod", "classmethod", "overload", "typing.overload", "abstractmethod"}


def plain(source: str, *, kept: Collection[str] = ()) -> str:
    """The module with decorated functions and constants as plain functions.

    Args:
        source: The text of the module.
        kept: Constants that stay as they are, such as those that a test replaces.
    """
    module = cst.parse_module(source)
    constants = _constants(module) - frozenset(kept)
    module = module.visit(_Undecorated(constants)).visit(_Readers(constants))
    while unread := _value_functions(module) - _names_called(module):
        module = module.visit(_Without(unread))
    return module.code


def original_name(function: str) -> str:
    """The name of a function or constant before it was rewritten."""
    return re.sub(r"__(plain_\d+|value)$", "", function)


def _constants(module: cst.Module) -> frozenset[str]:
    """The constants of a module that are assigned once, with a value that a function can repeat."""
    assigned = Counter(name for statement in module.body if (name := _assigned(statement)))
    changed = {
        name.name.value
        for found in m.findall(module, m.Global())
        for name in cst.ensure_type(found, cst.Global).names
    }
    return frozenset(
        name
        for name, times in assigned.items()
        if times == 1 and name not in changed and _CONSTANT.fullmatch(name)
    )


def _assigned(statement: cst.CSTNode) -> str | None:
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))])]
        ):
            return name
        case cst.SimpleStatementLine(body=[cst.AnnAssign(target=cst.Name(value=name), value=value)]) if value:
            return name
    return None


def _value_functions(module: cst.Module) -> frozenset[str]:
    return frozenset(
        statement.name.value
        for statement in module.body
        if isinstance(statement, cst.FunctionDef) and statement.name.value.endswith(_VALUE)
    )


def _names_called(module: cst.Module) -> frozenset[str]:
    calls = m.findall(module, m.Call(func=m.Name()))
    return frozenset(cst.ensure_type(cst.ensure_type(call, cst.Call).func, cst.Name).value for call in calls)


class _Without(cst.CSTTransformer):
    """Removes functions of a module."""

    def __init__(self, names: Collection[str]) -> None:
        super().__init__()
        self._names = names

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.RemovalSentinel:
        return cst.RemoveFromParent() if updated_node.name.value in self._names else updated_node


class _Readers(cst.CSTTransformer):
    """Functions call for the value of a constant instead of reading its name."""

    def __init__(self, constants: Collection[str]) -> None:
        super().__init__()
        self._constants = constants
        self._in_body = 0
        self._other_names: set[cst.Name] = set()

    def visit_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self._in_body += 1

    def leave_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self._in_body -= 1

    def visit_Annotation(self, node: cst.Annotation) -> bool:
        return False

    def visit_Attribute(self, node: cst.Attribute) -> None:
        self._other_names.add(node.attr)

    def visit_Arg(self, node: cst.Arg) -> None:
        if node.keyword:
            self._other_names.add(node.keyword)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        if (
            not self._in_body
            or original_node in self._other_names
            or original_node.value not in self._constants
        ):
            return updated_node
        return cst.Call(cst.Name(f"{original_node.value}{_VALUE}"))


class _Undecorated(cst.CSTTransformer):
    """Decorated functions of modules and classes, and constants, become plain functions."""

    def __init__(self, constants: Collection[str]) -> None:
        super().__init__()
        self._constants = constants
        self._number = 0
        self._depth = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._depth += 1

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.FlattenSentinel[cst.BaseStatement]:
        self._depth -= 1
        decorators = [cst.Module([]).code_for_node(each.decorator) for each in updated_node.decorators]
        if self._depth or not decorators or _LEFT & set(decorators):
            return updated_node
        self._number += 1
        name = updated_node.name.value
        function = f"{name}__plain_{self._number}"
        call = "".join(f"{decorator}(" for decorator in decorators) + function + ")" * len(decorators)
        return cst.FlattenSentinel(
            [
                updated_node.with_changes(name=cst.Name(function), decorators=[]),
                cst.parse_statement(f"{name} = {call}"),
            ]
        )

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.BaseStatement]:
        name = _assigned(updated_node)
        if name not in self._constants or self._depth:
            return updated_node
        statement = updated_node.body[0]
        assert isinstance(statement, cst.Assign | cst.AnnAssign)
        assert statement.value
        body: Sequence[cst.BaseStatement] = [cst.SimpleStatementLine([cst.Return(statement.value)])]
        function = cst.FunctionDef(cst.Name(f"{name}{_VALUE}"), cst.Parameters(), cst.IndentedBlock(body))
        return cst.FlattenSentinel([function, updated_node])
