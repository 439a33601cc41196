"""The command `registry-constructs`, and `python -m registry_constructs`."""

from __future__ import annotations

import sys

from registry_constructs.ecr.errors import MissingExtraError
from registry_constructs.installation import naming_the_extra


def main() -> None:
    """Run the command line of this process; a package that is missing ends it in one line."""
    try:
        with naming_the_extra():
            from registry_constructs.cli import main as run  # noqa: PLC0415 - it may be what is missing

            run()
    except MissingExtraError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
