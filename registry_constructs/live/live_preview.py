"""ECR's own preview of a policy on a live repository, compared with our simulation of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import Action, LifecyclePolicy
from registry_constructs.live.aws import Aws, pages, required
from registry_constructs.live.errors import AwsError, reading, unreadable
from registry_constructs.live.images import read_images
from registry_constructs.simulation import Outcome, Reason, Simulation, simulate
from registry_constructs.templates.lifecycle_policies import AppPolicy

if TYPE_CHECKING:
    from mypy_boto3_ecr.client import ECRClient

PATIENCE: Final = 1800
"""Seconds to wait for one preview. ECR says nothing of how long it takes; for many images it is minutes."""

_PAUSE: Final = 3.0
_ACTIONS: Final = {"EXPIRE": Action.EXPIRE, "TRANSITION": Action.TRANSITION}


class Verdict(NamedTuple):
    """What is to become of an image.

    Attributes:
        action: Expire, transition, or None: it stays.
        priority: The rule that does it; None if it stays.
    """

    action: Action | None = None
    priority: int | None = None


class Difference(NamedTuple):
    """An image of which ECR and the simulation say different things.

    Attributes:
        digest: The image.
        tags: Its tags.
        aws: What ECR says.
        ours: What the simulation says.
        why: Why the simulation expects it.
    """

    digest: str
    tags: tuple[str, ...]
    aws: Verdict
    ours: Verdict
    why: str


@dataclass(frozen=True)
class Compared:
    """One repository of an app.

    Attributes:
        policy: What the app has for it.
        region: Where it was looked for.
        images: How many images it has. None if nothing was compared.
        going: How many of them go, as ECR says.
        differences: Where the simulation says something else.
        note: Why nothing was compared; empty if something was.
        error: Why it could not be, which makes the result incomplete. Default: it could.
    """

    policy: AppPolicy
    region: str
    images: int | None = None
    going: int = 0
    differences: Sequence[Difference] = ()
    note: str = ""
    error: AwsError | None = None


def preview_app(
    aws: Aws, policies: Sequence[AppPolicy], *, regions: Sequence[str] = (), pause: float = _PAUSE
) -> Iterator[Compared]:
    """Have ECR preview each policy of an app on the repository of its name, and compare.

    A preview changes no image. ECR keeps one for each repository, the last.

    Args:
        aws: Where to look.
        policies: What `policies_of` has found.
        regions: Where to look for repositories whose Region the app leaves open. Default: the Region of the
            configuration.
        pause: Seconds between two looks at a preview.

    Raises:
        InvalidInputError: No Region is set, and the app leaves it open.
        AwsError: AWS does not take the credentials.
    """
    account = ""
    for policy in policies:
        for region in (policy.region,) if policy.region else aws.regions(regions):
            account = account or aws.account(region)
            note = _not_compared(policy, account)
            if note or policy.policy is None:
                yield Compared(policy, region, note=note)
                continue
            try:
                yield _compare(aws.client("ecr", region), policy, policy.policy, region, pause)
            except AwsError as error:
                if error.rejected:
                    raise
                if error.code == "RepositoryNotFoundException":
                    yield Compared(policy, region, note="not there yet: nothing to preview")
                else:
                    yield Compared(policy, region, note=error.problem, error=error)


def _not_compared(policy: AppPolicy, account: str) -> str:
    if policy.prefix:
        return "a creation template: acts on new repositories only"
    if not policy.repository:
        return "CloudFormation makes up its name"
    if policy.policy is None:
        return "no policy: nothing goes"
    if policy.account and policy.account != account:
        return f"in account {policy.account}, and the credentials are of {account}"
    return ""


def _compare(
    ecr: ECRClient, policy: AppPolicy, rules: LifecyclePolicy, region: str, pause: float
) -> Compared:
    where = f"{policy.repository} in {region}"
    started = datetime.now(UTC)
    found = _preview(ecr, policy.repository, rules, where, pause)
    finished = datetime.now(UTC)
    images = read_images(ecr, policy.repository, where=where)
    # ECR does not say when it looked: an image may have become old enough in between.
    sides = [simulate(rules, images, now=now) for now in (started, finished)]
    differences = _differences(found, *sides)
    return Compared(policy, region, len(images), len(found), differences)


def _preview(
    ecr: ECRClient, repository: str, rules: LifecyclePolicy, where: str, pause: float
) -> dict[str, Verdict]:
    """What ECR would do, by digest."""
    deadline = time.monotonic() + PATIENCE
    while not _start(ecr, repository, rules.to_json(), where):
        # Somebody else's is running. It ends sometime, and then ours may begin.
        _ended(ecr, repository, where, deadline, pause)
    answer = _ended(ecr, repository, where, deadline, pause)
    if answer.get("status") != "COMPLETE":
        raise AwsError(
            "ECR's preview did not succeed",
            got=f"status {answer.get('status')}",
            fix="run it again; lifecycle explain says what is odd about the policy",
            where=where,
        )
    if _policy(answer, where) != rules:
        raise AwsError(
            "Another preview took the place of this one",
            got="a preview of another policy",
            fix="run it again when nobody else previews this repository",
            where=where,
        )
    found = dict(
        _read(result, where)
        for result in pages(
            ecr,
            "get_lifecycle_policy_preview",
            "previewResults",
            where=where,
            identity=("imageDigest",),
            repositoryName=repository,
        )
    )
    _check_total(found, answer.get("summary", {}), where)
    return found


def _policy(answer: dict[str, Any], where: str) -> LifecyclePolicy:
    """The policy that a preview is of."""
    try:
        return LifecyclePolicy.from_json(required(answer, "lifecyclePolicyText", where))
    except InvalidInputError as error:
        raise unreadable(where, f"a lifecycle policy that can't be read: {error.problem}") from error


def _start(ecr: ECRClient, repository: str, text: str, where: str) -> bool:
    try:
        with reading(where):
            ecr.start_lifecycle_policy_preview(repositoryName=repository, lifecyclePolicyText=text)
    except AwsError as error:
        if error.code != "LifecyclePolicyPreviewInProgressException":
            raise
        return False
    return True


def _ended(ecr: ECRClient, repository: str, where: str, deadline: float, pause: float) -> dict[str, Any]:
    """What ECR says of the preview that runs now, once it has ended."""
    while time.monotonic() < deadline:
        try:
            with reading(where):
                answer: Any = ecr.get_lifecycle_policy_preview(repositoryName=repository)
            if required(answer, "status", where) != "IN_PROGRESS":
                return dict(answer)
        except AwsError as error:
            # It has been started and is not to be seen yet.
            if error.code != "LifecyclePolicyPreviewNotFoundException":
                raise
        time.sleep(pause)
    raise AwsError(
        "ECR's preview takes too long",
        got=f"still in progress after {PATIENCE // 60} minutes",
        fix="run it again later",
        where=where,
    )


def _read(result: dict[str, Any], where: str) -> tuple[str, Verdict]:
    action = _ACTIONS.get(result.get("action", {}).get("type", ""))
    if action is None:
        raise unreadable(where, "an answer without the action for an image")
    return result["imageDigest"], Verdict(action, result.get("appliedRulePriority"))


def _check_total(found: dict[str, Verdict], summary: dict[str, Any], where: str) -> None:
    expiring = sum(verdict.action is Action.EXPIRE for verdict in found.values())
    if summary.get("expiringImageTotalCount", expiring) != expiring:
        raise AwsError(
            "ECR's preview is not complete",
            got=f"{expiring:,} of {summary['expiringImageTotalCount']:,} images that expire",
            fix="run it again",
            where=where,
        )


def _differences(found: dict[str, Verdict], first: Simulation, last: Simulation) -> list[Difference]:
    differences = []
    for outcomes in zip(first, last, strict=True):
        image = outcomes[0].image
        aws = found.get(image.digest, Verdict())
        # Referrers follow their subject within a day; ECR's preview need not name them.
        if all(aws != _verdict(outcome) for outcome in outcomes) and not (
            outcomes[0].reason is Reason.FOLLOWS and aws == Verdict()
        ):
            ours = _verdict(outcomes[1])
            differences.append(Difference(image.digest, image.tags, aws, ours, outcomes[1].why))
    there = {image.digest for image in first.images}
    differences += [
        Difference(digest, (), verdict, Verdict(), "It is not in the repository any more.")
        for digest, verdict in found.items()
        if digest not in there
    ]
    return differences


def _verdict(outcome: Outcome) -> Verdict:
    if outcome.action is None:
        return Verdict()
    return Verdict(outcome.action, outcome.rule.priority if outcome.rule else None)
