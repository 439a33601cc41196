"""The SNS topics for notifications about images, and the function that writes the messages."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from registry_constructs._cdk.functions import function_logs, function_role, handler_function
from registry_constructs._cdk.queues import RulesQueue, RulesQueueTarget
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import known_to_differ

_TIMEOUT = cdk.Duration.minutes(2)
_WINDOW = cdk.Duration.minutes(1)
# Lambda asks for six times the function's timeout and the window (Lambda, SQS event source).
_VISIBILITY = cdk.Duration.minutes(13)
_BATCH = 500


class Notifications(Construct):
    """Readable notifications about images: the event, the image, and a link.

    Events wait in a queue for up to a minute, and the events of one image become one message. An
    EventBridge rule alone can't write it: it can neither cut a repository's name from the ARN that Inspector
    sends, nor gather an image's findings. What can't be delivered is tried five times and then kept for 14
    days in `dead_letters`; an alarm then notifies `topic`. A message may come twice.

    One of these serves all constructs of a registry: `ScanFindings`, `RegistryFailures` and `RegistryAlarms`
    take it as `notifications`. Its key costs a monthly fee, the rest next to nothing.

    Args:
        scope: A construct in a stack of the registry's account and Region.
        id: The construct's id.
        slack: A Slack channel that gets the messages through Amazon Q Developer in chat applications.
            Default: none. For Microsoft Teams give the channel's configuration `chat_topic.topic_arn`.

    Attributes:
        topic: Subscribe mailboxes, queues and functions to it. It is encrypted with `key`, takes messages
            over TLS only, and CloudWatch alarms of this account may publish to it.
        key: The key of the topics; it rotates every year. EventBridge itself may not use it: its requests to
            KMS carry nothing that the key's policy could check. `target` is for rules.
        target: The target for EventBridge rules of this account and Region.
        dead_letters: The dead-letter queue of events that could not be delivered.
    """

    def __init__(
        self, scope: Construct, id: str, *, slack: chatbot.SlackChannelConfiguration | None = None
    ) -> None:
        super().__init__(scope, id)
        self.key = kms.Key(
            self,
            "Key",
            description="Encrypts what is told about container images",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.topic = self._topic("Topic", "What happened to container images")
        self._let_alarms_publish()
        self.dead_letters = RulesQueue(self, "DeadLetters")
        queue = RulesQueue(self, "Queue", dead_letters=self.dead_letters, visibility_timeout=_VISIBILITY)
        self.target: events.IRuleTarget = RulesQueueTarget(queue, self.dead_letters)
        self._role, self._function = self._notifier(queue)
        self._let_function_publish(self.topic)
        self._chat_topic: sns.Topic | None = None
        self._alarm_on_dead_letters()
        if slack is not None:
            slack.add_notification_topic(self.chat_topic)

    @property
    def chat_topic(self) -> sns.Topic:
        """The topic for chat channels, created on first use.

        It carries the same messages as custom notifications of Amazon Q Developer in chat applications.
        """
        if self._chat_topic is None:
            self._chat_topic = self._topic("ChatTopic", "What happened to container images, for chat rooms")
            self._function.add_environment("CHAT_TOPIC_ARN", self._chat_topic.topic_arn)
            self._let_function_publish(self._chat_topic)
        return self._chat_topic

    def check_reach(self, scope: Construct) -> None:
        """Check that a construct's rules and alarms can reach the queue and the topic.

        Raises:
            InvalidInputError: If the construct is in another account or Region.
        """
        here, there = cdk.Stack.of(self), cdk.Stack.of(scope)
        for mine, theirs in ((here.account, there.account), (here.region, there.region)):
            if known_to_differ(mine, theirs):
                raise InvalidInputError(
                    "notifications are in another account or Region",
                    got=f"{here.account} in {here.region}",
                    allowed=f"Notifications in {there.account} in {there.region}",
                    fix="make Notifications in this account and Region; their topics may share a subscriber",
                )

    def _topic(self, id: str, display_name: str) -> sns.Topic:
        return sns.Topic(self, id, display_name=display_name, master_key=self.key, enforce_ssl=True)

    def _let_alarms_publish(self) -> None:
        alarms = iam.ServicePrincipal(
            "cloudwatch.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
        )
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[alarms], actions=["sns:Publish"], resources=[self.topic.topic_arn]
            )
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[alarms], actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=["*"]
            )
        )

    def _notifier(self, queue: RulesQueue) -> tuple[iam.Role, lambda_.Function]:
        log = function_logs(self)
        role = function_role(self, description="Lets a function tell what happened to container images")
        log.grant_write(role)
        function = handler_function(
            self,
            Path(__file__).parent / "handler",
            description="Tells what happened to container images",
            role=role,
            log_group=log,
            timeout=_TIMEOUT,
            shared=["ecr/regions.py", "ecr/severities.py"],
            environment={"TOPIC_ARN": self.topic.topic_arn},
        )
        queue.grant_consume_messages(role)
        function.add_event_source_mapping(
            "FromQueue",
            event_source_arn=queue.queue_arn,
            batch_size=_BATCH,
            max_batching_window=_WINDOW,
            # The fewer take messages from the queue, the more of one image's come together.
            max_concurrency=2,
            report_batch_item_failures=True,
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self.key.key_arn])
        )
        return role, function

    def _let_function_publish(self, topic: sns.Topic) -> None:
        # The CDK's grant_publish would add kms:GenerateDataKey*.
        self._role.add_to_policy(iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn]))

    def _alarm_on_dead_letters(self) -> None:
        waiting = self.dead_letters.metric_approximate_number_of_messages_visible(
            period=cdk.Duration.minutes(5), statistic="Maximum"
        )
        alarm = waiting.create_alarm(
            self,
            "DeadLettersAlarm",
            alarm_description="Something about container images could not be told. The messages are in the "
            "queue for dead letters.",
            threshold=0,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(cloudwatch_actions.SnsAction(self.topic))
