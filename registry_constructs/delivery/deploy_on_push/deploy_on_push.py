"""Deployment of an ECS service when an image is pushed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from registry_constructs._cdk.event_rules import add_rule
from registry_constructs._cdk.functions import function_logs, function_role, handler_function, write_logs
from registry_constructs._cdk.located import located
from registry_constructs._cdk.queues import RulesQueue
from registry_constructs.delivery.build.deployed_image import DeployedImage
from registry_constructs.delivery.ecs_rollout import acknowledge_rollout, rollout_statements
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import known_to_differ
from registry_constructs.images.origins import repository_uri
from registry_constructs.monitoring.event_patterns import checked_tags, image_pushed


class DeployOnPush(Construct):
    """Deploys a pushed image to an ECS service by its digest, even if the tag moves later.

    ECR sends the event to EventBridge itself; no CloudTrail trail is needed. A function then copies the
    service's task definition with the new digest and updates the service. The deployment circuit breaker,
    which the services of this library have, decides whether the image works.

    - With one tag, such as `production`, the service runs the image with this tag. Moving the tag to an
      older image rolls back.
    - With several tags, or a filter such as `v*`, the image that was pushed last wins: an event that comes
      late never rolls back.
    - A push without a tag rolls nothing: the platforms of an index are pushed so, and what refers to an
      image. Signatures under tags of their own (`sha256-...`) roll nothing either.
    - The same event twice does nothing the second time. One call runs at a time, which takes one of the
      account's concurrent Lambda executions.
    - It can't loop: the function has no right to push anything.
    - A call that fails is made twice more within minutes; one that is throttled, and an event that can't be
      delivered, for hours. What is left is kept in `dead_letters` for 14 days.

    Events are sent on a best effort basis (Amazon ECR User Guide, ecr-eventbridge). A lost one is made up for
    by the next push.

    `cdk deploy` registers a task definition too when the template's has changed, with the template's image.
    `deployed` keeps the two together; see docs/deploy-on-push.md.

    Args:
        scope: A construct in a stack of the service's and the repository's account and Region.
        id: The construct's id.
        repository: The repository. ECR sends events to its own account and Region alone.
        tags: Tags, or filters with `*` for any run of characters.
        service: The service, such as `FargateService(...).service`. Its container has an image of the
            repository already.
        container_name: The container. Default: the task definition's default one.
        deployed: The record of the deployed image that the service's template reads. Default: none.

    Attributes:
        rule: The rule on the default event bus.
        function: The function that rolls the service.
        dead_letters: Events that could not be acted on.

    Raises:
        InvalidInputError: If the tags are no list or can't match, if the service is none of this app or has
            no container, or if repository and service are in different accounts or Regions.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository: ecr.IRepository,
        tags: Sequence[str],
        service: ecs.FargateService | ecs.Ec2Service,
        container_name: str | None = None,
        deployed: DeployedImage | None = None,
    ) -> None:
        super().__init__(scope, id)
        with located(self):
            checked_tags(tags)
            container = container_name or _default_container(service)
            _check_reach(self, repository, service)
            _check_read(deployed, service)
        self.dead_letters = RulesQueue(self, "DeadLetters")
        log = function_logs(self)
        role = _role(self, repository, service, log, self.dead_letters)
        environment = {
            "REPOSITORY": repository.repository_name,
            "REPOSITORY_URI": repository_uri(repository),
            "CLUSTER": service.cluster.cluster_name,
            "SERVICE": service.service_name,
            "CONTAINER": container,
            "NEWEST_WINS": "false" if len(tags) == 1 and "*" not in tags[0] else "true",
        }
        if deployed is not None:
            environment["DIGEST_PARAMETER"] = deployed.parameter.parameter_name
            deployed.grant_record(role)
        self.function = handler_function(
            self,
            Path(__file__).parent / "handler",
            description="Rolls an ECS service to a pushed image",
            # The CDK would add its grants for the queue and the log a second time.
            role=role.without_policy_updates(),
            log_group=log,
            timeout=cdk.Duration.minutes(2),
            environment=environment,
            dead_letter_queue=self.dead_letters.for_dead_letters,
            # Two at a time could overtake each other between reading the service and updating it.
            reserved_concurrent_executions=1,
        )
        self.rule = add_rule(
            self,
            "Pushed",
            "Images whose push rolls a service",
            image_pushed(repositories=[repository.repository_name], tags=tags),
            [targets.LambdaFunction(self.function, dead_letter_queue=self.dead_letters.for_dead_letters)],
        )


def _role(
    scope: Construct,
    repository: ecr.IRepository,
    service: ecs.FargateService | ecs.Ec2Service,
    log: logs.LogGroup,
    dead_letters: RulesQueue,
) -> iam.Role:
    statements = [
        iam.PolicyStatement(actions=["ecr:DescribeImages"], resources=[repository.repository_arn]),
        *rollout_statements(service, passed_to="ecs-tasks.amazonaws.com"),
        iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[dead_letters.queue_arn]),
        write_logs(log),
    ]
    role = function_role(
        scope,
        description="Lets a function roll one ECS service to a pushed image",
        policies={"Roll": iam.PolicyDocument(statements=statements)},
    )
    acknowledge_rollout(role, service)
    return role


def _default_container(service: ecs.FargateService | ecs.Ec2Service) -> str:
    definition = getattr(service, "task_definition", None)
    if not isinstance(definition, ecs.TaskDefinition):
        raise InvalidInputError(
            "service has no task definition of this app",
            got=type(service).__name__,
            allowed="an ecs.FargateService or ecs.Ec2Service made in this app",
            fix="write service=FargateService(...).service",
        )
    if definition.default_container is None:
        raise InvalidInputError(
            "The service's task definition has no container",
            got=definition.node.path,
            allowed="a task definition with a container",
            fix="add the container before DeployOnPush",
        )
    return definition.default_container.container_name


def _check_reach(scope: Construct, repository: ecr.IRepository, service: ecs.BaseService) -> None:
    here = cdk.Stack.of(scope)
    for what, one in (("repository", repository), ("service", service)):
        there = one.env
        for mine, theirs in ((here.account, there.account), (here.region, there.region)):
            if known_to_differ(mine, theirs):
                raise InvalidInputError(
                    f"The {what} is in another account or Region",
                    got=f"{there.account} in {there.region}",
                    allowed=f"one in {here.account} in {here.region}: ECR's events stay where the push was",
                    fix="replicate the image there, and name the replica's repository",
                )


def _check_read(deployed: DeployedImage | None, service: ecs.BaseService) -> None:
    if deployed is not None and not deployed.is_read_in(service):
        raise InvalidInputError(
            "The service's image is not the one that is recorded",
            got=service.node.path,
            allowed=f"a service whose image is that of {deployed.node.path}",
            fix="write image=deployed.image_for(self) for the service, or leave deployed out",
        )
