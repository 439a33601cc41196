"""`registry-constructs lifecycle ...` and `cost`, as a person types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from registry_constructs.cli import output, run
from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule
from registry_constructs.simulation import Inventory, SimulatedImage, Use, write_inventories
from tests.simulation.drawn import DIGESTS, ago
from tests.simulation.test_results import cdk_repository, creation_template, template, write_app

NOW = ("--now", "2026-11-24T12:00:00Z")
INDEX = "application/vnd.oci.image.index.v1+json"
POLICY = LifecyclePolicy(
    [
        LifecycleRule.expire(tag_pattern_list=["v*"], image_count_more_than=1),
        LifecycleRule.expire(tag_pattern_list=["pr-*", "dev-*"], days_since_pushed=10),
        LifecycleRule.expire(untagged=True, days_since_pushed=10),
        LifecycleRule.archive(days_since_pulled=30),
    ]
)
GENTLE = LifecyclePolicy([LifecycleRule.expire(untagged=True, days_since_pushed=100)])
IMAGES = [
    SimulatedImage(DIGESTS[0], ("v1",), ago(60), 400_000_000),
    SimulatedImage(
        DIGESTS[1], ("v2", "latest"), ago(20), 420_000_000, children=(DIGESTS[2],), media_type=INDEX
    ),
    SimulatedImage(DIGESTS[2], (), ago(20), 420_000_000),
    SimulatedImage(DIGESTS[3], (), ago(60), 2_000, subject=DIGESTS[0]),
    SimulatedImage(DIGESTS[4], ("pr-7",), ago(45), 300_000_000, pulled_at=ago(44)),
    SimulatedImage(DIGESTS[5], ("pr-8",), ago(3), 310_000_000),
    SimulatedImage(DIGESTS[6], ("main-1",), ago(-1), 310_000_000),
]
IN_USE = (Use("ecs service checkout", tag="v1"), Use("pod web", tag="latest"))


class Result(NamedTuple):
    status: int
    out: str
    err: str


class Shell:
    """Runs command lines in this process, in the folder with the files."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(self, *arguments: str) -> Result:
        with pytest.raises(SystemExit) as end:
            run(arguments)
        return Result(int(end.value.code or 0), *self._capfd.readouterr())


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    Path("policy.json").write_text(POLICY.to_json())
    Path("gentle.json").write_text(GENTLE.to_json())
    checkout = Inventory(IMAGES, "shop/checkout", "111122223333", "eu-west-1", IN_USE)
    write_inventories("one.jsonl", [checkout])
    write_inventories("two.jsonl", [checkout, Inventory(IMAGES[4:], "shop/cart", in_use=())])
    return Shell(capfd)


def files(images: str = "one.jsonl", policy: str = "policy.json") -> tuple[str, ...]:
    return ("--policy", policy, "--images", images, *NOW)


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


GOLDEN = {
    "simulate": ["simulate", *files()],
    "simulate all": ["simulate", *files(), "--all"],
    "simulate json": ["simulate", *files(), "--format", "json"],
    "simulate html": ["simulate", *files(), "--format", "html"],
    "simulate html all": ["simulate", *files(), "--format", "html", "--all"],
    "simulate one of two": ["simulate", *files("two.jsonl"), "--repository", "shop/cart"],
    "explain": ["explain", "policy.json"],
    "compare": ["compare", "policy.json", "gentle.json", "--images", "one.jsonl", *NOW],
    "compare json": [
        "compare",
        "policy.json",
        "gentle.json",
        "--images",
        "one.jsonl",
        *NOW,
        "--format",
        "json",
    ],
    "compare with itself": ["compare", "policy.json", "policy.json", "--images", "one.jsonl", *NOW],
    "forecast": ["forecast", *files(), "--days", "30"],
    "forecast two": ["forecast", *files("two.jsonl"), "--days", "10"],
    "forecast given": [
        "forecast",
        *files(),
        "--days",
        "5",
        "--push",
        "v*=2",
        "--push",
        "latest=1",
        "--image-mb",
        "9",
    ],
    "forecast json": ["forecast", *files(), "--days", "2", "--format", "json"],
    "forecast html": ["forecast", *files(), "--days", "3", "--format", "html"],
    "forecast svg": ["forecast", *files(), "--days", "3", "--format", "svg"],
}
COSTS = {
    "cost": ["--images", "two.jsonl", *NOW],
    "cost with policy": [*files("two.jsonl")],
    "cost json": [*files("two.jsonl"), "--format", "json"],
}


@pytest.mark.parametrize("name", GOLDEN)
def test_what_is_printed(shell: Shell, name: str, snapshot: SnapshotAssertion) -> None:
    result = shell("lifecycle", *GOLDEN[name])
    assert result.status == 0
    assert {"out": lines(result.out), "err": lines(result.err)} == snapshot(name=name)


@pytest.mark.parametrize("name", COSTS)
def test_what_cost_prints(shell: Shell, name: str, snapshot: SnapshotAssertion) -> None:
    result = shell("cost", *COSTS[name])
    assert (result.status, result.err) == (0, "")
    assert lines(result.out) == snapshot(name=name)


@pytest.mark.parametrize("output", ["table", "json"])
def test_what_check_prints(shell: Shell, output: str, snapshot: SnapshotAssertion) -> None:
    write_app(
        Path("cdk.out"),
        {
            "Images": template(
                Checkout=cdk_repository("shop/checkout", POLICY.to_json()),
                New=cdk_repository("shop/new", POLICY.to_json()),
                Nameless=cdk_repository(None, GENTLE.to_json()),
                Shop=creation_template("shop", GENTLE),
            )
        },
    )
    result = shell("lifecycle", "check", "--images", "two.jsonl", *NOW, "--format", output)
    assert (result.status, result.err) == (0, "")
    assert lines(result.out) == snapshot(name=f"check {output}")
    failing = shell(
        "lifecycle", "check", "--images", "two.jsonl", *NOW, "--format", output, "--fail-on-in-use"
    )
    assert failing == (3, result.out, "Images in use would go, or might: see above.\n")


def test_check_of_an_app_without_repositories(shell: Shell) -> None:
    write_app(Path("cdk.out"), {"Images": template()})
    assert "no repository" in shell("lifecycle", "check", "--images", "two.jsonl").out


def test_status_3_if_an_image_in_use_goes(shell: Shell) -> None:
    result = shell("lifecycle", "simulate", *files(), "--fail-on-in-use")
    assert result.status == 3
    assert result.err.endswith("Images in use would go, or might: see above.\n")
    assert json.loads(shell("lifecycle", "simulate", *files(), "--format", "json", "--fail-on-in-use").out)


def test_status_0_if_none_goes(shell: Shell) -> None:
    result = shell("lifecycle", "simulate", *files(policy="gentle.json"), "--fail-on-in-use")
    assert (result.status, "In use" in result.err) == (0, False)


def test_what_could_not_be_read_is_never_taken_as_unused(shell: Shell) -> None:
    write_inventories("unknown.jsonl", [Inventory(IMAGES, "a", in_use=(), unknown=("eks cluster blue",))])
    result = shell("lifecycle", "simulate", *files("unknown.jsonl"), "--fail-on-in-use")
    assert result.status == 3
    assert "Note: What is in use at eks cluster blue is unknown.\n" in result.err
    calm = shell("lifecycle", "simulate", *files("unknown.jsonl", "gentle.json"), "--fail-on-in-use")
    assert calm.status == 0


def test_an_inventory_without_uses_is_no_answer(shell: Shell) -> None:
    write_inventories("unasked.jsonl", [Inventory(IMAGES, "shop/checkout")])
    result = shell("lifecycle", "simulate", *files("unasked.jsonl"), "--fail-on-in-use")
    assert (result.status, result.out) == (2, "")
    assert "does not say what is in use" in result.err
    write_app(Path("cdk.out"), {"S": template(R=cdk_repository("shop/checkout", POLICY.to_json()))})
    assert shell("lifecycle", "check", "--images", "unasked.jsonl", "--fail-on-in-use").status == 2


def test_uses_that_are_not_there_are_told(shell: Shell) -> None:
    write_inventories("gone.jsonl", [Inventory([], "a", in_use=(Use("pod web", tag="v9"),))])
    result = shell("lifecycle", "simulate", *files("gone.jsonl"))
    assert "Note: pod web runs v9, which is not there.\n" in result.err
    assert "a: 0 images, of which 0 would be deleted and 0 archived, as of 2026-11-24." in result.out


def test_manifest_lists_without_contents_are_told(shell: Shell) -> None:
    write_inventories("lists.jsonl", [Inventory([SimulatedImage(DIGESTS[0], media_type=INDEX)], "a")])
    assert (
        "1 manifest list does not name its platforms"
        in shell("lifecycle", "simulate", *files("lists.jsonl")).err
    )


def test_a_long_table_is_cut_and_says_so(shell: Shell) -> None:
    images = [SimulatedImage(f"sha256:{number:064x}", (), ago(50 + number)) for number in range(100)]
    write_inventories("many.jsonl", [Inventory(images, "a")])
    result = shell("lifecycle", "simulate", *files("many.jsonl"))
    assert "... and 60 more; --format json has all of them." in result.out
    assert (
        len(
            json.loads(shell("lifecycle", "simulate", *files("many.jsonl"), "--format", "json").out)[
                "previewResults"
            ]
        )
        == 100
    )
    compared = shell("lifecycle", "compare", "policy.json", "gentle.json", "--images", "many.jsonl", *NOW)
    assert "more; --format json has all of them." in compared.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["simulate", *files("none.json")], "none.json: The file can't be opened."),
        (["simulate", *files(policy="none.json")], "none.json: The file can't be read."),
        (["simulate", *files(policy="other.json")], "other.json: version: ECR does not know this key."),
        (["simulate", *files(policy="broken.json")], "broken.json: line 2 column 3: The policy is not JSON"),
        (
            ["simulate", *files("broken.json")],
            "broken.json: line 2 column 3: This is not JSON",
        ),
        (["simulate", *files("two.jsonl")], "The inventory has several repositories."),
        (["simulate", *files("two.jsonl"), "--repository", "x"], "does not have this repository."),
        (["simulate", *files("empty.jsonl")], "The inventory has no repository."),
        (["simulate", *files()[:-1], "2026-11-24T12:00:00"], "--now: The date is ambiguous"),
        (["simulate", *files()[:-1], "today"], "--now: This is not a date."),
        (["simulate", *files(), "--format", "xml"], "Invalid value"),
        (["simulate", "--policy", "policy.json"], "Missing option"),
        (["explain", "broken.json"], "The policy is not JSON"),
        (
            ["compare", "policy.json", "none.json", "--images", "one.jsonl"],
            "none.json: The file can't be read.",
        ),
        (["forecast", *files(), "--push", "v*"], "push: This does not say what is pushed."),
        (["forecast", *files("two.jsonl"), "--push", "v*=1"], "the inventory has several repositories."),
        (["forecast", *files(), "--prices", "other.json"], "other.json: The table of prices has other keys."),
        (["forecast", *files(), "--days", "0"], "Invalid value"),
        (["check", "--images", "one.jsonl"], "manifest.json: The folder is no synthesized app."),
    ],
)
def test_bad_input_ends_with_status_2(shell: Shell, arguments: list[str], message: str) -> None:
    Path("broken.json").write_text('{"rules":\n  ]}')
    Path("other.json").write_text('{"version": 1}')
    write_inventories("empty.jsonl", [])
    result = shell("lifecycle", *arguments)
    assert (result.status, result.out) == (2, "")
    assert message in result.err.replace("\n", " ")


def test_the_same_repository_twice_needs_one_place(shell: Shell) -> None:
    places = [Inventory(IMAGES, "a", "111122223333", region) for region in ("eu-west-1", "us-east-1")]
    write_inventories("places.jsonl", places)
    result = shell("lifecycle", "simulate", *files("places.jsonl"), "--repository", "a")
    assert result.status == 2
    assert "in several places" in result.err


def test_progress_goes_to_the_terminal_only(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "_progress", Console(stderr=True, force_terminal=True))
    result = shell("lifecycle", "forecast", *files(), "--days", "2", "--format", "json")
    assert json.loads(result.out)["days"]
    assert "shop/checkout" in result.err


@pytest.mark.deploy
def test_the_command_line_starts_without_the_cdk_and_boto3() -> None:
    code = (
        "import sys, registry_constructs.cli as cli\n"
        "try: cli.run(['lifecycle', '--help'])\n"
        "except SystemExit: pass\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(loaded & {'aws_cdk', 'jsii', 'boto3', 'botocore', 'ministack'})"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "set()"


def test_data_of_any_kind_is_escaped(shell: Shell) -> None:
    strange: Any = Inventory([SimulatedImage(DIGESTS[0], ("[red]x[/red]",), ago(99))], "[bold]a")
    write_inventories("strange.jsonl", [strange])
    result = shell("lifecycle", "simulate", *files("strange.jsonl"))
    assert "[bold]a: 1 image" in result.out
    assert "[red]x[/red]" in result.out
