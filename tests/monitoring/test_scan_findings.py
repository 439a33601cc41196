"""Where scans' findings and failures go, and the inputs that are refused."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events

from registry_constructs import InvalidInputError, Notifications, RegistryFailures, Repository, ScanFindings
from tests.synthesis import new_app, new_stack, raw_template, resources, warnings

RULE = "AWS::Events::Rule"


def patterns(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    """The patterns of the stack's rules, by what they hear."""
    return {
        rule["Properties"]["EventPattern"]["detail-type"][0]: rule["Properties"]["EventPattern"]["detail"]
        for rule in resources(stack, RULE).values()
    }


def test_it_hears_both_scanners_and_later_findings() -> None:
    stack = new_stack()
    findings = ScanFindings(stack, "Findings")
    assert set(patterns(stack)) == {"ECR Image Scan", "Inspector2 Scan", "Inspector2 Finding"}
    assert findings.notifications is not None
    assert findings.dead_letters is findings.notifications.dead_letters
    [function] = resources(stack, "AWS::Lambda::Function").values()
    assert "CHAT_TOPIC_ARN" not in function["Properties"]["Environment"]["Variables"]


def test_every_target_has_dead_letters() -> None:
    stack = new_stack()
    ScanFindings(
        stack,
        "Findings",
        notifications=Notifications(stack, "Notifications"),
        event_bus=events.EventBus(stack, "Bus"),
    )
    targets = [target for rule in resources(stack, RULE).values() for target in rule["Properties"]["Targets"]]
    assert len(targets) == 5
    assert all("DeadLetterConfig" in target for target in targets)


def test_a_bus_alone_gets_scans_and_no_single_findings() -> None:
    stack = new_stack()
    findings = ScanFindings(stack, "Findings", event_bus=events.EventBus(stack, "Bus"))
    assert findings.notifications is None
    assert set(patterns(stack)) == {"ECR Image Scan", "Inspector2 Scan"}
    assert resources(stack, "AWS::Lambda::Function") == {}


def test_a_repository_of_the_app_is_named_by_its_reference() -> None:
    stack = new_stack()
    repository = Repository(stack, "App")
    ScanFindings(stack, "Findings", repositories=[repository])
    name = stack.resolve(repository.repository_name)
    found = patterns(stack)
    assert found["ECR Image Scan"]["repository-name"] == [name]
    suffix = {"Fn::Join": ["", [":repository/", name]]}
    assert found["Inspector2 Scan"]["repository-name"] == [{"suffix": suffix}]


def test_notifications_of_another_stack_depend_on_nothing_there() -> None:
    app = new_app()
    shared, team = new_stack("Shared", app=app), new_stack("Team", app=app)
    notifications = Notifications(shared, "Notifications")
    ScanFindings(team, "Findings", notifications=notifications, event_bus=events.EventBus(team, "Bus"))
    RegistryFailures(team, "Failures", notifications=notifications)
    assert len(resources(team, RULE)) == 5
    assert resources(team, "AWS::SQS::Queue") == {}
    assert team.dependencies == [shared]
    assert shared.dependencies == []
    assert warnings(team) == []


def test_one_topic_for_chat_however_often_it_is_asked_for() -> None:
    stack = new_stack()
    notifications = Notifications(stack, "Notifications")
    assert notifications.chat_topic is notifications.chat_topic
    [function] = resources(stack, "AWS::Lambda::Function").values()
    topic = stack.resolve(notifications.chat_topic.topic_arn)
    assert function["Properties"]["Environment"]["Variables"]["CHAT_TOPIC_ARN"] == topic


def test_only_rules_of_the_account_and_alarms_of_the_account_are_let_in() -> None:
    stack = new_stack()
    Notifications(stack, "Notifications")
    services = {
        (statement["Principal"]["Service"], str(statement["Condition"]))
        for resource in raw_template(stack)["Resources"].values()
        for policy in ("PolicyDocument", "KeyPolicy")
        for statement in resource["Properties"].get(policy, {}).get("Statement", [])
        if "Service" in statement.get("Principal", {})
    }
    assert services == {
        (
            "events.amazonaws.com",
            "{'ArnLike': {'aws:SourceArn': 'arn:aws:events:eu-west-1:111122223333:rule/*'}}",
        ),
        ("cloudwatch.amazonaws.com", "{'StringEquals': {'aws:SourceAccount': '111122223333'}}"),
    }


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "severity": ({"severity": "SEVERE"}, "Not a severity"),
    "no list": ({"repositories": "shop/*"}, "repositories is not a list"),
    "empty": ({"repositories": []}, "repositories is not a list"),
    "two wildcards": ({"repositories": ["shop/**"]}, "no repository matches"),
    "no name": ({"repositories": [7]}, "no repository matches"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_nothing_matches_is_refused_before_anything_is_made(name: str) -> None:
    keywords, message = REFUSED[name]
    stack = new_stack()
    with pytest.raises(InvalidInputError, match=message) as raised:
        ScanFindings(stack, "Findings", **keywords)
    assert raised.value.where == "Stack/Findings"
    assert stack.node.find_child("Findings").node.children == []


@pytest.mark.parametrize(
    "env",
    [
        cdk.Environment(account="111122223333", region="eu-central-1"),
        cdk.Environment(account="222233334444", region="eu-west-1"),
    ],
)
@pytest.mark.parametrize("kind", [ScanFindings, RegistryFailures])
def test_notifications_of_another_place_are_refused(kind: Any, env: cdk.Environment) -> None:
    app = new_app()
    notifications = Notifications(new_stack("Elsewhere", env=env, app=app), "Notifications")
    with pytest.raises(InvalidInputError, match="another account or Region"):
        kind(new_stack(app=app), "Findings", notifications=notifications)


def test_notifications_of_a_stack_without_a_place_pass() -> None:
    app = new_app()
    notifications = Notifications(new_stack("Anywhere", env=None, app=app), "Notifications")
    ScanFindings(new_stack(env=None, app=app), "Findings", notifications=notifications)


def test_a_pattern_longer_than_the_quota_is_warned_of() -> None:
    stack = new_stack()
    names = [f"team-{number}/service" for number in range(200)]
    RegistryFailures(stack, "Failures", repositories=names)
    found = warnings(stack)
    assert len(found) == 2
    assert all("2048 unless the quota was raised" in warning for warning in found)
    RegistryFailures(new_stack(), "Failures", repositories=["team-*"])


def test_failures_of_some_repositories() -> None:
    stack = new_stack()
    RegistryFailures(stack, "Failures", repositories=["shop/*"])
    found = patterns(stack)
    assert set(found) == {"ECR Replication Action", "ECR Pull Through Cache Action"}
    assert all(detail["repository-name"] == [{"wildcard": "shop/*"}] for detail in found.values())
    with pytest.raises(InvalidInputError, match="repositories is not a list"):
        RegistryFailures(stack, "Others", repositories=[])
