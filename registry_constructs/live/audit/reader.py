"""One registry, read as far as it can be: what can't be is unknown, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from registry_constructs.ecr import limits
from registry_constructs.live.audit.asking import Asking, reason
from registry_constructs.live.audit.standing import Raw, Read
from registry_constructs.live.aws import Aws, pages, required
from registry_constructs.live.errors import AwsError, reading, unreadable
from registry_constructs.live.journal import Journal, Key
from registry_constructs.live.live_repositories import own_key, policy_text
from registry_constructs.live.repositories import PAGE, REPOSITORY
from registry_constructs.live.stacks import read_template
from registry_constructs.rules.rule import Part
from registry_constructs.rules.state import Frequency
from registry_constructs.rules.values import Unknown

Value = TypeVar("Value")

# What BatchGetRepositoryScanningConfiguration takes at once (API reference).
_BATCH: Final = 25
_GONE: Final = "RepositoryNotFoundException"
_IMAGE: Final = ("imageDigest", "imageTags", "imagePushedAt", "lastRecordedPullTime")


@dataclass(frozen=True)
class RegistryReader:
    """A registry to read.

    Attributes:
        aws: Where, with the credentials of its account.
        account: Its account.
        region: Its Region.
        parts: What to read.
        ask: How each thing is requested.
    """

    aws: Aws
    account: str
    region: str
    parts: frozenset[Part]
    ask: Asking = field(default_factory=Asking)

    def read(self, journal: Journal | None, progress: Callable[[], None]) -> Read:
        """Read it.

        Args:
            journal: What an interrupted run has kept, and where to keep what is read. None: nowhere.
            progress: Called for each repository that has been read.
        """
        ecr = self.aws.client("ecr", self.region)
        where = f"{self.account} {self.region}"
        described = self.ask(lambda: self._listed(ecr, "describe_repositories", "repositories", *REPOSITORY))
        caches = self.ask(lambda: self._caches(ecr))
        if isinstance(described, Unknown):
            return Read(self.account, self.region, described, caches=caches)
        scanning = self._scanning(ecr, [one["repositoryName"] for one in described])
        raws = self._repositories(ecr, described, journal, progress)
        settings: dict[str, Any] = {}
        if Part.REGISTRY in self.parts:
            settings = {
                "policy": self.ask(lambda: _registry_policy(ecr, where)),
                "replication": self.ask(
                    lambda: _one(ecr.describe_registry, "replicationConfiguration", where)
                ),
                "scanning": self.ask(
                    lambda: _one(ecr.get_registry_scanning_configuration, "scanningConfiguration", where)
                ),
                "templates": self.ask(
                    lambda: self._listed(
                        ecr,
                        "describe_repository_creation_templates",
                        "repositoryCreationTemplates",
                        "prefix",
                    )
                ),
            }
        return Read(
            self.account,
            self.region,
            [one._replace(scan=scanning.get(one.name)) for one in raws],
            caches=caches,
            own_key=self._own_key(described),
            stacks=self._stacks(raws),
            **settings,
        )

    def _caches(self, ecr: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - an ECR client
        if self.region in limits.REGIONS_WITHOUT_PULL_THROUGH_CACHE:
            return []
        return self._listed(
            ecr, "describe_pull_through_cache_rules", "pullThroughCacheRules", "ecrRepositoryPrefix"
        )

    def _listed(
        self,
        client: Any,  # noqa: ANN401
        operation: str,
        key: str,
        *identity: str,
    ) -> list[dict[str, Any]]:
        where = f"{key} of {self.account} in {self.region}"
        return pages(client, operation, key, where=where, identity=identity, maxResults=PAGE)

    def _repositories(
        self,
        ecr: Any,  # noqa: ANN401
        described: list[dict[str, Any]],
        journal: Journal | None,
        progress: Callable[[], None],
    ) -> list[Raw]:
        def key(one: dict[str, Any]) -> Key:
            created = one.get("createdAt")
            place = f"{self.account}/{self.region}"
            return Key(place, one["repositoryName"], created.timestamp() if created else 0.0)

        def read(one: dict[str, Any]) -> Raw | None:
            try:
                return self._repository(ecr, one)
            except AwsError:
                # Deleted since it was listed.
                return None

        kept = {key(one): one for one in described if journal is not None and key(one) in journal}
        found = [_loaded(one, journal, place) for place, one in kept.items() if journal is not None]
        todo = [one for one in described if key(one) not in kept]
        for one, raw in zip(todo, self.aws.each(read, todo), strict=True):
            if raw is not None:
                found.append(raw)
                if journal is not None and raw.complete:
                    journal.add(key(one), [raw.dumped()])
            progress()
        return found

    def _repository(self, ecr: Any, described: dict[str, Any]) -> Raw:  # noqa: ANN401
        """All parts of a repository.

        Raises:
            AwsError: It is gone.
        """
        name = described["repositoryName"]
        where = f"{name} in {self.region}"

        def part(read: Callable[[], Value], *wanted: Part) -> Value | Unknown | None:
            return None if self.parts.isdisjoint(wanted) else self.ask(read, gone=frozenset({_GONE}))

        return Raw(
            described=described,
            lifecycle=part(
                lambda: policy_text(ecr.get_lifecycle_policy, "lifecyclePolicyText", name, where),
                Part.LIFECYCLE,
            ),
            policy=part(
                lambda: policy_text(ecr.get_repository_policy, "policyText", name, where), Part.POLICY
            ),
            tags=part(lambda: tags_of(ecr, described["repositoryArn"], where), Part.TAGS, Part.RETENTION),
            images=part(lambda: _images(ecr, name, where), Part.IMAGES),
        )

    def _scanning(self, ecr: Any, names: list[str]) -> dict[str, Frequency | Unknown]:  # noqa: ANN401
        if Part.SCANNING not in self.parts:
            return {}
        batches = [names[start : start + _BATCH] for start in range(0, len(names), _BATCH)]

        def read(batch: list[str]) -> dict[str, Frequency | Unknown]:
            found = self.ask(lambda: _frequencies(ecr, batch, f"scanning in {self.region}"))
            return dict.fromkeys(batch, found) if isinstance(found, Unknown) else found

        return {name: value for found in self.aws.each(read, batches) for name, value in found.items()}

    def _own_key(self, described: Iterable[dict[str, Any]]) -> str | Unknown:
        """The ARN of AWS's own key, if anything has to be compared with it."""
        if Part.KEY not in self.parts:
            return Unknown("no rule needs it")
        if not any(one.get("encryptionConfiguration", {}).get("kmsKey") for one in described):
            return ""
        return self.ask(lambda: own_key(self.aws, self.region))

    def _stacks(self, raws: Iterable[Raw]) -> dict[str, dict[str, Any] | Unknown | None]:
        """The resources of the stacks that own repositories; None for a stack that is gone."""
        if Part.RETENTION not in self.parts:
            return {}
        names = sorted({raw.stack for raw in raws if raw.stack})
        client = self.aws.client("cloudformation", self.region)

        def read(name: str) -> dict[str, Any] | Unknown | None:
            try:
                found = self.ask(
                    lambda: read_template(client, name, f"the template of {name} in {self.region}"),
                    gone=frozenset({"ValidationError"}),
                )
            except AwsError as error:
                # CloudFormation's code for a stack that is not there is that of every other mistake.
                return None if "does not exist" in error.got else reason(error)
            return found if isinstance(found, Unknown) else dict(found["Resources"])

        return dict(zip(names, self.aws.each(read, names), strict=True))


def _loaded(described: dict[str, Any], journal: Journal, place: Key) -> Raw:
    """A repository that an interrupted run has kept.

    Raises:
        AwsError: The file was changed by somebody else.
    """
    try:
        [parts] = journal.read(place)
        return Raw.loaded(described, parts)
    except (TypeError, ValueError) as error:
        raise journal.broken(error) from error


def _registry_policy(ecr: Any, where: str) -> str:  # noqa: ANN401
    try:
        return str(_one(ecr.get_registry_policy, "policyText", f"the registry policy of {where}"))
    except AwsError as error:
        if error.code == "RegistryPolicyNotFoundException":
            return ""
        raise


def _one(operation: Callable[[], Any], key: str, where: str) -> Any:  # noqa: ANN401
    with reading(where):
        answer = operation()
    return required(answer, key, where)


def _frequencies(ecr: Any, names: list[str], where: str) -> dict[str, Frequency | Unknown]:  # noqa: ANN401
    with reading(where):
        answer = ecr.batch_get_repository_scanning_configuration(repositoryNames=names)
    failed = {one["repositoryName"]: one.get("failureCode") for one in answer.get("failures", [])}
    frequencies = {
        one["repositoryName"]: one["scanFrequency"] for one in answer.get("scanningConfigurations", [])
    }
    return {
        name: frequencies.get(name, Unknown(f"ECR did not report it: {failed.get(name, 'no answer')}"))
        for name in names
    }


def tags_of(ecr: Any, arn: str, where: str) -> dict[str, str]:  # noqa: ANN401
    """The AWS tags of a repository."""
    # The tagging API would list a hundred repositories at once, but leaves out what has never been tagged
    # and what it has not yet heard of, so that an empty answer would say nothing.
    tags = _one(lambda: ecr.list_tags_for_resource(resourceArn=arn), "tags", where)
    return {tag["Key"]: tag["Value"] for tag in tags}


def _images(ecr: Any, name: str, where: str) -> list[dict[str, Any]]:  # noqa: ANN401
    found = []
    for detail in pages(
        ecr,
        "describe_images",
        "imageDetails",
        where=where,
        identity=("imageDigest",),
        repositoryName=name,
        maxResults=PAGE,
    ):
        if "imagePushedAt" not in detail:
            raise unreadable(where, "an answer without imagePushedAt")
        scanned = detail.get("imageScanFindingsSummary", {}).get("imageScanCompletedAt")
        found.append(
            {
                **{key: _plain(detail[key]) for key in _IMAGE if key in detail},
                "scan": detail.get("imageScanStatus", {}).get("status", ""),
                **({"scanned": _plain(scanned)} if scanned else {}),
            }
        )
    return found


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
