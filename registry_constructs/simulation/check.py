"""Every policy of an app on the images that lie in its repositories now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import names_start
from registry_constructs.simulation.image import Inventory
from registry_constructs.simulation.inventory import read_inventories
from registry_constructs.simulation.outcome import Simulation
from registry_constructs.simulation.simulate import simulate
from registry_constructs.simulation.usage import Loss, losses
from registry_constructs.templates.lifecycle_policies import AppPolicy


class Checked(NamedTuple):
    """One repository of an app.

    Attributes:
        app_policy: What the app has for it.
        inventory: Its images. None if there is no inventory: a new repository, or one that was not read.
        simulation: What the policy does. None without an inventory or without a policy.
        losses: The images in use that would go.
    """

    app_policy: AppPolicy
    inventory: Inventory | None
    simulation: Simulation | None
    losses: Sequence[Loss]


def check(
    policies: Sequence[AppPolicy],
    images: str | Path,
    *,
    now: datetime,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Checked]:
    """Simulate the policies of an app, one repository at a time.

    A repository that the app names has the app's policy for it. For one that it does not name, the creation
    template with the longest prefix counts, as if the repository had been created by it: ECR applies a
    template to new repositories only.

    Args:
        policies: What `policies_of` has found.
        images: One inventory file, or a folder with a file for each repository: `shop/checkout.json` for the
            repository `shop/checkout`.
        now: The time, with its offset from UTC.
        progress: As for `read_inventories`.

    Raises:
        InvalidInputError: As for `read_inventories` and `simulate`, or a file holds another repository than
            its name says.
    """
    seen = set()
    for inventory in _inventories(Path(images), policies, progress):
        found = _policy_for(inventory, policies)
        if found is None:
            continue
        seen.add(found.place)
        simulation = simulate(found.policy, inventory.images, now=now) if found.policy else None
        yield Checked(found, inventory, simulation, losses(simulation, inventory) if simulation else ())
    for policy in policies:
        if policy.place not in seen and not policy.prefix:
            yield Checked(policy, None, None, ())


def _policy_for(inventory: Inventory, policies: Sequence[AppPolicy]) -> AppPolicy | None:
    fitting = [
        policy
        for policy in policies
        if policy.covers(inventory.repository_name, inventory.account, inventory.region)
    ]
    # The repository itself before any template, and the longest prefix before shorter ones.
    return max(fitting, key=lambda policy: (not policy.prefix, len(names_start(policy.prefix))), default=None)


def _inventories(
    images: Path, policies: Sequence[AppPolicy], progress: Callable[[int], None] | None
) -> Iterator[Inventory]:
    if not images.is_dir():
        yield from read_inventories(images, progress=progress)
        return
    for file in sorted(images.rglob("*.json")):
        name = file.relative_to(images).with_suffix("").as_posix()
        if not any(policy.covers(name, "", "") for policy in policies):
            continue
        for inventory in read_inventories(file, progress=progress):
            if inventory.repository_name not in ("", name):
                raise InvalidInputError(
                    "The file holds another repository than its name says",
                    got=inventory.repository_name,
                    allowed=name,
                    fix="rename the file, or give one inventory file instead of a folder",
                    where=str(file),
                )
            yield replace(inventory, repository_name=name)
