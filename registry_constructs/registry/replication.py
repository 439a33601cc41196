"""Replication as a unit: the source's rules, and what the destination needs to take in replicas well."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.ecr import limits
from registry_constructs.ecr.actions import REPLICATION_ACTIONS
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import check_account_id, check_prefix, check_region
from registry_constructs.ecr.regions import partition_of
from registry_constructs.ecr.tokens import is_token
from registry_constructs.registry.creation_template import RepositoryCreationTemplate
from registry_constructs.registry.merged import registry_of
from registry_constructs.registry.places import stack_set_regions
from registry_constructs.registry.registry import Registry
from registry_constructs.registry.replication_rules import Flow, RegistryEnvironment, replication_rules
from registry_constructs.registry.repository_settings import RepositorySettings, check_settings

RegistryOrEnvironment = Registry | cdk.Environment
"""A registry of this app, or the account and Region of one that another app owns."""


class Replication(Construct):
    """Images that ECR copies to other Regions and accounts, and everything that both ends need for it.

    The source's registry gets the rules. Each destination that is a `Registry` of this app gets a registry
    policy for exactly these prefixes, if it is another account's, and creation templates, so that replicas
    are encrypted with the destination's key and keep immutability, lifecycle, policy and tags: ECR copies
    none of these. For an end that is not in this app, `required_elsewhere` says what it must hold, and so
    does the synth.

    ECR replicates what is pushed, or restored from the archive, after the rules exist. It does not replicate
    images that are there already, deletions, the archiving of an image, or what arrived by replication
    itself: name every destination at the source. Where the tags of replicas are immutable, as they are by
    default, a tag that the source moves to another image stays with the first one, and the other image
    arrives untagged. Storage in each destination and the transfer between Regions are charged.

    Args:
        scope: A construct in a stack of the source, or of the destination if the source is another app's.
        id: The construct's id.
        destinations: Registries of this app, or environments (account and Region) of other apps', at least
            one.
        prefixes: What the repositories' names begin with, each of 2 to 256 characters: `shop/` is everything
            under `shop`; `shop` would take `shopping/cart` too. Default: all repositories.
        source: Default: the registry of the scope's account and Region.
        settings: What replicas get in destinations of this app; None where the destination's own templates
            apply. A key in it must be one of the destination's. Default: the defaults of
            `RepositoryCreationTemplate`.

    Attributes:
        required_elsewhere: What ends outside this app must hold, by account and Region; as JSON-like data.

    Raises:
        InvalidInputError: For a stack without account or Region, replication to itself or into another AWS
            partition, and settings that another Replication contradicts. Over ECR's 10 rules, 25 destinations
            and 100 prefixes a rule, the synth fails.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        destinations: Sequence[RegistryOrEnvironment],
        prefixes: Sequence[str] = (),
        source: RegistryOrEnvironment | None = None,
        settings: RepositorySettings | None = RepositorySettings(),  # noqa: B008 - it is frozen
    ) -> None:
        super().__init__(scope, id)
        self.required_elsewhere: dict[str, Any] = {}
        with located(self):
            check_settings(settings)
            lists = isinstance(prefixes, list | tuple) and isinstance(destinations, list | tuple)
            if not lists or not destinations:
                raise InvalidInputError(
                    "prefixes or destinations is not a list",
                    got={"prefixes": prefixes, "destinations": destinations},
                    allowed="lists, with one destination at least",
                    fix="write destinations=[...] and prefixes=['shop/']",
                )
            for prefix in prefixes:
                _check_prefix(prefix)
            for one in destinations if source is None else [*destinations, source]:
                _check_end(one)
            own = known_environment(self)
            start = own if source is None else known_environment(source)
            # Who names one place in both ways means the registry.
            ends = {known_environment(one): one for one in sorted(destinations, key=_is_registry)}
            for end in ends:
                _check_route(start, end)
            sends = not isinstance(source, cdk.Environment)
            if not sends and (len(ends) > 1 or not isinstance(ends.get(own), Registry)):
                raise InvalidInputError(
                    "With a source outside this app, there is one destination: the registry of this stack",
                    got=[str(end) for end in ends],
                    allowed=f"the Registry of {own}",
                    fix="write a Replication for each destination, in the destination's stack",
                )
            wanted = sorted(set(prefixes)) or [""]
            origin = registry_of(source if isinstance(source, Registry) else self)
            for end, destination in ends.items() if sends else ():
                origin.add_flows(
                    (Flow(start, prefix, end, self.node.path) for prefix in wanted),
                    destination if isinstance(destination, Registry) else None,
                )
        for end, destination in sorted(ends.items(), key=lambda item: item[0]):
            if isinstance(destination, Registry):
                self._prepare(start, destination, wanted, settings)
            else:
                self._ask_for(end, _destination_half(start, end, wanted, settings))
        if not sends:
            self._ask_for(start, {"replication rule": _rule(own, wanted)})

    def _prepare(
        self,
        start: RegistryEnvironment,
        destination: Registry,
        prefixes: list[str],
        settings: RepositorySettings | None,
    ) -> None:
        """Give the destination its policy and its templates."""
        end = known_environment(destination)
        if start.account != end.account:
            statement = iam.PolicyStatement.from_json(_statement(start, end, prefixes))
            with located(self):
                registry_of(destination).add_statement(statement, self)
        if settings is not None:
            found = destination.node.try_find_child(_Replicas.ID)
            replicas = found if isinstance(found, _Replicas) else _Replicas(destination)
            for prefix in _template_prefixes(prefixes):
                with located(self):
                    replicas.want(prefix, settings, self.node.path)

    def _ask_for(self, place: RegistryEnvironment, needed: dict[str, Any]) -> None:
        self.required_elsewhere[str(place)] = needed
        cdk.Annotations.of(self).add_info(
            f"The registry of {place} is not in this app. It must hold:\n{json.dumps(needed, indent=2)}"
        )


class _Replicas(Construct):
    """What replicas get in one registry.

    The templates are named by their prefix alone, so that a Replication that is renamed or moved does not
    make CloudFormation create a template that is there already.
    """

    ID: Final = "Replicas"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry, self.ID)
        self._wanted: dict[str, tuple[RepositorySettings, str]] = {}

    def want(self, prefix: str, settings: RepositorySettings, path: str) -> None:
        """Make the template for a prefix; several Replications share it if they want the same."""
        if prefix not in self._wanted:
            RepositoryCreationTemplate(
                self,
                prefix.replace("/", " "),
                prefix=prefix,
                applied_for=["REPLICATION"],
                settings=settings,
                description="Replicas from other registries",
            )
        there, first = self._wanted.setdefault(prefix, (settings, path))
        if there != settings:
            raise InvalidInputError(
                f"Two Replications want different settings for replicas under {prefix!r}",
                got=f"one at {first} and another one at {path}",
                allowed="one creation template for a prefix",
                fix="give both the same RepositorySettings, or settings=None to one of them",
            )


def _is_registry(end: RegistryOrEnvironment) -> bool:
    return isinstance(end, Registry)


def known_environment(end: RegistryOrEnvironment | Construct) -> RegistryEnvironment:
    """The account and Region of one end, both known."""
    known = end if isinstance(end, cdk.Environment) else cdk.Stack.of(end)
    if isinstance(known, cdk.Stack) and stack_set_regions(known) is not None:
        raise InvalidInputError(
            "A StackSet's stack is in many places, and what reaches another registry has to know its own",
            got=known.node.path,
            allowed="a stack of one account and Region",
            fix="write it in a stack of that account, with env=cdk.Environment(account=..., region=...)",
        )
    if is_token(known.account) or is_token(known.region) or not known.account or not known.region:
        raise InvalidInputError(
            "The account and the Region of both registries have to be known",
            got=f"account {known.account}, Region {known.region}",
            allowed="an account of 12 digits and a Region, such as eu-west-1",
            fix="write env=cdk.Environment(account=..., region=...) for the stack",
        )
    check_account_id(known.account)
    check_region(known.region)
    return RegistryEnvironment(known.account, known.region)


def _check_end(end: RegistryOrEnvironment) -> None:
    if not isinstance(end, RegistryOrEnvironment):
        raise InvalidInputError(
            "Neither a Registry nor an account and Region",
            got=end,
            allowed="a Registry of this app, or cdk.Environment(account=..., region=...)",
            fix="give the Registry itself, not its stack and not Registry.of(...)",
        )


def _check_prefix(prefix: str) -> None:
    check_prefix(prefix)
    if is_token(prefix):
        raise InvalidInputError(
            "The prefix is known only at deployment",
            got=prefix,
            allowed="a prefix as plain text",
            fix="write it out: policies, templates and limits follow from it",
        )


def _check_route(start: RegistryEnvironment, end: RegistryEnvironment) -> None:
    if start == end:
        raise InvalidInputError(
            "A registry can't replicate to itself",
            got=str(end),
            allowed="another Region, or another account",
            fix="name another destination",
        )
    partitions = [partition_of(place.region).name for place in (start, end)]
    if partitions[0] != partitions[1]:
        raise InvalidInputError(
            "ECR does not replicate between AWS partitions",
            got=f"{start} ({partitions[0]}) to {end} ({partitions[1]})",
            allowed=f"Regions of the partition {partitions[0]}",
            fix="push the images to both partitions",
        )


def _template_prefixes(prefixes: list[str]) -> list[str]:
    """The longest template prefix that covers each rule's: a template ends at a `/`, a rule anywhere."""
    found = {prefix.rpartition("/")[0] or limits.ROOT_PREFIX for prefix in prefixes}
    return sorted(found)


def _statement(start: RegistryEnvironment, end: RegistryEnvironment, prefixes: list[str]) -> dict[str, Any]:
    partition = partition_of(end.region).name
    return {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{start.account}:root"},
        "Action": list(REPLICATION_ACTIONS),
        "Resource": [
            f"arn:{partition}:ecr:{end.region}:{end.account}:repository/{prefix}*" for prefix in prefixes
        ],
    }


def _rule(end: RegistryEnvironment, prefixes: list[str]) -> dict[str, Any]:
    [rule] = replication_rules(Flow(end, prefix, end, "") for prefix in prefixes)
    return {key: value for key, value in rule.items() if value is not None}


def _destination_half(
    start: RegistryEnvironment,
    end: RegistryEnvironment,
    prefixes: list[str],
    settings: RepositorySettings | None,
) -> dict[str, Any]:
    needed: dict[str, Any] = {}
    if start.account != end.account:
        needed["statement of the registry policy"] = _statement(start, end, prefixes)
    if settings is not None:
        needed["creation templates for REPLICATION, with prefix"] = _template_prefixes(prefixes)
    needed["with this library, in a stack of that account and Region"] = (
        f"Replication(self, 'Replication', source=cdk.Environment(account={start.account!r}, "
        f"region={start.region!r}), destinations=[registry], prefixes={[p for p in prefixes if p]!r})"
    )
    return needed
