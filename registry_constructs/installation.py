"""How this library is installed.

It is on no package index, where anybody could take its name: a command that installs it by name would run
whatever they publish. Texts that say how to install it take the command from here; the README has the same.
"""

from __future__ import annotations

from typing import Final

SOURCE: Final = "<checkout or wheel of registry_constructs>"
"""What pip installs; a reader replaces it with the path of a checkout or of a wheel built from one."""


def install_command(extra: str = "") -> str:
    """The command that installs this library.

    Args:
        extra: The extra to install with it, such as `live` or `local`. Default: none.
    """
    return f"pip install '{SOURCE}{f'[{extra}]' if extra else ''}'"
