"""The images of live registries as one inventory file, which an interruption neither loses nor halves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.live.aws import Aws
from registry_constructs.live.errors import AwsError
from registry_constructs.live.findings import Findings
from registry_constructs.live.images import read_images
from registry_constructs.live.in_use import InUse
from registry_constructs.live.journal import Journal, Key, cannot_write
from registry_constructs.live.repositories import list_repositories
from registry_constructs.simulation.details import read_detail, write_detail
from registry_constructs.simulation.image import Inventory, SimulatedImage
from registry_constructs.simulation.inventory import write_inventories

if TYPE_CHECKING:
    from mypy_boto3_ecr.client import ECRClient

_MOST_FAILURES: Final = 10


class IncompleteInventoryError(AwsError):
    """Some repositories could not be read, so nothing was written.

    Attributes:
        failures: The error of each that was tried.
        kept: How many repositories have been read and are kept for the next run.
    """

    def __init__(self, failures: Sequence[AwsError], *, kept: int, journal: Path) -> None:
        self.failures = tuple(failures)
        self.kept = kept
        reasons = "\n".join(f"  {line}" for failure in failures for line in str(failure).splitlines())
        super().__init__(
            "The inventory is not complete, so it was not written",
            got=f"{len(failures):,} of the repositories can't be read\n{reasons}",
            fix=f"correct that and run it again; the {kept:,} that were read are kept in {journal}",
            where="inventory",
        )


@dataclass
class Taken:
    """What has been written.

    Attributes:
        account: The registry's account.
        repositories: How many there are.
        images: How many images they have.
        resumed: How many of the repositories an interrupted run had read.
        gone: Repositories that were deleted between the listing and the reading.
        missing: Named repositories that a Region does not have.
        in_use: What was found to be in use; None if it was not requested.
    """

    account: str
    repositories: int = 0
    images: int = 0
    resumed: int = 0
    gone: list[str] = field(default_factory=list)
    missing: tuple[str, ...] = ()
    in_use: Findings | None = None


def take_inventory(
    aws: Aws,
    output: str | Path,
    *,
    repositories: Sequence[str] | None = None,
    regions: Sequence[str] = (),
    in_use: InUse | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Taken:
    """Read live repositories and write them as one inventory, which appears whole or not at all.

    What has been read is kept in `OUTPUT.partial` until then. A run that asks the same of the same account
    within six hours goes on from there.

    Args:
        aws: Where to read.
        output: The file to write; one that is there stays until the new one is complete.
        repositories: The names to read. Default: all.
        regions: Where. Default: the Region of the configuration.
        in_use: How to look for what runs. Default: nobody looks.
        progress: Called with the number of repositories read and of all. Default: nobody.

    Raises:
        InvalidInputError: A name is wrong, a named repository is in no Region, or the file can't be written.
        AwsError: AWS could not be read. What has been read is kept.
    """
    target = Path(output)
    _check_output(target)
    places = aws.regions(regions)
    account = aws.account(places[0])
    question = {
        "account": account,
        "repositories": None if repositories is None else sorted(set(repositories)),
        "regions": {region: aws.client("ecr", region).meta.endpoint_url for region in sorted(places)},
    }
    path = target.with_name(f"{target.name}.partial")
    with Journal(path, question, target) as journal:
        listed = list_repositories(aws, places, repositories)
        taken = Taken(account, missing=listed.missing, resumed=sum(key in journal for key in listed.keys))
        reading = _Reading(aws, journal, progress)
        reading.read(listed.keys)
        kept = [key for key in listed.keys if key in journal]
        if reading.failures:
            raise IncompleteInventoryError(reading.failures, kept=len(kept), journal=path)
        taken.gone = sorted(f"{key.name} in {key.region}" for key in reading.gone)
        taken.repositories, taken.images = len(kept), sum(map(journal.count, kept))
        if in_use is not None:
            taken.in_use = in_use.read(aws, places)
        try:
            write_inventories(target, _inventories(journal, kept, account, taken.in_use))
        except OSError as error:
            raise cannot_write(target, error) from None
        journal.remove()
    return taken


class _Read(NamedTuple):
    """What became of one repository: its images, or why there are none."""

    key: Key
    images: Sequence[SimulatedImage] = ()
    error: AwsError | None = None


class _Reading:
    """Several repositories at a time; in the end each is in the journal, gone, or a failure."""

    def __init__(self, aws: Aws, journal: Journal, progress: Callable[[int, int], None] | None) -> None:
        self._aws = aws
        self._journal = journal
        self._progress = progress
        self.gone: set[Key] = set()
        self.failures: list[AwsError] = []

    def read(self, keys: Sequence[Key]) -> None:
        """Read what the journal lacks, until all are read or it has become hopeless."""
        todo = iter([key for key in keys if key not in self._journal])
        done = sum(key in self._journal for key in keys)
        # Made here: boto3 does not make clients in several threads at once.
        clients = {key.region: self._aws.client("ecr", key.region) for key in keys}

        def start(number: int) -> set[Future[_Read]]:
            return {pool.submit(_read, clients[key.region], key) for _, key in zip(range(number), todo)}  # noqa: B905

        with ThreadPoolExecutor(self._aws.concurrency, "inventory") as pool:
            try:
                running = start(self._aws.concurrency)
                while running:
                    if self._progress:
                        self._progress(done, len(keys))
                    finished, running = wait(running, return_when=FIRST_COMPLETED)
                    done += len(finished)
                    for future in finished:
                        self._take(*future.result())
                    if not self._hopeless():
                        running |= start(len(finished))
            except BaseException:
                self._aws.stopped.set()
                raise

    def _take(self, key: Key, images: Sequence[SimulatedImage], error: AwsError | None) -> None:
        if error is None:
            self._journal.add(key, [write_detail(image) for image in images])
        elif error.code == "RepositoryNotFoundException":
            self.gone.add(key)
        else:
            self.failures.append(error)

    def _hopeless(self) -> bool:
        return len(self.failures) >= _MOST_FAILURES or any(error.hopeless for error in self.failures)


def _read(ecr: ECRClient, key: Key) -> _Read:
    try:
        return _Read(key, read_images(ecr, key.name, where=f"{key.name} in {key.region}"))
    except AwsError as error:
        return _Read(key, error=error)


def _inventories(
    journal: Journal, keys: Sequence[Key], account: str, places: Findings | None
) -> Iterator[Inventory]:
    for key in keys:
        yield Inventory(
            _images(journal, key),
            key.name,
            account,
            key.region,
            None if places is None else places.uses_of(account, key.region, key.name),
            () if places is None else places.unknown_places,
        )


def _images(journal: Journal, key: Key) -> list[SimulatedImage]:
    try:
        return [read_detail(detail) for detail in journal.read(key)]
    except InvalidInputError as error:
        raise journal.broken(error) from error


def _check_output(output: Path) -> None:
    if output.is_dir():
        problem, got = "The output is a folder", str(output)
    elif not output.parent.is_dir():
        problem, got = "The folder of the output is not there", str(output.parent)
    else:
        return
    raise InvalidInputError(
        problem, got=got, allowed="a file in a folder that exists", fix="give another path", where="--output"
    )
