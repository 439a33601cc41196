"""Notifications about the findings of image scans."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from registry_constructs._cdk.event_rules import add_rule
from registry_constructs._cdk.located import located
from registry_constructs._cdk.queues import RulesQueue
from registry_constructs.ecr.severities import RatedSeverity
from registry_constructs.monitoring.event_patterns import (
    basic_scan_completed,
    checked_repositories,
    checked_severity,
    enhanced_scan_completed,
    image_finding,
)
from registry_constructs.monitoring.notifications.notifications import Notifications


class ScanFindings(Construct):
    """Notifies about scan findings: one message per image, with the counts and a link to its page.

    It supports basic and enhanced scanning, whichever the registry has. EventBridge itself filters severity
    and repositories, so events below the severity start nothing and cost nothing.

    Enhanced scanning sums up the first scan of an image alone; a vulnerability that becomes known later is
    sent as a finding of its own, and `notifications` gathers those of an image. The findings of first scans
    arrive one by one as well. They are left out: what was first seen within an hour of the push, and older
    findings that only changed. Where enhanced scanning is turned on for images that are there already, some
    are reported twice.

    Args:
        scope: A construct in a stack of the registry's account and Region.
        id: The construct's id.
        severity: The lowest severity to report: `"CRITICAL"`, `"HIGH"`, `"MEDIUM"`, `"LOW"`, or
            `"INFORMATIONAL"` for any finding. Inspector counts what is below medium in a total only, so
            there `"LOW"` is any finding too. Default: `"HIGH"`.
        repositories: Repositories, their names, or filters with `*` for any run of characters. Default: all.
        notifications: The notifications to send to: a topic, and a chat channel. Default: a new one, unless
            `event_bus` or `function` is given.
        event_bus: A bus that gets the scans' events as they are. Findings that became known later aren't sent
            there: they can't be distinguished from those of first scans. Default: none.
        function: A function that gets the scans' events as they are, like `event_bus`. It may get one twice.
            Default: none.

    Attributes:
        notifications: The notifications that are sent to; None if only `event_bus` or `function` is given.
        dead_letters: What could not be delivered.
        rules: The EventBridge rules.

    Raises:
        InvalidInputError: For another severity, repositories that nothing matches, and notifications in
            another account or Region.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        severity: RatedSeverity = "HIGH",
        repositories: Sequence[str | ecr.IRepository] | None = None,
        notifications: Notifications | None = None,
        event_bus: events.IEventBus | None = None,
        function: lambda_.IFunction | None = None,
    ) -> None:
        super().__init__(scope, id)
        with located(self):
            checked_severity(severity)
            names = checked_repositories(repositories)
            if notifications is not None:
                notifications.check_reach(self)
        if notifications is None and event_bus is None and function is None:
            notifications = Notifications(self, "Notifications")
        self.notifications = notifications
        self.dead_letters = (
            notifications.dead_letters if notifications is not None else RulesQueue(self, "DeadLetters")
        )
        kept = self.dead_letters.for_dead_letters
        raw: list[events.IRuleTarget] = []
        if event_bus is not None:
            raw.append(targets.EventBus(event_bus, dead_letter_queue=kept))
        if function is not None:
            raw.append(targets.LambdaFunction(function, dead_letter_queue=kept))
        recipients = [] if notifications is None else [notifications.target]
        worse = f"{severity.lower()} or worse"
        basic = basic_scan_completed(severity=severity, repositories=names)
        enhanced = enhanced_scan_completed(severity=severity, repositories=names)
        both = [*raw, *recipients]
        self.rules = [
            add_rule(self, "BasicScans", f"Basic scans with findings, {worse}", basic, both),
            add_rule(self, "EnhancedScans", f"First enhanced scans, {worse}", enhanced, both),
        ]
        if recipients:
            later = image_finding(severity=severity, repositories=names)
            self.rules.append(
                add_rule(self, "LaterFindings", f"Findings of enhanced scans, {worse}", later, recipients)
            )
