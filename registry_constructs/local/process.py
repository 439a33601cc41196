"""The emulator's process: started on a socket that is open already, and ended with all it started."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import site
import socket
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import NamedTuple

from registry_constructs.installation import missing_extra
from registry_constructs.local.connection import HOST, about, path_with_this_python
from registry_constructs.local.errors import LocalAwsError

LOG_NAME = "emulator.log"
_PACKAGES = ("boto3", "cfnlint", "jsonschema", "ministack", "oras")
_INHERITED = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH")


class Emulator(NamedTuple):
    """A running emulator."""

    process: subprocess.Popen[bytes]
    port: int


def check_extra() -> None:
    """Refuse early, with the command that fixes it, when the optional packages are missing.

    Raises:
        MissingExtraError: A package of the extra `local` is not installed.
    """
    for name in _PACKAGES:
        if importlib.util.find_spec(name) is None:
            raise missing_extra(name)


def start(
    directory: Path, *, account: str, region: str, auth: bool, outlive: bool = False, timeout: float = 60.0
) -> Emulator:
    """Start an emulator and wait until it answers.

    The socket is bound here and handed over, so no other program can take the port in between. The first
    request waits in its queue until the emulator serves it, or is reset when the emulator dies.

    Args:
        directory: A folder for its log and its data; everything it writes goes there.
        account: The account of requests that name none.
        region: The Region of requests that name none.
        auth: Whether signatures are checked and IAM policies evaluated.
        outlive: Whether it runs on when this process ends. Otherwise it ends with it, however that ends, and
            removes the directory.
        timeout: Seconds to wait for its first answer; it takes one or two.

    Raises:
        LocalAwsError: It ended or did not answer in time; the message holds the end of its log.
    """
    check_extra()
    data = directory / "data"
    data.mkdir(parents=True)
    log = directory / LOG_NAME
    with socket.create_server((HOST, 0)) as listener, log.open("wb") as output:
        port: int = listener.getsockname()[1]
        fd = listener.fileno()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "registry_constructs.local.emulator",
                str(fd),
                *([] if outlive else [str(directory)]),
            ],
            env=_environment(data, port=port, account=account, region=region, auth=auth),
            cwd=data,
            stdin=subprocess.DEVNULL if outlive else subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[fd],
            # A process group of its own: Ctrl-C is ours to handle, and its Lambdas end with it.
            start_new_session=True,
        )
    try:
        about(port, timeout=timeout)
    except (OSError, ValueError) as error:
        stop(process)
        raise LocalAwsError(
            f"The local AWS did not start ({error}). The end of its log:\n{tail(log)}"
        ) from error
    except BaseException:
        stop(process)
        raise
    return Emulator(process, port)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started in a group of its own, with the whole group, and wait for it."""
    # An emulator has nothing to save, so there is nothing to ask for politely.
    kill_group(process.pid)
    if process.stdin:
        process.stdin.close()
    process.wait()


def kill_group(pid: int) -> None:
    """End the process group that a process leads, at once; one that is gone already is fine."""
    # macOS says PermissionError for a group whose processes have all ended.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log, indented."""
    with log.open(encoding="utf-8", errors="replace") as text:
        return "".join(f"  {line}" for line in deque(text, lines))


def _environment(data: Path, *, port: int, account: str, region: str, auth: bool) -> dict[str, str]:
    """All that the emulator and its Lambdas see: the caller's shell neither steers them nor leaks to them."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | {
        "PATH": path_with_this_python(),
        "HOME": str(data),
        "PYTHONUSERBASE": site.getuserbase(),  # else HOME would move it
        "TMPDIR": str(data),
        "STATE_DIR": str(data / "state"),
        "S3_DATA_DIR": str(data / "s3"),
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": account,
        "MINISTACK_REGION": region,
        "AUTH": str(auth).lower(),
        # Listeners of their own, on all interfaces.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # A socket that isn't there: with a Docker daemon it would remove containers labelled as ministack's.
        "DOCKER_HOST": f"unix://{data}/no-docker.sock",
        "PYTHONUNBUFFERED": "1",
    }
