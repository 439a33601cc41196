"""The scripts that CodeBuild runs, run against stand-ins for `docker` and `aws`."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry_constructs.delivery.build.buildspec import (
    image_buildspec,
    index_buildspec,
    record_buildspec,
)
from tests.delivery.stand_in import COMMIT, DIGESTS, REGISTRY, Machine
from tests.drawing import examples

pytestmark = pytest.mark.deploy


URI = f"{REGISTRY}/shop/checkout"
IMAGE = DIGESTS["image-a"]


def image(**keywords: Any) -> dict[str, Any]:
    given_: dict[str, Any] = {
        "architecture": "amd64",
        "dockerfile": "Dockerfile",
        "context": ".",
        "build_args": [],
        "secrets": [],
        "cached": False,
        "alone": True,
    }
    return image_buildspec(**given_ | keywords)


BUILDSPECS = {
    "image": image(),
    "everything": image(
        build_args=["BASE"], secrets=["NPM"], cached=True, alone=False, dockerfile="a b/Dockerfile"
    ),
    "index": index_buildspec(["amd64", "arm64"]),
    "record": record_buildspec(),
}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine.at(tmp_path)


def building(machine: Machine) -> list[str]:
    """The arguments of the only build."""
    [args] = [
        args for tool, args, _ in machine.calls() if tool == "docker" and args[:2] == ["buildx", "build"]
    ]
    return args


def values(args: list[str], option: str) -> list[str]:
    return [args[place + 1] for place, word in enumerate(args) if word == option]


@pytest.mark.parametrize("name", BUILDSPECS)
def test_commands_are_bash(name: str) -> None:
    for command in BUILDSPECS[name]["phases"]["build"]["commands"]:
        subprocess.run(["bash", "-n", "-c", command], check=True)


@pytest.mark.parametrize("name", BUILDSPECS)
def test_a_buildspec_has_what_the_codebuild_guide_lists(name: str) -> None:
    """As in build-spec-ref: the keys of version 0.2 that are used here, and their kinds."""
    found = BUILDSPECS[name]
    assert found["version"] == "0.2"
    assert found.keys() <= {"version", "env", "phases", "artifacts"}
    assert found["env"].keys() <= {"shell", "exported-variables"}
    assert found["env"]["shell"] == "bash"
    assert found["phases"].keys() == {"build"}
    commands = found["phases"]["build"]["commands"]
    assert commands
    assert all(isinstance(command, str) for command in commands)
    assert json.loads(json.dumps(found)) == found


def test_an_image_is_built_and_tagged_with_its_commit(machine: Machine) -> None:
    ran = machine.run(image())
    assert ran.returncode == 0, ran.stderr
    assert machine.tags() == {COMMIT: IMAGE}
    assert f"IMAGE_DIGEST={IMAGE}\nIMAGE_TAG={COMMIT}\nIMAGE_URI={URI}@{IMAGE}\n" in ran.stdout
    actual = json.loads((machine.source / "imagedefinitions.json").read_text())
    assert actual == [{"name": "Container", "imageUri": f"{URI}@{IMAGE}"}]


def test_the_order_of_what_is_called(machine: Machine) -> None:
    machine.run(image())
    assert machine.commands() == [
        "aws ecr batch-get-image",
        "aws ecr get-login-password",
        "docker login",
        "docker context create images",
        "docker buildx create",
        "docker buildx build",
    ]


def test_the_password_is_no_argument(machine: Machine) -> None:
    machine.run(image())
    [(args, stdin)] = [(args, stdin) for _, args, stdin in machine.calls() if args[0] == "login"]
    assert args == ["login", "--username", "AWS", "--password-stdin", REGISTRY]
    assert stdin == "a password\n"


def test_it_logs_in_wherever_it_pushes_and_pulls(machine: Machine) -> None:
    machine.run(image(), REGISTRIES=f"{REGISTRY} 222233334444.dkr.ecr.eu-west-1.amazonaws.com")
    assert [args[-1][:12] for _, args, _ in machine.calls() if args[0] == "login"] == [
        "111122223333",
        "222233334444",
    ]


def test_a_commit_that_was_built_is_not_built_again(machine: Machine) -> None:
    machine.run(image())
    machine.calls()
    (machine.source / "imagedefinitions.json").unlink()
    again = machine.run(image(), DIGEST_BUILT=DIGESTS["amd64-c"])
    assert machine.commands() == ["aws ecr batch-get-image"]
    assert f"IMAGE_DIGEST={IMAGE}\n" in again.stdout
    assert (machine.source / "imagedefinitions.json").exists()


def test_the_arguments_of_a_build(machine: Machine) -> None:
    spec = image(architecture="arm64", dockerfile="services/it's/Dockerfile", context="services")
    machine.run(spec)
    args = building(machine)
    assert values(args, "--platform") == ["linux/arm64"]
    assert values(args, "--file") == ["services/it's/Dockerfile"]
    assert values(args, "--label") == [f"org.opencontainers.image.revision={COMMIT}"]
    assert values(args, "--output") == [f"type=image,name={URI}:{COMMIT},push=true"]
    assert "--provenance=false" in args
    assert not {"--cache-from", "--cache-to", "--build-arg", "--push", "--load"} & set(args)
    assert args[-1] == "services"


def test_one_of_several_is_pushed_by_its_digest_alone(machine: Machine) -> None:
    ran = machine.run(image(alone=False))
    assert values(building(machine), "--output") == [f"type=image,name={URI},push-by-digest=true,push=true"]
    assert machine.tags() == {}
    assert f"IMAGE_DIGEST={IMAGE}\n" in ran.stdout


def test_a_secret_is_mounted_and_no_argument(machine: Machine) -> None:
    machine.run(image(secrets=["NPM_TOKEN"]), BUILD_SECRET_NPM_TOKEN="not to be seen")
    calls = machine.calls()
    assert "not to be seen" not in json.dumps(calls)
    [args] = [args for _, args, _ in calls if args[:2] == ["buildx", "build"]]
    assert values(args, "--secret") == ["id=NPM_TOKEN,env=BUILD_SECRET_NPM_TOKEN"]


def test_layers_come_from_and_go_to_the_cache(machine: Machine) -> None:
    machine.run(image(cached=True), CACHE=f"{REGISTRY}/cache")
    args = building(machine)
    [there] = values(args, "--cache-from")
    assert there == f"type=registry,ref={REGISTRY}/cache:amd64"
    assert values(args, "--cache-to") == [
        f"{there},mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true"
    ]


def test_the_builder_is_kept_between_builds_and_may_be_ones_own(machine: Machine) -> None:
    machine.run(image())
    machine.run(image(), BUILDKIT=f"{REGISTRY}/buildkit@{IMAGE}", CODEBUILD_RESOLVED_SOURCE_VERSION="other")
    first, second = [args for _, args, _ in machine.calls() if args[:2] == ["buildx", "create"]]
    assert first == [
        "buildx",
        "create",
        "--name",
        "image-builder",
        "--use",
        "--driver",
        "docker-container",
        "images",
    ]
    assert second == [*first[:-1], "--driver-opt", f"image={REGISTRY}/buildkit@{IMAGE}", "images"]


# Whatever a variable of an environment can hold.
ANYTHING = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=40
)
PATHS = st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1).filter(
    lambda p: p[0] != "-"
)


@given(value=ANYTHING, path=PATHS)
@settings(max_examples=examples(25))
def test_what_is_given_arrives_as_it_is(value: str, path: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        machine = Machine.at(Path(directory) / "machine", BUILD_ARG_VALUE=value)
        ran = machine.run(image(build_args=["VALUE"], dockerfile=path, context=path))
        assert ran.returncode == 0, ran.stderr
        args = building(machine)
        assert values(args, "--build-arg") == [f"VALUE={value}"]
        assert (values(args, "--file"), args[-1]) == ([path], path)


@pytest.mark.parametrize(
    ("failing", "last"),
    [
        ("batch-get-image", "aws ecr batch-get-image"),
        ("get-login-password", "docker login"),
        ("docker login", "docker login"),
        ("context create", "docker context create images"),
        ("buildx create", "docker buildx create"),
        ("buildx build", "docker buildx build"),
    ],
)
def test_what_fails_stops_the_build(failing: str, last: str, machine: Machine) -> None:
    ran = machine.run(image(), FAIL=failing)
    assert ran.returncode != 0
    assert machine.commands()[-1] == last
    assert machine.tags() == {}
    assert list(machine.source.iterdir()) == []
    assert "IMAGE_DIGEST" not in ran.stdout


@pytest.mark.parametrize("built", ["", "sha256:0123", "latest"])
def test_what_is_no_digest_is_not_handed_on(built: str, machine: Machine) -> None:
    ran = machine.run(image(alone=False), DIGEST_BUILT=built)
    assert ran.returncode == 1
    assert "Not an image digest" in ran.stderr
    assert list(machine.source.iterdir()) == []


@pytest.mark.parametrize("version", ["", "refs/heads/main", "-x", "a" * 129, "a b", "a\nb"])
def test_a_version_that_is_no_tag_stops_the_build(version: str, machine: Machine) -> None:
    ran = machine.run(image(), CODEBUILD_RESOLVED_SOURCE_VERSION=version)
    assert ran.returncode == 1
    assert "no version that can be an image tag" in ran.stderr
    assert machine.calls() == []


def test_the_index_gets_the_tag(machine: Machine) -> None:
    parts = {"AMD64_DIGEST": DIGESTS["amd64-c"], "ARM64_DIGEST": DIGESTS["arm64-d"]}
    ran = machine.run(index_buildspec(["amd64", "arm64"]), CONTAINER_NAME="checkout", **parts)
    assert ran.returncode == 0, ran.stderr
    [args] = [args for tool, args, _ in machine.calls() if args[0] == "buildx"]
    assert args == [
        "buildx",
        "imagetools",
        "create",
        "--tag",
        f"{URI}:{COMMIT}",
        f"{URI}@{DIGESTS['amd64-c']}",
        f"{URI}@{DIGESTS['arm64-d']}",
    ]
    assert machine.tags() == {COMMIT: DIGESTS["index-b"]}
    assert f"IMAGE_DIGEST={DIGESTS['index-b']}\n" in ran.stdout
    actual = json.loads((machine.source / "imagedefinitions.json").read_text())
    assert actual == [{"name": "checkout", "imageUri": f"{URI}@{DIGESTS['index-b']}"}]


def test_an_index_that_stands_is_found(machine: Machine) -> None:
    parts = {"AMD64_DIGEST": DIGESTS["amd64-c"], "ARM64_DIGEST": DIGESTS["arm64-d"]}
    machine.run(index_buildspec(["amd64", "arm64"]), **parts)
    machine.calls()
    again = machine.run(index_buildspec(["amd64", "arm64"]), **parts)
    assert machine.commands() == ["aws ecr batch-get-image"]
    assert f"IMAGE_DIGEST={DIGESTS['index-b']}\n" in again.stdout


def test_an_index_needs_every_digest(machine: Machine) -> None:
    ran = machine.run(index_buildspec(["amd64", "arm64"]), AMD64_DIGEST=DIGESTS["amd64-c"])
    assert ran.returncode != 0
    assert "ARM64_DIGEST: unbound variable" in ran.stderr
    assert machine.tags() == {}


def test_an_index_that_cant_be_pushed_stops_the_build(machine: Machine) -> None:
    parts = {"AMD64_DIGEST": DIGESTS["amd64-c"], "ARM64_DIGEST": DIGESTS["arm64-d"]}
    ran = machine.run(index_buildspec(["amd64", "arm64"]), FAIL="imagetools", **parts)
    assert ran.returncode != 0
    assert list(machine.source.iterdir()) == []


def test_the_digest_that_runs_is_recorded(machine: Machine) -> None:
    machine.run(record_buildspec(), PARAMETER="/deployed-images/checkout", IMAGE_DIGEST=IMAGE)
    [(tool, args, _)] = machine.calls()
    assert [tool, *args] == [
        *["aws", "ssm", "put-parameter", "--name", "/deployed-images/checkout", "--value", IMAGE],
        *["--type", "String", "--overwrite"],
    ]
