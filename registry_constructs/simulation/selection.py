"""Which images of a repository a rule selects by their tags, for many images at once.

A rule's list of patterns is AND: each has to match one of the image's tags. So the pattern that has the
fewest tags to look at goes first, and the others look only at the images that are left. A repository may hold
100,000 images and a policy 50 rules, so tags are looked at in passes without a Python function call for each.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import compress, repeat
from operator import contains

from registry_constructs.ecr.lifecycle import LifecycleRule, TagStatus
from registry_constructs.ecr.lifecycle.patterns import covers, of_prefix

# Tags are put together by their first characters; with more beginnings than this, looking them through would
# cost more than it saves.
_MOST_BEGINNINGS = 64
_SAMPLE = 500


class Pool:
    """The images of one storage class that rules look at. An image is known by its place among all of them.

    Args:
        places: The places of the images in this storage class.
        tags: The tags of every image of the repository, by place.
        rules: The rules that will ask.
    """

    def __init__(
        self, places: Sequence[int], tags: Sequence[tuple[str, ...]], rules: Iterable[LifecycleRule]
    ) -> None:
        self._places = places
        self._tags = tags
        self._untagged = [place for place in places if not tags[place]]
        texts, owners = _flatten(places, tags)
        self._one_tag_each = len(owners) == len(places) - len(self._untagged)
        self._needed = {rule: _needed(rule) for rule in rules}
        asked = [pattern for patterns in self._needed.values() for pattern in patterns]
        self._repeated = {pattern for pattern, times in Counter(asked).items() if times > 1}
        self._length = _key_length(asked, texts)
        # Tags by their beginnings, and beside each whose tag it is.
        self._texts: defaultdict[str, list[str]] = defaultdict(list)
        self._owners: defaultdict[str, list[int]] = defaultdict(list)
        self._put_together(texts, owners)
        self._selected: dict[str, dict[int, None]] = {}

    def select(self, rule: LifecycleRule) -> Sequence[int]:
        """The places of the images with the tags that one of the rules asks for, in no particular order."""
        if rule.tag_status is TagStatus.ANY:
            return self._places
        if rule.tag_status is TagStatus.UNTAGGED:
            return self._untagged
        first, *others = sorted(self._needed[rule], key=self._effort)
        found = list(self._all_with(first))
        for pattern in others:
            if pattern in self._repeated:
                # Looked for once, for all the rules that have it.
                found = list(filter(self._all_with(pattern).__contains__, found))
            elif self._one_tag_each:
                found = list(compress(found, _matches(pattern, [self._tags[place][0] for place in found])))
            else:
                texts, owners = _flatten(found, self._tags)
                found = list(dict.fromkeys(compress(owners, _matches(pattern, texts))))
        return found

    def _put_together(self, texts: list[str], owners: list[int]) -> None:
        length = self._length
        if not length:
            self._texts[""], self._owners[""] = texts, owners
            return
        for text, owner in zip(texts, owners, strict=True):
            beginning = text[:length]
            self._texts[beginning].append(text)
            self._owners[beginning].append(owner)

    def _effort(self, pattern: str) -> tuple[int, int, str]:
        # With equally many tags to look at, the one with most letters leaves the fewest images.
        return sum(len(self._texts[key]) for key in self._beginnings(pattern)), -len(pattern), pattern

    def _beginnings(self, pattern: str) -> list[str]:
        """The beginnings of the tags that the pattern may match."""
        head = pattern.partition("*")[0][: self._length]
        return [key for key in self._texts if key.startswith(head)]

    def _all_with(self, pattern: str) -> dict[int, None]:
        """The images with a tag that matches, as the keys of a dictionary: in order, and quick to ask."""
        if pattern not in self._selected:
            head, *rest = pattern.split("*")
            is_beginning = rest == [""] and len(head) <= self._length
            owners: list[int] = []
            for key in self._beginnings(pattern):
                same = self._owners[key]
                owners += same if is_beginning else compress(same, _matches(pattern, self._texts[key]))
            self._selected[pattern] = dict.fromkeys(owners)
        return self._selected[pattern]


def _flatten(places: Sequence[int], tags: Sequence[tuple[str, ...]]) -> tuple[list[str], list[int]]:
    """Every tag of these images, and beside it whose tag it is."""
    return [tag for place in places for tag in tags[place]], [place for place in places for _ in tags[place]]


def _needed(rule: LifecycleRule) -> tuple[str, ...]:
    """What the image's tags must match, without what follows from the rest."""
    written = rule.tag_pattern_list or tuple(map(of_prefix, rule.tag_prefix_list or ()))
    needed: list[str] = []
    for pattern in sorted(set(written), key=lambda pattern: (-len(pattern), pattern)):
        if not any(covers(pattern, other) for other in needed):
            needed = [other for other in needed if not covers(other, pattern)]
            needed.append(pattern)
    return tuple(needed)


def _key_length(patterns: Iterable[str], texts: Sequence[str]) -> int:
    """How many first characters tell tags apart for these patterns, without telling too many apart."""
    sample = texts[:: len(texts) // _SAMPLE + 1]
    length = max((len(pattern.partition("*")[0]) for pattern in patterns), default=0)
    while length and len({text[:length] for text in sample}) > _MOST_BEGINNINGS:
        length -= 1
    return length


def _matches(pattern: str, texts: list[str]) -> Iterable[object]:
    """For each text something true if the pattern matches it, as `lifecycle.patterns.matches` has it."""
    head, *pieces = pattern.split("*")
    if not pieces:
        return map(pattern.__eq__, texts)
    *middle, tail = pieces
    middle = [piece for piece in middle if piece]
    if not middle and not tail:
        return map(str.startswith, texts, repeat(head))
    if not middle and not head:
        return map(str.endswith, texts, repeat(tail))
    if len(middle) == 1 and not head and not tail:
        return map(contains, texts, repeat(middle[0]))
    end = f".*{re.escape(tail)}" if tail else ""
    expression = re.compile(f"{re.escape(head)}{''.join(map(_up_to, middle))}{end}", re.DOTALL)
    return map(expression.fullmatch if tail else expression.match, texts)


def _up_to(piece: str) -> str:
    """An expression for all up to the first place where a piece fits, and the piece.

    Between stars the first place is as good as any. The expression never goes back, so no tag makes it slow.
    Its group is atomic and not repeated possessively: that may miss matches before Python 3.11.5 (gh-106052).
    """
    first, rest = re.escape(piece[0]), re.escape(piece[1:])
    others = f"[^{first}]*+"
    return f"(?>{others}(?:{first}(?!{rest}){others})*{first}){rest}" if rest else f"{others}{first}"
