"""Artifacts made in memory, their layouts on disk, and their way through the registry."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_constructs.local import LocalAws, LocalAwsError
from registry_constructs.local.images import Artifact, chart, image, index, read_layout, write_layout
from registry_constructs.local.registry import check_round_trip, pull, push

FILES = {"app/hello.txt": b"hello\n", "app/b.txt": b"b"}
IMAGE = image(FILES)
ARTIFACTS = {
    "image": IMAGE,
    "arm image": image(FILES, architecture="arm64"),
    "index": index(IMAGE, image(FILES, architecture="arm64")),
    "chart": chart("web", "1.2.3", {"pod.yaml": b"kind: Pod\n"}),
}


def unpack(layer: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer))) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


def test_the_same_content_has_the_same_digest() -> None:
    assert image(dict(reversed(FILES.items()))) == IMAGE
    assert len({artifact.digest for artifact in ARTIFACTS.values()}) == len(ARTIFACTS)
    assert image({"app/hello.txt": b"other"}).digest != IMAGE.digest


def test_an_index_names_each_platform() -> None:
    manifests = json.loads(ARTIFACTS["index"].manifest)["manifests"]
    platforms = [(entry["platform"]["os"], entry["platform"]["architecture"]) for entry in manifests]
    assert platforms == [("linux", "amd64"), ("linux", "arm64")]
    assert manifests[0]["digest"] == IMAGE.digest


def test_a_chart_is_what_helm_expects() -> None:
    manifest = json.loads(ARTIFACTS["chart"].manifest)
    assert manifest["config"]["mediaType"] == "application/vnd.cncf.helm.config.v1+json"
    assert [layer["mediaType"] for layer in manifest["layers"]] == [
        "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
    ]
    (layer,) = ARTIFACTS["chart"].layers()
    assert unpack(layer) == {
        "web/Chart.yaml": b"apiVersion: v2\nname: web\nversion: 1.2.3\n",
        "web/templates/pod.yaml": b"kind: Pod\n",
    }


def test_a_layout_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    write_layout(IMAGE, tmp_path / "layout", tag="v1")
    assert read_layout(tmp_path / "layout") == IMAGE
    (tmp_path / "layout" / "blobs" / "sha256" / IMAGE.digest.removeprefix("sha256:")).write_bytes(b"{}")
    with pytest.raises(LocalAwsError, match="holds sha256:"):
        read_layout(tmp_path / "layout")


@pytest.mark.parametrize("artifact", ARTIFACTS.values(), ids=ARTIFACTS.keys())
def test_what_is_pushed_is_described_and_pulled(
    local_aws: LocalAws, account: str, artifact: Artifact
) -> None:
    ecr = local_aws.client("ecr", account=account)
    ecr.create_repository(repositoryName="team/web")
    digest = check_round_trip(local_aws, "team/web", artifact, tag="v1", account=account)
    described = ecr.describe_images(repositoryName="team/web", imageIds=[{"imageTag": "v1"}])["imageDetails"]
    pulled = pull(local_aws, "team/web", tag="v1", account=account)

    assert [detail["imageDigest"] for detail in described] == [digest] == [artifact.digest] == [pulled.digest]
    assert described[0]["imageManifestMediaType"] == artifact.media_type
    assert pulled.layers() == artifact.layers()
    if artifact is IMAGE:
        assert unpack(pulled.layers()[0]) == FILES


def test_a_repository_name_stands_in_each_account_and_region(
    local_aws: LocalAws, new_account: Callable[[], str]
) -> None:
    places = [(new_account(), "us-east-1"), (new_account(), "us-east-1")]
    places.append((places[0][0], "eu-west-1"))
    digests = []
    for number, (account, region) in enumerate(places):
        local_aws.client("ecr", account=account, region=region).create_repository(repositoryName="web")
        artifact = image({"number": str(number).encode()})
        digests.append(push(local_aws, "web", artifact, tag="v1", account=account, region=region))
    pulled = [pull(local_aws, "web", tag="v1", account=account, region=region) for account, region in places]

    assert [artifact.digest for artifact in pulled] == digests
    assert len(set(digests)) == len(places)


def test_refusals_are_named(local_aws: LocalAws, account: str) -> None:
    with pytest.raises(LocalAwsError, match="refused pushing missing:v1"):
        push(local_aws, "missing", IMAGE, tag="v1", account=account)
    ecr = local_aws.client("ecr", account=account)
    ecr.create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE")
    push(local_aws, "fixed", IMAGE, tag="v1", account=account)
    with pytest.raises(LocalAwsError, match="refused pushing fixed:v1"):
        push(local_aws, "fixed", ARTIFACTS["arm image"], tag="v1", account=account)
    with pytest.raises(LocalAwsError, match="refused pulling fixed:v2"):
        pull(local_aws, "fixed", tag="v2", account=account)
