"""`registry-constructs inventory` reads all there is, and writes a file that the simulator takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rich.console import Console

from registry_constructs.cli import output
from registry_constructs.ecr.lifecycle import presets
from registry_constructs.installation import install_command
from registry_constructs.local import LocalAws
from registry_constructs.local.images import INDEX
from tests.live.conftest import Result, Shell
from tests.live.content import (
    SIGNATURE,
    content,
    digest_of,
    fill,
    image,
    index,
    read,
    release,
    without_subjects,
)
from tests.live.gateway import Answer, Gateway, Request, refusal

Take = Callable[..., Result]
SIZES = {"shop/checkout": 300, "shop/cart": 120, "tools/build": 60, "tools/none": 0}


def names(file: str = "inventory.jsonl") -> list[str]:
    return [inventory.repository_name for inventory in read(file)]


def test_thousands_of_images_are_all_there(
    local_aws: LocalAws, account: str, inventory: Take, shell: Shell
) -> None:
    pushed = fill(local_aws, account, SIZES)
    result = inventory()
    assert result == (0, "", f"4 repositories with 2,400 images of account {account} in inventory.jsonl.\n")
    found = read("inventory.jsonl")
    assert content(found) == without_subjects(pushed)
    assert [(one.account, one.region, one.repository_name) for one in found] == [
        (account, "eu-west-1", name) for name in sorted(SIZES)
    ]
    assert all(one.in_use is None and one.unknown == () for one in found)
    first = Path("inventory.jsonl").read_bytes()
    inventory()
    assert Path("inventory.jsonl").read_bytes() == first
    assert sorted(path.name for path in Path().iterdir()) == ["inventory.jsonl"]
    Path("policy.json").write_text(presets.continuous_delivery().to_json())
    simulated = shell(
        "lifecycle",
        "simulate",
        "--policy",
        "policy.json",
        "--images",
        "inventory.jsonl",
        "--repository",
        "shop/checkout",
    )
    assert simulated.status == 0
    assert "shop/checkout: 1,500 images" in simulated.out


def test_pages_subjects_and_the_archive(
    local_aws: LocalAws, account: str, inventory: Take, gateway: Gateway
) -> None:
    pushed = fill(local_aws, account, {"shop/checkout": 150})
    archived, back = (one.digest for one in pushed if one.children and one.tags[0] in ("v1.7", "v1.8"))
    gateway.details = {one.digest: {"subjectManifestDigest": one.subject} for one in pushed if one.subject}
    gateway.details[archived] = {"imageStatus": "ARCHIVED", "lastArchivedAt": 1_790_000_000}
    gateway.details[back] = {"imageStatus": "ACTIVATING", "lastRecordedPullTime": 1_790_000_001}
    asked: list[Request] = []
    gateway.hooks["DescribeImages"] = lambda request: asked.append(dict(request))
    assert inventory(endpoint=gateway.url).status == 0
    [found] = read("inventory.jsonl")
    expected = {one._replace(children=None) if one.digest == archived else one for one in pushed}
    assert content([found], subjects=True) == expected
    by_digest = {image.digest: image for image in found.images}
    assert by_digest[archived].archived_at == 1_790_000_000
    assert by_digest[back].status == "ACTIVATING"
    assert by_digest[back].pulled_at == 1_790_000_001
    assert len(asked) == 8
    assert all(request["filter"] == {"imageStatus": "ANY"} for request in asked)
    assert gateway.calls["BatchGetImage", "shop/checkout"] == 2


def test_more_repositories_than_a_page_has(
    local_aws: LocalAws, account: str, inventory: Take, gateway: Gateway
) -> None:
    ecr = local_aws.client("ecr", account=account, region="eu-west-1")
    expected = [f"apps/number-{number:04}" for number in range(1_050)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: ecr.create_repository(repositoryName=name), expected))
    assert inventory("--all", "--concurrency", "16", endpoint=gateway.url).status == 0
    assert names() == expected


def test_several_regions_and_names(local_aws: LocalAws, account: str, inventory: Take) -> None:
    pushed = fill(local_aws, account, {"shop/checkout": 2, "shop/cart": 1})
    fill(local_aws, account, {"shop/checkout": 1}, region="us-east-1")
    regions = ("--region", "us-east-1", "--region", "eu-west-1", "--region", "us-east-1")
    everything = inventory("--all", *regions)
    assert "3 repositories with 20 images" in everything.err
    some = inventory(*regions, "--repository", "shop/checkout", "--repository", "shop/cart")
    assert some.status == 0
    assert "Note: shop/cart in us-east-1: there is no such repository there.\n" in some.err
    assert [(one.region, one.repository_name) for one in read("inventory.jsonl")] == [
        ("eu-west-1", "shop/cart"),
        ("eu-west-1", "shop/checkout"),
        ("us-east-1", "shop/checkout"),
    ]
    inventory("--repository", "shop/cart")
    assert content(read("inventory.jsonl")) == without_subjects(
        [one for one in pushed if one.repository == "shop/cart"]
    )


def test_an_empty_registry(inventory: Take) -> None:
    result = inventory()
    assert result.status == 0
    assert "0 repositories with 0 images" in result.err
    assert read("inventory.jsonl") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "No repositories to read are given"),
        (["--all", "--repository", "a/b"], "All repositories, and some by name"),
        (["--repository", "shop/none"], "--repository: There is no such repository"),
        (["--repository", "Shop"], "This is no repository's name"),
        (["--repository", "1.dkr.ecr.eu-west-1.amazonaws.com/a:b"], "This is no repository's name"),
        (["--all", "--region", "eu-west-9"], "--region: There is no such Region"),
        (["--all", "--region", "Europe!"], "There is no such Region"),
        (["--all", "--output", "."], "--output: The output is a folder"),
        (["--all", "--output", "none/there.json"], "The folder of the output is not there"),
        (["--all", "--concurrency", "0"], "Invalid value"),
        (["--all", "--pods", "none.json"], "none.json: The file can't be read"),
    ],
)
def test_wrong_options_end_with_status_2(shell: Shell, arguments: list[str], message: str) -> None:
    result = shell("inventory", "--output", "inventory.jsonl", *arguments)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert list(Path().iterdir()) in ([], [Path("inventory.jsonl.partial")])


def test_no_region_and_no_credentials(shell: Shell) -> None:
    arguments = ("inventory", "--all", "--output", "a.json")
    without = shell(*arguments, AWS_REGION="", AWS_DEFAULT_REGION="")
    assert without.status == 2
    assert "No Region is set" in without.err
    none = shell(*arguments, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert none.status == 1
    assert "There are no credentials to ask AWS with" in none.err
    profile = shell(*arguments, "--profile", "none")
    assert profile.status == 1
    assert "profile none:" in profile.err
    unreachable = shell(*arguments, endpoint="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1")
    assert unreachable.status == 1
    assert "AWS can't be reached" in unreachable.err


def test_boto3_missing_is_told_with_the_remedy(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    result = shell("inventory", "--all", "--output", "a.json")
    assert result.status == 1
    assert install_command("cli") in result.err


def test_a_repository_that_was_deleted_meanwhile_is_a_note(
    local_aws: LocalAws, account: str, inventory: Take, gateway: Gateway
) -> None:
    fill(local_aws, account, {"shop/cart": 1, "shop/checkout": 1})
    gone = refusal("RepositoryNotFoundException")
    gateway.hooks["DescribeImages"] = lambda request: (
        gone if request["repositoryName"] == "shop/cart" else None
    )
    result = inventory(endpoint=gateway.url)
    assert result.status == 0
    assert "Note: shop/cart in eu-west-1 was deleted while it was read.\n" in result.err
    assert names() == ["shop/checkout"]


def test_a_list_that_was_deleted_meanwhile_makes_it_read_again(
    local_aws: LocalAws, account: str, inventory: Take, gateway: Gateway
) -> None:
    pushed = fill(local_aws, account, {"shop/cart": 3})
    ecr = local_aws.client("ecr", account=account, region="eu-west-1")

    def delete_one(_: Request) -> None:
        if gateway.calls["BatchGetImage", "shop/cart"] == 1:
            ecr.batch_delete_image(repositoryName="shop/cart", imageIds=[{"imageTag": "v1.1"}])

    gateway.hooks["BatchGetImage"] = delete_one
    assert inventory(endpoint=gateway.url).status == 0
    expected = {one for one in without_subjects(pushed) if one.tags != ("v1.1",)}
    assert content(read("inventory.jsonl")) == expected


def test_an_image_on_two_pages_counts_once(
    local_aws: LocalAws, account: str, inventory: Take, gateway: Gateway
) -> None:
    pushed = fill(local_aws, account, {"shop/cart": 1})

    def twice(request: Request) -> Answer | None:
        if "nextToken" in request:
            return None
        moved = {"imageDigest": pushed[4].digest, "imageTags": ["old"], "imagePushedAt": 1}
        return 200, {"imageDetails": [moved], "nextToken": "0"}

    gateway.hooks["DescribeImages"] = twice
    assert inventory(endpoint=gateway.url).status == 0
    assert content(read("inventory.jsonl")) == without_subjects(pushed)


def test_what_aws_may_leave_out(local_aws: LocalAws, account: str, inventory: Take, gateway: Gateway) -> None:
    """Neither tags, nor size, nor media type; whether it is a list is asked then."""
    [child, manifest_list] = [image("a"), index(digest_of(image("a")))]
    fill(local_aws, account, {"a/b": 0})
    ecr = local_aws.client("ecr", account=account, region="eu-west-1")
    for text in (child, manifest_list):
        ecr.put_image(repositoryName="a/b", imageManifest=text, imageManifestMediaType=INDEX)
    plain = [
        {"imageDigest": digest_of(text), "imagePushedAt": 1_790_000_000} for text in (child, manifest_list)
    ]
    gateway.hooks["DescribeImages"] = lambda _: (200, {"imageDetails": plain})
    assert inventory(endpoint=gateway.url).status == 0
    [found] = read("inventory.jsonl")
    assert {image.digest: image.children for image in found.images} == {
        digest_of(child): None,
        digest_of(manifest_list): (digest_of(child),),
    }


DETAIL = {"imageDigest": digest_of("x"), "imagePushedAt": 1_790_000_000, "imageManifestMediaType": INDEX}
LIST = {"imageId": {"imageDigest": digest_of("x")}, "imageManifest": index()}


@pytest.mark.parametrize(
    ("operation", "answer", "message"),
    [
        ("DescribeImages", (200, {}), "an answer without imageDetails"),
        ("DescribeImages", (200, b'{"imageDet'), "an answer that is not JSON"),
        ("DescribeImages", (200, b""), "an answer without imageDetails"),
        ("DescribeImages", (200, {"imageDetails": [{}]}), "an answer without imageDigest"),
        ("DescribeImages", (200, {"imageDetails": [{"imageDigest": "md5:x"}]}), "The image has no digest"),
        (
            "DescribeImages",
            (200, {"imageDetails": [{"imageDigest": digest_of("x")}]}),
            f"{digest_of('x')}: The image does not say when it was pushed",
        ),
        (
            "DescribeImages",
            (200, {"imageDetails": [DETAIL | {"imageStatus": "FROZEN"}]}),
            "ECR does not know this status",
        ),
        (
            "DescribeImages",
            (200, {"imageDetails": [DETAIL | {"imageStatus": "ARCHIVED"}]}),
            "archived and does not say since when",
        ),
        ("DescribeImages", (200, {"imageDetails": [], "nextToken": "same"}), "nextToken 'same' comes again"),
        ("DescribeImages", refusal("ServerException", status=500), "DescribeImages failed"),
        ("DescribeImages", refusal("InvalidParameterException"), "DescribeImages failed"),
        ("BatchGetImage", (200, {}), f"an answer without the manifest {digest_of('x')}"),
        ("BatchGetImage", (200, {"images": [{}]}), "an answer without imageId"),
        ("BatchGetImage", (200, {"images": [LIST | {"imageManifest": "<"}]}), "The manifest can't be read"),
        ("BatchGetImage", (200, {"images": [LIST | {"imageManifest": "[]"}]}), "The manifest can't be read"),
        (
            "BatchGetImage",
            (200, {"images": [LIST | {"imageManifest": "{}"}]}),
            "a manifest list without manifests",
        ),
        (
            "BatchGetImage",
            (200, {"failures": [{"imageId": LIST["imageId"], "failureCode": "KmsError"}]}),
            "KmsError",
        ),
        (
            "BatchGetImage",
            (200, {"failures": [{"imageId": LIST["imageId"], "failureCode": "ImageNotFound"}]}),
            "The repository changes faster than it can be read",
        ),
    ],
)
def test_a_repository_that_cannot_be_read_is_never_left_out(
    local_aws: LocalAws,
    account: str,
    inventory: Take,
    gateway: Gateway,
    operation: str,
    answer: Answer,
    message: str,
) -> None:
    fill(local_aws, account, {"shop/cart": 1, "shop/checkout": 0})
    Path("inventory.jsonl").write_text("good")
    gateway.hooks["DescribeImages"] = lambda request: (
        (200, {"imageDetails": [DETAIL]}) if request["repositoryName"] == "shop/checkout" else None
    )
    one = gateway.hooks["DescribeImages"]
    gateway.hooks[operation] = lambda request: (
        (answer if request["repositoryName"] == "shop/checkout" else one(request))
        if operation == "DescribeImages"
        else (answer if request["repositoryName"] == "shop/checkout" else None)
    )
    result = inventory(endpoint=gateway.url, AWS_MAX_ATTEMPTS="1")
    assert (result.status, result.out) == (1, "")
    assert message in result.err
    assert "shop/checkout in eu-west-1" in result.err
    assert "the 1 that were read are kept in inventory.jsonl.partial" in result.err
    assert Path("inventory.jsonl").read_text() == "good"
    assert sorted(path.name for path in Path().iterdir()) == ["inventory.jsonl", "inventory.jsonl.partial"]


@pytest.mark.parametrize("answer", [(200, {}), (200, b"["), (200, {"repositories": [{}]})])
def test_a_listing_that_cannot_be_read_is_never_taken_as_empty(
    inventory: Take, gateway: Gateway, answer: Answer
) -> None:
    gateway.hooks["DescribeRepositories"] = lambda _: answer
    for selection in (["--all"], ["--repository", "shop/cart"]):
        result = inventory(*selection, endpoint=gateway.url)
        assert result.status == 1
        assert "AWS's answer can't be read" in result.err
    assert not Path("inventory.jsonl").exists()


def test_refused_credentials_stop_at_once(
    local_aws: LocalAws, account: str, inventory: Take, gateway: Gateway
) -> None:
    fill(local_aws, account, {f"apps/number-{number}": 0 for number in range(50)})
    gateway.hooks["DescribeImages"] = lambda _: refusal("ExpiredTokenException")
    result = inventory("--all", "--concurrency", "2", endpoint=gateway.url)
    assert result.status == 1
    assert "The credentials are not valid, or no longer" in result.err
    assert len(gateway.asked("DescribeImages")) <= 4


def test_ten_failures_are_enough(
    local_aws: LocalAws, account: str, inventory: Take, gateway: Gateway
) -> None:
    fill(local_aws, account, {f"apps/number-{number}": 0 for number in range(50)})
    gateway.hooks["DescribeImages"] = lambda _: refusal("AccessDeniedException")
    result = inventory("--all", "--concurrency", "4", endpoint=gateway.url)
    assert result.status == 1
    assert result.err.count("AWS does not allow DescribeImages") in range(10, 15)
    assert len(gateway.asked("DescribeImages")) < 20


def test_a_disk_that_is_full(local_aws: LocalAws, account: str, shell: Shell) -> None:
    fill(local_aws, account, {"shop/cart": 20})
    Path("inventory.jsonl").write_text("good")
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2); "
        "from registry_constructs.cli import run; run(sys.argv[2:])"
    )
    arguments = ["inventory", "--all", "--output", "inventory.jsonl"]
    # Without bytecode, which the limit would cut off too.
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, "10000", *arguments],
        env=shell.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    journal = done.returncode, done.stderr
    Path("inventory.jsonl.part").symlink_to("/dev/full")
    file = shell(*arguments)
    for status, said in (journal, (file.status, file.err)):
        assert status == 2
        assert "The file can't be written" in said
        assert "Traceback" not in said
    assert Path("inventory.jsonl").read_text() == "good"
    assert not Path("inventory.jsonl.part").is_symlink()
    assert shell(*arguments).status == 0
    assert names() == ["shop/cart"]


def test_progress_goes_to_the_terminal_only(
    local_aws: LocalAws, account: str, inventory: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(local_aws, account, {"shop/cart": 1})
    monkeypatch.setattr(output, "_progress", Console(stderr=True, force_terminal=True))
    assert "Reading repositories" in inventory().err


def test_the_signatures_here_are_ones() -> None:
    """The content that these tests push is what they say it is."""
    pushed = list(release("a/b", 1))
    signature = next(json.loads(request["imageManifest"]) for request, one in pushed if one.subject)
    assert signature["artifactType"] == SIGNATURE
    assert signature["subject"]["digest"] in {one.digest for _, one in pushed if one.children}
    assert os.environ.get("AWS_ENDPOINT_URL") is None
