"""How long a simulation takes, measured against sorting the same images, and how much memory it needs.

100,000 images are what ECR allows in a repository. The policies have 10 rules of 4 patterns each: one as
people write them, and one of which every pattern has stars in the middle and matches most images. Times are
those of the processor, so other work on the machine counts less.

Run it with `make bench`. It fails if the ratio of the first policy is 30 or more.
"""

from __future__ import annotations

import gc
import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from operator import attrgetter

from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule
from registry_constructs.simulation import SimulatedImage, simulate

IMAGES = 100_000
NOW = datetime(2026, 11, 24, tzinfo=UTC)
LIMIT = 30.0
KINDS = ("main", "release", "feature", "pr", "hotfix", "nightly", "dev", "staging", "prod", "qa")


def inventory() -> list[SimulatedImage]:
    chance = random.Random(7)  # noqa: S311 - not for secrets
    images = []
    for number in range(IMAGES):
        commit = f"{chance.getrandbits(40):010x}"
        kind = chance.choice(KINDS)
        tags = [(), (f"{kind}-{commit}",), (f"{kind}-{number}", f"v1.{number % 97}.{number}-rc.1")]
        images.append(
            SimulatedImage(
                f"sha256:{chance.getrandbits(256):064x}",
                tags[chance.choice((0, 1, 1, 1, 2))],
                round(NOW.timestamp() - chance.random() * 700 * 86_400, 6),
                chance.randrange(10**9),
            )
        )
    return images


def usual() -> LifecyclePolicy:
    return LifecyclePolicy(
        LifecycleRule.expire(
            tag_pattern_list=[f"{kind}-*", f"v1.{index}*", "*-rc.*", "v*.*.*-rc*"],
            image_count_more_than=50 if index % 2 else None,
            days_since_pushed=None if index % 2 else 30,
        )
        for index, kind in enumerate(KINDS)
    )


def worst() -> LifecyclePolicy:
    return LifecyclePolicy(
        LifecycleRule.expire(
            tag_pattern_list=[f"*{index}*-*", "v*1*.*-r*", "*.*.*-*1", "*r*c*.*1"],
            image_count_more_than=50 if index % 2 else None,
            days_since_pushed=None if index % 2 else 30,
        )
        for index in range(10)
    )


def seconds(action: Callable[[], object], rounds: int = 7) -> float:
    """The best of several runs, in seconds."""
    taken = []
    for _ in range(rounds):
        gc.collect()
        started = time.process_time()
        action()
        taken.append(time.process_time() - started)
    return min(taken)


def main() -> int:
    tracemalloc.start()
    images = inventory()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    simulate(usual(), images, now=NOW)
    peak = tracemalloc.get_traced_memory()[1] - held
    tracemalloc.stop()
    print(
        f"{IMAGES:,} images: {held / 2**20:.0f} MiB, {held / IMAGES:.0f} bytes each; "
        f"simulating: {peak / 2**20:.0f} MiB more"
    )
    base = seconds(lambda: sorted(images, key=attrgetter("pushed_at")))
    print(f"sorted by push time: {base * 1000:.0f} ms")
    ratios = [
        _ratio("usual patterns", usual(), images, base),
        _ratio("stars everywhere", worst(), images, base),
    ]
    return 0 if ratios[0] < LIMIT else 1


def _ratio(name: str, policy: LifecyclePolicy, images: list[SimulatedImage], base: float) -> float:
    alone = seconds(lambda: simulate(policy, images, now=NOW))
    asked = seconds(lambda: [outcome.action for outcome in simulate(policy, images, now=NOW)])
    print(f"{name}: {alone * 1000:.0f} ms, ratio {alone / base:.1f}")
    print(f"{name}, and every image asked: {asked * 1000:.0f} ms, ratio {asked / base:.1f}")
    return asked / base


if __name__ == "__main__":
    sys.exit(main())
