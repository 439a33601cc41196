"""`registry-constructs rules`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from registry_constructs.cli import run
from registry_constructs.reports import rule_pages
from registry_constructs.rules.packs import PACKS, RULES


class Result(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture(name="run")
def _run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str) -> Result:
        with pytest.raises(SystemExit) as ended:
            run(arguments)
        return Result(int(ended.value.code or 0), *capsys.readouterr())

    return command


def test_the_list_has_every_rule_and_its_packs(run: Run) -> None:
    result = run("rules", "list")
    assert result.status == 0
    assert all(name in result.out for name in RULES)


def test_the_list_of_a_pack(run: Run) -> None:
    result = run("rules", "list", "--rule", "config", "--rule", "-required-tags")
    assert [name for name in RULES if f" {name} " in result.out] == [
        name for name in RULES if name in PACKS["config"] and name != "required-tags"
    ]


@pytest.mark.parametrize("rule", ["open-access", "drift"])
def test_a_rule_s_page(run: Run, rule: str) -> None:
    result = run("rules", "show", rule)
    assert result.status == 0
    assert "Severity: " in result.out
    assert "How to fix it" in result.out


@pytest.mark.parametrize(
    ("rule", "said"),
    [("open-acces", "write open-access"), ("strict", "registry-constructs rules list --rule strict")],
)
def test_what_is_no_rule(run: Run, rule: str, said: str) -> None:
    result = run("rules", "show", rule)
    assert result.status == 2
    assert said in result.err


def test_the_pages_are_written(run: Run, tmp_path: Path) -> None:
    result = run("rules", "pages", str(tmp_path / "docs"))
    assert result.status == 0
    assert {file.name for file in (tmp_path / "docs").iterdir()} == rule_pages.pages().keys()
    assert result.err == f"{len(rule_pages.pages())} pages in {tmp_path / 'docs'}.\n"
