"""No text installs this library by its name from a package index, where anybody could take the name."""

from __future__ import annotations

import re
import subprocess

import pytest

from registry_constructs.installation import SOURCE, install_command
from tests.synthesis import ROOT

TOOLS = r"(?:pip[0-9.]*|pipx|pipenv|uv|uvx|poetry|pdm|rye|hatch|conda|mamba|micromamba)"
NAME = r"registry[-_.]+constructs"
BY_NAME = re.compile(
    rf"""
    # a tool, a verb that fetches, and the name as an argument: no path, no wheel, no `name @ URL`
    \b{TOOLS}\b (?:[ \t]|\\\n)+ (?:(?:pip|tool|self)[ \t]+)?
    (?:(?:-\S+)[ \t]+)*
    (?:install|add|inject|download|wheel|sync|lock|upgrade)\b (?:[^\n`;&|]|\\\n)*?
    (?<![\w./\\@:~$\}}>-]) {NAME} (?! [\w.]*-[0-9] | [/\\] | >(?:\[|') | (?:\[[^\]\n]*\])?[ \t]*@[ \t] )
    # a tool that fetches what it runs, unless it is given a source
  | \b(?:uvx|pipx[ \t]+run|uv[ \t]+tool[ \t]+run) (?:[ \t]|\\\n)+
    (?![^\n]*--(?:from|spec)[ =]+(?!["']?{NAME}(?![\w.]*-[0-9]|[/\\])))
    (?:[^\n`;&|]|\\\n)*?
    (?<![\w./\\-]) {NAME} (?! [\w.]*-[0-9] | [/\\] )
    # a tool that runs a command with a package
  | \b{TOOLS}\b [^\n`;&|]* --(?:with|from|spec)[ =]+["']? {NAME} (?! [\w.]*-[0-9] | [/\\] )
    # a requirement with a version
  | ^[ \t]*(?:-[ \t]+)? ["']? {NAME} (?:\[[^\]\n]*\])? [ \t]* (?:[=~!<>]=|[<>][ \t]*[0-9])
    # a page of an index
  | (?:pypi|anaconda|simple|index)[^\s"'`]*/{NAME}\b
    """,
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)


@pytest.mark.parametrize(
    "text",
    [
        "pip install registry-constructs",
        "pip3 install -U 'registry-constructs[live]'",
        'python -m pip install --upgrade "registry_constructs==0.1.0"',
        "pip install boto3 registry-constructs",
        "pip install \\\n    registry-constructs[local]",
        "RUN pip install --no-cache-dir aws-cdk-lib Registry.Constructs",
        "pip --quiet install registry-constructs",
        "pip download registry-constructs",
        "uv add registry-constructs",
        "uv pip install registry-constructs[all]",
        "uv tool install registry-constructs",
        "uvx registry-constructs check",
        "uvx --python 3.13 registry-constructs check",
        "uvx --from registry-constructs registry-constructs check",
        "uvx --from 'registry-constructs[live]' registry-constructs audit",
        "uv run --with registry-constructs app.py",
        "uv tool run registry-constructs",
        "- run: pipx run registry-constructs check --format sarif",
        "pipx run --spec registry-constructs==0.1 registry-constructs check",
        "pipx install registry-constructs",
        "poetry add registry-constructs",
        "conda install -c conda-forge registry-constructs",
        "registry-constructs==0.1.0",
        "    - registry-constructs[local] >= 0.1",
        '    "registry-constructs>=0.1",',
        "https://pypi.org/project/registry-constructs/",
    ],
)
def test_an_installation_by_name_is_found(text: str) -> None:
    assert BY_NAME.search(f"Before.\n{text}\nAfter.")


@pytest.mark.parametrize(
    "text",
    [
        install_command(),
        install_command("local"),
        "pip install ./registry_constructs",
        "pip install '../registry-constructs[local]'",
        "pip install dist/registry_constructs-0.1.0-py3-none-any.whl",
        "pip install registry_constructs-0.1.0-py3-none-any.whl",
        "pip install 'registry-constructs @ file:///src/registry_constructs'",
        "pip install git+https://git.example.com/registry_constructs",
        "pip install -r requirements.txt\nregistry-constructs check",
        "pip install . && registry-constructs check",
        "pipx run --spec dist/registry_constructs-0.1.0-py3-none-any.whl registry-constructs check",
        "uvx --from ./registry_constructs registry-constructs check",
        "uv run registry-constructs check",
        "registry-constructs check cdk.out",
        "`pip install -r requirements.txt`, and `registry-constructs check` reads it",
        'name = "registry-constructs"',
        "    # via registry-constructs (pyproject.toml)",
    ],
)
def test_another_text_is_not(text: str) -> None:
    assert not BY_NAME.search(f"Before.\n{text}\nAfter.")


@pytest.mark.deploy
def test_no_text_of_the_project_installs_it_by_name() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    names = [name for name in tracked.stdout.split("\0") if name and (ROOT / name).is_file()]
    assert {"README.md", "docs/check.md", "registry_constructs/installation.py"} <= set(names)
    found = []
    for name in names:
        if name == "tests/test_installation.py":  # the examples above
            continue
        try:
            text = (ROOT / name).read_text()
        except UnicodeDecodeError:
            continue
        if re.search(NAME, text, re.IGNORECASE):
            found += [f"{name}: {match[0]}" for match in BY_NAME.finditer(text)]
    assert found == []


def test_the_readme_installs_it_as_the_errors_do() -> None:
    section = (ROOT / "README.md").read_text().partition("\n## Install\n")[2].partition("\n## ")[0]
    commands = re.findall(r"^\$ (pip install .*)$", section, flags=re.MULTILINE)
    assert commands == [install_command(), install_command("local")]


@pytest.mark.deploy
def test_only_the_readme_and_the_constant_have_the_source() -> None:
    shown = subprocess.run(
        ["git", "grep", "-lF", SOURCE], cwd=ROOT, check=False, capture_output=True, text=True
    ).stdout.split()
    assert set(shown) <= {"README.md", "registry_constructs/installation.py"}
