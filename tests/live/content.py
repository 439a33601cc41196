"""Registries to read: thousands of images, put there through ECR's API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from registry_constructs.local.connection import Connection
from registry_constructs.local.images import INDEX, MANIFEST
from registry_constructs.simulation import Inventory, read_inventories

SIGNATURE = "application/vnd.cncf.notary.signature"


class Pushed(NamedTuple):
    """An image as it was pushed."""

    repository: str
    digest: str
    tags: tuple[str, ...]
    children: tuple[str, ...] | None
    subject: str | None


def image(seed: object, *, subject: str | None = None) -> str:
    """A manifest of one image, or of a signature of another one."""
    made: dict[str, Any] = {"schemaVersion": 2, "mediaType": MANIFEST, "annotations": {"seed": str(seed)}}
    if subject:
        made |= {"artifactType": SIGNATURE, "subject": {"mediaType": MANIFEST, "digest": subject, "size": 1}}
    return json.dumps(made)


def index(*digests: str) -> str:
    entries = [{"mediaType": MANIFEST, "digest": digest, "size": 1} for digest in digests]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})


def digest_of(manifest: str) -> str:
    return f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"


def release(repository: str, number: int) -> Iterator[tuple[dict[str, str], Pushed]]:
    """Five images: two platforms, their list, its signature, and an untagged one that a tag left behind."""
    platforms = [image(f"{repository} {number} {platform}") for platform in ("amd64", "arm64")]
    children = tuple(map(digest_of, platforms))
    manifest_list = index(*children)
    signature = image(f"{repository} {number} signature", subject=digest_of(manifest_list))
    left = image(f"{repository} {number} left")
    tag = f"v1.{number}"
    for text, tags, inside, subject in (
        (platforms[0], (), None, None),
        (platforms[1], (), None, None),
        (manifest_list, (tag,), children, None),
        (signature, (), None, digest_of(manifest_list)),
        (left, (), None, None),
    ):
        request = {
            "repositoryName": repository,
            "imageManifest": text,
            "imageManifestMediaType": INDEX if inside else MANIFEST,
        }
        yield (
            request | ({"imageTag": tags[0]} if tags else {}),
            Pushed(repository, digest_of(text), tags, inside, subject),
        )


def fill(aws: Connection, account: str, sizes: dict[str, int], *, region: str = "eu-west-1") -> list[Pushed]:
    """Make repositories with so many releases each; a release is five images."""
    ecr = aws.client("ecr", account=account, region=region)
    for repository in sizes:
        ecr.create_repository(repositoryName=repository)
    made = [one for name, size in sizes.items() for number in range(size) for one in release(name, number)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: ecr.put_image(**one[0]), made))
    return [pushed for _, pushed in made]


def read(file: Any) -> list[Inventory]:
    return list(read_inventories(file))


def content(inventories: Sequence[Inventory], *, subjects: bool = False) -> set[Pushed]:
    """What an inventory has, to compare with what was pushed; the local AWS says nothing of subjects."""
    return {
        Pushed(
            inventory.repository_name,
            image.digest,
            image.tags,
            image.children,
            image.subject if subjects else None,
        )
        for inventory in inventories
        for image in inventory.images
    }


def without_subjects(pushed: Sequence[Pushed]) -> set[Pushed]:
    return {one._replace(subject=None) for one in pushed}
