"""How a repository grows in the days to come, with a policy and without one.

What is assumed: pushes go on as given, spread evenly over each day, and ECR acts once at the end of each
day. Nothing is pulled any more, so a rule for the last pull archives as early as it could. A pushed tag of a
fixed name, such as `latest`, leaves the image that had it. A push of several platforms or with signatures
counts as one image of their size together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import Action, LifecyclePolicy
from registry_constructs.simulation.families import UNTAGGED, family_of, wholes
from registry_constructs.simulation.image import ImageStatus, SimulatedImage
from registry_constructs.simulation.simulate import DAY, simulate

_MOST_PUSHES: Final = 100_000


class Pushes(NamedTuple):
    """What is pushed to a repository day by day.

    Attributes:
        family: The tags that the images get: a pattern such as `main-*`, where `*` is something new
            each time, a fixed name such as `latest`, or `untagged`.
        per_day: Images a day; 0.5 is one every other day.
        size: Bytes of one image.
    """

    family: str
    per_day: float
    size: int


class Level(NamedTuple):
    """What lies in a repository at the end of a day.

    Attributes:
        images: Images in both storage classes.
        standard_bytes: Bytes in the standard storage.
        archive_bytes: Bytes that the archive charges for, with those deleted before its minimum of days is
            over.
    """

    images: int
    standard_bytes: int
    archive_bytes: int


class Forecast(NamedTuple):
    """The days to come.

    Attributes:
        times: The end of each day in seconds since 1970; the first is the beginning, before anything happens.
        without: What would lie there without a policy.
        with_policy: What would lie there with it.
    """

    times: tuple[float, ...]
    without: tuple[Level, ...]
    with_policy: tuple[Level, ...]


def pushes_from(images: Sequence[SimulatedImage], *, now: datetime, days: int = 30) -> list[Pushes]:
    """What was pushed a day, by tag family, as far as it still lies in the repository.

    What a policy has deleted since, or a moved tag has left untagged, can't be seen any more.

    Args:
        images: The images of one repository.
        now: The end of the days to look at.
        days: How many days to look back; fewer if the repository is younger.
    """
    end = now.timestamp()
    past = [image for image in images if image.pushed_at <= end]
    start = max(end - days * DAY, min((image.pushed_at for image in past), default=end))
    length = max(1.0, (end - start) / DAY)
    part_of = wholes(images)
    sizes: dict[str, int] = defaultdict(int)
    for image in images:
        sizes[part_of.get(image.digest, image.digest)] += image.stored_bytes
    found: dict[str, list[int]] = defaultdict(list)
    for image in past:
        if image.pushed_at >= start and image.digest not in part_of:
            found[family_of(image)].append(sizes[image.digest])
    return [
        Pushes(family, len(pushed) / length, round(sum(pushed) / len(pushed)))
        for family, pushed in sorted(found.items())
    ]


def pushes_given(texts: Sequence[str], seen: Sequence[Pushes], *, size: int | None = None) -> list[Pushes]:
    """Pushes as somebody writes them down: `main-*=12`.

    Args:
        texts: A tag family and a number of pushes a day each.
        seen: What the inventory shows, for the sizes.
        size: Bytes of each image. Default: the mean of its family in the inventory, or of all of it.

    Raises:
        InvalidInputError: A text has another form, a family is given twice, or no size is known.
    """
    sizes = {each.family: each.size for each in seen}
    pushed = sum(each.per_day for each in seen)
    mean = round(sum(each.per_day * each.size for each in seen) / pushed) if pushed else None
    found: dict[str, Pushes] = {}
    for text in texts:
        name, _, number = text.rpartition("=")
        try:
            per_day = float(number)
        except ValueError:
            per_day = -1.0
        valid = name == UNTAGGED or limits.IMAGE_TAG.fullmatch(name.replace("*", "0"))
        if not valid or name in found or not 0 <= per_day <= _MOST_PUSHES:
            raise InvalidInputError(
                "This does not say what is pushed",
                got=text,
                allowed=f"a tag family once, =, and pushes a day up to {_MOST_PUSHES:,}",
                fix="write 'main-*=12', 'latest=0.5' or 'untagged=3'",
                where="push",
            )
        bytes_of_one = sizes.get(name, mean) if size is None else size
        if bytes_of_one is None:
            raise InvalidInputError(
                "Nothing was pushed lately, so the size of an image is not known",
                got=text,
                allowed="a size",
                fix="say the size: --image-mb 350",
                where="push",
            )
        found[name] = Pushes(name, per_day, bytes_of_one)
    return list(found.values())


def resized(pushes: Sequence[Pushes], size: int | None) -> list[Pushes]:
    """The same pushes with images of this many bytes. None leaves them as they are."""
    return [each if size is None else each._replace(size=size) for each in pushes]


def together(pushes: Iterable[Pushes]) -> list[Pushes]:
    """Pushes to several repositories by tag family: added up, with the mean size."""
    found: dict[str, Pushes] = {}
    for each in pushes:
        other = found.get(each.family, each._replace(per_day=0))
        per_day = each.per_day + other.per_day
        mean = (each.per_day * each.size + other.per_day * other.size) / (per_day or 1)
        found[each.family] = Pushes(each.family, per_day, round(mean))
    return [found[family] for family in sorted(found)]


def forecast(
    images: Iterable[SimulatedImage],
    policy: LifecyclePolicy,
    pushes: Sequence[Pushes],
    *,
    now: datetime,
    days: int,
    archive_minimum_days: int = 90,
    progress: Callable[[int], None] | None = None,
) -> Forecast:
    """Play the days to come of one repository.

    Args:
        images: Its images now.
        policy: The policy that acts on it.
        pushes: What is pushed.
        now: When it begins, with its offset from UTC.
        days: How many days, 1 or more.
        archive_minimum_days: Days that an archived image is charged for at least.
        progress: Called with the number of each day done. Default: nobody.

    Raises:
        InvalidInputError: There is no day to play, or as for `simulate`.
    """
    if days < 1:
        raise InvalidInputError(
            "There is no day to look at", got=days, allowed="1 or more", fix="write 90", where="days"
        )
    begin = now.timestamp()
    repository = _Repository(images, archive_minimum_days)
    times, without, with_policy = [begin], [repository.level(begin)], [repository.level(begin)]
    for day in range(1, days + 1):
        end = begin + day * DAY
        pushed = repository.push(pushes, day, end)
        last = without[-1]
        without.append(
            Level(
                last.images + pushed.images, last.standard_bytes + pushed.standard_bytes, last.archive_bytes
            )
        )
        repository.apply(policy, end)
        times.append(end)
        with_policy.append(repository.level(end))
        if progress:
            progress(day)
    return Forecast(tuple(times), tuple(without), tuple(with_policy))


def added(forecasts: Sequence[Forecast]) -> Forecast:
    """Several repositories as one; all of them have the same days."""
    return Forecast(
        forecasts[0].times,
        _sums([each.without for each in forecasts]),
        _sums([each.with_policy for each in forecasts]),
    )


class _Repository:
    def __init__(self, images: Iterable[SimulatedImage], archive_minimum_days: int) -> None:
        self._images = {image.digest: image for image in images}
        self._holders = {tag: image.digest for image in self._images.values() for tag in image.tags}
        self._minimum = archive_minimum_days * DAY
        # Bytes that have left the archive too early, and until when they are charged.
        self._charged: list[tuple[float, int]] = []
        self._pushed = 0

    def push(self, pushes: Sequence[Pushes], day: int, end: float) -> Level:
        """Push what a day brings; returns what came."""
        images = size = 0
        for each in pushes:
            # Rounded once: five pushes in two days are two and then three.
            number = int(each.per_day * day + 1e-9) - int(each.per_day * (day - 1) + 1e-9)
            for index in range(number):
                self._push(each, end - DAY + (index + 1) * DAY / (number + 1))
            images += number
            size += number * each.size
        return Level(images, size, 0)

    def apply(self, policy: LifecyclePolicy, time: float) -> None:
        for outcome in simulate(policy, self._images.values(), now=datetime.fromtimestamp(time, UTC)).going():
            image = outcome.image
            if outcome.action is Action.TRANSITION:
                self._images[image.digest] = image._replace(status=ImageStatus.ARCHIVED, archived_at=time)
                continue
            del self._images[image.digest]
            until = (image.archived_at or 0) + self._minimum
            if image.status is ImageStatus.ARCHIVED and until > time:
                self._charged.append((until, image.stored_bytes))

    def level(self, time: float) -> Level:
        archived = active = 0
        for image in self._images.values():
            if image.status is ImageStatus.ARCHIVED:
                archived += image.stored_bytes
            else:
                active += image.stored_bytes
        archived += sum(size for until, size in self._charged if until > time)
        return Level(len(self._images), active, archived)

    def _push(self, pushes: Pushes, time: float) -> None:
        self._pushed += 1
        digest = f"sha256:{self._pushed:064x}"
        tags: tuple[str, ...] = ()
        if pushes.family != UNTAGGED:
            tag = pushes.family.replace("*", f"{self._pushed:08d}")
            holder = self._images.get(self._holders.get(tag, ""))
            if holder:
                left = tuple(other for other in holder.tags if other != tag)
                self._images[holder.digest] = holder._replace(tags=left)
            self._holders[tag] = digest
            tags = (tag,)
        self._images[digest] = SimulatedImage(digest, tags, time, pushes.size)


def _sums(all_levels: Sequence[Sequence[Level]]) -> tuple[Level, ...]:
    return tuple(
        Level(*(sum(column) for column in zip(*levels, strict=True)))
        for levels in zip(*all_levels, strict=True)
    )
