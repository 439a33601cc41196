"""Runs mutmut over one target, in a copy of the project below `.mutants/`, and reads its verdicts."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.mutation.plain import original_name, plain

FOLDER: Final = Path(".mutants")
"""Where the copies are; one folder a target, made anew by each run."""
_MADE_HERE: Final = frozenset({"cdk.out", "dist", "site", "build"})
"""What commands make at the top of the project; rooms of the library may have these names."""
_MADE_ANYWHERE: Final = frozenset({"node_modules", "__pycache__"})
_REPLACED: Final = re.compile(r"""setattr\(\s*[^,()]+,\s*["'](\w+)["']""")
_WORDS: Final = (
    r"^\s*(got|allowed|fix|description|applies_to|reason)=",
    r"\b(Error|Annotations|warn\w*)\(",
    r"^\s*f?[\"']",
    r"_REASON\b",
)
"""Lines with nothing but the words of messages."""
_MUTMUT: Final = Path(sys.executable).parent / "mutmut"
_DEAD: Final = frozenset({"killed", "timeout"})
_ALIVE: Final = frozenset({"survived", "no tests"})
_NAME: Final = re.compile(r"(?P<module>.+)\.x(?:_|ǁ(?P<type>\w+)ǁ)(?P<function>\w+?)__mutmut_\d+")


class MutationError(Exception):
    """A run without a verdict: nothing to change, tests that fail by themselves, mutants without a result."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is changed, and what has to notice.

    Attributes:
        name: How the command line calls it.
        sources: The files that are changed, relative to the project.
        tests: The files with the tests that judge.
        synthesizes: Whether these use the CDK, whose Node processes can't be shared: each mutant then
            imports it anew.
        words: Whether the words of messages and descriptions are changed too.
    """

    name: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]
    synthesizes: bool = False
    words: bool = True


@dataclass(frozen=True, order=True, kw_only=True)
class Survivor:
    """A mutant that no test killed.

    Attributes:
        function: The module and the function, method or constant that was changed.
        change: The lines removed and added, each behind `-` or `+`.
    """

    function: str
    change: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The verdicts of one target.

    Attributes:
        mutants: How many there were in each module.
        alive: Those that no test killed, in each module.
    """

    mutants: Mapping[str, int]
    alive: Mapping[str, Sequence[Survivor]]


def targets(project: Path) -> dict[str, Target]:
    """The targets of `targets.toml`.

    Raises:
        MutationError: A glob matches nothing.
    """
    listed = tomllib.loads((project / "tests" / "mutation" / "targets.toml").read_text())
    return {
        name: Target(
            name=name,
            sources=tuple(_files(project, f"{name}.sources", one["sources"])),
            tests=tuple(_files(project, f"{name}.tests", one["tests"])),
            synthesizes=one.get("synthesizes", False),
            words=one.get("words", True),
        )
        for name, one in listed.items()
    }


def run(target: Target, project: Path, digit: int | None = None) -> Outcome:
    """Try the mutants of a target.

    Args:
        target: The target.
        project: The project's folder.
        digit: Only the mutants whose number ends in it, a tenth of them. Default: all.

    Raises:
        MutationError: mutmut stopped, or a mutant has no verdict.
    """
    folder = project / FOLDER / target.name
    shutil.rmtree(folder, ignore_errors=True)
    _copy(target, project, folder)
    log = folder / "mutmut.log"
    with log.open("w") as output:
        done = subprocess.run(
            [_MUTMUT, "run", *([] if digit is None else [f"*__mutmut_*{digit}"])],
            cwd=folder,
            env={**os.environ, "STUBS_IN_PROCESS": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        end = re.split(r"[\r\n]+", log.read_text())[-40:]
        raise MutationError("\n".join([f"{target.name}: mutmut stopped; the end of {log}:", *end]))
    return outcome(target, folder, digit)


def outcome(target: Target, folder: Path, digit: int | None = None) -> Outcome:
    """The verdicts that mutmut left in a folder, of all mutants or of those whose number ends in a digit."""
    mutants: dict[str, int] = {}
    alive: dict[str, list[Survivor]] = {}
    without = []
    for line in _mutmut(folder, "results", "--all", "true").splitlines():
        mutant, _, status = line.strip().rpartition(": ")
        found = _NAME.fullmatch(mutant)
        if not found:
            raise MutationError(f"{target.name}: mutmut names a mutant in an unknown way: {line!r}")
        if digit is not None and not mutant.endswith(str(digit)):
            continue
        module = found["module"]
        mutants[module] = mutants.get(module, 0) + 1
        if status in _ALIVE:
            function = ".".join(filter(None, [module, found["type"], original_name(found["function"])]))
            alive.setdefault(module, []).append(Survivor(function=function, change=_change(folder, mutant)))
        elif status not in _DEAD:
            without.append(line.strip())
    if without:
        raise MutationError("\n".join([f"{target.name}: mutants without a verdict:", *without]))
    if not mutants:
        raise MutationError(f"{target.name}: there is nothing to change in {', '.join(target.sources)}")
    return Outcome(mutants=mutants, alive=alive)


def _files(project: Path, place: str, globs: Sequence[str]) -> Iterator[str]:
    for pattern in globs:
        found = sorted(path.relative_to(project).as_posix() for path in project.glob(pattern))
        if not found:
            raise MutationError(f"targets.toml, {place}: {pattern} matches no file")
        yield from found


def _copy(target: Target, project: Path, folder: Path) -> None:
    """A copy of the project, whose target is rewritten for mutmut."""
    kept_out = shutil.ignore_patterns(*_MADE_ANYWHERE)
    folder.mkdir(parents=True)
    copied = []
    for path in project.iterdir():
        if path.name.startswith(".") or path.name in _MADE_HERE | _MADE_ANYWHERE:
            continue
        copied.append(path.name)
        if path.is_dir():
            shutil.copytree(path, folder / path.name, ignore=kept_out)
        else:
            shutil.copy2(path, folder / path.name)
    replaced = {name for test in target.tests for name in _REPLACED.findall((folder / test).read_text())}
    for name in target.sources:
        (folder / name).write_text(plain((folder / name).read_text(), kept=replaced))
    options = {
        "source_paths": sorted({Path(name).parts[0] for name in target.sources}),
        "only_mutate": list(target.sources),
        "also_copy": copied,
        "pytest_add_cli_args_test_selection": list(target.tests),
        # The same examples for each mutant, or a survivor comes and goes.
        "pytest_add_cli_args": ["--hypothesis-seed=0", "-p", "no:cacheprovider"],
        # Each mutant is tried in a process that has at most imported the tests, and run none of them.
        "process_isolation": "forkserver",
        "forkserver_warmup": "none" if target.synthesizes else "collect",
        "do_not_mutate_patterns": [] if target.words else _WORDS,
        "use_git_change_detection": False,
    }
    with (folder / "pyproject.toml").open("a") as settings:
        settings.write("\n[tool.mutmut]\n")
        # A list, a text, true and false are written in TOML as JSON writes them.
        settings.writelines(f"{name} = {json.dumps(value)}\n" for name, value in options.items())


def _change(folder: Path, mutant: str) -> str:
    shown = _mutmut(folder, "show", mutant).splitlines()
    lines = [line for line in shown if line[:1] in {"-", "+"} and not line.startswith(("---", "+++"))]
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines)


def _mutmut(folder: Path, *arguments: str) -> str:
    done = subprocess.run([_MUTMUT, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MutationError(f"mutmut {' '.join(arguments)} in {folder} failed:\n{done.stderr or done.stdout}")
    return done.stdout
