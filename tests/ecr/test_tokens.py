"""Values that are known only at deployment are never compared."""

from __future__ import annotations

import aws_cdk as cdk
import pytest

from registry_constructs.ecr.tokens import known_to_differ

ACCOUNT, OTHER, TOKEN = "111122223333", "222233334444", cdk.Aws.ACCOUNT_ID


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (ACCOUNT, OTHER, True),
        (ACCOUNT, ACCOUNT, False),
        (ACCOUNT, TOKEN, False),
        (TOKEN, TOKEN, False),
        (TOKEN, cdk.Aws.REGION, False),
        (ACCOUNT, f"{TOKEN}-eu", False),
        (ACCOUNT, None, False),
        (None, None, False),
    ],
)
def test_only_values_that_are_both_known_differ(one: str | None, other: str | None, differ: bool) -> None:
    assert known_to_differ(one, other) is known_to_differ(other, one) is differ
