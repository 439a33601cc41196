"""Text from elsewhere, as it may be shown."""

from __future__ import annotations

import re
from typing import Final

# What XML 1.0 does not take (section 2.2), what moves a terminal's cursor, and what turns the direction of
# text round, so that a reader sees another name than the one that stands there.
_UNSHOWN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def printable(text: str) -> str:
    """The text, with a replacement character for each one that can't or must not be shown."""
    return _UNSHOWN.sub("\N{REPLACEMENT CHARACTER}", text)


def capitalized(text: str) -> str:
    """The text with a capital first letter, and all others as they are."""
    return text[:1].upper() + text[1:]
