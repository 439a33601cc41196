"""A served AWS with an image in it, for the tests of scan gates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.delivery.scan_gate.scanned_image import ScannedImage
from tests.delivery.served_aws import ServedAws


@pytest.fixture(scope="module")
def aws() -> Iterator[ServedAws]:
    """An AWS whose answers the tests write."""
    with ServedAws() as served:
        yield served


@pytest.fixture
def image(aws: ServedAws) -> ScannedImage:
    """An image in it, of which nothing is known yet."""
    return ScannedImage(aws)
