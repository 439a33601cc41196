"""What `Repository` costs more than `ecr.Repository` with the same properties, from the import to the synth.

Every time is that of a whole app of many repositories (repository_app.py). It fails if `Repository` takes
more than 1.15 times as long, or if the templates differ. Run it with `make bench`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from measure import compare, ratio, show

RUNS = {300: 5, 1_000: 3}
"""Repositories of an app, and how often it is measured."""

LIMIT = 1.15
APP = Path(__file__).with_name("repository_app.py")


def main() -> int:
    ratios = []
    for repositories, runs in RUNS.items():
        for kind in ("defaults", "rich"):
            measured = compare(
                {
                    "ecr.Repository": [sys.executable, APP, "plain", kind, str(repositories)],
                    "Repository": [sys.executable, APP, "ours", kind, str(repositories)],
                },
                runs=runs,
            )
            show(f"{repositories:,} repositories, {kind}", measured)
            ratios.append(ratio(measured["Repository"], measured["ecr.Repository"]))
    return 0 if max(ratios) <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
