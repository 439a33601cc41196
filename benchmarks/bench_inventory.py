"""A registry of 1,000 repositories and a million images: written, read line by line, and simulated.

The processor's time and the most memory that the process held are printed. It fails if that is more than a
tenth of what the images would need at once. Run it with `make bench`.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from registry_constructs.ecr.lifecycle import Action, presets
from registry_constructs.simulation import (
    Inventory,
    SimulatedImage,
    read_inventories,
    simulate,
    write_inventories,
)

REPOSITORIES = 1_000
IMAGES = 1_000
NOW = datetime(2026, 11, 24, tzinfo=UTC)
MOST_MIB = 45


def registry() -> Iterator[Inventory]:
    chance = random.Random(7)  # noqa: S311 - not for secrets
    for repository in range(REPOSITORIES):
        images = [
            SimulatedImage(
                f"sha256:{chance.getrandbits(256):064x}",
                chance.choice(((), (f"main-{number}",), (f"v1.{number}.0", f"pr-{number}"))),
                NOW.timestamp() - chance.randrange(700 * 86_400),
                chance.randrange(10**9),
                media_type="application/vnd.oci.image.manifest.v1+json",
            )
            for number in range(IMAGES)
        ]
        yield Inventory(images, f"team-{repository % 50}/service-{repository}", "111122223333", "eu-west-1")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "inventory.jsonl"
        started = time.process_time()
        write_inventories(file, registry())
        written = time.process_time() - started
        policy = presets.continuous_delivery()
        images = expired = 0
        started = time.process_time()
        for inventory in read_inventories(file):
            images += len(inventory.images)
            expired += simulate(policy, inventory.images, now=NOW).total(Action.EXPIRE)
        read = time.process_time() - started
        size = file.stat().st_size / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{REPOSITORIES:,} repositories, {images:,} images, {size:.0f} MiB: written in {written:.1f} s")
    print(f"read and simulated in {read:.1f} s ({expired:,} would be deleted)")
    print(f"most memory of the process: {peak:.0f} MiB, Python and its modules included")
    return 0 if peak < MOST_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
