"""The documentation of the rules is what their files say."""

from __future__ import annotations

from pathlib import Path

import yaml

from registry_constructs.reports import rule_pages
from registry_constructs.rules.controls import CONTROLS
from registry_constructs.rules.packs import RULES

DOCS = Path(__file__).parents[2] / "docs" / "rules"


def test_the_pages_are_written_anew() -> None:
    """`registry-constructs rules pages docs/rules` writes them."""
    assert {file.name: file.read_text(encoding="utf-8") for file in DOCS.iterdir()} == rule_pages.pages()


def test_every_rule_and_every_control_is_in_the_index() -> None:
    index = rule_pages.pages()["README.md"]
    for rule in RULES.values():
        assert f"[{rule.id}]({rule.id}.md)" in index
    for control in CONTROLS.values():
        assert f"| {control.owner} | {control.name} |" in index


def test_an_example_on_a_page_is_the_example() -> None:
    rule = RULES["open-access"]
    assert rule.example
    blocks = rule_pages.page(rule).split("```yaml\n")[1:]
    found = [yaml.safe_load(block.partition("```")[0])["Resources"] for block in blocks]
    assert found == [rule.example.compliant, rule.example.non_compliant]
