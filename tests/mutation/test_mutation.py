"""The command that changes the code and looks whether a test notices."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.mutation import __main__ as command
from tests.mutation.__main__ import PROJECT, main
from tests.mutation.judging import known_survivors, problems, problems_of_sample
from tests.mutation.plain import original_name, plain
from tests.mutation.running import MutationError, Outcome, Survivor, Target, run, targets

PRICE = """
from typing import Final

FREE_FROM: Final = 100
UNREAD = 1


class Order:
    def __init__(self, total: int) -> None:
        self.total = total

    @property
    def shipping(self) -> int:
        return 0 if self.total >= FREE_FROM else 7
"""
WEAK = """
from shop.price import Order

def test_a_large_order_is_sent_for_nothing():
    assert Order(1000).shipping == 0
"""
STRICT = """
from shop.price import Order

def test_shipping():
    assert [Order(total).shipping for total in (99, 100, 101)] == [7, 0, 0]
"""
TARGET = Target(name="price", sources=("shop/price.py",), tests=("tests/test_price.py",))
FIRST = Survivor(function="shop.price.Order.shipping", change="- a\n+ b")


def shop(folder: Path, test: str) -> Path:
    (folder / "shop").mkdir()
    (folder / "tests").mkdir()
    (folder / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    (folder / "shop" / "price.py").write_text(PRICE)
    (folder / "tests" / "test_price.py").write_text(test)
    return folder


@pytest.mark.deploy
def test_strict_tests_leave_nothing_alive_in_methods_properties_and_constants(tmp_path: Path) -> None:
    outcome = run(TARGET, shop(tmp_path, STRICT))
    assert not outcome.alive
    assert outcome.mutants["shop.price"] >= 7
    assert not list(problems(outcome, []))


@pytest.mark.deploy
def test_what_a_weak_test_overlooks_is_alive_and_named_as_it_is_written(tmp_path: Path) -> None:
    project = shop(tmp_path, WEAK)
    with (project / "shop" / "price.py").open("a") as source:
        source.write("\n\ndef never_called(a: int) -> int:\n    return a + 1\n")
    outcome = run(TARGET, project)
    alive = outcome.alive["shop.price"]
    assert Survivor(function="shop.price.FREE_FROM", change="- return 100\n+ return 101") in alive
    assert {survivor.function for survivor in alive} == {
        "shop.price.FREE_FROM",
        "shop.price.Order.shipping",
        "shop.price.never_called",
    }
    assert any("more than 5%" in problem for problem in problems(outcome, alive))


@pytest.mark.deploy
def test_tests_that_fail_by_themselves_give_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(MutationError, match=r"price: mutmut stopped"):
        run(TARGET, shop(tmp_path, WEAK.replace("== 0", "== 1")))


def test_a_survivor_passes_only_with_a_reason_and_a_reason_only_with_its_survivor() -> None:
    outcome = Outcome(mutants={"shop.price": 100}, alive={"shop.price": [FIRST, FIRST]})
    assert not list(problems(outcome, [FIRST, FIRST]))
    [unlisted] = problems(outcome, [FIRST])
    assert "No test notices this change of shop.price.Order.shipping" in unlisted
    [gone] = problems(outcome, [FIRST, FIRST, FIRST])
    assert "killed or gone; remove it" in gone


@pytest.mark.parametrize(("alive", "found"), [(5, 0), (6, 1)])
def test_at_most_five_percent_live(alive: int, found: int) -> None:
    survivors = [FIRST] * alive
    outcome = Outcome(mutants={"shop.price": 100}, alive={"shop.price": survivors})
    assert len(list(problems(outcome, survivors))) == found


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            'target = "price"\nfunction = "f"\nchange = "- a"',
            "exactly the texts change, function, reason, target",
        ),
        ('target = "price"\nfunction = "f"\nchange = "- a"\nreason = " "', "exactly the texts"),
        (
            'target = "prize"\nfunction = "f"\nchange = "- a"\nreason = "b"',
            r"no target prize\. Allowed: price",
        ),
    ],
)
def test_an_entry_without_a_reason_is_refused(tmp_path: Path, entry: str, message: str) -> None:
    file = tmp_path / "survivors.toml"
    file.write_text(f"[[survivor]]\n{entry}\n")
    with pytest.raises(MutationError, match=message):
        known_survivors(file, ["price"])


def test_every_target_has_files_and_every_survivor_a_target() -> None:
    every = targets(PROJECT)
    assert known_survivors(PROJECT / "tests" / "mutation" / "survivors.toml", every).keys() == every.keys()


@pytest.mark.parametrize(("alive", "found"), [(0, 0), (5, 0), (6, 7)])
def test_of_a_sample_five_percent_live_without_a_reason(alive: int, found: int) -> None:
    survivors = [Survivor(function=f"a.f{number}", change="- a\n+ b") for number in range(alive)]
    with_reason = Survivor(function="a.known", change="- a\n+ b")
    outcome = Outcome(mutants={"a": 60, "b": 40}, alive={"a": [*survivors, with_reason]})
    unseen = Survivor(function="a.of_another_digit", change="- a\n+ b")
    assert len(list(problems_of_sample(outcome, [with_reason, unseen]))) == found


@pytest.mark.parametrize(("digit", "first"), [(0, 0), (5, 1), (9, 1)])
def test_each_digit_begins_with_another_target_and_none_is_started_too_late(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], digit: int, first: int
) -> None:
    names = ["statements", "notifications"]
    tried: list[tuple[str, int | None]] = []
    clock = iter(range(0, 10_000, 90))

    def run(target: Target, _: Path, digit: int | None) -> Outcome:
        tried.append((target.name, digit))
        return Outcome(mutants={"a": 1}, alive={})

    monkeypatch.setattr(command, "run", run)
    monkeypatch.setattr(command, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    assert main(["--digit", str(digit), "--minutes", "2", *names]) == 0
    assert tried == [(names[first], digit)]
    assert f"{names[1 - first]}: left for another day, after 2 minutes" in capsys.readouterr().out


def test_an_unknown_target_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["statement"]) == 1
    assert "No target statement. Allowed: statements, " in capsys.readouterr().err


def test_a_glob_without_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tests" / "mutation").mkdir(parents=True)
    (tmp_path / "tests" / "mutation" / "targets.toml").write_text('[a]\nsources = ["b/*.py"]\ntests = []\n')
    with pytest.raises(MutationError, match=r"targets\.toml, a\.sources: b/\*\.py matches no file"):
        targets(tmp_path)


def test_rewritten_modules_mean_the_same() -> None:
    source = """
import functools
A = 2
B: int = A + 1
C = []
D = 3
D = 4
E = 5
def f(x, *, A=A): return x
@functools.cache
@functools.lru_cache(maxsize=B)
def g(x: "A" = A): return f(x * B, A=A) + D + E
class T:
    A = 9
    @staticmethod
    def s(): return T.A
    @property
    def p(self): return self._p
    @p.setter
    def p(self, value): self._p = value + B
"""
    text = plain(source, kept=["E"])
    assert "A__value()" in text
    assert not any(f"{name}__value" in text for name in "CDE")
    before: dict[str, object] = {}
    after: dict[str, object] = {}
    exec(source, before)  # noqa: S102 - the text above
    exec(text, after)  # noqa: S102
    program = "t = T(); t.p = 4; result = (g(), g(5), t.p, T.s(), f(1, A=3))"
    exec(program, before)  # noqa: S102
    exec(program, after)  # noqa: S102
    assert before["result"] == after["result"]


@pytest.mark.parametrize("name", ["text__plain_1", "text__value", "text"])
def test_names_are_shown_as_they_were_written(name: str) -> None:
    assert original_name(name) == "text"
