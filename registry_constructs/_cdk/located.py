"""Errors of the plain Python rooms, with the path of the construct that was given the faulty value."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from constructs import IConstruct

from registry_constructs.ecr.errors import InvalidInputError


@contextlib.contextmanager
def located(scope: IConstruct, id: str = "") -> Iterator[None]:
    """Put the construct's path before every InvalidInputError of the block.

    Args:
        scope: The construct, or the scope of one that is not made yet.
        id: The id of the one that is not made yet.
    """
    try:
        yield
    except InvalidInputError as error:
        path = scope.node.path
        raise error.within(f"{path}/{id}" if id else path) from None
