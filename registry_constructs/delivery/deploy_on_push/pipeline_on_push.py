"""An EventBridge rule that starts a pipeline when an image is pushed."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from registry_constructs._cdk.event_rules import add_rule
from registry_constructs._cdk.located import located
from registry_constructs._cdk.queues import RulesQueue
from registry_constructs.delivery.build.delivery_pipeline import DeliveryPipeline
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.monitoring.event_patterns import checked_tags, image_pushed


class PipelineOnPush(Construct):
    """Starts a pipeline when an image is pushed, by ECR's own event, without a CloudTrail trail.

    A pipeline that pushes what it listens to would start itself for ever. One that builds into this
    repository is refused; for another pipeline this is unknown, which is a warning.

    Args:
        scope: A construct in a stack of the repository's account and Region.
        id: The construct's id.
        repository: The repository, such as one of base images.
        tags: Tags, or filters with `*` for any run of characters.
        pipeline: The pipeline, such as `DeliveryPipeline(...)`.

    Attributes:
        rule: The rule on the default event bus.
        dead_letters: Events that could not start the pipeline, kept for 14 days.

    Raises:
        InvalidInputError: If the tags are no list or can't match, or the pipeline builds into the repository.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository: ecr.IRepository,
        tags: Sequence[str],
        pipeline: DeliveryPipeline | codepipeline.IPipeline,
    ) -> None:
        super().__init__(scope, id)
        started = pipeline.pipeline if isinstance(pipeline, DeliveryPipeline) else pipeline
        with located(self):
            checked_tags(tags)
            if isinstance(pipeline, DeliveryPipeline):
                _check_loop(pipeline, repository)
        self.dead_letters = RulesQueue(self, "DeadLetters")
        self.rule = add_rule(
            self,
            "Pushed",
            "Images whose push starts a pipeline",
            image_pushed(repositories=[repository.repository_name], tags=tags),
            [targets.CodePipeline(started, dead_letter_queue=self.dead_letters.for_dead_letters)],
        )
        if not isinstance(pipeline, DeliveryPipeline):
            cdk.Validations.of(self).add_warning(
                "registry-constructs:pipeline-may-push",
                f"If {started.node.path} pushes one of {list(tags)} to {repository.node.path}, it starts "
                "itself for ever. Let it push elsewhere or other tags, and acknowledge this.",
            )


def _check_loop(pipeline: DeliveryPipeline, repository: ecr.IRepository) -> None:
    stack = cdk.Stack.of(pipeline)
    pushed, heard = (stack.resolve(one.repository_arn) for one in (pipeline.build.repository, repository))
    if pushed == heard:
        raise InvalidInputError(
            "The pipeline builds into the repository that starts it, and would start itself for ever",
            got=repository.node.path,
            allowed="another repository, such as that of the base image",
            fix="start the pipeline from the source's commits, as it does by itself",
        )
