"""Errors of the local AWS."""

from __future__ import annotations

from collections.abc import Sequence

from registry_constructs.ecr.errors import RegistryConstructsError


class LocalAwsError(RegistryConstructsError, RuntimeError):
    """The local AWS, or a tool that talks to it, could not do what was asked."""


class CommandError(LocalAwsError):
    """A command ended with a status other than 0.

    Attributes:
        command: The command and its arguments.
        status: Its exit status; negative is the signal that ended it.
        tail: The last lines it printed.
    """

    def __init__(self, command: Sequence[str], status: int, tail: Sequence[str]) -> None:
        self.command = tuple(command)
        self.status = status
        self.tail = tuple(tail)
        lines = "".join(f"\n  {line}" for line in self.tail)
        super().__init__(f"`{' '.join(command)}` ended with status {status}. Its last lines:{lines}")
