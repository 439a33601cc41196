"""Through a proxy that throttles, fails, delays and cuts: all is read, or it is said that it was not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.local import LocalAws
from tests.live.conftest import Result
from tests.live.content import Pushed, content, fill, read, without_subjects
from tests.live.gateway import Gateway
from tests.live.proxy import Proxy, in_front_of

Take = Callable[..., Result]
SIZES = {f"apps/number-{number}": 11 for number in range(9)}  # two pages each, more than are read at a time


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


@pytest.fixture(scope="module")
def filled(local_aws: LocalAws) -> tuple[str, list[Pushed]]:
    """An account that tests only read, and what was pushed to it."""
    account = "200999999999"
    return account, fill(local_aws, account, SIZES)


PASSING: dict[str, dict[str, Any]] = {
    "throttling": {"error": {"code": "ThrottlingException"}},
    "rate exceeded": {"error": {"code": "TooManyRequestsException", "status": 429}},
    "server error": {"error": {"code": "ServerException", "status": 500}},
    "unavailable": {"error": {"code": "ServiceUnavailable", "status": 503}},
    "reset": {"reset": True},
    "latency": {"latency": {"min": 20, "max": 60}},
    "cut off": {"response": {"abort_frac": 0.5}},
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_lived_through(
    filled: tuple[str, list[Pushed]], inventory: Take, proxy: Proxy, name: str
) -> None:
    """Once in the list of repositories, and twice in lists of images."""
    account, pushed = filled
    before = len(proxy.fired())
    proxy.rules(
        {"service": "ecr", "operation": "DescribeRepositories", **PASSING[name], "times": 1},
        {"service": "ecr", "operation": "DescribeImages", **PASSING[name], "times": 2},
    )
    result = inventory(endpoint=proxy.url, AWS_ACCESS_KEY_ID=account)
    assert result.status == 0, result.err
    assert content(read("inventory.jsonl")) == without_subjects(pushed)
    assert len(proxy.fired()) - before == 3


def test_all_at_once(filled: tuple[str, list[Pushed]], inventory: Take, proxy: Proxy) -> None:
    """Each kind three times in a row on a repository of its own: fewer than a request is tried."""
    account, pushed = filled
    before = len(proxy.fired())
    proxy.rules(
        *(
            {"service": "ecr", "body": f"repositoryName == '{repository}'", **rule, "times": 3}
            for repository, rule in zip(SIZES, PASSING.values(), strict=False)
        )
    )
    result = inventory(endpoint=proxy.url, AWS_ACCESS_KEY_ID=account)
    assert result.status == 0, result.err
    assert content(read("inventory.jsonl")) == without_subjects(pushed)
    assert len(proxy.fired()) - before == 3 * len(PASSING)


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
    Path("inventory.jsonl").write_text("good")
    proxy.rules(
        {"service": "ecr", "operation": "DescribeImages", "body": "repositoryName == 'shop/cart'", **rule}
    )
    result = inventory(endpoint=proxy.url, AWS_MAX_ATTEMPTS="2")
    assert (result.status, result.out) == (1, "")
    assert message in result.err
    assert Path("inventory.jsonl").read_text() == "good"
    assert proxy.fired()
    proxy.rules()
    assert inventory(endpoint=proxy.url).status == 0
    assert content(read("inventory.jsonl")) == without_subjects(pushed)


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
        assert content(read("inventory.jsonl")) == without_subjects(pushed)
    else:
        assert result.status == 1
        assert "Error: " in result.err
        assert not Path("inventory.jsonl").exists()
