"""`DeployOnPush` as it is synthesized: what it listens to, and what it refuses."""

from __future__ import annotations

from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr

from registry_constructs import DeployedImage, DeployOnPush, InvalidInputError, PipelineOnPush, Repository
from tests.consumers.ecs.variants_ecs import DIGEST
from tests.delivery.build.variants_build import delivery
from tests.delivery.deploy_on_push.variants_rollout import pipeline_on_push, service_of
from tests.synthesis import new_stack, properties, warnings


def deployed(tags: Any, repository: Any = None, stack: cdk.Stack | None = None, **more: Any) -> cdk.Stack:
    stack = stack or new_stack()
    own = Repository(stack, "Repository")
    web = service_of(stack, own, digest=DIGEST)
    DeployOnPush(
        stack, "Deploy", **{"repository": repository or own, "tags": tags, "service": web.service, **more}
    )
    return stack


def test_tags_and_filters_stand_in_the_pattern_itself() -> None:
    detail = properties(deployed(["stable", "v*"]), "AWS::Events::Rule")["EventPattern"]["detail"]
    assert detail["image-tag"] == ["stable", {"wildcard": "v*"}]


@pytest.mark.parametrize(
    ("tags", "newest_wins"), [(["production"], "false"), (["v*"], "true"), (["blue", "green"], "true")]
)
def test_only_one_tag_may_roll_back(tags: list[str], newest_wins: str) -> None:
    function = properties(deployed(tags), "AWS::Lambda::Function")
    assert function["Environment"]["Variables"]["NEWEST_WINS"] == newest_wins
    assert function["ReservedConcurrentExecutions"] == 1


def test_the_function_can_push_nothing() -> None:
    roles = deployed(["v*"]).node.find_child("Deploy").node.find_child("Role")
    role: Any = roles.node.default_child
    actions = {
        action
        for statement in cdk.Stack.of(role).resolve(role.policies)[0]["policyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert {action for action in actions if action.startswith("ecr:")} == {"ecr:DescribeImages"}


@pytest.mark.parametrize("tags", ["v*", [], None, ["v**"], ["-no"], [3], ["a b"]])
def test_tags_that_no_image_has_are_refused(tags: Any) -> None:
    with pytest.raises(InvalidInputError, match="Stack/Deploy: tags"):
        deployed(tags)


def test_a_repository_elsewhere_is_refused() -> None:
    stack = new_stack()
    there = ecr.Repository.from_repository_arn(
        stack, "There", "arn:aws:ecr:eu-west-1:222233334444:repository/shop/web"
    )
    with pytest.raises(InvalidInputError, match="The repository is in another account or Region"):
        deployed(["v*"], there, stack)


def test_what_is_no_service_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no task definition of this app"):
        deployed(["v*"], service="web")


def test_a_service_that_does_not_read_what_is_recorded_is_refused() -> None:
    stack = new_stack()
    images = new_stack("Images", app=cast("cdk.App", stack.node.root))
    remembered = DeployedImage(
        images, "Deployed", repository=Repository(images, "Repository"), first_digest=DIGEST
    )
    with pytest.raises(InvalidInputError, match="The service's image is not the one that is recorded"):
        deployed(["v*"], stack=stack, deployed=remembered)


def test_a_pipeline_is_started_by_ecrs_own_event() -> None:
    stack = new_stack()
    pipeline_on_push(stack)
    rule = properties(stack, "AWS::Events::Rule")
    assert rule["EventPattern"]["detail-type"] == ["ECR Image Action"]
    [target] = rule["Targets"]
    assert target["Arn"] == "arn:aws:codepipeline:eu-west-1:111122223333:checkout"
    assert "DeadLetterConfig" in target
    assert any("starts itself for ever" in warning for warning in warnings(stack))


def test_a_pipeline_that_would_start_itself_is_refused() -> None:
    stack = new_stack()
    pipeline = delivery(stack)
    with pytest.raises(InvalidInputError, match="would start itself for ever"):
        PipelineOnPush(stack, "Start", repository=pipeline.build.repository, tags=["v*"], pipeline=pipeline)
    base = Repository(stack, "Base")
    PipelineOnPush(stack, "FromBase", repository=base, tags=["v*"], pipeline=pipeline)
    assert not any("starts itself" in warning for warning in warnings(stack))
