"""Which images of an index are scanned: those that something can run, whatever their annotations say."""

from __future__ import annotations

from typing import Any

import pytest

from registry_constructs.delivery.scan_gate.handler.check import Memory
from registry_constructs.delivery.scan_gate.handler.manifests import kind_of
from tests.delivery.scan_gate.scanned_image import (
    CHILDREN,
    COMPLETED,
    CONFIG,
    DIGEST,
    INDEX,
    MANIFEST,
    PUSHED,
    ScannedImage,
    basic,
    descriptor,
    image_manifest,
    look,
)
from tests.delivery.served_aws import error

SOCI = "application/vnd.amazon.soci.index.v2+json"
ATTESTATION = {
    "vnd.docker.reference.type": "attestation-manifest",
    "vnd.docker.reference.digest": CHILDREN[0],
}


def scanned_digests(image: ScannedImage) -> list[str]:
    """The images that ECR was asked about, each once, with a clean scan each."""
    for digest in CHILDREN:
        image.scanned(digest=digest, **COMPLETED, findings=[])
    image.aws.requests.clear()
    assert look(image).state == "passed"
    found = [
        asked["imageId"]["imageDigest"]
        for operation, asked in image.aws.requests
        if operation == "DescribeImageScanFindings"
    ]
    assert len(found) == len(set(found))
    return found


@pytest.mark.parametrize(
    "media",
    [
        MANIFEST,
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    ],
)
def test_an_image_that_is_no_index_is_scanned_itself(image: ScannedImage, media: str) -> None:
    image.media[DIGEST] = media
    image.scanned(**COMPLETED, findings=[])
    assert look(image).state == "passed"
    assert image.aws.calls["BatchGetImage"] == 0


def test_each_platform_is_scanned_and_buildkits_attestations_are_not(image: ScannedImage) -> None:
    image.index(
        descriptor(CHILDREN[0]),
        descriptor(CHILDREN[1], "arm64"),
        descriptor(CHILDREN[2], "unknown", annotations=ATTESTATION),
    )
    assert scanned_digests(image) == CHILDREN[:2]


@pytest.mark.parametrize("annotations", [ATTESTATION, {"com.amazon.soci.image-manifest-digest": DIGEST}])
def test_an_annotation_hides_no_image_that_runs(image: ScannedImage, annotations: dict[str, str]) -> None:
    image.index(descriptor(CHILDREN[0], annotations=annotations), descriptor(CHILDREN[1], "arm64"))
    assert scanned_digests(image) == CHILDREN[:2]
    image.scanned(digest=CHILDREN[0], **COMPLETED, findings=[basic("CVE-1", "CRITICAL")])
    assert look(image).state == "refused"


@pytest.mark.parametrize(
    ("config", "kept"),
    [
        ("application/vnd.oci.image.config.v1+json", True),
        ("application/vnd.docker.container.image.v1+json", True),
        # Docker runs what registries and builders once wrote instead of a type.
        ("application/octet-stream", True),
        ("application/json", True),
        ("text/html", True),
        ("", True),
        ("application/vnd.oci.empty.v1+json", False),
        (SOCI, False),
        ("application/vnd.cncf.helm.config.v1+json", False),
    ],
)
@pytest.mark.parametrize(
    "hints",
    [
        {},
        {"artifactType": SOCI},
        {"annotations": {"com.amazon.soci.image-manifest-digest": CHILDREN[0]}},
        {"platform": {}},
        {"platform": None},
        {"mediaType": "application/vnd.oci.artifact.manifest.v1+json"},
    ],
    ids=str,
)
def test_what_has_no_image_config_is_left_out(
    image: ScannedImage, hints: dict[str, Any], config: str, kept: bool
) -> None:
    image.index(descriptor(CHILDREN[0]), descriptor(CHILDREN[1]) | hints)
    image.manifests[CHILDREN[1]] = image_manifest(config)
    assert scanned_digests(image) == (CHILDREN[:2] if kept else CHILDREN[:1])


def test_an_image_with_soci_v2_passes_by_its_own_scan(image: ScannedImage) -> None:
    soci = descriptor(CHILDREN[1], annotations={"com.amazon.soci.image-manifest-digest": CHILDREN[0]})
    image.index(descriptor(CHILDREN[0]), soci | {"artifactType": SOCI})
    image.manifests[CHILDREN[1]] = image_manifest(SOCI, artifactType=SOCI)
    image.scanned(digest=CHILDREN[0], **COMPLETED, findings=[])
    assert look(image).state == "passed"


@pytest.mark.parametrize(
    ("platform", "kept"),
    [
        ({"os": "unknown", "architecture": "unknown"}, False),
        ({"os": "unknown", "architecture": "amd64"}, True),
        ({"os": "linux", "architecture": "unknown"}, True),
        ({"os": "windows", "architecture": "amd64"}, True),
        ({}, True),
        (None, True),
    ],
)
def test_only_a_wholly_unknown_platform_runs_nowhere(
    image: ScannedImage, platform: dict[str, str] | None, kept: bool
) -> None:
    image.index(descriptor(CHILDREN[0]), descriptor(CHILDREN[1]) | {"platform": platform})
    assert scanned_digests(image) == (CHILDREN[:2] if kept else CHILDREN[:1])


@pytest.mark.parametrize(
    "hints",
    [
        {},
        {"artifactType": SOCI},
        {"annotations": ATTESTATION},
        {"mediaType": "application/vnd.docker.distribution.manifest.v2+json"},
        {"mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws"},
    ],
    ids=str,
)
def test_what_is_called_an_image_and_has_no_manifest_needs_a_scan(
    image: ScannedImage, hints: dict[str, Any]
) -> None:
    image.index(descriptor(CHILDREN[0]), descriptor(CHILDREN[1]) | hints)
    image.manifests[CHILDREN[1]] = None
    assert scanned_digests(image) == CHILDREN[:2]


@pytest.mark.parametrize("media", [INDEX, "application/vnd.oci.artifact.manifest.v1+json", None])
def test_what_may_be_an_index_and_has_no_manifest_does_not_pass(
    image: ScannedImage, media: str | None
) -> None:
    image.index(descriptor(CHILDREN[0]), descriptor(CHILDREN[1]) | {"mediaType": media})
    image.manifests[CHILDREN[1]] = None
    for digest in CHILDREN[:2]:
        image.scanned(digest=digest, **COMPLETED, findings=[])
    report = look(image)
    assert report.state == "waiting"
    assert report.reason == f"shop/checkout@{CHILDREN[1][:19]}: whether it is an image can't be read"


@pytest.mark.parametrize(
    ("manifest", "kept"),
    [
        ({"artifactType": SOCI, "config": {}}, True),
        ({"artifactType": SOCI, "config": {"mediaType": None}}, True),
        ({"artifactType": SOCI, "blobs": []}, False),
        ({"layers": []}, True),
    ],
    ids=str,
)
def test_an_artifact_type_hides_no_image_that_runs(
    image: ScannedImage, manifest: dict[str, Any], kept: bool
) -> None:
    image.index(descriptor(CHILDREN[0]), descriptor(CHILDREN[1], artifactType=SOCI))
    image.manifests[CHILDREN[1]] = {"schemaVersion": 2, **manifest}
    assert scanned_digests(image) == (CHILDREN[:2] if kept else CHILDREN[:1])


@pytest.mark.parametrize("media", [None, "application/vnd.example+json"])
def test_what_ecr_does_not_call_an_image_is_read(image: ScannedImage, media: str | None) -> None:
    image.index(descriptor(CHILDREN[0]))
    image.media[DIGEST] = media
    assert scanned_digests(image) == CHILDREN[:1]
    image.manifests[DIGEST] = image_manifest()
    image.scanned(**COMPLETED, findings=[])
    assert scanned_digests(image) == [DIGEST]
    image.manifests[DIGEST] = image_manifest(SOCI)
    assert "no image in it that can run" in look(image).reason


@pytest.mark.parametrize(
    "manifest",
    [
        {"schemaVersion": 1, "name": "app", "artifactType": SOCI, "fsLayers": []},
        {"mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws", "artifactType": SOCI},
    ],
    ids=str,
)
def test_an_old_docker_manifest_is_an_image(image: ScannedImage, manifest: dict[str, Any]) -> None:
    image.index(descriptor(CHILDREN[0]))
    image.manifests[CHILDREN[0]] = manifest
    assert scanned_digests(image) == CHILDREN[:1]


def test_an_index_in_an_index_is_looked_into_and_a_circle_ends(image: ScannedImage) -> None:
    image.index(descriptor(CHILDREN[0]) | {"mediaType": INDEX, "platform": None}, descriptor(CHILDREN[1]))
    image.manifests[CHILDREN[0]] = {
        "mediaType": INDEX,
        "manifests": [descriptor(CHILDREN[2]), descriptor(DIGEST), descriptor(CHILDREN[1])],
    }
    assert sorted(scanned_digests(image)) == sorted(CHILDREN[1:3])


def test_all_indexes_in_an_index_are_looked_into(image: ScannedImage) -> None:
    image.index(*(descriptor(digest) | {"mediaType": INDEX, "platform": None} for digest in CHILDREN[:2]))
    for index, child in zip(CHILDREN[:2], CHILDREN[2:4], strict=True):
        image.manifests[index] = {"mediaType": INDEX, "manifests": [descriptor(child)]}
    assert scanned_digests(image) == CHILDREN[2:4]


def test_a_manifest_without_a_type_has_the_one_that_ecr_gives_to_clients(image: ScannedImage) -> None:
    image.index(descriptor(CHILDREN[0]))
    image.media[CHILDREN[0]] = INDEX
    image.manifests[CHILDREN[0]] = {"config": {}, "manifests": [descriptor(CHILDREN[1])]}
    assert scanned_digests(image) == CHILDREN[1:2]


def test_an_index_waits_for_all_of_its_images(image: ScannedImage) -> None:
    image.index(*map(descriptor, CHILDREN[:2]))
    image.scanned("PENDING", digest=CHILDREN[0])
    image.scanned(digest=CHILDREN[1], **COMPLETED, findings=[])
    assert look(image).state == "waiting"


def test_an_index_settles_as_a_whole(image: ScannedImage) -> None:
    image.index(*map(descriptor, CHILDREN[:2]))
    for digest in CHILDREN[:2]:
        image.scanned("ACTIVE", digest=digest, enhancedFindings=[])
        image.covered(digest=digest)
    memory = Memory()
    assert look(image, memory).state == "waiting"
    image.covered(digest=CHILDREN[1], at=PUSHED + 100)
    assert look(image, memory, at=60.0).state == "waiting"
    assert look(image, memory, at=120.0).state == "passed"


def test_the_push_of_a_child_counts_and_that_of_the_index_where_it_is_not_known(image: ScannedImage) -> None:
    image.index(descriptor(CHILDREN[0]))
    image.scanned("ACTIVE", digest=CHILDREN[0], enhancedFindings=[])
    image.covered(digest=CHILDREN[0], at=PUSHED - 100)
    image.pushed[CHILDREN[0]] = PUSHED - 200
    memory = Memory()
    look(image, memory)
    assert look(image, memory, at=60.0).state == "passed"
    image.pushed[CHILDREN[0]] = None
    assert "before it was pushed" in look(image).reason


@pytest.mark.parametrize(
    "children", [[], [descriptor(CHILDREN[0], "unknown")], [descriptor(CHILDREN[1], artifactType=SOCI)]]
)
def test_an_index_without_an_image_does_not_pass(image: ScannedImage, children: list[Any]) -> None:
    image.index(*children)
    image.manifests[CHILDREN[1]] = image_manifest(SOCI)
    report = look(image)
    assert (report.state, "no image in it that can run" in report.reason) == ("unreadable", True)


def test_an_index_that_is_not_there_does_not_pass(image: ScannedImage) -> None:
    image.index(descriptor(CHILDREN[0]))
    image.manifests[DIGEST] = None
    assert look(image).state == "waiting"


def test_more_images_than_anybody_builds_end_the_reading(image: ScannedImage) -> None:
    image.index(*(descriptor(f"sha256:{number:064}") for number in range(1_001)))
    report = look(image)
    assert (report.state, "more than 1,000" in report.reason) == ("unreadable", True)


def test_many_images_are_asked_for_in_batches_that_ecr_takes(image: ScannedImage) -> None:
    digests = [f"sha256:{number:064}" for number in range(250)]
    image.index(*map(descriptor, digests))
    for digest in digests:
        image.scanned("ACTIVE", digest=digest, enhancedFindings=[])
        image.covered(digest=digest)
    memory = Memory()
    assert look(image, memory).state == "waiting"
    assert look(image, memory, at=60.0).state == "passed"
    asked = [
        len(parameters["imageIds"])
        for operation, parameters in image.aws.requests
        if "imageIds" in parameters
    ]
    assert max(asked) == 100
    # The image, the manifests of the index and of its images, and their pushes: no more than that, twice.
    assert len(asked) == 2 * (1 + 1 + 3 + 3)


def test_every_kind_of_manifest_is_accepted(image: ScannedImage) -> None:
    image.index(descriptor(CHILDREN[0]))
    scanned_digests(image)
    accepted = [
        parameters["acceptedMediaTypes"] for name, parameters in image.aws.requests if name == "BatchGetImage"
    ]
    assert accepted == 2 * [
        [
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
        ]
    ]


@pytest.mark.parametrize(
    "media", [INDEX, "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.example"]
)
def test_an_index_is_one_by_its_type_or_by_what_is_in_it(image: ScannedImage, media: str) -> None:
    image.index(descriptor(CHILDREN[0]))
    image.media[DIGEST] = media
    del image.manifests[DIGEST]["mediaType"]
    assert scanned_digests(image) == CHILDREN[:1]


@pytest.mark.parametrize(
    ("media", "kind"),
    [
        (INDEX, "index"),
        ("application/vnd.docker.distribution.manifest.list.v2+json", "index"),
        (MANIFEST, "image"),
    ],
)
@pytest.mark.parametrize("of", ["manifest", "descriptor"])
def test_what_is_an_index_and_an_image_at_once_is_what_its_type_says(media: str, kind: str, of: str) -> None:
    both = {"manifests": [], "config": {"mediaType": CONFIG}}
    manifest, described = (
        (both | {"mediaType": media}, {}) if of == "manifest" else (both, {"mediaType": media})
    )
    assert kind_of(manifest, described) == kind


@pytest.mark.parametrize("manifest", [{"artifactType": SOCI}, {"config": {"mediaType": SOCI}}], ids=str)
def test_an_artifact_is_neither(manifest: dict[str, Any]) -> None:
    assert kind_of(manifest, {"mediaType": MANIFEST}) == "other"


def test_a_denied_manifest_names_the_right(image: ScannedImage) -> None:
    image.index(descriptor(CHILDREN[0]))
    image.aws.answers["BatchGetImage"] = lambda _: error("AccessDeniedException")
    assert "missing ecr:BatchGetImage" in look(image).reason
