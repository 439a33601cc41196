"""What ECR says of an image's scan and signatures: a test sets it, nothing is scanned here.

`Connection.set_image_answer` keeps an answer, and ECR's operation gives it back. An image without a setting
of has no scan and no signature.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecr

from registry_constructs.local.emulator.tables import ApiError

Json = dict[str, Any]

_answers: dict[tuple[str, ...], Json] = {}


def set_answer(setting: Json) -> None:
    """Keep what an operation answers for an image."""
    where = [setting[name] for name in ("account", "region", "operation", "repository", "digest")]
    _answers[tuple(where)] = setting["answer"]


def _operation(operation: str, without: Callable[[str], Json]) -> Callable[[Json], Json]:
    def answer(request: Json) -> Json:
        name, image_id = request["repositoryName"], request["imageId"]
        for image in ecr._images.get(name, []):
            digest = image["imageDigest"]
            if image_id.get("imageDigest", digest) == digest and (
                "imageTag" not in image_id or image_id["imageTag"] in image.get("imageTags", [])
            ):
                answer = _answers.get((get_account_id(), get_region(), operation, name, digest))
                found = without(digest) if answer is None else answer
                return {"repositoryName": name, "imageId": {"imageDigest": digest}, **found}
        raise ApiError(
            "ImageNotFoundException", f"The image with imageId {image_id} does not exist in {name}"
        )

    return answer


def _no_scan(digest: str) -> Json:
    raise ApiError("ScanNotFoundException", f"Image scan does not exist for the image with '{digest}'")


OPERATIONS = {
    "DescribeImageScanFindings": _operation("DescribeImageScanFindings", _no_scan),
    "DescribeImageSigningStatus": _operation("DescribeImageSigningStatus", lambda _: {"signingStatuses": []}),
}
