"""One entry of `imageDetails`, as `aws ecr describe-images` prints it, read and written."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.simulation.image import ImageStatus, SimulatedImage

# 1970 to 3000 in seconds. A number of milliseconds lies far above.
_EPOCH_RANGE: Final = (0, 32_503_680_000)
_STATUSES: Final = {status.value: status for status in ImageStatus}
_KINDS: Final = {str: "text", int: "a whole number", list: "a list"}


def read_detail(detail: object) -> SimulatedImage:
    """The image that an entry describes; keys that a lifecycle policy does not look at are passed over.

    Raises:
        InvalidInputError: A value can't be read; `where` is its key.
    """
    if not isinstance(detail, Mapping):
        raise InvalidInputError(
            "This is not an image",
            got=_short(detail),
            allowed="an object with imageDigest and imagePushedAt",
            fix="write what aws ecr describe-images prints",
        )
    digest = detail.get("imageDigest")
    if not isinstance(digest, str) or not limits.IMAGE_DIGEST.fullmatch(digest):
        raise InvalidInputError(
            "The image has no digest",
            got=_short(digest),
            allowed="sha256: and 64 hexadecimal digits",
            fix="give the digest of its manifest",
            where="imageDigest",
        )
    if "imagePushedAt" not in detail:
        raise InvalidInputError(
            "The image does not say when it was pushed",
            got=list(detail),
            allowed="a date",
            fix="add imagePushedAt",
            where="imagePushedAt",
        )
    status = _status(detail.get("imageStatus"))
    archived_at = _optional_time(detail, "lastArchivedAt")
    if status is ImageStatus.ARCHIVED and archived_at is None:
        raise InvalidInputError(
            "The image is archived and does not say since when",
            got=None,
            allowed="a date",
            fix="add lastArchivedAt",
            where="lastArchivedAt",
        )
    children = detail.get("children")
    return SimulatedImage(
        digest,
        texts_of(detail, "imageTags"),
        read_time(detail["imagePushedAt"], where="imagePushedAt"),
        _size(detail),
        status,
        _optional_time(detail, "lastRecordedPullTime"),
        archived_at,
        _optional_time(detail, "lastActivatedAt"),
        text_of(detail, "subjectManifestDigest") or None,
        None if children is None else texts_of(detail, "children"),
        # The same few are in every image: one string for all of them.
        sys.intern(text_of(detail, "imageManifestMediaType")),
        sys.intern(text_of(detail, "artifactMediaType")),
    )


def write_detail(image: SimulatedImage) -> dict[str, Any]:
    """The entry for an image; dates are ISO 8601 in UTC, and what is not set is left out."""
    entry = {
        "imageDigest": image.digest,
        "imageTags": list(image.tags),
        "imageSizeInBytes": image.size,
        "imagePushedAt": write_time(image.pushed_at),
        "imageStatus": image.status.value,
        "lastRecordedPullTime": _written(image.pulled_at),
        "lastArchivedAt": _written(image.archived_at),
        "lastActivatedAt": _written(image.activated_at),
        "subjectManifestDigest": image.subject,
        "imageManifestMediaType": image.media_type or None,
        "artifactMediaType": image.artifact_type or None,
        "children": None if image.children is None else list(image.children),
    }
    if not image.tags:
        entry["imageTags"] = None
    return {key: value for key, value in entry.items() if value is not None}


def read_time(value: object, *, where: str = "") -> float:
    """Seconds since 1970 from an ISO 8601 date with an offset, or from a number of seconds.

    Raises:
        InvalidInputError: It is no date, has no offset and so means another time everywhere, or is a number
            of milliseconds.
    """
    if isinstance(value, str):
        try:
            date = datetime.fromisoformat(value)
        except ValueError:
            raise InvalidInputError(
                "This is not a date",
                got=_short(value),
                allowed="ISO 8601 with an offset, or seconds since 1970 as a number",
                fix="write it as 2026-11-24T09:30:00+00:00",
                where=where,
            ) from None
        if date.tzinfo is None:
            raise InvalidInputError(
                "The date is ambiguous: it has no offset from UTC",
                got=value,
                allowed="ISO 8601 with an offset, or seconds since 1970 as a number",
                fix="add Z if it is UTC, or an offset such as +01:00",
                where=where,
            )
        return date.timestamp()
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InvalidInputError(
            "This is not a date",
            got=_short(value),
            allowed="ISO 8601 with an offset, or seconds since 1970 as a number",
            fix="write it as 2026-11-24T09:30:00+00:00",
            where=where,
        )
    if not _EPOCH_RANGE[0] <= value <= _EPOCH_RANGE[1]:
        raise InvalidInputError(
            "The number is no date",
            got=value,
            allowed="seconds since 1970, up to the year 3000",
            fix="divide milliseconds by 1000",
            where=where,
        )
    return float(value)


def write_time(seconds: float) -> str:
    """An ISO 8601 date in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _written(seconds: float | None) -> str | None:
    return None if seconds is None else write_time(seconds)


def _optional_time(detail: Mapping[str, Any], key: str) -> float | None:
    value = detail.get(key)
    return None if value is None else read_time(value, where=key)


def _status(value: object) -> ImageStatus:
    if value is None:
        return ImageStatus.ACTIVE
    status = _STATUSES.get(value) if isinstance(value, str) else None
    if status is None:
        raise InvalidInputError(
            "ECR does not know this status",
            got=_short(value),
            allowed=", ".join(_STATUSES),
            fix="write one of these",
            where="imageStatus",
        )
    return status


def _size(detail: Mapping[str, Any]) -> int:
    value = detail.get("imageSizeInBytes", 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidInputError(
            "The size is not a number of bytes",
            got=_short(value),
            allowed="a whole number, 0 or more",
            fix="write the bytes as a number",
            where="imageSizeInBytes",
        )
    return value


def text_of(detail: Mapping[str, Any], key: str) -> str:
    """The text of a key, empty if it is absent or null.

    Raises:
        InvalidInputError: It is not text; `where` is the key.
    """
    value = detail.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong_kind(value, str, key)
    return value


def texts_of(detail: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The texts of a key, none if it is absent or null.

    Raises:
        InvalidInputError: It is not a list of texts; `where` is the key.
    """
    value = detail.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _wrong_kind(value, list, key)
    for index, item in enumerate(value):
        if not isinstance(item, str):
            raise _wrong_kind(item, str, f"{key}[{index}]")
    return tuple(value)


def _wrong_kind(value: object, kind: type, where: str) -> InvalidInputError:
    return InvalidInputError(
        f"The value is not {_KINDS[kind]}",
        got=_short(value),
        allowed=_KINDS[kind],
        fix="write what aws ecr describe-images prints",
        where=where,
    )


def _short(value: object) -> object:
    """The value, or its beginning if it would fill the screen."""
    text = repr(value)
    return value if len(text) <= 100 else f"{text[:100]}..."
