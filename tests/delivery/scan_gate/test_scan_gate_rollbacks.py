"""Deployments one after the other, drawn: a rollback puts back what ran, whatever happened in between."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.delivery.scan_gate.scanned_image import CHILDREN, DIGEST, ScannedImage
from tests.delivery.scan_gate.test_scan_gate_handler import (
    BAD,
    GOOD,
    PROPERTIES,
    call,
    clock,
    image,
    rolling_back,
)
from tests.drawing import examples

__all__ = ["clock", "image"]  # fixtures

# What a deployment changes, whether it passes, where the tags point when it goes back, which of the two ids
# CloudFormation sends then, and whether its status can be read.
DEPLOYMENTS = st.lists(
    st.tuples(
        st.sampled_from(["v1", "v2", DIGEST]),
        st.sampled_from(["HIGH", "CRITICAL"]),
        st.sampled_from(["passes", "refused", "fails later"]),
        st.permutations([DIGEST, *CHILDREN[:2]]),
        st.booleans(),
        st.sampled_from(["rolling back", "unknown"]),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.deploy
@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DEPLOYMENTS)
def test_whatever_is_deployed_a_rollback_puts_back_what_ran(
    image: ScannedImage, deployments: list[tuple[str, str, str, list[str], bool, str]]
) -> None:
    """CloudFormation's own order: a new id is a new resource, and the other one is deleted in the end."""
    serve = dict(image.aws.answers)
    image.tags = {"v1": DIGEST, "v2": CHILDREN[0]}
    for digest in (DIGEST, *CHILDREN[:2]):
        image.scanned(digest=digest, **GOOD)
    properties = PROPERTIES | {"Image": "v1"}
    running = call(image, "Create", ResourceProperties=properties)
    assert running["Data"] == {"Digest": DIGEST}
    for name, severity, outcome, digests, newer, status in deployments:
        wanted = properties | {"Image": name, "Severity": severity}
        if wanted == properties:
            continue
        for digest in digests:
            image.scanned(digest=digest, **(BAD if outcome == "refused" else GOOD))
        resolved = image.tags.get(name, name)
        sent = {"PhysicalResourceId": running["PhysicalResourceId"], "OldResourceProperties": properties}
        answer = call(image, "Update", ResourceProperties=wanted, **sent)
        assert (answer["Status"], answer["Data"]) == (
            "FAILED" if outcome == "refused" else "SUCCESS",
            {"Digest": resolved},
        )
        last, other = answer, running
        if outcome != "passes":
            image.tags |= dict(zip(["v1", "v2"], digests, strict=False))
            image.aws.answers = {"PUT": lambda _: {}}
            if status == "rolling back":
                rolling_back(image)
            sent["PhysicalResourceId"] = (answer if newer else running)["PhysicalResourceId"]
            last = call(image, "Update", ResourceProperties=properties, **sent)
            assert (last["Status"], last["Data"]) == ("SUCCESS", running["Data"])
            image.aws.answers = dict(serve)
            other = answer
        else:
            properties = wanted
        if other["PhysicalResourceId"] != last["PhysicalResourceId"]:
            gone = call(image, "Delete", PhysicalResourceId=other["PhysicalResourceId"])
            assert (gone["Status"], gone["PhysicalResourceId"]) == ("SUCCESS", other["PhysicalResourceId"])
        running = last
