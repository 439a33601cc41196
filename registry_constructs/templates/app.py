"""What a synthesized app declares, as rules judge it."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from registry_constructs.rules.state import ConsumerState, Location, RepositoryState, State
from registry_constructs.templates import declared
from registry_constructs.templates.assembly import Origin, StackTemplate
from registry_constructs.templates.consumers import images_of
from registry_constructs.templates.declared import Environment, Resource
from registry_constructs.templates.intrinsics import Resolver


def read_templates(stacks: Iterable[StackTemplate]) -> list[State]:
    """All that the templates declare of repositories, registries and consumers."""
    return list(_App(stacks).states())


class _App:
    """The resources of an app, read together: one registry's settings decide about another stack's parts."""

    def __init__(self, stacks: Iterable[StackTemplate]) -> None:
        self._stacks = list(stacks)
        self._resolvers: dict[int, Resolver] = {}
        self._exports = self._find_exports()
        self._by_type: defaultdict[str, list[Resource]] = defaultdict(list)
        for stack in self._stacks:
            for logical_id, resource in stack.resources.items():
                kind = resource.get("Type", "")
                if kind.startswith("AWS::ECR::") or images_of(kind, {}) is not None:
                    self._by_type[kind].append(self._resource(stack, logical_id, resource))

    def states(self) -> Iterator[State]:
        scanning = {one.environment: one for one in self._by_type["AWS::ECR::RegistryScanningConfiguration"]}
        caches = self._in_environments("AWS::ECR::PullThroughCacheRule")
        prefixes = {
            environment: [str(one.properties.get("EcrRepositoryPrefix")) for one in found]
            for environment, found in caches.items()
        }
        templates = {
            environment: tuple(map(declared.template, found))
            for environment, found in self._in_environments("AWS::ECR::RepositoryCreationTemplate").items()
        }
        repositories = {
            environment: [
                declared.repository(one, scanning.get(environment), prefixes.get(environment, []))
                for one in found
            ]
            for environment, found in self._in_environments("AWS::ECR::Repository").items()
        }
        for found in repositories.values():
            yield from found
        yield from map(declared.public, self._by_type["AWS::ECR::PublicRepository"])
        yield from map(declared.registry_policy, self._by_type["AWS::ECR::RegistryPolicy"])
        for made in templates.values():
            yield from made
        for environment, rules in caches.items():
            for one in rules:
                yield declared.cache(one, templates.get(environment, ()))
        files = {(stack.account, stack.region): stack.file for stack in self._stacks}
        for one in self._by_type["AWS::ECR::ReplicationConfiguration"]:
            yield declared.replication(one, templates, files.keys())
        for environment, one in scanning.items():
            yield declared.scanning(one, repositories.get(environment, []))
        for environment in {**repositories, **caches}:
            count = len(repositories.get(environment, []))
            yield declared.registry(environment, files[environment], count, len(caches.get(environment, [])))
        yield from self._consumers(itertools.chain(*repositories.values()))

    def _in_environments(self, kind: str) -> dict[Environment, list[Resource]]:
        found: defaultdict[Environment, list[Resource]] = defaultdict(list)
        for one in self._by_type[kind]:
            found[one.environment].append(one)
        return dict(found)

    def _consumers(self, repositories: Iterable[RepositoryState]) -> Iterator[ConsumerState]:
        kept: dict[str, set[tuple[str, tuple[str, ...]]]] = defaultdict(set)
        for state in repositories:
            if isinstance(state.mutability, str) and isinstance(state.exclusions, tuple):
                kept[state.name].add((state.mutability, state.exclusions))
        # Of a name that occurs several times with different settings, none is taken for granted.
        sure = {name: next(iter(found)) for name, found in kept.items() if len(found) == 1}
        for kind, resources in self._by_type.items():
            for one in resources:
                images = images_of(kind, one.properties)
                if images:
                    yield ConsumerState(
                        name=one.place.path or one.place.logical_id,
                        place=one.place,
                        images=tuple(images),
                        mutability={name: mutability for name, (mutability, _) in sure.items()},
                        exclusions={name: exclusions for name, (_, exclusions) in sure.items()},
                    )

    def _resource(self, stack: StackTemplate, logical_id: str, resource: Mapping[str, Any]) -> Resource:
        origin = stack.origins.get(logical_id) or Origin(path=_path(resource))
        place = Location(
            account=stack.account,
            region=stack.region,
            address=f"{stack.name}.{logical_id}",
            template=str(stack.file),
            logical_id=logical_id,
            path=origin.path,
            source=origin.source,
        )
        return Resource(
            resource["Type"],
            self._resolver(stack).resolve(resource.get("Properties") or {}),
            place,
            (stack.account, stack.region),
            resource,
            stack.tags,
        )

    def _resolver(self, stack: StackTemplate) -> Resolver:
        if id(stack) not in self._resolvers:
            parent = self._resolver(stack.parent) if stack.parent else None
            self._resolvers[id(stack)] = Resolver(stack, self._export, parent)
        return self._resolvers[id(stack)]

    def _find_exports(self) -> dict[tuple[str, str, str], tuple[StackTemplate, Any]]:
        found = {}
        for stack in self._stacks:
            for output in (stack.template.get("Outputs") or {}).values():
                name = output.get("Export", {}).get("Name")
                if isinstance(name, str):
                    found[stack.account, stack.region, name] = (stack, output.get("Value"))
        return found

    def _export(self, importer: StackTemplate, name: str) -> str | None:
        found = self._exports.get((importer.account, importer.region, name))
        return str(self._resolver(found[0]).resolve(found[1])) if found else None


def _path(resource: Mapping[str, Any]) -> str:
    return str((resource.get("Metadata") or {}).get("aws:cdk:path", ""))
