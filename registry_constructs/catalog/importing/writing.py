"""The catalog that describes live repositories, as a file: short, sorted, and checked against them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from registry_constructs.catalog.catalog import Catalog
from registry_constructs.catalog.importing.composing import Composed, Undescribed
from registry_constructs.catalog.importing.settings import STACK_TAG, LiveSettings, differences, settings_of
from registry_constructs.catalog.placement import logical_id
from registry_constructs.catalog.problems import InvalidCatalogError
from registry_constructs.catalog.rendering import properties
from registry_constructs.catalog.source import Source
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.live.live_repository import LiveRepository

_UNPRINTABLE: Final = re.compile(r"[^ -~]+")
Layer = dict[str, Any]


@dataclass(frozen=True)
class Written:
    """A catalog as text.

    Attributes:
        text: The file.
        undescribed: What it lacks; empty for a catalog that describes everything.
        mappings: For each stack, by environment and id, what `cdk import` must know: the names of the
            repositories by their logical ids.
        owners: The CloudFormation stacks that have a repository already, with the names.
    """

    text: str
    undescribed: tuple[Undescribed, ...] = ()
    mappings: Mapping[tuple[str, str], Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def write_catalog(repositories: Iterable[LiveRepository]) -> Written:
    """The catalog that renders, for each repository, its properties in ECR.

    It is loaded and rendered before it is returned: what would not be rendered as it is in ECR is left out
    and listed in `undescribed`.
    """
    live = sorted(repositories, key=lambda one: (one.name, one.account, one.region))
    names = _environment_names(live)
    undescribed: list[Undescribed] = []
    found: dict[str, dict[str, LiveSettings]] = defaultdict(dict)
    for one in live:
        environment = names[one.account, one.region]
        try:
            found[one.name][environment] = settings_of(one)
        except InvalidInputError as error:
            undescribed.append(
                Undescribed(one.name, environment, f"{error.problem}: {error.got!r}", whole=True)
            )
    places = {name: place for place, name in names.items()}
    while True:
        composed = Composed(places, found)
        wrong = _wrong(composed, found)
        if not wrong:
            break
        for name, why in wrong.items():
            undescribed += [
                Undescribed(name, environment, why, whole=True) for environment in found.pop(name)
            ]
    undescribed += composed.undescribed
    for name, environments in composed.where.items():
        for environment in environments:
            undescribed += [
                Undescribed(name, environment, what, False) for what in found[name][environment].undescribed
            ]
    undescribed.sort()
    owners: dict[str, list[str]] = defaultdict(list)
    for one in live:
        if STACK_TAG in one.tags:
            owners[f"{one.tags[STACK_TAG]} in {names[one.account, one.region]}"].append(one.name)
    return Written(
        _text(composed.data, undescribed),
        tuple(undescribed),
        _mappings(Catalog.from_dict(composed.data)),
        {stack: tuple(owners[stack]) for stack in sorted(owners)},
    )


def _environment_names(live: Sequence[LiveRepository]) -> dict[tuple[str, str], str]:
    """A name for each account and Region: the Region's, and the account's behind it if there are several."""
    places = sorted({(one.account, one.region) for one in live})
    several = len({account for account, _ in places}) > 1
    return {(account, region): f"{region}-{account}" if several else region for account, region in places}


def _wrong(composed: Composed, found: Mapping[str, Mapping[str, LiveSettings]]) -> dict[str, str]:
    """The repositories that the catalog would not render as they are in ECR, with the reason."""
    try:
        catalog = Catalog.from_dict(composed.data)
    except InvalidCatalogError:
        return dict(_refused(composed.data))
    wrong: dict[str, str] = {}
    there = {(name, one) for name, environments in composed.where.items() for one in environments}
    for environment in catalog.environments:
        stack_environment = catalog.stack_environment(environment)
        for repository in catalog.repositories(environment):
            if (repository.name, environment) not in there:
                wrong[repository.name] = f"the catalog would have it in {environment} too"
                continue
            there.remove((repository.name, environment))
            rendered = properties(repository, stack_environment, "the key of the stack")
            if odd := differences(found[repository.name][environment], rendered):
                wrong[repository.name] = f"a catalog would change {', '.join(odd)}"
    return wrong | {name: f"the catalog would not have it in {one}" for name, one in there}


def _refused(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The repositories that make a catalog invalid.

    Raises:
        InvalidCatalogError: None of them does.
    """
    count = 0
    for name, own in data["repositories"].items():
        try:
            Catalog.from_dict({**data, "repositories": {name: own}})
        except InvalidCatalogError as error:
            count += 1
            yield name, f"{error.problems[0].problem}: {error.problems[0].got!r}"
    if not count:
        Catalog.from_dict(data)


def _mappings(catalog: Catalog) -> dict[tuple[str, str], dict[str, dict[str, str]]]:
    found: dict[tuple[str, str], dict[str, dict[str, str]]] = defaultdict(dict)
    for environment in catalog.environments:
        for one in catalog.repositories(environment):
            found[environment, catalog.stack(one)][logical_id(one.name)] = {"RepositoryName": one.name}
    return {stack: found[stack] for stack in sorted(found)}


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - as in PyYAML
        return True


def _dumped(data: object) -> str:
    def dumped(*, allow_unicode: bool) -> str:
        return str(
            yaml.dump(
                data,
                Dumper=_Dumper,
                sort_keys=False,
                default_flow_style=None,
                allow_unicode=allow_unicode,
                width=110,
            )
        )

    # PyYAML writes this line break of Unicode so that it doesn't read it again.
    text = dumped(allow_unicode=True)
    return dumped(allow_unicode=False) if "\x85" in text else text


_HEAD: Final = """\
# The repositories of {places}, as they were in ECR.
# Written by 'registry-constructs catalog import'. A repository has the settings of 'defaults', then those of
# its environment, its team and its profile, and then its own. Encryption is set even where it is the
# library's default: another one would REPLACE the repository, without its images.
"""
_INCOMPLETE: Final = """\
# NOT COMPLETE: {count} that a catalog can't describe. Look for '# NOT DESCRIBED' below; do not deploy before
# each is settled, because deploying removes what is not described here.
"""
_ABOVE: Final = {
    "stacks": "How repositories are split over stacks. Never change it by hand: repositories would move.",
    "defaults": "What most repositories have.",
    "profiles": "What several repositories have. The names mean nothing: choose better ones.",
}


def _text(data: Mapping[str, Any], undescribed: Sequence[Undescribed]) -> str:
    places = [f"{one['account']} in {one['region']}" for one in data["environments"].values()]
    lines = [_HEAD.format(places=", ".join(places) or "no account")]
    if undescribed:
        count = "ECR has 1 setting" if len(undescribed) == 1 else f"ECR has {len(undescribed):,} settings"
        lines.append(_INCOMPLETE.format(count=count))
    for kind, value in data.items():
        lines.append("\n")
        if kind in _ABOVE:
            lines.append(f"# {_ABOVE[kind]}\n")
        if kind != "repositories":
            lines.append(_dumped({kind: value}))
    notes: dict[str, list[str]] = defaultdict(list)
    for one in undescribed:
        text = str(one).encode("ascii", "backslashreplace").decode()
        notes[one.name].append(f"  # NOT DESCRIBED {' '.join(_UNPRINTABLE.sub(' ', text).split())}\n")
    lines.append("repositories:\n" if data["repositories"] else "repositories: {}\n")
    for name in sorted(data["repositories"].keys() | notes.keys()):
        lines += notes[name]
        if name in data["repositories"]:
            dumped = _dumped({name: data["repositories"][name]})
            lines += [f"  {line}" if line.strip() else line for line in dumped.splitlines(keepends=True)]
    text = "".join(lines)
    if Source("catalog.yaml", text).data != data:
        raise AssertionError("the file would not say what was composed")
    return text
