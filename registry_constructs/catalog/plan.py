"""Compares a catalog with deployed templates: what deploying it would change, repository by repository."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from registry_constructs.catalog.catalog import Catalog
from registry_constructs.catalog.placement import logical_id
from registry_constructs.catalog.rendering import DEFAULT_ENCRYPTION, Json, StackEnvironment, resource
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy

_TYPE: Final = "AWS::ECR::Repository"
_STACK_KEY: Final = "<the key of the stack>"
_SHARED_KEY: Final = "<the key that all stacks share>"
_REPLACING: Final = frozenset({"EncryptionConfiguration"})
"""Properties whose change replaces a repository, next to its name (CFN AWS::ECR::Repository,
createOnlyProperties)."""


ANYWHERE: Final = StackEnvironment()
"""The environment of a template whose account and Region are unknown."""


class Kind(StrEnum):
    """The kind of a change to a repository."""

    ADD = "add"
    ALTER = "alter"
    MOVE = "move"
    REPLACE = "replace"
    REMOVE = "remove"


class Deployed(NamedTuple):
    """A repository in a deployed template.

    Attributes:
        stack: The stack's name.
        logical_id: The resource's logical id.
        body: The resource.
        environment: The account and Region of the stack; None for what is not known.
    """

    stack: str
    logical_id: str
    body: Json
    environment: StackEnvironment = ANYWHERE

    @property
    def name(self) -> str | None:
        """The repository's name; None for a generated one."""
        name = self.body.get("Properties", {}).get("RepositoryName")
        return name if isinstance(name, str) else None


@dataclass(frozen=True, kw_only=True)
class RepositoryChange:
    """A planned change of one repository.

    Attributes:
        kind: The kind of change.
        name: The repository.
        environment: The environment of the catalog; empty for a catalog without environments.
        stack: The stack's id, or for one that is removed the stack's name.
        details: The changes, one line each.
        images: The number of images in it; None if unknown.
        allowed: Whether the catalog allows it.
    """

    kind: Kind
    name: str
    environment: str
    stack: str
    details: tuple[str, ...] = ()
    images: int | None = field(default=None)
    allowed: bool = False

    @property
    def at_stake(self) -> bool:
        """Whether images may get lost although the catalog doesn't allow it."""
        loses = self.kind in {Kind.REPLACE, Kind.REMOVE, Kind.MOVE}
        return loses and self.images != 0 and not self.allowed


Images = Callable[[str, StackEnvironment], int | None]
"""Returns the number of images in a repository; None if unknown."""


def plan(
    catalog: Catalog,
    deployed: Iterable[Deployed],
    *,
    environments: Sequence[str] | None = None,
    images: Images = lambda _name, _environment: None,
) -> list[RepositoryChange]:
    """The changes that deploying the catalog makes, sorted by environment and name.

    A deployed repository belongs to the catalog if it has the logical id that a catalog gives; of the
    others, those whose names are in the catalog too are moves. Tags that all repositories of an environment
    have in common and that are not in the catalog come from the app and are not compared.

    Args:
        catalog: The catalog.
        deployed: The deployed repositories.
        environments: The environments to compare. Default: all of the catalog.
        images: Called for the repositories that are replaced, moved or removed.
    """
    existing = list(deployed)
    names = list(catalog.environments) or [""]
    return [
        change
        for environment in names
        if environments is None or environment in environments
        for change in _changes(catalog, environment, existing, images)
    ]


def _changes(
    catalog: Catalog, environment: str, deployed: Sequence[Deployed], images: Images
) -> Iterator[RepositoryChange]:
    stack_environment = catalog.stack_environment(environment)
    here = {one.name: one for one in deployed if one.name and _fits(one.environment, stack_environment)}
    common = _common_tags(here.values())
    key = _STACK_KEY if catalog.stacks.key == "stack" else _SHARED_KEY
    wanted = {one.name: one for one in catalog.repositories(environment)}
    for name in sorted(wanted.keys() | here.keys()):
        old = here.get(name)
        if name not in wanted:
            if old is not None and old.logical_id == logical_id(name):
                yield RepositoryChange(
                    kind=Kind.REMOVE,
                    name=name,
                    environment=environment,
                    stack=old.stack,
                    details=(_fate(old.body),),
                    images=images(name, stack_environment),
                    allowed=name in catalog.allow_removal,
                )
            continue
        stack = catalog.stack(wanted[name])
        if old is None:
            yield RepositoryChange(kind=Kind.ADD, name=name, environment=environment, stack=stack)
            continue
        body = resource(wanted[name], stack_environment, key)
        details = list(
            _differences(
                _comparable(old.body, stack_environment), _comparable(body, stack_environment), common
            )
        )
        kind = Kind.REPLACE if any(one.partition(":")[0] in _REPLACING for one in details) else Kind.ALTER
        if old.logical_id != logical_id(name) or not _is_stack(old.stack, stack):
            kind = Kind.MOVE
            details = [f"deployed in {old.stack} as {old.logical_id}: import it, see catalog-migration"]
        if details:
            dangerous = kind is not Kind.ALTER
            yield RepositoryChange(
                kind=kind,
                name=name,
                environment=environment,
                stack=stack,
                details=tuple(details),
                images=images(name, stack_environment) if dangerous else None,
                allowed=dangerous and name in catalog.allow_replacement,
            )


def read_templates(path: Path) -> list[Deployed]:
    """The repositories in a cloud assembly (`cdk.out`), or in a template.

    Raises:
        InvalidInputError: It is neither.
    """
    if (path / "manifest.json").is_file():
        return list(_assembly(path))
    if path.is_file():
        return list(repositories_of(_json(path), path.name.removesuffix(".json").removesuffix(".template")))
    raise InvalidInputError(
        "Neither a cloud assembly nor a template",
        got=str(path),
        allowed="a cdk.out with a manifest.json, or a template in JSON",
        fix="check out the deployed commit, run cdk synth, and pass its cdk.out",
        where="--against",
    )


def repositories_of(
    template: Json, stack: str, environment: StackEnvironment = ANYWHERE
) -> Iterator[Deployed]:
    """The repositories of a template."""
    for name, body in template.get("Resources", {}).items():
        if body.get("Type") == _TYPE:
            yield Deployed(stack, name, body, environment)


def _assembly(folder: Path) -> Iterator[Deployed]:
    for name, artifact in _json(folder / "manifest.json").get("artifacts", {}).items():
        properties = artifact.get("properties", {})
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _assembly(folder / properties["directoryName"])
        elif artifact["type"] == "aws:cloudformation:stack":
            account, region = artifact["environment"].removeprefix("aws://").split("/")
            environment = StackEnvironment(
                None if account == "unknown-account" else account,
                None if region == "unknown-region" else region,
            )
            stack = properties.get("stackName", artifact.get("displayName", name))
            yield from repositories_of(_json(folder / properties["templateFile"]), stack, environment)


def _json(path: Path) -> Json:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
        if isinstance(found, dict):
            return found
        problem = "it is not a JSON object"
    except (OSError, ValueError) as error:
        problem = str(error)
    raise InvalidInputError(
        "The file can't be read",
        got=problem,
        allowed="JSON, as cdk synth writes it",
        fix="synthesize again",
        where=str(path),
    )


def _fits(there: StackEnvironment, here: StackEnvironment) -> bool:
    pairs = zip(there, here, strict=True)
    return all(one is None or other is None or one == other for one, other in pairs)


def _is_stack(name: str, id: str) -> bool:
    return name == id or name.endswith(f"-{id}")


def _fate(body: Json) -> str:
    if body.get("DeletionPolicy", "Delete") != "Delete":
        return "it is removed from its stack and stays in ECR with its images, unmanaged"
    if body.get("Properties", {}).get("EmptyOnDelete"):
        return "CloudFormation deletes it with all its images"
    return "CloudFormation deletes it, which fails as long as it contains images"


def _common_tags(deployed: Iterable[Deployed]) -> frozenset[tuple[str, str]]:
    tags = [_tags(one.body.get("Properties", {})).items() for one in deployed]
    return frozenset(set.intersection(*map(set, tags))) if len(tags) > 1 else frozenset()


def _tags(properties: Json) -> dict[str, str]:
    return {str(tag.get("Key")): str(tag.get("Value")) for tag in properties.get("Tags", ())}


def _comparable(body: Json, environment: StackEnvironment) -> Json:
    """The properties and the deletion policy in one normal form, for comparison."""
    properties: Json = _resolved(body.get("Properties", {}), environment)
    encryption = properties.setdefault("EncryptionConfiguration", dict(DEFAULT_ENCRYPTION))
    if isinstance(key := encryption.get("KmsKey"), dict):
        encryption["KmsKey"] = _STACK_KEY if "Fn::GetAtt" in key else _SHARED_KEY
    properties.setdefault("ImageTagMutability", "MUTABLE")
    properties.setdefault("ImageScanningConfiguration", {"ScanOnPush": False})
    properties["DeletionPolicy"] = body.get("DeletionPolicy", "Delete")
    return properties


def _resolved(value: Any, environment: StackEnvironment) -> Any:  # noqa: ANN401 - any value of a template
    """The value with pseudo parameters and joins of text resolved, where they are known."""
    if isinstance(value, list):
        return [_resolved(one, environment) for one in value]
    if not isinstance(value, dict):
        return value
    known = {
        "AWS::Partition": environment.partition,
        "AWS::Region": environment.region,
        "AWS::AccountId": environment.account,
    }
    if list(value) == ["Ref"] and known.get(value["Ref"]):
        return known[value["Ref"]]
    resolved = {name: _resolved(one, environment) for name, one in value.items()}
    if list(value) == ["Fn::Join"]:
        separator, parts = resolved["Fn::Join"]
        if all(isinstance(part, str) for part in parts):
            return separator.join(parts)
    return resolved


def _differences(old: Json, new: Json, common: frozenset[tuple[str, str]]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if name == "Tags":
            there, here = _tags(old), _tags(new)
            theirs = {key for key, value in there.items() if key not in here and (key, value) in common}
            before, after = {key: value for key, value in there.items() if key not in theirs}, here
        if before == after:
            continue
        if name == "LifecyclePolicy":
            yield from _rules(before, after)
        else:
            yield f"{name}: {_short(before)} -> {_short(after)}"


def _rules(before: Json | None, after: Json | None) -> Iterator[str]:
    """The rules of a lifecycle policy that are removed and added."""
    old, new = (_texts(one) for one in (before, after))
    yield from (f"LifecyclePolicy: no longer {rule}" for rule in old if rule not in new)
    yield from (f"LifecyclePolicy: {rule}" for rule in new if rule not in old)
    if set(old) == set(new):
        yield "LifecyclePolicy: the same rules with other priorities or descriptions"


def _texts(policy: Json | None) -> list[str]:
    text = (policy or {}).get("LifecyclePolicyText")
    if text is None:
        return []
    try:
        return [str(rule) for rule in LifecyclePolicy.from_json(text).rules]
    except InvalidInputError:
        return [str(text)]


def _short(value: object, most: int = 90) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= most else f"{text[:most]}..."


def summary(changes: Sequence[RepositoryChange]) -> Mapping[Kind, int]:
    """The number of repositories by kind of change."""
    return {kind: sum(change.kind is kind for change in changes) for kind in Kind}
