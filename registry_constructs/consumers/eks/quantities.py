"""Checks and conversion of Kubernetes quantities of CPU and memory."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token

_CPU: Final = re.compile(r"(?P<milli>[0-9]{1,9})m|[0-9]{1,6}(?:\.[0-9]{1,3})?")
_MEMORY: Final = re.compile(r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,3})?)(?P<unit>Ki|Mi|Gi|Ti|k|M|G|T|)")
_BYTES: Final = {
    "": 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}
_LEAST_BYTES: Final = 2**20
"""A container needs some megabytes to start: `256m` is a quarter of a byte, and `256` is 256 bytes."""


def check_cpu(what: str, text: str) -> None:
    """Check that a text is a Kubernetes quantity of CPU.

    Args:
        what: The argument's name.
        text: Such as `250m`, a quarter of a processor, or `1.5`.

    Raises:
        InvalidInputError: If it is not an amount, or zero.
    """
    if is_token(text):
        return
    if not isinstance(text, str) or not _CPU.fullmatch(text) or processors(text) == 0:
        raise InvalidInputError(
            f"{what} is not an amount of processor time",
            got=text,
            allowed="thousandths such as '250m', or processors such as '2' or '1.5'",
            fix=f"write {what}='250m' for a quarter of a processor",
        )


def check_memory(what: str, text: str) -> None:
    """Check that a text is a Kubernetes quantity of memory that a container can use.

    Args:
        what: The argument's name.
        text: Such as `256Mi` or `2Gi`; 1Mi at least.

    Raises:
        InvalidInputError: If it is not an amount, or below 1Mi.
    """
    if is_token(text):
        return
    if not isinstance(text, str) or not _MEMORY.fullmatch(text) or size(text) < _LEAST_BYTES:
        raise InvalidInputError(
            f"{what} is not an amount of memory",
            got=text,
            allowed="at least 1Mi: a number with Mi or Gi (powers of 1,024), M or G (powers of 1,000)",
            fix=f"write {what}='256Mi'; a small m means thousandths",
        )


def check_order(what: str, request: str, limit: str) -> None:
    """Check that a limit is not below its request; both are valid quantities.

    Args:
        what: `cpu` or `memory`.
        request: What is set aside.
        limit: What may be used.

    Raises:
        InvalidInputError: If the limit is smaller.
    """
    if is_token(request) or is_token(limit):
        return
    amount = processors if what == "cpu" else size
    if amount(limit) < amount(request):
        raise InvalidInputError(
            f"The limit of {what} is below what is requested",
            got=f"{what}={request!r}, {what}_limit={limit!r}",
            allowed=f"a limit of {request} or more",
            fix=f"raise {what}_limit, or leave it out: it is the request then",
        )


def processors(text: str) -> Decimal:
    """The number of processors of a quantity."""
    return Decimal(text[:-1]) / 1000 if text.endswith("m") else Decimal(text)


def size(text: str) -> Decimal:
    """The number of bytes of a quantity."""
    match = _MEMORY.fullmatch(text)
    assert match  # noqa: S101 - checked before
    return Decimal(match["number"]) * _BYTES[match["unit"]]
