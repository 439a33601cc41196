"""Single values of a lifecycle rule: each function returns the value, or says what is wrong with it."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token

Word = TypeVar("Word", bound=StrEnum)


def word(value: object, kind: type[Word], *, where: str) -> Word:
    """One of ECR's own words, given as a member of its enumeration or as text."""
    _refuse_token(value, where)
    words = [member.value for member in kind]
    if not isinstance(value, str) or value not in words:
        raise InvalidInputError(
            "ECR does not know this value",
            got=value,
            allowed=", ".join(words),
            fix=f"write one of these, or a member of {kind.__name__}",
            where=where,
        )
    return kind(value)


def whole_number(value: object, *, where: str) -> int:
    """A count, a number of days or a priority: ECR takes none below 1."""
    _refuse_token(value, where)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidInputError(
            "The value is not a whole number",
            got=value,
            allowed="a whole number of at least 1",
            fix="write the number without quotes, fraction or unit; days are plain numbers here",
            where=where,
        )
    if value < 1:
        raise InvalidInputError(
            "The number is too small",
            got=value,
            allowed="1 or more",
            fix="write at least 1",
            where=where,
        )
    return value


def text(value: object, *, where: str) -> str:
    """Free text."""
    _refuse_token(value, where)
    if not isinstance(value, str):
        raise InvalidInputError(
            "The value is not text", got=value, allowed="a string", fix="write it in quotes", where=where
        )
    return value


def prefixes(value: object, *, where: str) -> tuple[str, ...]:
    """A list of texts, of which none is empty. An empty list is refused: it would widen the rule."""
    _refuse_token(value, where)
    if isinstance(value, str):
        raise InvalidInputError(
            "One string was given instead of a list",
            got=value,
            allowed="a list of strings",
            fix=f"write [{value!r}]",
            where=where,
        )
    if not isinstance(value, list | tuple) or not value:
        raise InvalidInputError(
            "The list of tags is empty" if isinstance(value, list | tuple) else "The value is not a list",
            got=value,
            allowed="a list of one or more strings",
            fix="name at least one tag; to select any image whatever its tags, leave the argument out",
            where=where,
        )
    return tuple(_tag_text(item, where=f"{where}[{index}]") for index, item in enumerate(value))


def patterns(value: object, *, where: str) -> tuple[str, ...]:
    """A list of tag patterns in which `*` matches any characters, or none."""
    checked = prefixes(value, where=where)
    for index, pattern in enumerate(checked):
        if pattern.count("*") > limits.LIFECYCLE_PATTERN_WILDCARDS:
            raise InvalidInputError(
                f"The pattern has {pattern.count('*')} wildcards",
                got=pattern,
                allowed=f"at most {limits.LIFECYCLE_PATTERN_WILDCARDS} * in one pattern",
                fix="shorten the pattern: leave out the details that other images do not have",
                where=f"{where}[{index}]",
            )
    return checked


def _tag_text(value: object, *, where: str) -> str:
    checked = text(value, where=where)
    if not checked:
        raise InvalidInputError(
            "The string is empty",
            got=checked,
            allowed="at least one character",
            fix="name a tag, or write '*' for every tagged image",
            where=where,
        )
    return checked


def _refuse_token(value: object, where: str) -> None:
    if is_token(value):
        raise InvalidInputError(
            "The value is a CDK token, known only when CloudFormation deploys",
            got=value,
            allowed="a plain value",
            fix="use a value known at synth: a lifecycle policy is JSON text that is fixed there",
            where=where,
        )
