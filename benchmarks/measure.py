"""Whole programs measured side by side: their time, their most memory and whether their templates are equal.

A program is a command line that writes a cloud assembly into the folder it is given as its last argument.
Its memory is what all its processes hold together (a CDK app in Python is two: Python, and Node beneath it);
what they share, a few MiB of libraries, counts for each of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

PAUSE = 0.05
"""Seconds between two looks at the memory: a peak that is shorter may be missed."""


@dataclass(frozen=True)
class Run:
    """One run of a program with all its processes.

    Attributes:
        seconds: By the clock on the wall.
        processor_seconds: What its processes used of the processor, which other work on the machine
            disturbs less.
        peak_bytes: The most that its processes held together; None where no /proc tells.
    """

    seconds: float
    processor_seconds: float
    peak_bytes: int | None


def run(command: Sequence[str | Path]) -> Run:
    """Run a program to its end.

    Raises:
        RuntimeError: If it fails; with what it printed.
    """
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen([str(part) for part in command], stdout=printed, stderr=printed)
        memory = _Memory(process.pid)
        memory.start()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        memory.stop()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            printed.seek(0)
            raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{printed.read()}")
    return Run(seconds, used.ru_utime + used.ru_stime, memory.peak)


def compare(
    programs: Mapping[str, Sequence[str | Path]],
    *,
    runs: int = 5,
    written: Callable[[Path], Any] | None = None,
) -> dict[str, list[Run]]:
    """Run the programs in turn, once to warm up and then to measure; every other turn is backwards.

    Args:
        programs: The name and the command line of each, without the folder that it will be given.
        runs: Runs of each program that are measured.
        written: What has to be the same in the cloud assembly of each. Default: all resources.

    Raises:
        RuntimeError: If one fails, or their templates differ.
    """
    measured: dict[str, list[Run]] = {name: [] for name in programs}
    expected = None
    for turn in range(runs + 1):
        for name in list(programs)[:: -1 if turn % 2 else 1]:
            with tempfile.TemporaryDirectory() as folder:
                done = run([*programs[name], folder])
                made = (written or resources)(Path(folder))
            expected = expected or made
            if made != expected:
                raise RuntimeError(f"{name} makes another template: {_difference(expected, made)}")
            if turn:
                measured[name].append(done)
    return measured


def ratio(
    runs: Sequence[Run], base: Sequence[Run], of: Callable[[Run], float] = lambda run: run.seconds
) -> float:
    """How many times as much one program takes as another, turn by turn: the median of all turns."""
    return median(of(one) / of(other) for one, other in zip(runs, base, strict=True))


def show(title: str, measured: Mapping[str, Sequence[Run]]) -> None:
    """Print medians (the most, for the memory), and their ratios to the program that is named first."""
    base = next(iter(measured.values()))
    table = Table("", "seconds", "ratio", "processor s", "ratio", "MiB", "ratio", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, runs in measured.items():
        seconds = median(run.seconds for run in runs)
        processor = median(run.processor_seconds for run in runs)
        table.add_row(
            name,
            f"{seconds:.2f}",
            f"{ratio(runs, base):.2f}",
            f"{processor:.2f}",
            f"{ratio(runs, base, lambda run: run.processor_seconds):.2f}",
            *_memory(_peak(runs), _peak(base)),
        )
    Console().print(table)


def _peak(runs: Sequence[Run]) -> int | None:
    return max((run.peak_bytes for run in runs if run.peak_bytes is not None), default=None)


def _memory(peak: int | None, base: int | None) -> tuple[str, str]:
    if peak is None or base is None:
        return "not known", ""
    return f"{peak / 2**20:.0f}", f"{peak / base:.2f}"


def resources(assembly: Path) -> dict[str, Any]:
    """All resources of a cloud assembly, by template and logical id; JSON in texts is read too."""
    found = {
        str(file.relative_to(assembly)): _read(json.loads(file.read_text("utf-8"))["Resources"])
        for file in assembly.rglob("*.template.json")
    }
    if not found:
        raise RuntimeError(f"no template in {assembly}")
    return found


def _read(value: Any) -> Any:  # noqa: ANN401 - whatever JSON has
    if isinstance(value, dict):
        return {key: _read(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_read(item) for item in value]
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    return value


def _difference(one: Any, other: Any, where: str = "") -> str:  # noqa: ANN401 - whatever JSON has
    """The first place in which two values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            if one.get(key) != other.get(key):
                return _difference(one.get(key), other.get(key), f"{where}/{key}")
    return f"at {where} {json.dumps(one)[:1000]} is not {json.dumps(other)[:1000]}"


class _Memory(threading.Thread):
    """Looks at the memory of a process and of all beneath it until it is stopped."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.peak: int | None = None
        self._process = process
        self._done = threading.Event()

    def run(self) -> None:
        if not sys.platform.startswith("linux"):
            return
        while not self._done.wait(PAUSE):
            held = sum(_held(process) for process in _family(self._process))
            self.peak = max(self.peak or 0, held)

    def stop(self) -> None:
        self._done.set()
        self.join()


def _family(process: int) -> list[int]:
    """The process and all that it and its children have started; those that are gone are left out."""
    family = [process]
    for member in family:
        try:
            for task in Path(f"/proc/{member}/task").iterdir():
                family.extend(map(int, (task / "children").read_text().split()))
        except OSError:
            continue
    return family


def _held(process: int) -> int:
    """The bytes of a process in memory, with what it shares; 0 if it is gone."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
