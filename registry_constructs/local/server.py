"""`LocalAws`: an emulator for as long as a `with` block lasts."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from registry_constructs.local import cdk, process
from registry_constructs.local.connection import DEFAULT_ACCOUNT, DEFAULT_REGION, Connection


class LocalAws(Connection):
    """An AWS of your own in a child process, empty at the start and gone at the end.

    It listens on 127.0.0.1 on a port of its own, so any number can run at once. It ends with the `with`
    block, on an exception, on Ctrl-C, and also when this process is killed; so do Lambda functions, which are
    its child processes. Its log is removed, unless the block raised: then a note on the exception names it.

    Args:
        account: The account that clients act in unless they name another: any 12 digits.
        region: The Region that clients speak to unless they name another.
        auth: Whether request signatures are checked and IAM policies evaluated. Pushes and pulls of images
            are never checked.

    Raises:
        LocalAwsError: On entry, when it does not start; the message holds the end of its log.
    """

    def __init__(
        self, *, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION, auth: bool = False
    ) -> None:
        super().__init__(None, account=account, region=region)
        self._auth = auth
        self._emulator: process.Emulator | None = None
        self._directory: Path | None = None

    def start(self) -> Self:
        """Start it, for callers that can't use `with`; they call `stop` in the end."""
        self._directory = Path(tempfile.mkdtemp(prefix="registry-constructs-"))
        try:
            self._emulator = process.start(
                self._directory, account=self.account, region=self.region, auth=self._auth
            )
        except BaseException:
            shutil.rmtree(self._directory)
            raise
        self._port = self._emulator.port
        return self

    def stop(self, *, keep_log: bool = False) -> Path | None:
        """End it and remove all it wrote; ending it twice is fine.

        Args:
            keep_log: Whether its log stays.

        Returns:
            Where the log is, when it was kept.
        """
        if self._emulator is None or self._directory is None:
            return None
        process.stop(self._emulator.process)
        self._emulator = self._port = None
        # What a Lambda leaves while it is being ended must not hide the error that a `with` block ends with.
        shutil.rmtree(self._directory / "data" if keep_log else self._directory, ignore_errors=True)
        return self._directory / process.LOG_NAME if keep_log else None

    def deploy(self, app: str | Path, *stacks: str) -> None:
        """Deploy a CDK app with the real CDK CLI, bootstrapping what it needs first.

        Args:
            app: A folder with a `cdk.json`, a synthesized cloud assembly (`cdk.out`, the quickest: the app is
                not run again), a Python file, or a command.
            stacks: Names or patterns of the stacks to deploy; all by default.

        Raises:
            CommandError: The CDK CLI failed; the message holds its last lines.
            LocalAwsError: There is no CDK CLI.
        """
        with cdk.synthesized(self, app) as assembly:
            assembly.bootstrap()
            assembly.deploy(*stacks)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        log = self.stop(keep_log=isinstance(error, Exception))
        if log and error:
            error.add_note(f"The log of the local AWS: {log}")
