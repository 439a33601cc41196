"""An emulator that stays up between commands, remembered in a folder of the working directory."""

from __future__ import annotations

import json
import logging
import shutil
import time
from pathlib import Path
from typing import Final

from registry_constructs.local import process
from registry_constructs.local.connection import DEFAULT_ACCOUNT, DEFAULT_REGION, Connection, about
from registry_constructs.local.errors import LocalAwsError

FOLDER: Final = Path(".local/aws")
"""Where the state, the log and the data are, relative to the working directory."""

_STATE = "state.json"
_log = logging.getLogger(__name__)


class Background(Connection):
    """A way into the emulator that stays up.

    Attributes:
        pid: Its process.
        log: Its log.
    """

    def __init__(self, port: int, *, pid: int, folder: Path) -> None:
        super().__init__(port)
        self.pid = pid
        self.log = folder / process.LOG_NAME


def find(folder: Path = FOLDER) -> Background | None:
    """The emulator that `up` left running, or None. State that is out of date is removed, with a warning.

    Raises:
        LocalAwsError: Its process is there and does not answer.
    """
    try:
        state = json.loads((folder / _STATE).read_text())
        pid, port = int(state["pid"]), int(state["port"])
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        _forget(folder, "it can't be read")
        return None
    try:
        answer = about(port)
    except TimeoutError as error:
        raise LocalAwsError(
            f"Process {pid} does not answer on port {port}. Its log: {folder / process.LOG_NAME}. "
            f"If it is `registry_constructs.local.emulator`, end it (kill -9 -- -{pid}) and remove {folder}."
        ) from error
    except (OSError, ValueError) as error:
        _forget(folder, f"process {pid} no longer serves port {port} ({error})")
        return None
    # The number of a process is given out again; one that serves our page and names its own number is ours.
    if answer["pid"] != pid:
        _forget(folder, f"port {port} is served by process {answer['pid']}, not by {pid}")
        return None
    return Background(port, pid=pid, folder=folder)


def up(folder: Path = FOLDER, *, auth: bool = False) -> Background:
    """Start an emulator that stays up until `down`. Ask `find` first.

    Raises:
        LocalAwsError: It did not start; the message holds the end of its log.
    """
    shutil.rmtree(folder, ignore_errors=True)
    emulator = process.start(
        folder.absolute(), account=DEFAULT_ACCOUNT, region=DEFAULT_REGION, auth=auth, outlive=True
    )
    emulator.process.returncode = 0  # it has to outlive this object, which would warn otherwise
    (folder / _STATE).write_text(json.dumps({"pid": emulator.process.pid, "port": emulator.port}))
    return Background(emulator.port, pid=emulator.process.pid, folder=folder)


def down(folder: Path = FOLDER) -> Background | None:
    """End the emulator that `up` left running, with all it started, and remove its log and data.

    Returns:
        What was up, or None.

    Raises:
        LocalAwsError: Its process does not answer, so its owner is not known; or it does not end.
    """
    running = find(folder)
    if running is None:
        return None
    process.kill_group(running.pid)
    deadline = time.monotonic() + 10
    while _answers(running.port):
        if time.monotonic() > deadline:
            raise LocalAwsError(
                f"Process {running.pid} was asked to end and still serves port {running.port}."
            )
        time.sleep(0.05)
    shutil.rmtree(folder)
    return running


def _answers(port: int) -> bool:
    try:
        about(port)
    except (OSError, ValueError):
        return False
    return True


def _forget(folder: Path, why: str) -> None:
    _log.warning("Removed out-of-date state in %s: %s.", folder, why)
    shutil.rmtree(folder)
