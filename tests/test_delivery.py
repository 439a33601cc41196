"""The walk of examples/delivery.py, step by step, on the example app's own stacks."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest

from tests.synthesis import ROOT

pytestmark = pytest.mark.deploy


@pytest.fixture(scope="module")
def way() -> Iterator[Any]:
    spec = importlib.util.spec_from_file_location("delivery_example", ROOT / "examples" / "delivery.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.walk() as found:
        yield found


def test_from_a_push_to_the_running_service(way: Any) -> None:
    digest, refused = way.publish()
    assert way.aws.client("ecr").describe_images(
        repositoryName="development/checkout", imageIds=[{"imageDigest": digest, "imageTag": "v1.0.0"}]
    )["imageDetails"]
    assert refused == [
        "to push to production",
        "to delete the repository",
        "to let tags move",
        "the same to a job of another branch",
    ]

    told = way.send_findings()
    assert "development/checkout (v1.0.0)" in told
    assert "Findings: 1 critical, 4 medium" in told
    assert digest in told

    running, reason = way.gate()
    assert running == way.digests["v1.1.0"] == way.running()
    assert "has findings at or above HIGH: 1 CRITICAL. CRITICAL CVE-2026-0001" in reason
    assert way.digests["v1.2.0"][:19] in reason

    assert way.promote() == way.digests["v1.3.0"] != way.running()
    assert way.roll() == way.digests["v1.3.0"] == way.running()
