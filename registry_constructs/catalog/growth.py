"""More stacks for a catalog that has grown, without moving what exists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from typing import Final

from registry_constructs.catalog.catalog import Catalog
from registry_constructs.catalog.placement import REPOSITORIES_OF_A_STACK
from registry_constructs.ecr.errors import InvalidInputError

_HEAD: Final = """\
# Written by 'registry-constructs catalog grow'. These repositories stay in the stacks that came
# first; all others go into stacks from {next} on. Taking a name out would move its repository.
pinned:
  - first: {first}
    count: {count}
    repositories:
"""


def grown(catalog: Catalog, count: int, standing: Container[str] | None = None) -> str:
    """The part of a catalog that lets its repositories stay where they are once `stacks.count` changes.

    Args:
        catalog: The catalog as it is, with the number of stacks until now.
        count: The number of stacks for what comes from now on.
        standing: The repositories that are deployed; the others go into the new stacks. Default: all.

    Raises:
        InvalidInputError: If a stack holds more than fit: only some of them can be deployed.
    """
    now = catalog.placement.generations[-1]
    kept = {name for one in catalog.placement.generations[:-1] for name in one.pinned or ()}
    names = [name for name in sorted(catalog) if name not in kept and (standing is None or name in standing)]
    for environment in catalog.environments or [""]:
        here = [one for one in catalog.repositories(environment) if standing is None or one.name in standing]
        for stack, held in sorted(Counter(map(catalog.stack, here)).items()):
            if held > REPOSITORIES_OF_A_STACK:
                raise InvalidInputError(
                    f"The stack {stack} holds more repositories than fit, so not all of them stand",
                    got=f"{held:,} repositories",
                    allowed=f"up to {REPOSITORIES_OF_A_STACK} that stay",
                    fix="name what is deployed with --against, so that what is new goes into new stacks",
                )
    if not names:
        raise InvalidInputError(
            "No repository would stay",
            got=f"{len(catalog):,} repositories, none of which is deployed in the newest stacks",
            allowed="a catalog of which something is deployed",
            fix=f"just set stacks.count to {count}",
        )
    head = _HEAD.format(first=now.first, count=now.count, next=now.first + now.count)
    return head + "".join(f"      - {name}\n" for name in names)
