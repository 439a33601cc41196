"""What ECR charges in a Region, from AWS's Price List."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from registry_constructs.live.aws import Aws, pages
from registry_constructs.live.errors import reading, unreadable
from registry_constructs.simulation.prices import read_prices

_API: Final = "us-east-1"
"""A Region with the Price List API; it knows the prices of all (AWS Billing User Guide, "price changes")."""

_CURRENCY: Final = "USD"


def read_price_list(aws: Aws, region: str, *, today: date) -> dict[str, Any]:
    """The prices of stored images in a Region, as `simulation.prices.read_prices` takes them.

    The bytes of a GB and the days that an archived image is charged for at least are not in AWS's list: they
    are those of the package.

    Args:
        aws: Credentials with `pricing:GetProducts`.
        region: The Region whose prices are wanted.
        today: The day, for `checked`.

    Raises:
        AwsError: The list can't be read, or it does not have exactly one price for the storage, for the
            archive and for a restore: then AWS has changed it, and nobody should guess.
    """
    where = f"the price list of ECR in {region}"
    products = [
        _product(text, where)
        for text in pages(
            aws.client("pricing", _API),
            "get_products",
            "PriceList",
            where=where,
            ServiceCode="AmazonECR",
            Filters=[{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}],
        )
    ]
    stored = {name: dimensions for name, dimensions in products if _all_of(dimensions, "GB-Mo")}
    archive = {name: found for name, found in stored.items() if _mentions(name, found, "archive")}
    standard = {name: found for name, found in stored.items() if name not in archive}
    restore = {
        name: found
        for name, found in products
        if _all_of(found, "GB") and _mentions(name, found, "restor", "retriev")
    }
    ours = read_prices()
    return {
        "source": "AWS Price List API, service AmazonECR",
        "checked": today.isoformat(),
        "region": region,
        "currency": _CURRENCY,
        "bytesPerGb": ours.bytes_per_gb,
        "standardPerGbMonth": _tiers(_only(standard, "storage", where)),
        "archivePerGbMonth": _tiers(_only(archive, "archived storage", where)),
        "archiveMinimumDays": ours.archive_minimum_days,
        "restorePerGb": _tiers(_only(restore, "a restore", where))[0]["price"],
    }


def _product(text: str, where: str) -> tuple[str, list[dict[str, Any]]]:
    """The usage type of a product, and its prices by the amount used."""
    with reading(where):
        product = json.loads(text)
        terms = product["terms"]["OnDemand"].values()
        dimensions = [one for term in terms for one in term["priceDimensions"].values()]
        return str(product["product"]["attributes"]["usagetype"]), dimensions


def _all_of(dimensions: Sequence[Mapping[str, Any]], unit: str) -> bool:
    return bool(dimensions) and all(one.get("unit") == unit for one in dimensions)


def _mentions(usage_type: str, dimensions: Sequence[Mapping[str, Any]], *words: str) -> bool:
    text = " ".join([usage_type, *(str(one.get("description")) for one in dimensions)]).lower()
    return any(word in text for word in words)


def _only(found: Mapping[str, list[dict[str, Any]]], what: str, where: str) -> list[dict[str, Any]]:
    if len(found) != 1:
        raise unreadable(where, f"{len(found)} prices for {what}: {', '.join(sorted(found)) or 'none'}")
    [dimensions] = found.values()
    with reading(where):
        return sorted(dimensions, key=lambda one: float(one["beginRange"]))


def _tiers(dimensions: Sequence[Mapping[str, Any]]) -> list[dict[str, float | None]]:
    tops = [None if one["endRange"] == "Inf" else float(one["endRange"]) for one in dimensions]
    prices = [float(one["pricePerUnit"][_CURRENCY]) for one in dimensions]
    return [{"upToGb": top, "price": price} for top, price in zip(tops, prices, strict=True)]
