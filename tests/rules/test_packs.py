"""Rules chosen by name."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.rules import checks
from registry_constructs.rules.checks import drift
from registry_constructs.rules.controls import CONTROLS
from registry_constructs.rules.packs import PACKS, RULES, select


def test_every_file_with_a_rule_is_among_the_rules() -> None:
    modules = (
        importlib.import_module(f"{checks.__name__}.{one.name}")
        for one in pkgutil.iter_modules(checks.__path__)
    )
    found = {module.RULE.id for module in modules if hasattr(module, "RULE")}
    assert found - {drift.RULE.id} == RULES.keys()


@pytest.mark.parametrize("rule", [*RULES.values(), drift.RULE], ids=lambda rule: rule.id)
def test_a_rule_is_named_after_its_file_and_says_what_it_must(rule: object) -> None:
    assert rule.check.__module__.rpartition(".")[2].replace("_", "-") == rule.id  # type: ignore[attr-defined]
    for text in (rule.demand, rule.fix):  # type: ignore[attr-defined]
        assert text
        assert not text.endswith(".")
    assert re.fullmatch(r"[A-Z].*[.)]", rule.why, re.DOTALL)  # type: ignore[attr-defined]
    assert set(rule.controls) <= CONTROLS.keys()  # type: ignore[attr-defined]


def test_every_control_is_answered_by_a_rule() -> None:
    assert {control for rule in RULES.values() for control in rule.controls} == CONTROLS.keys()


def test_the_worst_rules_come_first_in_what_is_chosen() -> None:
    chosen = select(["required-tags", "registry-constructs::open-access", "required-tags"])
    assert [rule.id for rule in chosen] == ["open-access", "required-tags"]


def test_packs_and_what_is_left_out() -> None:
    assert len(select(["strict"])) == len(RULES)
    names = [rule.id for rule in select(["-required-tags", "config", "kms-encryption"])]
    assert set(names) == {*PACKS["config"], "kms-encryption"} - {"required-tags"}


@pytest.mark.parametrize(
    ("names", "fix"),
    [
        (["open-acces"], "open-access"),
        (["-strict"], "`-` before an id"),
        (["recommend"], "recommended"),
        ([], "recommended"),
    ],
)
def test_what_can_t_be_chosen(names: list[str], fix: str) -> None:
    with pytest.raises(InvalidInputError, match=fix):
        select(names)
