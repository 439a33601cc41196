"""What is found to run, and what could not be looked at."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from registry_constructs.ecr.references import parse_reference
from registry_constructs.ecr.regions import registry_host
from registry_constructs.live.errors import AwsError
from registry_constructs.simulation.image import Use

# What was deleted between the listing and the reading runs nothing.
_GONE: Final = ("ClusterNotFoundException", "ResourceNotFoundException", "ServiceNotFoundException")


class Findings:
    """The uses of images by repository, and the places that are unknown."""

    def __init__(self) -> None:
        self._uses: defaultdict[tuple[str, str, str], dict[Use, None]] = defaultdict(dict)
        self._unknown: dict[str, str] = {}

    def add(self, image: str, where: str, *, digest: str = "") -> None:
        """A place that runs an image; one that is not of a private registry is passed over.

        Args:
            image: The reference, as the place has it.
            where: The place, for people.
            digest: The digest that it has pulled, if that is known. The reference counts as well: whatever
                starts next pulls that.
        """
        reference = parse_reference(image)
        if reference is None:
            return
        uses = self._uses[reference[:3]]
        uses[Use(where, reference.digest, reference.tag)] = None
        if digest:
            uses[Use(where, digest)] = None

    def unknown(self, place: str, why: str) -> None:
        """A place that could not be looked at."""
        self._unknown.setdefault(place, why)

    @contextlib.contextmanager
    def trying(self, place: str) -> Iterator[None]:
        """Take a place for unknown if AWS can't be read inside the block.

        Raises:
            AwsError: The credentials are not valid any more, so that nothing else can be read either.
        """
        try:
            yield
        except AwsError as error:
            if error.rejected:
                raise
            if error.code not in _GONE:
                self.unknown(place, f"{error.problem}: {error.got}")

    def uses_of(self, account: str, region: str, repository: str) -> tuple[Use, ...]:
        """What runs images of a repository, each place and image once."""
        return tuple(sorted(self._uses.get((account, region, repository), ())))

    def references(self) -> Iterator[tuple[str, str]]:
        """Every place with each image that it names, as the reference of a private registry."""
        for (account, region, repository), uses in sorted(self._uses.items()):
            for use in sorted(uses):
                image = f"@{use.digest}" if use.digest else f":{use.tag}"
                yield use.where, f"{registry_host(account, region)}/{repository}{image}"

    @property
    def unknown_places(self) -> tuple[str, ...]:
        """The places that could not be looked at; they may run any image."""
        return tuple(sorted(self._unknown))

    @property
    def reasons(self) -> dict[str, str]:
        """Why each of them could not be."""
        return dict(sorted(self._unknown.items()))
