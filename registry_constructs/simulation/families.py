"""Images by what they were pushed as: their tag family, and the image that they are a part of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from registry_constructs.simulation.image import SimulatedImage

UNTAGGED: Final = "untagged"
"""The family of images without tags."""

_WORD: Final = re.compile(r"[A-Za-z]*")
_SEPARATOR: Final = re.compile(r"[-._]")
_HASH: Final = re.compile(r"[0-9a-f]{7,}")


def family_of(image: SimulatedImage) -> str:
    """The family of an image: that of its first tag by the alphabet, where versions go before fixed names.

    `v1.4.2` and `latest` on one image make it one of `v*`: a fixed name moves on to the next image.
    """
    families = {family(tag) for tag in image.tags}
    return min(families, key=lambda name: (not name.endswith("*"), name), default=UNTAGGED)


def family(tag: str) -> str:
    """The pattern that a tag's kin have in common.

    The first word of the tag up to a digit, a hash or a separator, and `*` for the rest: `v1.4.2` is one of
    `v*`, `main-4f2a91c` one of `main-*`, `4f2a91c` one of `*`. A tag of one word, such as `latest`, is its
    own family.
    """
    if _HASH.fullmatch(tag):
        return "*"
    [word] = _WORD.findall(tag)[:1]
    rest = tag[len(word) :]
    if not rest:
        return tag
    separator = rest[0] if word and _SEPARATOR.match(rest) else ""
    return f"{word}{separator}*"


def wholes(images: Sequence[SimulatedImage]) -> Mapping[str, str]:
    """Of each image that is a part of another one, that one's digest.

    The platforms of a manifest list are its parts, and the signatures and SBOMs of an image are that image's.
    Of several lists the first counts.
    """
    present = {image.digest for image in images}
    whole_of = {
        image.digest: image.subject
        for image in images
        if image.subject and image.subject != image.digest and image.subject in present
    }
    for image in images:
        for child in image.children or ():
            if child in present and child != image.digest:
                whole_of.setdefault(child, image.digest)
    return {digest: _outermost(digest, whole_of) for digest in whole_of}


def _outermost(digest: str, whole_of: Mapping[str, str]) -> str:
    passed = {digest}
    while (whole := whole_of.get(digest)) and whole not in passed:
        passed.add(whole)
        digest = whole
    return digest
