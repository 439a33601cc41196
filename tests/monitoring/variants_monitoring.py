"""Every named variant of scan findings, failures, alarms and dashboards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns_subscriptions as subscriptions

from registry_constructs import (
    Notifications,
    RegistryAlarms,
    RegistryDashboard,
    RegistryFailures,
    Repository,
    ScanFindings,
)


def _chat(stack: cdk.Stack) -> None:
    slack = chatbot.SlackChannelConfiguration(
        stack,
        "Slack",
        slack_channel_configuration_name="registry",
        slack_workspace_id="T0123456789",
        slack_channel_id="C0123456789",
        guardrail_policies=[],
    )
    notifications = Notifications(stack, "Notifications", slack=slack)
    notifications.topic.add_subscription(subscriptions.EmailSubscription("platform@example.com"))


def _elsewhere(stack: cdk.Stack) -> None:
    ScanFindings(
        stack,
        "Findings",
        severity="CRITICAL",
        event_bus=events.EventBus.from_event_bus_arn(
            stack, "Bus", "arn:aws:events:eu-west-1:111122223333:event-bus/security"
        ),
        function=lambda_.Function.from_function_arn(
            stack, "Triage", "arn:aws:lambda:eu-west-1:111122223333:function:triage"
        ),
    )


def _some(stack: cdk.Stack) -> None:
    ScanFindings(
        stack,
        "Findings",
        severity="LOW",
        repositories=[Repository(stack, "App"), "shop/*", "base"],
        notifications=Notifications(stack, "Notifications"),
    )


def _everything(stack: cdk.Stack) -> None:
    repositories: list[str | ecr.IRepository] = [Repository(stack, "App"), "shop/cart"]
    notifications = Notifications(stack, "Notifications")
    RegistryFailures(stack, "Failures", notifications=notifications)
    alarms = RegistryAlarms(
        stack, "Alarms", repositories=repositories, percent=90, notifications=notifications
    )
    RegistryDashboard(
        stack, "Page", repositories=repositories, alarms=alarms, dashboard_name="container-images"
    )


VARIANTS: dict[str, Callable[[cdk.Stack], Any]] = {
    "findings-defaults": lambda s: ScanFindings(s, "Findings"),
    "findings-of-some-repositories": _some,
    "findings-to-a-bus-and-a-function": _elsewhere,
    "notifications-with-chat": _chat,
    "failures-defaults": lambda s: RegistryFailures(s, "Failures"),
    "alarms-defaults": lambda s: RegistryAlarms(s, "Alarms"),
    "dashboard-defaults": lambda s: RegistryDashboard(s, "Dashboard"),
    "monitoring-with-everything": _everything,
}

ENVIRONMENTS: dict[str, cdk.Environment] = {}
