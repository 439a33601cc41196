"""Through a proxy that throttles, fails, delays and cuts: all is read, or it is said that it was not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.local import LocalAws
from tests.operations.conftest import Result
from tests.operations.content import content, fill, read, without_subjects
from tests.operations.gateway import Gateway
from tests.operations.proxy import Proxy, in_front_of

Take = Callable[..., Result]
SIZES = {f"apps/number-{number}": 20 for number in range(10)}


@pytest.fixture(scope="module")
def way(local_aws: LocalAws) -> Iterator[tuple[Gateway, Proxy]]:
    """Paged answers of the local AWS, through microburst."""
    with Gateway(local_aws.endpoint_url, page=50) as gateway, in_front_of(gateway.url) as proxy:
        yield gateway, proxy


@pytest.fixture
def proxy(way: tuple[Gateway, Proxy]) -> Iterator[Proxy]:
    _, proxy = way
    yield proxy
    proxy.rules()


PASSING: dict[str, dict[str, Any]] = {
    "throttling": {"error": {"code": "ThrottlingException"}, "times": 3},
    "rate exceeded": {"error": {"code": "TooManyRequestsException", "status": 429}, "times": 3},
    "server error": {"error": {"code": "ServerException", "status": 500}, "times": 3},
    "unavailable": {"error": {"code": "ServiceUnavailable", "status": 503}, "times": 3},
    "reset": {"reset": True, "times": 3},
    "latency": {"latency": {"min": 20, "max": 60}},
    "cut off": {"response": {"abort_frac": 0.5}, "times": 3},
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_lived_through(
    local_aws: LocalAws, account: str, inventory: Take, proxy: Proxy, name: str
) -> None:
    pushed = fill(local_aws, account, SIZES)
    proxy.rules({"service": "ecr", **PASSING[name]})
    result = inventory(endpoint=proxy.url)
    assert result.status == 0, result.err
    assert content(read("inventory.json")) == without_subjects(pushed)
    assert len(proxy.fired()) >= 3


def test_all_at_once(local_aws: LocalAws, account: str, inventory: Take, proxy: Proxy) -> None:
    pushed = fill(local_aws, account, SIZES)
    proxy.rules(*({"service": "ecr", "probability": 0.3, **rule, "times": 2} for rule in PASSING.values()))
    result = inventory(endpoint=proxy.url)
    assert result.status == 0, result.err
    assert content(read("inventory.json")) == without_subjects(pushed)


LASTING: dict[str, tuple[dict[str, Any], str]] = {
    "throttling": ({"error": {"code": "ThrottlingException"}}, "AWS throttled"),
    "server error": ({"error": {"code": "ServerException", "status": 500}}, "DescribeImages failed"),
    "reset": ({"reset": True}, "The connection to AWS failed"),
    "cut off": ({"response": {"abort_frac": 0.5}}, "The connection to AWS failed"),
    "short": ({"response": {"truncate_frac": 0.5}}, "shop/cart in eu-west-1"),
    "denied": ({"error": {"code": "AccessDeniedException"}}, "AWS does not allow DescribeImages"),
    "expired": ({"error": {"code": "ExpiredTokenException"}}, "The credentials are not valid"),
}


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_told_and_nothing_is_written(
    local_aws: LocalAws, account: str, inventory: Take, proxy: Proxy, name: str
) -> None:
    rule, message = LASTING[name]
    pushed = fill(local_aws, account, {"shop/cart": 30, "shop/checkout": 1})
    Path("inventory.json").write_text("good")
    proxy.rules(
        {"service": "ecr", "operation": "DescribeImages", "body": "repositoryName == 'shop/cart'", **rule}
    )
    result = inventory(endpoint=proxy.url, AWS_MAX_ATTEMPTS="2")
    assert (result.status, result.out) == (1, "")
    assert message in result.err
    assert Path("inventory.json").read_text() == "good"
    assert proxy.fired()
    proxy.rules()
    assert inventory(endpoint=proxy.url).status == 0
    assert content(read("inventory.json")) == without_subjects(pushed)


@pytest.mark.parametrize("seed", range(6))
def test_never_silently_short(
    local_aws: LocalAws, account: str, inventory: Take, proxy: Proxy, seed: int
) -> None:
    """Answers that are cut short without a word, anywhere: whole, or refused."""
    pushed = fill(local_aws, account, {"shop/cart": 40, "shop/checkout": 40})
    proxy.rules(
        {"service": "ecr", "probability": 0.2, "response": {"truncate_frac": 0.1 + seed * 0.15}},
        {"service": "ecr", "probability": 0.1, "reset": True},
    )
    result = inventory(endpoint=proxy.url, AWS_MAX_ATTEMPTS="3")
    if result.status == 0:
        assert content(read("inventory.json")) == without_subjects(pushed)
    else:
        assert result.status == 1
        assert "Error: " in result.err
        assert not Path("inventory.json").exists()
