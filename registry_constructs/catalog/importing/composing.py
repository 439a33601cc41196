"""Live repositories as the data of a catalog: common settings once, and what differs per repository."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from registry_constructs.catalog.importing.settings import LiveSettings
from registry_constructs.catalog.placement import REPOSITORIES_OF_A_STACK, TEMPLATE_BYTES, Placement
from registry_constructs.catalog.schema import MOST_STACKS

_TEAM: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}")
QUESTIONS: Final = ("encryption", "mutability", "scan", "lifecycle")
"""What one layer sets again, first what no repository can have otherwise than it is."""

_SHARED_BY: Final = 3
"""Repositories that must have something in common before it is set for all, or in a profile."""

_FULL: Final = 0.8
"""How full stacks are when they are new: what comes later fits too."""

Layer = dict[str, Any]
_Fits = Callable[[Layer, str], bool]


class Undescribed(NamedTuple):
    """Something that is in ECR and not in the catalog.

    Attributes:
        name: The repository.
        environment: Where.
        what: What it is.
        whole: Whether the repository is missing there; else only this is missing of it.
    """

    name: str
    environment: str
    what: str
    whole: bool

    def __str__(self) -> str:
        lacks = "is NOT in the catalog there" if self.whole else "the catalog LACKS"
        return f"{self.name} in {self.environment}: {lacks}: {self.what}"


class Composed:
    """The data of a catalog file.

    Attributes:
        data: The data.
        where: The environments in which each repository is described.
        undescribed: The repositories that are missing somewhere, because they differ there.
    """

    def __init__(
        self, places: Mapping[str, tuple[str, str]], found: Mapping[str, Mapping[str, LiveSettings]]
    ) -> None:
        self.undescribed: list[Undescribed] = []
        self.where: dict[str, tuple[str, ...]] = {}
        self._found = {name: here for name, here in sorted(found.items()) if here}
        self._teams = _Teams(self._found)
        self._tags = {
            name: {environment: self._teams.other_tags(name, one.tags) for environment, one in here.items()}
            for name, here in self._found.items()
        }
        self._access = {
            name: {environment: one.access for environment, one in here.items()}
            for name, here in self._found.items()
        }
        self._defaults, self._inherited = _settled(self._found, places)
        joined = {"access": _common(self._access, places), "tags": _common(self._tags, places)}
        repositories = {name: self._own(name, joined) for name in self._found}
        self._say_where(repositories, places)
        profiles = _profiles(repositories)
        environments: Layer = {}
        for name in sorted(places, key=lambda one: (places[one][1], places[one][0])):
            account, region = places[name]
            here = {
                key: value
                for question, answer in self._inherited[name].items()
                if answer is not self._defaults[question]
                for key, value in answer.items()
            }
            here |= {
                kind: one.by_environment[name] for kind, one in joined.items() if one.by_environment[name]
            }
            environments[name] = {"account": account, "region": region}
            if here:
                environments[name]["defaults"] = here
        defaults = {key: value for one in self._defaults.values() for key, value in one.items()}
        defaults |= {kind: one.everywhere for kind, one in joined.items() if one.everywhere}
        self.data: dict[str, Any] = {
            "stacks": {"count": self._stack_count()},
            "environments": environments,
            "defaults": defaults | self._everywhere,
            "teams": self._teams.by_name,
            "profiles": profiles,
            "repositories": repositories,
        }
        for kind in ("defaults", "teams", "profiles"):
            if not self.data[kind]:
                del self.data[kind]

    def _own(self, name: str, joined: Mapping[str, _Common]) -> Layer:
        """What a repository sets itself; what it can't set is listed in `undescribed`."""
        here = self._found[name]
        own: Layer = self._teams.of(name)
        stays = list(here)
        differs: dict[str, list[str]] = defaultdict(list)

        def ask(question: str, ways: Sequence[Layer], fits: _Fits) -> None:
            nonlocal stays
            best = max(ways, key=lambda way: (sum(fits(way, one) for one in stays), -len(json.dumps(way))))
            for one in stays:
                if not fits(best, one):
                    differs[one].append(question)
            stays = [one for one in stays if fits(best, one)]
            own.update(best)

        for question in QUESTIONS:
            answers = {one: here[one].groups[question] for one in here}
            below = {one: self._inherited[one][question] for one in here}
            ask(question, [{}, *answers.values()], _answers(answers, below))
        for kind, values in (("access", self._access[name]), ("tags", self._tags[name])):
            below = {one: joined[kind].everywhere | joined[kind].by_environment[one] for one in here}
            ways = [
                {kind: left} if left else {}
                for one, value in values.items()
                for left in [{key: value[key] for key in sorted(value) if below[one].get(key) != value[key]}]
            ]

            ask(kind, ways, _joins(kind, values, below))
        for one, questions in differs.items():
            what = f"it differs from {', '.join(stays)} in {', '.join(questions)}, which only one can say"
            self.undescribed.append(Undescribed(name, one, what, whole=True))
        self.where[name] = tuple(sorted(stays))
        return own

    def _say_where(self, repositories: dict[str, Layer], places: Mapping[str, object]) -> None:
        """Write in which environments repositories are: what most are in once, all others themselves."""
        every = tuple(sorted(places))
        counts = Counter(self.where.values())
        most = max([every, *sorted(counts)], key=lambda one: counts[one])
        self._everywhere = {"environments": list(most)} if most != every else {}
        for name, environments in self.where.items():
            if environments != most:
                repositories[name]["environments"] = list(environments)

    def _stack_count(self) -> int:
        """As few stacks as hold the repositories, and some more in each."""
        sizes: dict[str, dict[str, int]] = defaultdict(dict)
        for name, environments in self.where.items():
            for one in environments:
                sizes[one][name] = _size(self._found[name][one])
        for count in range(1, MOST_STACKS + 1):
            placement = Placement(count)
            if all(_fit(placement, here) for here in sizes.values()):
                return count
        return MOST_STACKS


def _answers(wanted: Mapping[str, Layer], below: Mapping[str, Layer]) -> _Fits:
    return lambda way, environment: (way or below[environment]) == wanted[environment]


def _joins(kind: str, wanted: Mapping[str, Layer], below: Mapping[str, Layer]) -> _Fits:
    return lambda way, environment: below[environment] | way.get(kind, {}) == wanted[environment]


def _size(one: LiveSettings) -> int:
    """Characters that a repository takes in a template, or a few more."""
    texts = (one.live.lifecycle, one.live.policy, one.live.key, json.dumps(dict(one.tags)))
    return 2 * len(one.live.name) + sum(len(json.dumps(text)) for text in texts) + 1_000


def _fit(placement: Placement, sizes: Mapping[str, int]) -> bool:
    counts: Counter[int] = Counter()
    lengths: Counter[int] = Counter()
    for name, size in sizes.items():
        number = placement.number(name)
        counts[number] += 1
        lengths[number] += size
    most = max(counts.values(), default=0)
    return (
        most <= _FULL * REPOSITORIES_OF_A_STACK and max(lengths.values(), default=0) <= _FULL * TEMPLATE_BYTES
    )


class _Teams:
    """The teams that the tags `team` and `owner` name.

    Attributes:
        by_name: The teams, each with the owner that all of its repositories have.
    """

    def __init__(self, found: Mapping[str, Mapping[str, LiveSettings]]) -> None:
        self._own: dict[str, Layer] = {}
        owners: dict[str, set[str]] = defaultdict(set)
        for name, here in found.items():
            own = {
                key: values.pop()
                for key in ("team", "owner")
                if len(values := {one.tags.get(key, "") for one in here.values()}) == 1
            }
            self._own[name] = {
                key: value
                for key, value in own.items()
                if value and (key != "team" or _TEAM.fullmatch(value))
            }
            if team := self._own[name].get("team"):
                owners[team].add(self._own[name].get("owner", ""))
        self.by_name: dict[str, Layer] = {
            team: {"owner": owner} if len(of) == 1 and (owner := min(of)) else {}
            for team, of in sorted(owners.items())
        }

    def of(self, name: str) -> Layer:
        """What a repository says of its team and its owner."""
        own = dict(self._own[name])
        if "owner" in self.by_name.get(own.get("team", ""), {}):
            del own["owner"]
        return own

    def other_tags(self, name: str, tags: Mapping[str, str]) -> dict[str, str]:
        """The tags but for those that team and owner become."""
        return {key: value for key, value in tags.items() if key not in self._own[name]}


Answers = dict[str, dict[str, Any]]


def _settled(
    found: Mapping[str, Mapping[str, LiveSettings]], environments: Iterable[str]
) -> tuple[Answers, dict[str, Answers]]:
    """The answers to each question that most repositories give: everywhere, and in each environment.

    What differs between environments can only be set in the environment.
    """
    defaults: Answers = {}
    inherited: dict[str, Answers] = {one: {} for one in environments}
    for question in QUESTIONS:
        everywhere: list[Layer] = []
        by_environment: dict[str, list[Layer]] = defaultdict(list)
        varying: dict[str, list[Layer]] = defaultdict(list)
        for here in found.values():
            answers = {one: of.groups[question] for one, of in here.items()}
            varies = len(set(map(_key, answers.values()))) > 1
            for one, answer in answers.items():
                everywhere.append(answer)
                by_environment[one].append(answer)
                if varies:
                    varying[one].append(answer)
        if not everywhere:
            continue
        default = defaults[question] = _most(everywhere)
        for one, answered in inherited.items():
            here = _most(varying.get(one) or by_environment.get(one) or [default], default)
            answered[question] = default if here == default else here
    return defaults, inherited


def _most(answers: list[Layer], preferred: Layer | None = None) -> Layer:
    """The most common answer; of several the one preferred, else the first by its text."""
    counts = Counter(map(_key, answers))
    by_key = {_key(one): one for one in answers}
    wanted = "" if preferred is None else _key(preferred)
    return by_key[min(counts, key=lambda key: (-counts[key], key != wanted, key))]


def _key(value: object) -> str:
    return json.dumps(value, sort_keys=True)


class _Common(NamedTuple):
    """What is joined over layers, and so can be set above only if all have it."""

    everywhere: Layer
    by_environment: dict[str, Layer]


def _common(values: Mapping[str, Mapping[str, Layer]], environments: Iterable[str]) -> _Common:
    every = [value for here in values.values() for value in here.values()]
    everywhere = _in_all(every) if len(values) >= _SHARED_BY else {}
    # Only what one repository has otherwise elsewhere; anything else it can say itself.
    varying = {
        key
        for here in values.values()
        for value in here.values()
        for key in value
        if len({_key(other.get(key)) for other in here.values()}) > 1
    }
    by_environment: dict[str, Layer] = {}
    for one in environments:
        there = [here[one] for here in values.values() if one in here]
        by_environment[one] = {key: value for key, value in _in_all(there).items() if key in varying}
    return _Common(everywhere, by_environment)


def _in_all(values: Sequence[Layer]) -> Layer:
    if not values:
        return {}
    first, *others = values
    return {key: first[key] for key in sorted(first) if all(one.get(key) == first[key] for one in others)}


def _profiles(repositories: dict[str, Layer]) -> dict[str, Layer]:
    """Settings that several repositories say word for word, each under a name that they say instead."""
    apart = ("team", "owner", "tags", "environments")
    groups: dict[str, list[str]] = defaultdict(list)
    for name, own in repositories.items():
        rest = {key: value for key, value in own.items() if key not in apart}
        if len(rest) > 1 or any(isinstance(value, dict | list) and value for value in rest.values()):
            groups[_key(rest)].append(name)
    profiles: dict[str, Layer] = {}
    for _, names in sorted(groups.items(), key=lambda one: (-len(one[1]), one[0])):
        if len(names) < _SHARED_BY:
            continue
        profile = f"profile-{len(profiles) + 1}"
        own = repositories[names[0]]
        profiles[profile] = {key: value for key, value in own.items() if key not in apart}
        for name in names:
            rest = {key: value for key, value in repositories[name].items() if key in apart}
            repositories[name] = {"profile": profile} | rest
    return profiles
