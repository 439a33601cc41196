"""What ECR's patterns match: of tags, and of the repositories that are scanned."""

from __future__ import annotations

from registry_constructs.ecr import limits

# Characters that no tag has.
_UNKNOWN = "\0"
_LITERAL_STAR = "\1"


def of_prefix(prefix: str) -> str:
    """The pattern for a prefix. A `*` in it stays an ordinary character: only patterns have wildcards."""
    return prefix.replace("*", _LITERAL_STAR) + "*"


def matches(pattern: str, tag: str) -> bool:
    """Whether the pattern matches the whole tag; `*` matches any characters, or none."""
    head, *pieces = pattern.split("*")
    if not pieces:
        return tag == pattern
    *middle, tail = pieces
    if not tag.startswith(head):
        return False
    position = len(head)
    for piece in middle:
        found = tag.find(piece, position)
        if found < 0:
            return False
        position = found + len(piece)
    return len(tag) - position >= len(tail) and tag.endswith(tail)


def covers(wide: str, narrow: str) -> bool:
    """Whether every tag that `narrow` matches is surely matched by `wide`."""
    # A character that the wide pattern does not name is matched by one of its `*`, and so is whatever is in
    # that character's place.
    return _UNKNOWN not in wide and matches(wide, narrow.replace("*", _UNKNOWN))


def can_match(pattern: str) -> bool:
    """Whether any tag that ECR allows can match the pattern."""
    shortest = pattern.replace("*", "")
    # A leading `*` can supply the letter that a tag must begin with.
    candidates = (shortest, f"a{shortest}") if pattern.startswith("*") else (shortest,)
    return any(limits.IMAGE_TAG.fullmatch(candidate) for candidate in candidates)


def filter_matches(value: str, name: str) -> bool:
    """Whether a scanning filter matches a repository's name (UG image-scanning-filters)."""
    return matches(value if "*" in value else f"*{value}*", name)
