"""Every command of docs/incident.md, and that of README.md on its files, prints what stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from registry_constructs.simulation import inventory
from tests.console import blocks, session
from tests.synthesis import ROOT

OUR_PRICES = ROOT / "registry_constructs" / "simulation" / "prices.json"
PAGE = (ROOT / "docs" / "incident.md").read_text()
FILES = dict(re.findall(r"^`(\w+\.json)`.*?^```json\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE))
BLOCKS = blocks(PAGE)
IN_README = [
    block for block in blocks((ROOT / "README.md").read_text()) if "$ registry-constructs lifecycle " in block
]


@pytest.mark.deploy
@pytest.mark.parametrize("block", BLOCKS + IN_README)
def test_a_block_prints_what_it_shows(block: str, tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    assert session(block, tmp_path) == block


def test_the_page_has_its_files_and_shows_the_incident() -> None:
    assert set(FILES) == {"policy.json", "images.json", "fixed.json"}
    assert all(json.loads(content) for content in FILES.values())
    assert (len(BLOCKS), len(IN_README)) == (4, 1)
    assert "$ echo $?\n3\n" in BLOCKS[1]
    assert "$ echo $?\n0\n" in BLOCKS[2]


def test_the_files_shown_in_lifecycle_md_have_the_right_keys(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "lifecycle.md").read_text()
    shown = [
        json.loads(block)
        for block in re.findall(r"^```json\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    ]
    assert set(shown[0]) == set(inventory._REPOSITORY_KEYS)
    assert set(shown[1]) == set(json.loads(OUR_PRICES.read_text()))
    [text] = re.findall(r"^```jsonl\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    (tmp_path / "images.jsonl").write_text(text)
    found = [one.repository_name for one in inventory.read_inventories(tmp_path / "images.jsonl")]
    assert found == ["shop/checkout", "shop/cart"]
