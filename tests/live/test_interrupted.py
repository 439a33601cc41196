"""An inventory that is interrupted goes on where it was, and never leaves half a file."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.live.journal import HOURS
from registry_constructs.local import LocalAws
from tests.live.conftest import Result, Shell
from tests.live.content import content, fill, read, without_subjects
from tests.live.gateway import Answer, Gateway, Request, refusal
from tests.local.machine import pending_signals
from tests.waiting import next_second, until

Take = Callable[..., Result]
SIZES = {f"apps/number-{number}": 20 for number in range(12)}
TAKE = ("inventory", "--all", "--output", "inventory.jsonl", "--concurrency", "2")
PARTIAL = Path("inventory.jsonl.partial")


class Door:
    """Lets a number of repositories through; then it is closed until it is opened for good."""

    def __init__(self, gateway: Gateway, free: int) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()
        self._free = free
        self._lock = threading.Lock()
        gateway.hooks["DescribeImages"] = self._pass

    def _pass(self, _: Request) -> Answer | None:
        with self._lock:
            self._free -= 1
            free = self._free
        if free < 0:
            self.reached.set()
            self._open.wait(60)
        return None

    def open(self) -> None:
        self._open.set()


@contextmanager
def midway(shell: Shell, gateway: Gateway, *arguments: str, free: int = 5) -> Iterator[tuple[Any, Door]]:
    """An inventory in a process of its own, that has read some repositories and waits for others."""
    door = Door(gateway, free)
    process = shell.start(*arguments or TAKE, endpoint=gateway.url)
    try:
        assert door.reached.wait(60)
        # What was let through is in the journal as soon as it is read.
        assert until(lambda: PARTIAL.read_text().count("\n") >= free - 1)
        yield process, door
    finally:
        door.open()
        if process.poll() is None:
            process.kill()
        process.communicate()
        gateway.hooks.clear()
        gateway.calls.clear()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_an_interrupted_inventory_goes_on(
    local_aws: LocalAws, account: str, shell: Shell, gateway: Gateway, number: signal.Signals
) -> None:
    pushed = fill(local_aws, account, SIZES)
    Path("inventory.jsonl").write_text("good")
    with midway(shell, gateway) as (process, door):
        process.send_signal(number)
        if number is not signal.SIGKILL:
            assert until(lambda: not pending_signals(process.pid))
            door.open()
        _, said = process.communicate(timeout=60)
        assert process.returncode in (-number, 128 + number)
        assert "Traceback" not in said
    assert Path("inventory.jsonl").read_text() == "good"
    assert sorted(path.name for path in Path().iterdir()) == ["inventory.jsonl", PARTIAL.name]
    kept = {json.loads(line)[0]["name"] for line in PARTIAL.read_text().splitlines()[1:]}
    assert 3 <= len(kept) < len(SIZES)
    result = shell(*TAKE, endpoint=gateway.url)
    assert result.status == 0
    assert f"{len(kept)} repositories had been read already" in result.err
    assert gateway.asked("DescribeImages") == set(SIZES) - kept
    assert content(read("inventory.jsonl")) == without_subjects(pushed)
    assert not PARTIAL.exists()
    interrupted = Path("inventory.jsonl").read_bytes()
    shell(*TAKE)
    assert Path("inventory.jsonl").read_bytes() == interrupted


def test_two_at_once_do_not_mix(local_aws: LocalAws, account: str, shell: Shell, gateway: Gateway) -> None:
    fill(local_aws, account, {"shop/cart": 1, "shop/checkout": 1})
    with midway(shell, gateway, free=1) as (process, door):
        other = shell(*TAKE)
        assert other.status == 2
        assert "Somebody else is writing to this file" in other.err
        door.open()
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert len(read("inventory.jsonl")) == 2


@pytest.fixture
def unfinished(local_aws: LocalAws, account: str, shell: Shell, gateway: Gateway) -> Gateway:
    """The rest of a run that could not read one of three repositories."""
    fill(local_aws, account, {"apps/one": 1, "apps/two": 1, "apps/three": 1})
    gateway.hooks["DescribeImages"] = lambda request: (
        refusal("AccessDeniedException") if request["repositoryName"] == "apps/three" else None
    )
    assert shell(*TAKE, endpoint=gateway.url).status == 1
    assert PARTIAL.read_text().count("\n") == 3
    gateway.hooks.clear()
    gateway.calls.clear()
    return gateway


def test_only_what_failed_is_read_again(shell: Shell, unfinished: Gateway) -> None:
    assert shell(*TAKE, endpoint=unfinished.url).status == 0
    assert unfinished.asked("DescribeImages") == {"apps/three"}
    assert len(read("inventory.jsonl")) == 3


@pytest.mark.parametrize(
    "other",
    [
        ("--repository", "apps/one"),
        ("--all", "--region", "eu-west-1", "--region", "us-east-1"),
    ],
)
def test_another_question_begins_anew(shell: Shell, unfinished: Gateway, other: tuple[str, ...]) -> None:
    result = shell("inventory", "--output", "inventory.jsonl", *other, endpoint=unfinished.url)
    assert result.status == 0
    assert "had been read already" not in result.err
    assert "apps/one" in unfinished.asked("DescribeImages")


def test_another_account_begins_anew(local_aws: LocalAws, shell: Shell, unfinished: Gateway) -> None:
    fill(local_aws, "299999999999", {"apps/one": 2})
    result = shell(*TAKE, endpoint=unfinished.url, AWS_ACCESS_KEY_ID="299999999999")
    assert "1 repository with 10 images of account 299999999999" in result.err


def test_a_repository_that_was_made_anew_is_read_again(
    local_aws: LocalAws, account: str, shell: Shell, unfinished: Gateway
) -> None:
    ecr = local_aws.client("ecr", account=account, region="eu-west-1")
    ecr.delete_repository(repositoryName="apps/one", force=True)
    ecr.delete_repository(repositoryName="apps/two", force=True)
    next_second()  # of which the local AWS dates repositories
    ecr.create_repository(repositoryName="apps/one")
    assert shell(*TAKE, endpoint=unfinished.url).status == 0
    assert {one.repository_name: len(one.images) for one in read("inventory.jsonl")} == {
        "apps/one": 0,
        "apps/three": 5,
    }


def rewritten(change: Callable[[dict[str, Any]], None]) -> None:
    """The kept file with other heads."""
    question, *lines = PARTIAL.read_text().splitlines()
    changed = []
    for line in lines:
        head, images = json.loads(line)
        change(head)
        changed.append(json.dumps([head, images]))
    PARTIAL.write_text("\n".join([question, *changed, ""]))


def test_what_is_old_is_read_again(shell: Shell, unfinished: Gateway) -> None:
    rewritten(lambda head: head.update(read=head["read"] - HOURS * 3600 - 1))
    assert shell(*TAKE, endpoint=unfinished.url).status == 0
    assert len(unfinished.asked("DescribeImages")) == 3


def test_what_comes_from_the_future_is_read_again(shell: Shell, unfinished: Gateway) -> None:
    rewritten(lambda head: head.update(read=head["read"] + 3600))
    assert shell(*TAKE, endpoint=unfinished.url).status == 0
    assert len(unfinished.asked("DescribeImages")) == 3


@pytest.mark.parametrize("cut", [1, 2, 40, 300, 600])
def test_a_line_that_is_cut_off_is_read_again(shell: Shell, unfinished: Gateway, cut: int) -> None:
    PARTIAL.write_bytes(PARTIAL.read_bytes()[:-cut])
    assert shell(*TAKE, endpoint=unfinished.url).status == 0
    assert len(unfinished.asked("DescribeImages")) == 2
    assert [len(one.images) for one in read("inventory.jsonl")] == [5, 5, 5]


@pytest.mark.parametrize("text", ["", "\n", "{}\n", "[]", "\x00" * 100, '{"question": {}}\n[{}, []]\n'])
def test_a_kept_file_of_anything_else_is_begun_anew(shell: Shell, unfinished: Gateway, text: str) -> None:
    PARTIAL.write_text(text)
    assert shell(*TAKE, endpoint=unfinished.url).status == 0
    assert len(read("inventory.jsonl")) == 3


def test_a_kept_file_that_is_broken_inside_is_told(shell: Shell, unfinished: Gateway) -> None:
    PARTIAL.write_text(PARTIAL.read_text().replace('"imageDigest": "sha256:', '"imageDigest": "sha256', 1))
    result = shell(*TAKE, endpoint=unfinished.url)
    assert result.status == 1
    assert "What was kept of the interrupted reading is broken" in result.err
    assert not Path("inventory.jsonl").exists()


def test_what_a_finished_inventory_has_used_is_not_used_again(shell: Shell, unfinished: Gateway) -> None:
    """Ended between writing the file and removing what it came from."""
    Path("inventory.jsonl").write_text("good")
    later = time.time() + 10
    os.utime("inventory.jsonl", (later, later))
    assert shell(*TAKE, endpoint=unfinished.url).status == 0
    assert len(unfinished.asked("DescribeImages")) == 3
