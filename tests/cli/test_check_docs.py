"""What docs/check.md and docs/audit.md show is what happens."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from registry_constructs.cli import app as command_line
from registry_constructs.reports.acknowledgments import read_acknowledgments
from registry_constructs.rules.packs import PACKS
from tests.console import blocks, session
from tests.synthesis import ROOT
from tests.templates.test_assembly import TYPESCRIPT

PAGE, AUDIT = ((ROOT / "docs" / name).read_text() for name in ("check.md", "audit.md"))


@pytest.mark.deploy
@pytest.mark.parametrize("block", blocks(PAGE) + blocks(AUDIT))
def test_a_block_prints_what_it_shows(block: str, tmp_path: Path) -> None:
    shutil.copytree(TYPESCRIPT, tmp_path / "cdk.out")
    assert session(block, tmp_path) == block


def test_the_acknowledgments_of_the_page_can_be_read(tmp_path: Path) -> None:
    acknowledgments, workflow = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    (tmp_path / "known.yaml").write_text(acknowledgments)
    [found] = read_acknowledgments(tmp_path / "known.yaml")
    assert (found.rule, str(found.until)) == ("tags-immutable", "2027-06-30")
    assert yaml.safe_load(workflow)


def test_the_page_has_every_pack() -> None:
    assert re.findall(r"^\| `([\w-]+)` \|", PAGE, flags=re.MULTILINE) == list(PACKS)


def test_the_audit_page_has_every_option_that_says_where() -> None:
    known = {name for one in get_command(command_line).commands["audit"].params for name in one.opts}  # type: ignore[attr-defined]
    assert set(re.findall(r"--[a-z][a-z-]+", AUDIT)) - {"--findings"} <= known
