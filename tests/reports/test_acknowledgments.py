"""What may stand: the file, and which findings an entry covers."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.reports.acknowledgments import Acknowledgment, read_acknowledgments
from tests.reports.judged import declared, finding, live


def test_yaml_and_json_are_read_with_the_line_of_each_entry(tmp_path: Path) -> None:
    entry: dict[str, Any] = {"id": "open-access", "where": "shop/*", "reason": "meant \U0001f600"}
    file = tmp_path / "ok.json"
    file.write_text(json.dumps([entry], indent=1))
    assert read_acknowledgments(file) == (Acknowledgment(**entry, source=f"{file}:2"),)
    file = tmp_path / "ok.yaml"
    file.write_text(
        "# Why\n- id: registry-constructs::open-access\n  where: 'shop/*'\n  reason: 12\n"
        "  until: 2027-01-31\n\n"
        "- {id: a, where: b, reason: c, until: null}\n"
    )
    first, second = read_acknowledgments(file)
    assert (first.rule, first.reason, first.until) == ("open-access", "12", date(2027, 1, 31))
    assert (first.source, second.source, second.until) == (f"{file}:2", f"{file}:7", None)
    file.write_text("\n")
    assert read_acknowledgments(file) == ()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("- id: a\n  where: b\n", 1, "has no reason"),
        ("- {id: a, where: b, reason: ' '}\n", 1, "has no reason"),
        ("- {id: a, where: b, reason: null}\n", 1, "has no reason"),
        ("# x\n- {where: b, reason: c}\n", 2, "has no id"),
        ("- {id: a, where: '', reason: c}\n", 1, "has no where"),
        ("- id: a\n  where: b\n  reason: c\n  untill: 2027-01-31\n", 4, "a key that means nothing"),
        ("- id: a\n  where: b\n  reason: c\n  id: d\n", 4, "a key twice"),
        ("- id: a\n  where: [b]\n  reason: c\n", 2, "The where of an acknowledgment is no text"),
        ("- id: a\n  where: b\n  reason: c\n  until: 2027-02-30\n", 1, "is no date"),
        ("- a\n", 1, "is no object"),
        ("id: a\n", 1, "are no list"),
        ("- [\n- x: }\n", 2, "is not YAML"),
        ("- {id: a, where: b, reason: !!python/name:os.system c}\n- 3\n", 2, "is no object"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    file = tmp_path / "ok.yaml"
    file.write_text(text)
    with pytest.raises(InvalidInputError, match=said) as error:
        read_acknowledgments(file)
    assert error.value.where == f"{file}:{line}"


@pytest.mark.deploy
@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: \x07", b"[" * 20_000])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "ok.yaml"
    file.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"can't be read|not YAML"):
        read_acknowledgments(file)
    with pytest.raises(InvalidInputError, match="can't be read"):
        read_acknowledgments(tmp_path / "missing.yaml")


@pytest.mark.parametrize(
    ("where", "covered"),
    [
        ("shop/cart", True),
        ("shop/*", True),
        ("*", True),
        ("arn:aws:ecr:*:111122223333:repository/shop/*", True),
        ("App/Images", True),
        ("App/Images/Cart/Resource", True),
        ("App/Ima", False),
        ("App/Images/Cart2", False),
        ("Shop/Cart", False),
        ("cart", False),
    ],
)
def test_a_pattern_is_about_the_address_the_name_and_the_path_with_all_beneath_it(
    where: str, covered: bool
) -> None:
    one = Acknowledgment(id="registry-constructs::open-access", where=where, reason="meant")
    places = (declared("Cart", path="App/Images/Cart/Resource"), live("shop/cart"))
    assert any(one.covers(finding("Wrong", name="shop/cart", place=place)) for place in places) is covered
    assert not Acknowledgment(id="customer-key", where="*", reason="meant").covers(finding("Wrong"))


def test_it_holds_on_its_last_day() -> None:
    one = Acknowledgment(id="a", where="b", reason="c", until=date(2027, 1, 31))
    assert not one.expired(date(2027, 1, 31))
    assert one.expired(date(2027, 2, 1))
