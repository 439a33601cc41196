"""The table of prices made from AWS's Price List: one price for each thing, or an error and no table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.live import AwsError
from registry_constructs.live.price_list import read_price_list
from registry_constructs.simulation.prices import read_prices
from tests.live.answering import Answer, Answering, refused

TODAY = date(2026, 12, 1)
WHERE = "the price list of ECR in eu-west-1"


def product(usage_type: str, *tiers: tuple[str, str, str], unit: str = "GB-Mo", says: str = "stored") -> str:
    """A product as GetProducts writes it (AWS Billing User Guide, "Reading the service price list file")."""
    dimensions = {
        f"SKU.JRTCKXETXF.{number}": {
            "unit": unit,
            "beginRange": begin,
            "endRange": end,
            "description": f"${price} per {unit} {says}",
            "pricePerUnit": {"USD": price},
            "rateCode": f"SKU.JRTCKXETXF.{number}",
            "appliesTo": [],
        }
        for number, (begin, end, price) in enumerate(tiers)
    }
    attributes = {"servicecode": "AmazonECR", "regionCode": "eu-west-1", "usagetype": usage_type}
    return json.dumps(
        {
            "serviceCode": "AmazonECR",
            "product": {"productFamily": "EC2 Container Registry", "attributes": attributes, "sku": "SKU"},
            "terms": {"OnDemand": {"SKU.JRTCKXETXF": {"priceDimensions": dimensions, "sku": "SKU"}}},
        }
    )


STORED = product("EUW1-TimedStorage-ByteHrs", ("0", "Inf", "0.1000000000"))
# The higher tier first: the list has no order.
ARCHIVED = product(
    "EUW1-TimedStorage-Archive-ByteHrs",
    ("153600", "Inf", "0.0700000000"),
    ("0", "153600", "0.1000000000"),
)
RESTORED = product("EUW1-Retrieval-Bytes", ("0", "Inf", "0.0300000000"), unit="GB", says="restored")
OTHER = product("EUW1-DataTransfer-Out-Bytes", ("0", "Inf", "0.0900000000"), unit="GB", says="sent")


@pytest.fixture(scope="module")
def made() -> Iterator[Answering]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield Answering()


@pytest.fixture
def aws(made: Answering) -> Answering:
    made.reset()
    return made


def priced(aws: Answering, *products: str) -> dict[str, Any]:
    aws.answers["GetProducts"] = {"FormatVersion": "aws_v1", "PriceList": list(products)}
    return read_price_list(aws, "eu-west-1", today=TODAY)


def test_the_table_is_one_that_cost_takes(aws: Answering, tmp_path: Path) -> None:
    def paged(request: Answer) -> Answer:
        if "NextToken" in request:
            return {"PriceList": [RESTORED, OTHER, STORED]}  # STORED again: pages may repeat what they had
        return {"PriceList": [STORED, ARCHIVED], "NextToken": "1"}

    aws.answers["GetProducts"] = paged
    table = read_price_list(aws, "eu-west-1", today=TODAY)
    file = tmp_path / "prices.json"
    file.write_text(json.dumps(table))
    found, ours = read_prices(file), read_prices()
    assert (found.region, found.currency, found.checked) == ("eu-west-1", "USD", TODAY)
    assert (found.standard, found.restore_per_gb) == (((None, 0.1),), 0.03)
    assert found.archive == ((153600, 0.1), (None, 0.07))
    assert (found.bytes_per_gb, found.archive_minimum_days) == (ours.bytes_per_gb, ours.archive_minimum_days)
    [first, _] = aws.asked
    assert first[0] == "us-east-1"
    assert first[2]["Filters"] == [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-west-1"}]


@pytest.mark.parametrize(
    ("products", "got"),
    [
        ([], "0 prices for storage: none"),
        ([ARCHIVED, RESTORED], "0 prices for storage: none"),
        ([STORED, RESTORED], "0 prices for archived storage: none"),
        ([STORED, ARCHIVED, OTHER], "0 prices for a restore: none"),
        (
            [STORED, ARCHIVED, RESTORED, STORED.replace("Timed", "Warm")],
            "2 prices for storage: EUW1-TimedStorage-ByteHrs, EUW1-WarmStorage-ByteHrs",
        ),
    ],
)
def test_a_list_that_aws_has_changed_is_not_guessed_at(aws: Answering, products: list[str], got: str) -> None:
    with pytest.raises(AwsError) as error:
        priced(aws, *products)
    assert (error.value.where, error.value.got) == (WHERE, got)


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"terms": {"OnDemand": []}}', STORED.replace('"0"', '"x"')]
)
def test_a_product_that_makes_no_sense(aws: Answering, text: str) -> None:
    with pytest.raises(AwsError) as error:
        priced(aws, text, ARCHIVED, RESTORED)
    assert (error.value.where, error.value.problem) == (WHERE, "AWS's answer can't be read")


def test_a_missing_right_is_named(aws: Answering) -> None:
    aws.answers["GetProducts"] = refused("AccessDeniedException")
    with pytest.raises(AwsError, match="AWS does not allow GetProducts"):
        read_price_list(aws, "eu-west-1", today=TODAY)
