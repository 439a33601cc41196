"""What ECR charges for storage: a dated table as data, which a file of one's own can replace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from registry_constructs.ecr.errors import InvalidInputError

DAYS_PER_MONTH: Final = 365 / 12
"""Days of the month in a price for a GB and month."""

_KEYS: Final = {
    "source": str,
    "checked": str,
    "region": str,
    "currency": str,
    "bytesPerGb": int,
    "standardPerGbMonth": list,
    "archivePerGbMonth": list,
    "archiveMinimumDays": int,
    "restorePerGb": float,
}


class Tier(NamedTuple):
    """The price of the storage up to a limit.

    Attributes:
        up_to_gb: GB up to which it holds, counted over the whole registry. None: without end.
        price: The price of a GB for a month.
    """

    up_to_gb: float | None
    price: float


@dataclass(frozen=True, slots=True)
class Prices:
    """A table of prices.

    Attributes:
        source: Where the numbers come from.
        checked: The day on which somebody compared them with the source.
        region: The Region that they hold for.
        currency: The currency of all prices.
        bytes_per_gb: Bytes that are charged as one GB.
        standard: Tiers of the standard storage, ascending.
        archive: Tiers of the archive, ascending.
        archive_minimum_days: Days that an archived image is charged for at least.
        restore_per_gb: The price for bringing a GB back from the archive.
    """

    source: str
    checked: date
    region: str
    currency: str
    bytes_per_gb: int
    standard: tuple[Tier, ...]
    archive: tuple[Tier, ...]
    archive_minimum_days: int
    restore_per_gb: float

    def monthly(self, standard_bytes: float, archive_bytes: float) -> float:
        """What a registry with so many bytes is charged for a month."""
        return self._tiered(self.standard, standard_bytes) + self._tiered(self.archive, archive_bytes)

    def archive_commitment(self, archived_bytes: float) -> float:
        """What archiving these bytes costs at least, even if they are deleted the next day.

        By the price of the first tier, which is the highest.
        """
        gigabytes = archived_bytes / self.bytes_per_gb
        return gigabytes * self.archive[0].price * self.archive_minimum_days / DAYS_PER_MONTH

    def restore(self, restored_bytes: float) -> float:
        """What bringing these bytes back from the archive costs."""
        return restored_bytes / self.bytes_per_gb * self.restore_per_gb

    def _tiered(self, tiers: tuple[Tier, ...], stored_bytes: float) -> float:
        gigabytes, below, total = stored_bytes / self.bytes_per_gb, 0.0, 0.0
        for tier in tiers:
            top = gigabytes if tier.up_to_gb is None else min(gigabytes, tier.up_to_gb)
            total += max(0.0, top - below) * tier.price
            below = max(below, top)
        return total


def read_prices(path: str | Path | None = None) -> Prices:
    """The prices of a file in the form of our own `prices.json`.

    Args:
        path: The file. Default: our own, for us-east-1; its date and source are in the result.

    Raises:
        InvalidInputError: The file can't be read, a key is missing, unknown or of the wrong kind, or the
            tiers do not ascend to one without end.
    """
    name = "prices.json" if path is None else str(path)
    try:
        source = files(__package__).joinpath(name) if path is None else Path(path)
        table = json.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(
            "The file can't be opened",
            got=error.strerror,
            allowed="a readable file",
            fix="check the path",
            where=name,
        ) from None
    except ValueError as error:
        raise InvalidInputError(
            "This is not JSON", got=str(error), allowed="JSON", fix="correct the text there", where=name
        ) from None
    return _prices(table, name)


def _prices(table: object, name: str) -> Prices:
    if not isinstance(table, Mapping) or set(table) != set(_KEYS):
        found = sorted(table) if isinstance(table, Mapping) else table
        raise InvalidInputError(
            "The table of prices has other keys",
            got=found,
            allowed=", ".join(_KEYS),
            fix="start from the table that the package has",
            where=name,
        )
    for key, kind in _KEYS.items():
        value = table[key]
        fits = isinstance(value, (int, float) if kind is float else kind) and not isinstance(value, bool)
        if not fits or (kind in (int, float) and value < 0):
            raise InvalidInputError(
                "The value has the wrong kind",
                got=value,
                allowed="text"
                if kind is str
                else "a list of tiers"
                if kind is list
                else "a number, 0 or more",
                fix="correct it",
                where=f"{name}: {key}",
            )
    if not table["bytesPerGb"]:
        raise InvalidInputError(
            "A GB has no bytes",
            got=0,
            allowed="1 or more",
            fix="write 1073741824",
            where=f"{name}: bytesPerGb",
        )
    try:
        checked = date.fromisoformat(table["checked"])
    except ValueError:
        raise InvalidInputError(
            "This is not a day",
            got=table["checked"],
            allowed="a day such as 2026-03-22",
            fix="say when the prices were compared with their source",
            where=f"{name}: checked",
        ) from None
    return Prices(
        table["source"],
        checked,
        table["region"],
        table["currency"],
        table["bytesPerGb"],
        _tiers(table, "standardPerGbMonth", name),
        _tiers(table, "archivePerGbMonth", name),
        table["archiveMinimumDays"],
        float(table["restorePerGb"]),
    )


def _tiers(table: Mapping[str, Any], key: str, name: str) -> tuple[Tier, ...]:
    try:
        tiers = tuple(Tier(tier["upToGb"], tier["price"]) for tier in table[key])
        # A missing top before the last is not a number, and compares with none.
        tops: list[Any] = [0, *(tier.up_to_gb for tier in tiers[:-1])]
        ascend = all(one < other for one, other in pairwise(tops))
        # Numbers only: adding them refuses the rest.
        right = ascend and tiers[-1].up_to_gb is None and min(tier.price + 0.0 for tier in tiers) >= 0
    except (KeyError, TypeError, IndexError):
        right, tiers = False, ()
    if not right:
        raise InvalidInputError(
            "These are no tiers",
            got=table[key],
            allowed='a list of {"upToGb": GB, "price": price}, ascending, null in the last upToGb',
            fix="start from the table that the package has",
            where=f"{name}: {key}",
        )
    return tiers
