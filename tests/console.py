"""Console blocks of the docs: every command in them prints what stands there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path


def blocks(page: str) -> list[str]:
    """The console blocks of a page."""
    return re.findall(r"^```console\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)


def session(block: str, folder: Path) -> str:
    """A block as a terminal shows it whose commands are run in a folder."""
    shown: list[str] = []
    status = 0
    for line in block.splitlines():
        if not line.startswith("$ "):
            continue
        # Unbuffered, so that both streams come in the order in which a terminal shows them.
        done = subprocess.run(  # noqa: S602 - our own pages
            f"(exit {status}); {line[2:]}",
            shell=True,
            cwd=folder,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        status = done.returncode
        shown += [line, *(one.rstrip() for one in done.stdout.splitlines())]
    return "\n".join(shown) + "\n"
