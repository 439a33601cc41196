"""Loaded first by each Python process that the local AWS starts: it connects to this machine only.

Most clients take the proxy that refuses other hosts; this is for those that take none. It imports little,
because every start of Python waits for it.
"""

from __future__ import annotations

import os
import re
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

_HERE = re.compile(r"127(?:\.[0-9]+){3}|::1|localhost")


def check(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse a connection to another machine.

    Raises:
        PermissionError: The address is another machine's.
    """
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if isinstance(address, tuple) and not _HERE.fullmatch(str(address[0])):
            raise PermissionError(f"The local AWS connects to this machine only, not to {address[0]}.")


def _load_hidden() -> None:
    """Run the `sitecustomize` of the function or the machine, which this one hides."""
    own = os.path.dirname(__file__)  # noqa: PTH120 - pathlib is slow to import
    spec = PathFinder.find_spec("sitecustomize", [folder for folder in sys.path if folder != own])
    if spec and spec.loader:
        spec.loader.exec_module(module_from_spec(spec))


if __name__ == "sitecustomize":
    sys.addaudithook(check)
    _load_hidden()
