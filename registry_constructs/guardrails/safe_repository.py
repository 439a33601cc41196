"""A repository that somebody else wrote, with the safe choice for what they left open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from constructs import IConstruct

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy, presets
from registry_constructs.guardrails.changes import ConstructChange, Left, chosen_by

REPOSITORIES: Final = cdk.ConstructSelector.resources_of_type("AWS::ECR::Repository")
OVERRIDABLE: Final = ("DeletionPolicy", "ImageTagMutability", "ScanOnPush")
_CACHES: Final = cdk.ConstructSelector.resources_of_type("AWS::ECR::PullThroughCacheRule")
_AUTHORS: Final = "its author set it"

Properties: TypeAlias = Mapping[str, Any]
"""Properties by their names in lower case."""


class SafeRepository(cdk.Mixin):
    """Sets in a `CfnRepository` what its author left open, whether it is in an `ecr.Repository` or not.

        cdk.Mixins.of(app).apply(SafeRepository())

    Immutable tags (unless a pull-through cache of the app fills the repository: ECR moves tags there), a scan
    on push, a lifecycle policy, and `Retain` for deletion and replacement. What is set stays, `MUTABLE` and
    `RemovalPolicy.DESTROY` too; it is listed in `left`. Nothing of this replaces a repository.

    A mixin looks at the properties when it is applied. `SafeRepositories` looks at each synth.

    Args:
        lifecycle: The lifecycle policy of a repository without any. Default: `presets.default()`, which
            deletes untagged images after 30 days.
        override: What is set although its author set something else: `ImageTagMutability`, `ScanOnPush`,
            `DeletionPolicy` (with `UpdateReplacePolicy` and `EmptyOnDelete`). Default: nothing.
        encryption_key: The key that the repositories of `replace` get.
        replace: Paths of constructs whose repositories are made anew, empty, to be encrypted with the key;
            the old ones stay, with their images, outside of CloudFormation. ECR can't change the encryption
            of an existing repository.
        leave: Paths of constructs that are left as they are, and all beneath them, each with the reason;
            `*` matches any characters.

    Attributes:
        changes: What was set.
        left: What was left as it is.

    Raises:
        InvalidInputError: An override that there is none of, a reason that is empty, or `replace` without
            `encryption_key` or the other way round.
    """

    def __init__(
        self,
        *,
        lifecycle: LifecyclePolicy | None = None,
        override: Iterable[str] = (),
        encryption_key: kms.IKey | None = None,
        replace: Iterable[str] = (),
        leave: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.changes: list[ConstructChange] = []
        self.left: list[Left] = []
        self._lifecycle = (lifecycle or presets.default()).to_json()
        self._override = _checked_override(override)
        self._key = encryption_key
        self._replace = tuple(replace)
        self._leave = dict(leave or {})
        self._used: set[str] = set()
        self._caches: list[str] | None = None
        if (encryption_key is None) != (not self._replace):
            raise InvalidInputError(
                "The encryption of an existing repository can't be changed",
                got=f"encryption_key={encryption_key}, replace={list(self._replace)}",
                allowed="encryption_key and replace together, or neither",
                fix="name the repositories that may be made anew: replace=['Images/Checkout']",
            )
        for path, reason in self._leave.items():
            if not reason.strip():
                raise InvalidInputError(
                    "There is no reason why this is left as it is",
                    got=f"leave={{{path!r}: {reason!r}}}",
                    allowed="a reason for each path",
                    fix="write it down for those who read the app after you",
                )

    @property
    def unused(self) -> list[str]:
        """The paths of `replace` and `leave` that no repository has."""
        return [path for path in (*self._replace, *self._leave) if path not in self._used]

    def supports(self, construct: IConstruct) -> bool:
        """Whether it is a `CfnRepository`."""
        return isinstance(construct, ecr.CfnRepository)

    def apply_to(self, construct: IConstruct) -> None:
        """Set what is open.

        Raises:
            InvalidInputError: The repository is in `replace` and has a name of its own: CloudFormation can't
                make a second one of that name.
        """
        assert isinstance(construct, ecr.CfnRepository)  # noqa: S101 - what supports() lets pass
        path = construct.node.path
        if (pattern := chosen_by(path, self._leave)) is not None:
            self._used.add(pattern)
            left = Left(path=path, reason=self._leave[pattern])
            if left not in self.left:
                self.left.append(left)
                _add_info(construct, "left-as-it-is", f"SafeRepository leaves it as it is: {left.reason}")
            return
        given = _given_properties(construct)
        done = [
            *self._tags(construct, path, given),
            *self._scan(construct, path, given),
            *self._images(construct, path, given),
            *self._deletion(construct, path, given),
            *self._encryption(construct, path, given),
        ]
        changes = [one for one in done if isinstance(one, ConstructChange)]
        self.changes += changes
        self.left += [one for one in done if isinstance(one, Left) and one not in self.left]
        if changes:
            set_ = ", ".join(f"{one.property} to {one.after}" for one in changes)
            _add_info(construct, "made-safe", f"SafeRepository set {set_}")

    def _tags(
        self, repository: ecr.CfnRepository, path: str, given: Properties
    ) -> Iterator[ConstructChange | Left]:
        before = given.get("imagetagmutability")
        if before is not None and not str(before).startswith("MUTABLE"):
            return
        if before is not None and "ImageTagMutability" not in self._override:
            yield Left(path=path, property="ImageTagMutability", value=before, reason=_AUTHORS)
        elif self._cached(repository, given.get("repositoryname")):
            reason = "a pull-through cache fills it"
            yield Left(path=path, property="ImageTagMutability", value=before or "MUTABLE", reason=reason)
        else:
            repository.image_tag_mutability = "IMMUTABLE"
            if before == "MUTABLE_WITH_EXCLUSION":
                repository.image_tag_mutability_exclusion_filters = None
            yield ConstructChange(path=path, property="ImageTagMutability", before=before, after="IMMUTABLE")

    def _cached(self, repository: ecr.CfnRepository, name: object) -> bool:
        if not isinstance(name, str):
            return False
        if self._caches is None:
            rules = _CACHES.select(repository.node.root)
            prefixes = [
                rule.ecr_repository_prefix for rule in rules if isinstance(rule, ecr.CfnPullThroughCacheRule)
            ]
            # A cache for ROOT may fill a repository of any name.
            self._caches = ["" if prefix == "ROOT" else f"{prefix}/" for prefix in prefixes if prefix]
        return name.startswith(tuple(self._caches))

    def _scan(
        self, repository: ecr.CfnRepository, path: str, given: Properties
    ) -> Iterator[ConstructChange | Left]:
        before = _plain(given.get("imagescanningconfiguration")).get("scanonpush")
        if before is True:
            return
        if before is not None and "ScanOnPush" not in self._override:
            yield Left(path=path, property="ScanOnPush", value=before, reason=_AUTHORS)
            return
        repository.image_scanning_configuration = ecr.CfnRepository.ImageScanningConfigurationProperty(
            scan_on_push=True
        )
        yield ConstructChange(path=path, property="ScanOnPush", before=before, after=True)

    def _images(
        self, repository: ecr.CfnRepository, path: str, given: Properties
    ) -> Iterator[ConstructChange | Left]:
        policy = given.get("lifecyclepolicy")
        if policy == {}:
            # Python has read a value that is known at the synth only: from then on, nobody can.
            yield Left(
                path=path, property="LifecyclePolicy", value=policy, reason="it can't be read from Python"
            )
        elif not _plain(policy).get("lifecyclepolicytext"):
            repository.lifecycle_policy = ecr.CfnRepository.LifecyclePolicyProperty(
                lifecycle_policy_text=self._lifecycle, registry_id=_plain(policy).get("registryid")
            )
            yield ConstructChange(path=path, property="LifecyclePolicy", before=None, after=self._lifecycle)

    def _deletion(
        self, repository: ecr.CfnRepository, path: str, given: Properties
    ) -> Iterator[ConstructChange | Left]:
        override = "DeletionPolicy" in self._override
        if empties := bool(given.get("emptyondelete")):
            if override:
                repository.empty_on_delete = None
                yield ConstructChange(path=path, property="EmptyOnDelete", before=True, after=False)
            else:
                yield Left(path=path, property="EmptyOnDelete", value=True, reason=_AUTHORS)
        options, delete = repository.cfn_options, cdk.CfnDeletionPolicy.DELETE
        before = options.deletion_policy
        if before is delete and not override:
            yield Left(path=path, property="DeletionPolicy", value="Delete", reason=_AUTHORS)
        elif before is delete or (before is None and (override or not empties)):
            options.deletion_policy = cdk.CfnDeletionPolicy.RETAIN
            yield ConstructChange(
                path=path, property="DeletionPolicy", before=_policy(before), after="Retain"
            )
        before = options.update_replace_policy
        if before is delete and not override:
            yield Left(path=path, property="UpdateReplacePolicy", value="Delete", reason=_AUTHORS)
        elif before in (delete, None):
            options.update_replace_policy = cdk.CfnDeletionPolicy.RETAIN
            yield ConstructChange(
                path=path, property="UpdateReplacePolicy", before=_policy(before), after="Retain"
            )

    def _encryption(
        self, repository: ecr.CfnRepository, path: str, given: Properties
    ) -> Iterator[ConstructChange]:
        pattern = chosen_by(path, self._replace)
        if pattern is None or self._key is None:
            return
        self._used.add(pattern)
        if "repositoryname" in given:
            raise InvalidInputError(
                "CloudFormation can't make another repository of the same name",
                got=given["repositoryname"],
                allowed="replace for repositories that CloudFormation names",
                fix="give it another name too, and copy what you still need of its images",
                where=path,
            )
        before = given.get("encryptionconfiguration")
        repository.encryption_configuration = ecr.CfnRepository.EncryptionConfigurationProperty(
            encryption_type="KMS", kms_key=self._key.key_arn
        )
        after = f"KMS with {self._key.node.path}"
        yield ConstructChange(
            path=path, property="EncryptionConfiguration", before=before, after=after, replaces=True
        )


def _checked_override(override: Iterable[str]) -> frozenset[str]:
    chosen = frozenset([override] if isinstance(override, str) else override)
    if unknown := chosen.difference(OVERRIDABLE):
        raise InvalidInputError(
            "There is no such override",
            got=sorted(unknown),
            allowed=", ".join(OVERRIDABLE),
            fix="override only what an author may have set",
        )
    return chosen


def _add_info(repository: ecr.CfnRepository, name: str, message: str) -> None:
    cdk.Annotations.of(repository).add_info_v2(f"registry-constructs:{name}", message)


def _policy(policy: cdk.CfnDeletionPolicy | None) -> str | None:
    return None if policy is None else policy.name.title()


def _given_properties(repository: ecr.CfnRepository) -> Properties:
    """What the author set, its values resolved.

    Read in one piece: what the typed properties give for a value that is known at the synth only, such as the
    lifecycle policy of an `ecr.Repository`, has lost it.
    """
    return _plain(cdk.Stack.of(repository).resolve(repository._cfn_properties))


def _plain(found: object) -> Properties:
    """The values by their names in lower case: authors write `scanOnPush`, `scan_on_push`, `ScanOnPush`."""
    if not isinstance(found, Mapping):
        return {}
    return {key.lower().replace("_", ""): value for key, value in found.items() if value is not None}
