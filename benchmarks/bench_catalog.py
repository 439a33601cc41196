"""What a catalog's app costs, beside apps of plain `ecr.Repository` in TypeScript and Python.

All make the same repositories, with the same properties, in the same stacks, from files of their own: the
catalog from YAML, the others from JSON that lists every value. Times are those of whole processes. It fails
if the catalog's app takes longer than the TypeScript app or 0.45 times the Python app at 4,000 repositories,
at 10,000 more than 2.7 times what it takes at 4,000, or if importing the package takes over 0.15 seconds.
Run it with `make bench`; numbers name other sizes.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from measure import Run, compare, ratio, resources, run, show
from workload import repositories_of

from registry_constructs import Catalog

RUNS = {1: 5, 100: 5, 1_000: 5, 4_000: 5, 10_000: 3}
"""Repositories, and how often each app is measured."""

CATALOG, TYPESCRIPT, PYTHON, DUMPS = "catalog", "TypeScript", "Python", "json.dumps"
HERE = Path(__file__).parent
PER_STACK = 400
IMPORT_LIMIT = 0.15


def main(sizes: dict[int, int]) -> int:
    failures = []
    importing = import_seconds()
    print(f"Importing the package without its constructs takes {importing:.3f} s.")
    if importing > IMPORT_LIMIT:
        failures.append(f"the import takes {importing:.3f} s, at most {IMPORT_LIMIT}")
    measured = {size: measure(size, runs) for size, runs in sizes.items()}
    if 4_000 in measured:
        catalog, typescript, python = (measured[4_000][name] for name in (CATALOG, TYPESCRIPT, PYTHON))
        if ratio(catalog, typescript) > 1.0:
            failures.append(f"{ratio(catalog, typescript):.2f} times the TypeScript app, at most 1.00")
        if ratio(catalog, python) >= 0.45:
            failures.append(f"{ratio(catalog, python):.2f} times the Python app, below 0.45")
        if 10_000 in measured:
            growth = seconds(measured[10_000][CATALOG]) / seconds(catalog)
            print(f"10,000 repositories take {growth:.2f} times what 4,000 take.")
            if growth > 2.7:
                failures.append(f"10,000 take {growth:.2f} times what 4,000 take, at most 2.70")
    for failure in failures:
        print(f"Too slow: {failure}.", file=sys.stderr)
    return 1 if failures else 0


def import_seconds() -> float:
    """What the import adds to an empty Python program, median of five."""
    programs = {name: [sys.executable, "-c", name] for name in ("pass", "import registry_constructs")}
    empty, full = (median(run(command).seconds for _ in range(5)) for command in programs.values())
    return full - empty


def measure(size: int, runs: int) -> dict[str, list[Run]]:
    with tempfile.TemporaryDirectory() as folder:
        catalog, plain, assembly = (Path(folder) / name for name in ("catalog.yaml", "plain.json", "cdk.out"))
        catalog.write_text(yaml.safe_dump(catalog_of(size), sort_keys=False))
        plain.write_text(json.dumps(plain_of(Catalog.load(catalog), size)))
        app: list[str | Path] = [sys.executable, HERE / "catalog_app.py", catalog]
        subprocess.run([*app, assembly], check=True, capture_output=True)
        node = shutil.which("node") or "node"
        measured = compare(
            {
                TYPESCRIPT: [node, HERE / "typescript" / "build" / "app.js", plain],
                CATALOG: app,
                PYTHON: [sys.executable, HERE / "plain_app.py", plain],
                DUMPS: [sys.executable, HERE / "dump_app.py", assembly],
            },
            runs=runs,
            written=repositories,
        )
    show(f"{size:,} repositories", measured)
    return measured


def catalog_of(size: int) -> dict[str, Any]:
    """The catalog that describes the repositories of the workload."""
    found = repositories_of(size)
    policies = {json.dumps(one["lifecycle"]): one["lifecycle"] for one in found}
    names = {text: f"policy-{index}" for index, text in enumerate(policies)}
    presets = dict(zip(names.values(), ("default", "continuous_delivery", "development"), strict=False))
    return {
        "environments": {"bench": {"account": "111122223333", "region": "eu-west-1"}},
        "stacks": {"count": math.ceil(size / PER_STACK)},
        "defaults": {"owner": "platform"},
        "teams": {team: {} for team in sorted({one["tags"]["team"] for one in found})},
        "profiles": {name: {"lifecycle": preset} for name, preset in presets.items()},
        "repositories": {
            one["name"]: {
                "team": one["tags"]["team"],
                "profile": names[json.dumps(one["lifecycle"])],
                **({"immutable_except": one["immutableExcept"]} if one["immutableExcept"] else {}),
                **({"access": {"accounts": one["pullAccounts"]}} if one["pullAccounts"] else {}),
            }
            for one in found
        },
    }


def plain_of(catalog: Catalog, size: int) -> dict[str, Any]:
    """The same repositories in the same stacks, value by value."""
    stacks: dict[str, list[Any]] = {}
    described = {one.name: one for one in catalog.repositories("bench")}
    for one in repositories_of(size):
        stacks.setdefault(f"bench-{catalog.stack(described[one['name']])}", []).append(one)
    return {"stacks": [{"name": name, "repositories": stacks[name]} for name in sorted(stacks)]}


def repositories(assembly: Path) -> dict[str, Any]:
    """Each repository's resource by its name, whatever an app calls it, and the number of keys."""
    found: dict[str, Any] = {}
    keys = 0
    for template in resources(assembly).values():
        for body in template.values():
            keys += body["Type"] == "AWS::KMS::Key"
            if body["Type"] == "AWS::ECR::Repository":
                properties = body["Properties"]
                properties["EncryptionConfiguration"]["KmsKey"] = "the stack's"
                found[properties["RepositoryName"]] = body
    return found | {"keys": keys}


def seconds(runs: list[Run]) -> float:
    return median(run.seconds for run in runs)


if __name__ == "__main__":
    asked = {int(size): RUNS.get(int(size), 3) for size in sys.argv[1:]}
    sys.exit(main(asked or RUNS))
