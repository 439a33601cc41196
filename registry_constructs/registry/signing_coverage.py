"""Which pushes and which caches of an app the rules of its managed signing match."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from registry_constructs.ecr.names import names_start
from registry_constructs.ecr.tokens import is_token
from registry_constructs.registry.places import environment_of, regions_of, stack_set_regions
from registry_constructs.registry.signing_rights import (
    SigningProfile,
    admit_account,
    grant_signing,
    known_part,
    warn_of_missing_right,
)
from registry_constructs.registry.signing_rules import UNKNOWN_PART, may_match


@dataclass(frozen=True)
class _Place:
    """A registry, or all the registries that a StackSet deploys to."""

    names: frozenset[str]
    """Two where the stack of an imported repository does not tell its environment."""
    regions: tuple[str, ...]
    many: bool

    def reaches(self, other: _Place) -> bool:
        """Whether the other registry is this one, or may be one of these."""
        return bool(self.names & other.names) or (self.many and bool({*self.regions} & {*other.regions}))


@dataclass(frozen=True)
class _Signing:
    place: _Place
    profile: SigningProfile
    filters: tuple[str, ...]

    def matching(self, name: str) -> list[str]:
        return [value for value in self.filters if may_match(value, name)]


@dataclass(frozen=True)
class _Push:
    place: _Place
    pusher: Construct
    role: iam.Role
    name: str
    account: str


@dataclass(frozen=True)
class _Cache:
    place: _Place
    cache: Construct
    prefix: str


class SigningCoverage:
    """The managed signing of an app beside what the app pushes and caches, whichever is made first."""

    def __init__(self) -> None:
        self._signing: list[_Signing] = []
        self._pushes: list[_Push] = []
        self._caches: list[_Cache] = []
        self._granted: set[tuple[str, str]] = set()

    def add_signing(self, profile: SigningProfile, filters: Sequence[str]) -> None:
        """Add a profile that signs what is pushed to repositories whose names match."""
        signing = _Signing(_place(profile.scope), profile, tuple(dict.fromkeys(filters)))
        self._signing.append(signing)
        for push in self._pushes:
            self._grant(signing, push)
        for cache in self._caches:
            _warn_of_cache(signing, cache)

    def add_pushes(self, pusher: Construct, role: iam.Role, repositories: Iterable[ecr.IRepository]) -> None:
        """Add what a construct of the app pushes with its role."""
        for repository in repositories:
            push = _Push(
                _place_of_repository(repository), pusher, role, _name(repository), repository.env.account
            )
            self._pushes.append(push)
            for signing in self._signing:
                self._grant(signing, push)

    def add_cache(self, cache: Construct, prefix: str) -> None:
        """Add a pull-through cache, whose images ECR pushes itself."""
        added = _Cache(_place(cache), cache, prefix)
        self._caches.append(added)
        for signing in self._signing:
            _warn_of_cache(signing, added)

    def granted(self, principal: iam.IPrincipal, profile: SigningProfile) -> None:
        """Note that an identity has the right already."""
        if isinstance(principal, Construct):
            self._granted.add((principal.node.path, profile.key))

    def _grant(self, signing: _Signing, push: _Push) -> None:
        if not signing.place.reaches(push.place) or not signing.matching(push.name):
            return
        profile, right = signing.profile, (push.role.node.path, signing.profile.key)
        if right in self._granted:
            return
        self._granted.add(right)
        [region, *_] = push.place.regions
        arn = profile.arn_without_reference(push.role, account=push.account, region=region)
        if arn is None:
            warn_of_missing_right(profile, push.pusher)
            return
        grant_signing(push.role, arn)
        owner = push.account if signing.place.many else profile.account
        admit_account(profile, owner, cdk.Stack.of(push.role).account, push.pusher)


def _warn_of_cache(signing: _Signing, cache: _Cache) -> None:
    if not (signing.place.reaches(cache.place) or cache.place.reaches(signing.place)):
        return
    start = names_start(cache.prefix)
    if matching := signing.matching(f"{start}*"):
        where = start or "any prefix"
        cdk.Validations.of(cache.cache).add_warning(
            "registry-constructs:signing-cached-images",
            f"{signing.profile.scope.node.path} signs what is pushed to repositories that match "
            f"{', '.join(matching)}, and this cache makes such repositories under {where}. ECR pushes cached "
            "images itself, with a role that may not sign: they most likely stay unsigned. Write filters "
            "that leave the cache out, and demand no signature of its images.",
        )


def _place(scope: IConstruct) -> _Place:
    return _Place(frozenset([environment_of(scope)]), regions_of(scope), stack_set_regions(scope) is not None)


def _place_of_repository(repository: ecr.IRepository) -> _Place:
    """The registry of a repository, which for an imported one may be another than its stack's."""
    stack, env, own = cdk.Stack.of(repository), repository.env, _place(repository)
    # An ARN that is a token tells no environment: it is taken for the stack's own.
    if (env.account, env.region) == (stack.account, stack.region) or is_token(env.region):
        return own
    names = {f"aws://{env.account}/{env.region}"}
    if _may_be(stack.account, env.account) and _may_be(stack.region, env.region):
        names |= own.names
    return _Place(frozenset(names), (env.region,), many=False)


def _may_be(value: str, known: str) -> bool:
    return is_token(value) or value == known


def _name(repository: ecr.IRepository) -> str:
    """A repository's name as `may_match` takes it."""
    resource = repository.node.default_child
    if not isinstance(resource, ecr.CfnRepository):
        return known_part(cdk.Stack.of(repository).resolve(repository.repository_name))
    name = cdk.Stack.of(resource).resolve(resource.repository_name)
    # A name that CloudFormation generates is made of the stack's name and the logical id.
    return UNKNOWN_PART if name is None else known_part(name)
