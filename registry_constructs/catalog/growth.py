"""Plans more stacks for a catalog, without moving existing repositories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from typing import Final

from registry_constructs.catalog.catalog import Catalog
from registry_constructs.catalog.placement import REPOSITORIES_OF_A_STACK
from registry_constructs.ecr.errors import InvalidInputError

_HEAD: Final = """\
# Written by 'registry-constructs catalog grow'. These repositories are pinned to the first stacks; all
# others are placed in stacks from number {next} on. Removing a name would move its repository.
pinned:
  - first: {first}
    count: {count}
    repositories:
"""


def grown(catalog: Catalog, count: int, deployed: Container[str] | None = None) -> str:
    """The part of a catalog that pins its repositories to their stacks before `stacks.count` changes.

    Args:
        catalog: The catalog, with the current number of stacks.
        count: The number of stacks for new repositories.
        deployed: The deployed repositories; all others are placed in the new stacks. Default: all.

    Raises:
        InvalidInputError: If a stack has more repositories than fit, so that not all of them can be deployed.
    """
    now = catalog.placement.generations[-1]
    kept = {name for one in catalog.placement.generations[:-1] for name in one.pinned or ()}
    names = [name for name in sorted(catalog) if name not in kept and (deployed is None or name in deployed)]
    for environment in catalog.environments or [""]:
        here = [one for one in catalog.repositories(environment) if deployed is None or one.name in deployed]
        for stack, held in sorted(Counter(map(catalog.stack, here)).items()):
            if held > REPOSITORIES_OF_A_STACK:
                raise InvalidInputError(
                    f"The stack {stack} has more repositories than fit, so not all of them can be deployed",
                    got=f"{held:,} repositories",
                    allowed=f"up to {REPOSITORIES_OF_A_STACK} pinned repositories",
                    fix="name the deployed templates with --against: new repositories go into new stacks",
                )
    if not names:
        raise InvalidInputError(
            "No repository would be pinned",
            got=f"{len(catalog):,} repositories, none of which is deployed in the newest stacks",
            allowed="a catalog with deployed repositories",
            fix=f"set stacks.count to {count}; nothing has to be pinned",
        )
    head = _HEAD.format(first=now.first, count=now.count, next=now.first + now.count)
    return head + "".join(f"      - {name}\n" for name in names)
