"""Alarms on quotas and the dashboard: metrics that exist, every quota that has one, and bad inputs."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest

from registry_constructs import (
    InvalidInputError,
    Notifications,
    RegistryAlarms,
    RegistryDashboard,
    Repository,
)
from registry_constructs.monitoring import metrics
from tests.synthesis import new_app, new_stack, properties, resources, warnings

ALARM = "AWS::CloudWatch::Alarm"
PUBLISHED = {("AWS/ECR", "RepositoryPullCount"), ("AWS/Usage", "CallCount"), ("AWS/Usage", "ResourceCount")}


def watched(alarm: dict[str, Any]) -> dict[str, Any]:
    """The usage metric of an alarm, with its dimensions as a mapping."""
    [usage] = [one for one in alarm["Properties"]["Metrics"] if "MetricStat" in one]
    metric = usage["MetricStat"]["Metric"]
    return metric | {"Dimensions": {one["Name"]: one["Value"] for one in metric["Dimensions"]}}


def body(stack: cdk.Stack) -> Any:
    """The dashboard as CloudWatch reads it."""
    written = properties(stack, "AWS::CloudWatch::Dashboard")["DashboardBody"]
    parts = written["Fn::Join"][1] if isinstance(written, dict) else [written]
    return json.loads("".join(part if isinstance(part, str) else "reference" for part in parts))


def shown(stack: cdk.Stack) -> list[Any]:
    return [metric for widget in body(stack)["widgets"] for metric in widget["properties"].get("metrics", [])]


def test_every_quota_that_has_a_metric_has_an_alarm() -> None:
    stack = new_stack()
    alarms = RegistryAlarms(stack, "Alarms", repositories=["shop/cart"])
    assert list(alarms.alarms) == [*metrics.COUNTED_CALLS, "RepositoryCount", "shop/cart"]
    found = [watched(alarm) for alarm in resources(stack, ALARM).values()]
    assert {(metric["Namespace"], metric["MetricName"]) for metric in found} <= PUBLISHED
    assert all(metric["Dimensions"]["Service"] == "ECR" for metric in found)
    calls = {metric["Dimensions"]["Resource"] for metric in found if metric["MetricName"] == "CallCount"}
    assert calls == set(metrics.COUNTED_CALLS)
    [images] = [metric for metric in found if "ResourceId" in metric["Dimensions"]]
    assert images["Dimensions"]["ResourceId"] == "repository/shop/cart"


def test_an_alarm_compares_percents_of_the_quota_and_missing_data_is_no_use() -> None:
    stack = new_stack()
    RegistryAlarms(stack, "Alarms", percent=75.5)
    found = resources(stack, ALARM)
    assert len(found) == len(metrics.COUNTED_CALLS) + 1
    for alarm in found.values():
        given = alarm["Properties"]
        assert [one["Expression"] for one in given["Metrics"] if "Expression" in one] == [
            "used/SERVICE_QUOTA(used)*100"
        ]
        assert given["Threshold"] == 75.5
        assert "over 75.5 %" in given["AlarmDescription"]
        assert given["TreatMissingData"] == "notBreaching"
        assert "AlarmActions" not in given


def test_alarms_publish_to_the_topic() -> None:
    stack = new_stack()
    notifications = Notifications(stack, "Notifications")
    RegistryAlarms(stack, "Alarms", notifications=notifications)
    topic = stack.resolve(notifications.topic.topic_arn)
    found = resources(stack, ALARM)
    assert len(found) == len(metrics.COUNTED_CALLS) + 2  # the repositories', and the notifications' own
    assert all(alarm["Properties"]["AlarmActions"] == [topic] for alarm in found.values())


def test_names_that_differ_in_separators_alone_have_alarms_of_their_own() -> None:
    stack = new_stack()
    names = ["a/b", "a--b", "a-b", "a/b"]
    RegistryAlarms(stack, "Alarms", repositories=names)
    found = {watched(alarm)["Dimensions"].get("ResourceId") for alarm in resources(stack, ALARM).values()} - {
        None
    }
    assert found == {"repository/a/b", "repository/a--b", "repository/a-b"}


def test_a_dashboard_shows_only_what_is_published() -> None:
    stack = new_stack()
    RegistryDashboard(stack, "Dashboard", repositories=[Repository(stack, "App"), "shop/cart"])
    named = {(metric[0], metric[1]) for metric in shown(stack) if isinstance(metric[0], str)}
    assert named == PUBLISHED
    used = [metric[0]["label"] for metric in shown(stack) if isinstance(metric[0], dict)]
    assert used == [*metrics.COUNTED_CALLS, "Repositories", "reference", "shop/cart"]
    assert warnings(stack) == []


def test_a_dashboard_without_names_searches_for_every_repository() -> None:
    stack = new_stack()
    RegistryDashboard(stack, "Dashboard")
    searches = [
        metric[0]["expression"]
        for metric in shown(stack)
        if isinstance(metric[0], dict) and "SEARCH" in metric[0]["expression"]
    ]
    assert searches == [
        "SEARCH('Namespace=\"AWS/ECR\" MetricName=\"RepositoryPullCount\"', 'Sum', 3600)",
        'SEARCH(\'Namespace="AWS/Usage" Service="ECR" Resource="ImagesPerRepositoryCount"\', '
        "'Maximum', 300)",
    ]
    assert warnings(stack) == []


def test_a_dashboard_shows_alarms_above_all_else() -> None:
    stack = new_stack()
    alarms = RegistryAlarms(stack, "Alarms", repositories=[f"shop/{number}" for number in range(90)])
    RegistryDashboard(stack, "Dashboard", alarms=alarms)
    first = body(stack)["widgets"][0]
    assert (first["type"], first["y"], len(first["properties"]["alarms"])) == ("alarm", 0, 99)


BAD_NAMES: list[tuple[Any, str]] = [
    ("shop/cart", "repositories is not a list"),
    (["shop/*"], "an invalid repository name"),
    (["Shop"], "an invalid repository name"),
    ([None], "an invalid repository name"),
    ([f"shop/{number}" for number in range(201)], "repositories has 201 names"),
]


@pytest.mark.parametrize(("given", "message"), BAD_NAMES)
@pytest.mark.parametrize("kind", [RegistryAlarms, RegistryDashboard])
def test_what_is_no_repository_is_refused(kind: Any, given: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as raised:
        kind(new_stack(), "Watched", repositories=given)
    assert raised.value.where == "Stack/Watched"


@pytest.mark.parametrize("percent", [0, 100, -1, True, "80", None])
def test_other_percents_are_refused(percent: Any) -> None:
    with pytest.raises(InvalidInputError, match="percent is not between"):
        RegistryAlarms(new_stack(), "Alarms", percent=percent)


def test_alarms_of_another_region_than_their_topic_are_refused() -> None:
    app = new_app()
    elsewhere = new_stack(
        "Elsewhere", env=cdk.Environment(account="111122223333", region="eu-central-1"), app=app
    )
    notifications = Notifications(elsewhere, "Notifications")
    with pytest.raises(InvalidInputError, match="another account or Region"):
        RegistryAlarms(new_stack(app=app), "Alarms", notifications=notifications)
