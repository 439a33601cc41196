from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.simulation import (
    ImageStatus,
    Inventory,
    SimulatedImage,
    Use,
    read_inventories,
    write_inventories,
)

DIGEST = f"sha256:{'a' * 64}"
OTHER = f"sha256:{'b' * 64}"
PUSHED = "2026-08-03T11:12:00+02:00"
SECONDS = 1_785_748_320.0


def detail(**fields: Any) -> dict[str, Any]:
    return {"imageDigest": DIGEST, "imagePushedAt": PUSHED, **fields}


def repository(**fields: Any) -> dict[str, Any]:
    return {"repositoryName": "shop/checkout", "imageDetails": [detail()], **fields}


def ours(*repositories: object) -> str:
    return lines({"version": 1}, *repositories, {"repositories": len(repositories)})


def lines(*entries: object) -> str:
    return "".join(f"{json.dumps(entry)}\n" for entry in entries)


def read(folder: Path, document: object) -> list[Inventory]:
    file = folder / "images.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return list(read_inventories(file))


def refusal(folder: Path, document: object) -> str:
    with pytest.raises(InvalidInputError) as error:
        read(folder, document)
    assert error.value.where.startswith(str(folder / "images.json"))
    return str(error.value).removeprefix(f"{folder}/")


def test_what_describe_images_prints(tmp_path: Path) -> None:
    document = {
        "imageDetails": [
            {
                "registryId": "111122223333",
                "repositoryName": "shop/checkout",
                "imageDigest": DIGEST,
                "imageTags": ["v1.4.2", "latest"],
                "imageSizeInBytes": 412_000_000,
                "imagePushedAt": PUSHED,
                "imageScanStatus": {"status": "COMPLETE"},
                "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
                "artifactMediaType": "application/vnd.oci.image.config.v1+json",
                "lastRecordedPullTime": SECONDS + 60.5,
                "imageStatus": "ACTIVE",
                "lastArchivedAt": "2026-08-04T00:00:00Z",
                "lastActivatedAt": "2026-08-05T00:00:00Z",
            },
            {"imageDigest": OTHER, "imagePushedAt": int(SECONDS), "subjectManifestDigest": DIGEST},
        ]
    }
    [found] = read(tmp_path, document)
    assert (found.repository_name, found.account, found.region) == ("shop/checkout", "111122223333", "")
    assert (found.in_use, found.unknown) == (None, ())
    first, second = found.images
    assert first == SimulatedImage(
        DIGEST,
        ("v1.4.2", "latest"),
        SECONDS,
        412_000_000,
        ImageStatus.ACTIVE,
        SECONDS + 60.5,
        1_785_801_600.0,
        1_785_888_000.0,
        None,
        None,
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.config.v1+json",
    )
    assert second == SimulatedImage(OTHER, pushed_at=SECONDS, subject=DIGEST)


def test_our_format_is_written_and_read(tmp_path: Path) -> None:
    inventories = [
        Inventory(
            [
                SimulatedImage(
                    DIGEST, ("ä", "v1"), SECONDS, 5, children=(OTHER,), media_type="m", artifact_type="a"
                ),
                SimulatedImage(
                    OTHER, (), SECONDS + 0.25, status=ImageStatus.ARCHIVED, archived_at=SECONDS, children=()
                ),
            ],
            "shop/checkout",
            "111122223333",
            "eu-west-1",
            (Use("ecs service", tag="v1"), Use("pod", digest=OTHER)),
            ("eks cluster",),
        ),
        Inventory([], "shop/cart", in_use=()),
    ]
    write_inventories(tmp_path / "inventory.jsonl", iter(inventories))
    assert list(read_inventories(tmp_path / "inventory.jsonl")) == inventories
    first, *_, last = (tmp_path / "inventory.jsonl").read_text().splitlines()
    assert (first, last) == ('{"version": 1}', '{"repositories": 2}')


def test_an_interrupted_writer_leaves_the_good_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "inventory.jsonl"
    write_inventories(file, [Inventory([], "shop/cart")])
    before = file.read_text()

    def broken() -> Any:
        yield Inventory([], "shop/checkout")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        write_inventories(file, broken())
    assert file.read_text() == before
    assert list(tmp_path.iterdir()) == [file]


def test_keys_may_stand_in_any_order_and_media_types_are_shared(tmp_path: Path) -> None:
    images = [
        detail(imageManifestMediaType="long type"),
        detail(imageDigest=OTHER, imageManifestMediaType="long type"),
    ]
    turned = dict(reversed(repository(imageDetails=images).items()))
    for text in (ours(turned), json.dumps(turned, indent=3)):
        [found] = read(tmp_path, text)
        assert found.repository_name == "shop/checkout"
        assert found.images[0].media_type is found.images[1].media_type


def test_a_repository_of_ours_may_be_named_by_its_images(tmp_path: Path) -> None:
    images = [detail(repositoryName="shop/cart", registryId="111122223333")]
    [found] = read(tmp_path, ours({"imageDetails": images, "region": "eu-west-1"}))
    assert (found.repository_name, found.account, found.region) == ("shop/cart", "111122223333", "eu-west-1")


def test_nothing_is_a_result(tmp_path: Path) -> None:
    assert read(tmp_path, {"imageDetails": []}) == [Inventory([])]
    assert read(tmp_path, ours()) == []


def test_one_repository_may_be_one_document(tmp_path: Path) -> None:
    whole = repository(inUse=[{"where": "pod", "imageTag": "v1"}], unknown=["eks blue"], region="eu-west-1")
    assert read(tmp_path, json.dumps(whole, indent=2)) == read(tmp_path, ours(whole))


def test_progress_is_told(tmp_path: Path) -> None:
    (tmp_path / "images.jsonl").write_text(ours(repository(), repository(region="eu-west-1")))
    told: list[int] = []
    list(read_inventories(tmp_path / "images.jsonl", progress=told.append))
    assert told == [1, 2]


def test_repositories_come_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "images.jsonl"
    file.write_text(lines({"version": 1}, repository()) + "broken")
    reader = read_inventories(file)
    assert next(reader).repository_name == "shop/checkout"
    with pytest.raises(InvalidInputError, match="line 3 column 1"):
        next(reader)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "images.json: line 1 column 1: This is not JSON"),
        ("[]", "images.json: This is not an object"),
        ("{", "This is not JSON"),
        ('{"imageDetails": [{"imageDigest": "sha', "This is not JSON: Unterminated string"),
        (
            '{\n  "imageDetails": [\n    {"imageDigest" 1}]}',
            "line 3 column 20: This is not JSON: Expecting ':'",
        ),
        ('{"imageDetails": [],}', "line 1 column"),
        ('{"imageDetails": []} {}', "line 1 column 22: This is not JSON: Extra data"),
        ('{"imageDetails": [], "imageDetails": []}', "Duplicate key imageDetails"),
        ('{"imageDetails": [{"imageDigest": "", "imagePushedAt": NaN}]}', "The image has no digest"),
        (
            f'{{"imageDetails": [{{"imageDigest": "{DIGEST}", "imagePushedAt": NaN}}]}}',
            "The number is no date",
        ),
        ('{"imageDetails": [{"imagePushedAt": ' + "1" * 5000 + "}]}", "A number can't be read"),
        ('{"imageDetails": ' + "[" * 100_000, "nested too deeply"),
        ({"imageDetails": {}}, "imageDetails: This is not a list"),
        ({}, "There are no imageDetails"),
        ({"images": []}, "images: The format has no such key"),
        ({"imageDetails": [], "NextToken": "x"}, "only a part of the images"),
        (lines({"version": 2}, {"repositories": 0}), "line 1: version: The inventory has another version"),
        (lines({"version": True}, {"repositories": 0}), "another version"),
        (lines({"version": 1, "repositories": []}), "repositories: The format has no such key"),
        (lines({"version": 1}), "line 2: The file ends too early"),
        (lines({"version": 1}, repository()), "line 3: The file ends too early"),
        (lines({"version": 1}, repository(), {"repositories": 2}), "line 3: The last line counts other"),
        (ours(repository()) + lines(repository()), "line 3: The last line counts other"),
        (ours(repository(images=[])), "line 2: images: The format has no such key"),
        (ours({"repositoryName": "a"}), "line 2: There are no imageDetails"),
        (ours({"imageDetails": []}), "line 2: The repository has no name"),
        (ours(5), "line 2: This is not an object"),
        (ours(repository(region=1)), "line 2: region: The value is not text"),
        (ours(repository(), repository()), "line 3: The repository shop/checkout is listed twice"),
        (
            ours(repository(region="")).replace("region", "unknown", 1),
            "line 2: unknown: The value is not a list",
        ),
        (lines({"version": 1}) + '{"region": "", "region": ""}\n', "line 2: Duplicate key region"),
        (ours(repository(inUse=[{"where": "x"}])), "line 2: inUse[0]: A use has a place and one image"),
        (ours(repository(inUse=[{"where": "x", "imageTag": "a", "imageDigest": "b"}])), "one image"),
        (
            ours(repository(inUse=[{"where": "x", "tag": "a"}])),
            "line 2: inUse[0].tag: The format has",
        ),
        (ours(repository(unknown=[1])), "line 2: unknown[0]: The value is not text"),
        ({"imageDetails": [detail(), detail()]}, "imageDetails[1]: Two images have the same digest"),
        (
            {"imageDetails": [detail(repositoryName="a"), detail(imageDigest=OTHER, repositoryName="b")]},
            "The images are those of two repositories",
        ),
        ({"imageDetails": [1]}, "imageDetails[0]: This is not an image"),
        ({"imageDetails": [{}]}, "imageDetails[0].imageDigest: The image has no digest"),
        ({"imageDetails": [detail(imageDigest="sha256:x")]}, "no digest"),
        ({"imageDetails": [{"imageDigest": DIGEST}]}, "does not say when it was pushed"),
        ({"imageDetails": [detail(imagePushedAt="2026-08-03T09:12:00")]}, "ambiguous: it has no offset"),
        ({"imageDetails": [detail(imagePushedAt="2026-08-03")]}, "ambiguous"),
        (
            {"imageDetails": [detail(imagePushedAt="yesterday")]},
            "imageDetails[0].imagePushedAt: This is not a date",
        ),
        ({"imageDetails": [detail(imagePushedAt=True)]}, "This is not a date"),
        ({"imageDetails": [detail(imagePushedAt=1_785_748_320_000)]}, "divide milliseconds by 1000"),
        ({"imageDetails": [detail(imagePushedAt=-1)]}, "The number is no date"),
        ({"imageDetails": [detail(imageStatus="GONE")]}, "does not know this status"),
        ({"imageDetails": [detail(imageStatus="ARCHIVED")]}, "archived and does not say since when"),
        ({"imageDetails": [detail(imageSizeInBytes="5")]}, "not a number of bytes"),
        ({"imageDetails": [detail(imageSizeInBytes=-5)]}, "not a number of bytes"),
        ({"imageDetails": [detail(imageTags="v1")]}, "imageDetails[0].imageTags: The value is not a list"),
        (
            {"imageDetails": [detail(imageTags=["v1", 2])]},
            "imageDetails[0].imageTags[1]: The value is not text",
        ),
        ({"imageDetails": [detail(subjectManifestDigest=5)]}, "The value is not text"),
        ({"imageDetails": ["x" * 1000]}, "xxx..."),
    ],
)
def test_what_is_refused(tmp_path: Path, document: object, message: str) -> None:
    assert message in refusal(tmp_path, document)


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    for text in (ours(repository(), repository(region="eu-west-1")), json.dumps(repository(), indent=1)):
        for end in range(len(text.rstrip())):
            with pytest.raises(InvalidInputError):
                read(tmp_path, text[:end])


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="can't be opened"):
        list(read_inventories(tmp_path / "none.json"))
    (tmp_path / "latin.json").write_bytes('{"ä": 1}'.encode("latin-1"))
    with pytest.raises(InvalidInputError, match="not UTF-8"):
        list(read_inventories(tmp_path / "latin.json"))
    (tmp_path / "marked.json").write_bytes(b"\xef\xbb\xbf" + b'{"imageDetails": []}')
    assert len(list(read_inventories(tmp_path / "marked.json"))) == 1
