"""Which images of a repository a rule selects by their tags."""

from __future__ import annotations

import re
from collections.abc import Sequence

from registry_constructs.ecr.lifecycle import LifecycleRule, TagStatus
from registry_constructs.ecr.lifecycle.patterns import of_prefix


def select(rule: LifecycleRule, places: Sequence[int], tags: Sequence[tuple[str, ...]]) -> Sequence[int]:
    """The images with the tags that a rule asks for. An image is known by its place among all of them.

    Args:
        rule: The rule. Its patterns or prefixes are AND: each has to match one of the image's tags.
        places: The places of the images that the rule looks at.
        tags: The tags of every image of the repository, by place.
    """
    if rule.tag_status is TagStatus.ANY:
        return places
    if rule.tag_status is TagStatus.UNTAGGED:
        return [place for place in places if not tags[place]]
    for pattern in rule.tag_pattern_list or tuple(map(of_prefix, rule.tag_prefix_list or ())):
        matches = _compiled(pattern).fullmatch
        places = [place for place in places if any(map(matches, tags[place]))]
    return places


def _compiled(pattern: str) -> re.Pattern[str]:
    """An expression that matches what `lifecycle.patterns.matches` does.

    Between stars the first place where a piece fits is as good as any. The groups are atomic, so that the
    expression never goes back to look for another one, and no tag makes it slow.
    """
    head, *pieces = map(re.escape, pattern.split("*"))
    if not pieces:
        return re.compile(head)
    *middle, tail = pieces
    return re.compile(f"{head}{''.join(f'(?>.*?{piece})' for piece in middle)}.*{tail}", re.DOTALL)
