"""What images cost, by repository and tag family, and what a policy would save."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from registry_constructs.ecr.lifecycle import Action, LifecyclePolicy
from registry_constructs.simulation.families import family_of, wholes
from registry_constructs.simulation.image import ImageStatus, Inventory
from registry_constructs.simulation.prices import Prices
from registry_constructs.simulation.simulate import simulate


@dataclass(slots=True)
class Storage:
    """Images and bytes, as they are now and as a policy would leave them.

    Bytes are the sum of the images' sizes. ECR stores a layer once for a repository, so the bill may be
    lower.

    Attributes:
        images: Images now.
        standard_bytes: Bytes in the standard storage now; what is being restored is counted here.
        archive_bytes: Bytes in the archive now.
        expired: Images that the policy deletes.
        archived: Images that the policy archives.
        expired_standard_bytes: Bytes that it deletes from the standard storage.
        expired_archive_bytes: Bytes that it deletes from the archive.
        archived_bytes: Bytes that it archives.
    """

    images: int = 0
    standard_bytes: int = 0
    archive_bytes: int = 0
    expired: int = 0
    archived: int = 0
    expired_standard_bytes: int = 0
    expired_archive_bytes: int = 0
    archived_bytes: int = 0

    @property
    def standard_bytes_after(self) -> int:
        """Bytes in the standard storage after the policy."""
        return self.standard_bytes - self.expired_standard_bytes - self.archived_bytes

    @property
    def archive_bytes_after(self) -> int:
        """Bytes in the archive after the policy."""
        return self.archive_bytes - self.expired_archive_bytes + self.archived_bytes

    def add(self, other: Storage) -> None:
        """Count another one's images and bytes in."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class CostRow:
    """One line of a bill.

    Attributes:
        repository: The repository's name; empty if the inventory does not say.
        family: The tag family, such as `v*` or `untagged`. The platforms of a manifest list and the
            signatures of an image are counted in its family.
        storage: Its images and bytes.
        now: What it costs a month as it is: its share of the registry's cost, by bytes.
        after: What it would cost a month after the policy; the same without one.
    """

    repository: str
    family: str
    storage: Storage
    now: float
    after: float


@dataclass(frozen=True, slots=True)
class Bill:
    """What a registry costs a month.

    Attributes:
        rows: A line for each repository and tag family, the most expensive first.
        total: Images and bytes of all lines.
        now: The cost a month as it is.
        after: The cost a month once the policy has acted; the same without one.
        commitment: What the archive charges at least for all that the policy archives, once, whenever it is
            deleted. It is part of the cost of the months to come.
    """

    rows: tuple[CostRow, ...]
    total: Storage
    now: float
    after: float
    commitment: float


def bill(
    inventories: Iterable[Inventory], prices: Prices, *, policy: LifecyclePolicy | None = None, now: datetime
) -> Bill:
    """Add up what images cost, one repository at a time.

    The tiers of the archive hold for all repositories together.

    Args:
        inventories: The repositories of one registry.
        prices: The prices.
        policy: A policy for each of them. Default: none.
        now: The time at which the policy acts, with its offset from UTC.

    Raises:
        InvalidInputError: As for `simulate` and for reading the inventories.
    """
    found: dict[tuple[str, str], Storage] = {}
    for inventory in inventories:
        actions = simulate(policy, inventory.images, now=now) if policy else None
        whole_of = wholes(inventory.images)
        families = {image.digest: family_of(image) for image in inventory.images}
        for place, image in enumerate(inventory.images):
            key = (inventory.repository_name, families[whole_of.get(image.digest, image.digest)])
            storage = found.setdefault(key, Storage())
            archived = image.status is ImageStatus.ARCHIVED
            size = image.stored_bytes
            storage.images += 1
            storage.archive_bytes += size if archived else 0
            storage.standard_bytes += 0 if archived else size
            action = actions.action(place) if actions else None
            if action is Action.EXPIRE:
                storage.expired += 1
                storage.expired_archive_bytes += size if archived else 0
                storage.expired_standard_bytes += 0 if archived else size
            elif action is Action.TRANSITION:
                storage.archived += 1
                storage.archived_bytes += size
    total = Storage()
    for storage in found.values():
        total.add(storage)
    before = _Rates(prices, total.standard_bytes, total.archive_bytes)
    after = _Rates(prices, total.standard_bytes_after, total.archive_bytes_after)
    rows = [
        CostRow(
            repository,
            family,
            storage,
            before.share(storage.standard_bytes, storage.archive_bytes),
            after.share(storage.standard_bytes_after, storage.archive_bytes_after),
        )
        for (repository, family), storage in found.items()
    ]
    return Bill(
        tuple(sorted(rows, key=lambda row: (-row.now, row.repository, row.family))),
        total,
        before.total,
        after.total,
        prices.archive_commitment(total.archived_bytes),
    )


class _Rates:
    """The registry's cost spread over its bytes: within a storage class each byte costs the same."""

    def __init__(self, prices: Prices, standard_bytes: int, archive_bytes: int) -> None:
        self.total = prices.monthly(standard_bytes, archive_bytes)
        self._standard = prices.monthly(standard_bytes, 0) / (standard_bytes or 1)
        self._archive = prices.monthly(0, archive_bytes) / (archive_bytes or 1)

    def share(self, standard_bytes: int, archive_bytes: int) -> float:
        return standard_bytes * self._standard + archive_bytes * self._archive
