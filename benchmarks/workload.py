"""Repositories as JSON, for apps in any language to make: the same ones for the same number.

    python workload.py <repositories> <file>

A tenth lets some tags move, a quarter lets other accounts pull, and each has two tags and one of three
lifecycle policies.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from registry_constructs.ecr.lifecycle import presets

PER_STACK = 450
TEAMS = 20
LIFECYCLES = (
    presets.default().to_dict(),
    presets.continuous_delivery().to_dict(),
    presets.development().to_dict(),
)


def workload(repositories: int) -> dict[str, Any]:
    described = repositories_of(repositories)
    return {
        "stacks": [
            {
                "name": f"Repositories{start // PER_STACK}",
                "repositories": described[start : start + PER_STACK],
            }
            for start in range(0, repositories, PER_STACK)
        ]
    }


def repositories_of(number: int) -> list[dict[str, Any]]:
    return [_repository(one) for one in range(number)]


def _repository(number: int) -> dict[str, Any]:
    team = f"team-{number % TEAMS:02}"
    return {
        "id": f"Repository{number}",
        "name": f"{team}/service-{number:04}",
        "immutableExcept": ["latest", "cache-*"] if number % 10 == 0 else None,
        "lifecycle": LIFECYCLES[number % len(LIFECYCLES)],
        "tags": {"owner": "platform", "team": team},
        "pullAccounts": ["222233334444", "333344445555"] if number % 4 == 0 else [],
    }


def main() -> None:
    repositories, file = sys.argv[1:]
    Path(file).write_text(json.dumps(workload(int(repositories))), "utf-8")


if __name__ == "__main__":
    main()
