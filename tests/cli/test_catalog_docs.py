"""What docs/catalog.md shows is what happens: its catalogs are read, its commands print what stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from registry_constructs import Catalog
from registry_constructs.catalog.schema import CatalogFile
from tests.console import blocks, session
from tests.synthesis import ROOT

PAGE = (ROOT / "docs" / "catalog.md").read_text()
CATALOGS = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
[CONSOLE] = blocks(PAGE)


@pytest.mark.parametrize("text", CATALOGS)
def test_a_catalog_of_the_page_is_one(text: str, tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text(text)
    assert len(Catalog.load(file)) == len(yaml.safe_load(text)["repositories"])


def test_the_page_explains_every_key() -> None:
    table = PAGE.partition("| key | what |")[2].partition("\n\n")[0]
    explained = [key for line in table.splitlines()[2:] for key in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert sorted(explained) == sorted(CatalogFile.model_fields)


@pytest.mark.deploy
def test_the_commands_print_what_the_page_shows(tmp_path: Path) -> None:
    file = CONSOLE.partition("$ registry-constructs")[0].partition("\n")[2]
    (tmp_path / "broken.yaml").write_text(file)
    assert session(CONSOLE, tmp_path) == CONSOLE
