"""The task definitions that a schedule starts: EventBridge Scheduler, and rules of EventBridge."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from registry_constructs.live.aws import Aws, pages
from registry_constructs.live.errors import AwsError, reading, unreadable
from registry_constructs.live.findings import Findings

if TYPE_CHECKING:
    from mypy_boto3_events.client import EventBridgeClient

# A schedule may also call the API itself (EventBridge Scheduler User Guide, "universal targets").
_RUN_TASK: Final = ":aws-sdk:ecs:runTask"
_UNNAMED: Final = "it does not say which task definition it starts"


def scheduled_definitions(
    aws: Aws, region: str, clusters: Sequence[str], findings: Findings
) -> Iterator[tuple[str, str]]:
    """Each task definition that a schedule or a rule starts, with its place; disabled ones count as well.

    Raises:
        AwsError: The credentials are not valid any more.
    """
    yield from _of_scheduler(aws, region, findings)
    place = f"eventbridge rules in {region}"
    found: list[tuple[str, str]] = []
    if clusters:
        with findings.trying(place):
            found += _of_rules(aws.client("events", region), region, clusters, place, findings)
    yield from found


def _of_scheduler(aws: Aws, region: str, findings: Findings) -> Iterator[tuple[str, str]]:
    scheduler = aws.client("scheduler", region)
    place = f"eventbridge schedules in {region}"
    names: list[tuple[str, str]] = []
    with findings.trying(place):
        names = [
            (schedule["GroupName"], schedule["Name"])
            for schedule in pages(
                scheduler, "list_schedules", "Schedules", where=place, identity=("GroupName", "Name")
            )
            if _starts_tasks(schedule["Target"]["Arn"])
        ]

    def target(name: tuple[str, str]) -> dict[str, Any] | AwsError:
        try:
            with reading(f"eventbridge schedule {name[0]}/{name[1]} in {region}"):
                answer = scheduler.get_schedule(GroupName=name[0], Name=name[1])
            return dict(answer.get("Target", {}))
        except AwsError as error:
            return error

    for (group, name), answer in zip(names, aws.each(target, names), strict=True):
        where = f"eventbridge schedule {group}/{name} in {region}"
        with findings.trying(where):
            if isinstance(answer, AwsError):
                raise answer
            definition = _definition(answer)
            if definition:
                yield definition, where
            else:
                findings.unknown(where, _UNNAMED)


def _of_rules(
    events: EventBridgeClient, region: str, clusters: Sequence[str], place: str, findings: Findings
) -> Iterator[tuple[str, str]]:
    buses = pages(events, "list_event_buses", "EventBuses", where=place, identity=("Name",))
    if not buses:
        # Every Region of an account has the bus `default`.
        raise unreadable(place, "an answer without any event bus")
    for bus in buses:
        for cluster in clusters:
            named = {"EventBusName": bus["Name"], "TargetArn": cluster}
            for rule in pages(events, "list_rule_names_by_target", "RuleNames", where=place, **named):
                where = f"eventbridge rule {bus['Name']}/{rule} in {region}"
                targets = pages(
                    events,
                    "list_targets_by_rule",
                    "Targets",
                    where=place,
                    identity=("Id",),
                    Rule=rule,
                    EventBusName=bus["Name"],
                )
                if not any(target["Arn"] == cluster for target in targets):
                    raise unreadable(place, f"an answer without the target of {rule} that was listed")
                for target in targets:
                    if definition := _definition(target):
                        yield definition, where
                    elif target["Arn"] == cluster:
                        findings.unknown(where, _UNNAMED)


def _starts_tasks(arn: str) -> bool:
    return ":ecs:" in arn and (":cluster/" in arn or arn.endswith(_RUN_TASK))


def _definition(target: dict[str, Any]) -> str:
    """The task definition of a target; empty if it has none."""
    if target.get("Arn", "").endswith(_RUN_TASK):
        try:
            return str(json.loads(target["Input"]).get("TaskDefinition") or "")
        except (ValueError, AttributeError, KeyError):
            return ""
    return str(target.get("EcsParameters", {}).get("TaskDefinitionArn", ""))
