"""What ECR says of an image's scan and signatures: a test says what was found, nothing is scanned here.

`Connection.tell_image` keeps an answer, and ECR's operation gives it back. An image that nobody told anything
of has no scan and no signature.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecr

from registry_constructs.local.emulator.tables import ApiError

Json = dict[str, Any]

_told: dict[tuple[str, ...], Json] = {}


def tell(said: Json) -> None:
    """Keep what an operation answers for an image."""
    where = [said[name] for name in ("account", "region", "operation", "repository", "digest")]
    _told[tuple(where)] = said["answer"]


def _asked(operation: str, without: Callable[[str], Json]) -> Callable[[Json], Json]:
    def answer(request: Json) -> Json:
        name, asked = request["repositoryName"], request["imageId"]
        for image in ecr._images.get(name, []):
            digest = image["imageDigest"]
            if asked.get("imageDigest", digest) == digest and (
                "imageTag" not in asked or asked["imageTag"] in image.get("imageTags", [])
            ):
                told = _told.get((get_account_id(), get_region(), operation, name, digest))
                found = without(digest) if told is None else told
                return {"repositoryName": name, "imageId": {"imageDigest": digest}, **found}
        raise ApiError("ImageNotFoundException", f"The image with imageId {asked} does not exist in {name}")

    return answer


def _no_scan(digest: str) -> Json:
    raise ApiError("ScanNotFoundException", f"Image scan does not exist for the image with '{digest}'")


OPERATIONS = {
    "DescribeImageScanFindings": _asked("DescribeImageScanFindings", _no_scan),
    "DescribeImageSigningStatus": _asked("DescribeImageSigningStatus", lambda _: {"signingStatuses": []}),
}
