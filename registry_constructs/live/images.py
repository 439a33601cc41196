"""The images of one live repository, with what its manifest lists contain."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.live.aws import pages
from registry_constructs.live.errors import AwsError, reading, unreadable
from registry_constructs.live.repositories import PAGE
from registry_constructs.simulation.details import read_detail
from registry_constructs.simulation.image import MANIFEST_LISTS, ImageStatus, SimulatedImage

if TYPE_CHECKING:
    from mypy_boto3_ecr.client import ECRClient

# What BatchGetImage takes at once (API reference).
_BATCH: Final = 100
_MANIFESTS: Final = (
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
)
_READINGS: Final = 3


class _ChangedError(Exception):
    """The repository was changed while it was read."""


def read_images(ecr: ECRClient, repository: str, *, where: str) -> list[SimulatedImage]:
    """All images of a repository: active, archived and on their way back, tagged or not.

    A repository that changes under our eyes is read again, three times at most. What an archived manifest
    list contains is not read: ECR does not give its manifest, and nothing depends on it.

    Args:
        ecr: A client of its Region.
        repository: Its name.
        where: What errors call it.

    Raises:
        AwsError: It can't be read to the end; with the code `RepositoryNotFoundException` if it is gone.
    """
    for _ in range(_READINGS):
        images = _described(ecr, repository, where)
        try:
            children = _children(ecr, repository, images, where)
        except _ChangedError:
            continue
        return [
            image._replace(children=children[image.digest]) if image.digest in children else image
            for image in images
        ]
    raise AwsError(
        "The repository changes faster than it can be read",
        got=f"manifest lists that were gone at once, {_READINGS} times",
        fix="run it again when nothing is deleting images",
        where=where,
    )


def _described(ecr: ECRClient, repository: str, where: str) -> list[SimulatedImage]:
    # An image that is pushed again meanwhile may come on two pages: pages() keeps the last one.
    details = pages(
        ecr,
        "describe_images",
        "imageDetails",
        where=where,
        identity=("imageDigest",),
        repositoryName=repository,
        filter={"imageStatus": "ANY"},
        maxResults=PAGE,
    )
    return [_image(detail, where) for detail in details]


def _image(detail: dict[str, Any], where: str) -> SimulatedImage:
    plain = {
        key: value.timestamp() if isinstance(value, datetime) else value for key, value in detail.items()
    }
    try:
        return read_detail(plain)
    except InvalidInputError as error:
        raise AwsError(
            f"{detail['imageDigest']}: {error.problem}",
            got=f"{error.where}: {error.got}",
            fix="run it again; if it stays so, delete the image, or write the inventory by hand",
            where=where,
        ) from error


def _children(
    ecr: ECRClient, repository: str, images: list[SimulatedImage], where: str
) -> dict[str, tuple[str, ...]]:
    """By digest, what each manifest list contains."""
    # What does not say what it is may be a list.
    lists = [
        image.digest
        for image in images
        if image.status is not ImageStatus.ARCHIVED
        and (image.media_type in MANIFEST_LISTS or not image.media_type)
    ]
    sure = {image.digest for image in images if image.media_type}
    found: dict[str, tuple[str, ...]] = {}
    for start in range(0, len(lists), _BATCH):
        batch = lists[start : start + _BATCH]
        for digest, text in _manifests(ecr, repository, batch, where).items():
            children = _listed(text, f"{where}: {digest}")
            if children is not None:
                found[digest] = children
            elif digest in sure:
                raise unreadable(f"{where}: {digest}", "a manifest list without manifests")
    return found


def _manifests(ecr: ECRClient, repository: str, digests: list[str], where: str) -> dict[str, str]:
    with reading(where):
        answer = ecr.batch_get_image(
            repositoryName=repository,
            imageIds=[{"imageDigest": digest} for digest in digests],
            acceptedMediaTypes=[*sorted(MANIFEST_LISTS), *_MANIFESTS],
        )
    for failure in answer.get("failures", []):
        if failure["failureCode"] == "ImageNotFound":
            raise _ChangedError
        raise AwsError(
            f"The manifest list {failure['imageId']['imageDigest']} can't be read",
            got=f"{failure['failureCode']}: {failure.get('failureReason')}",
            fix="read ECR's answer; without its manifest nobody knows which images it holds",
            where=where,
        )
    # An image with several tags may come once for each.
    manifests = {
        image["imageId"]["imageDigest"]: image["imageManifest"] for image in answer.get("images", [])
    }
    if missing := set(digests) - set(manifests):
        raise unreadable(where, f"an answer without the manifest {min(missing)}")
    return manifests


def _listed(text: str, where: str) -> tuple[str, ...] | None:
    """The digests of a manifest list; None if it is the manifest of one image."""
    try:
        manifest = json.loads(text)
        entries = manifest.get("manifests")
        if entries is None:
            return None
        digests = [entry["digest"] for entry in entries]
        if not isinstance(entries, list) or not all(isinstance(digest, str) for digest in digests):
            raise TypeError("manifests is not a list of entries with digests")
        return tuple(dict.fromkeys(digests))
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise AwsError(
            "The manifest can't be read",
            got=f"{type(error).__name__}: {error}",
            fix="is it a manifest list? Nobody can pull it as it is",
            where=where,
        ) from error
