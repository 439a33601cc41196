"""Checks of a delivery pipeline's parts at synthesis."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_sns as sns
from constructs import Construct, IConstruct

from registry_constructs.consumers.ecs.ec2_service import Ec2Service
from registry_constructs.consumers.ecs.fargate_service import FargateService
from registry_constructs.delivery.build.deployed_image import DeployedImage
from registry_constructs.delivery.build.image_build import ImageBuild
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import known_to_differ


def source_artifact(source: codepipeline.IAction) -> codepipeline.Artifact:
    """The single output artifact of a source action.

    Raises:
        InvalidInputError: If it is no such action.
    """
    given: Any = source
    properties = getattr(given, "action_properties", None)
    outputs = (properties.outputs or []) if properties is not None else []
    if (
        properties is None
        or properties.category is not codepipeline.ActionCategory.SOURCE
        or len(outputs) != 1
    ):
        raise InvalidInputError(
            "Not a source action with one output",
            got=type(given).__name__,
            allowed="an action of aws_codepipeline_actions that reads a source",
            fix="write source=codepipeline_actions.CodeStarConnectionsSourceAction(..., "
            "output=codepipeline.Artifact())",
        )
    found: codepipeline.Artifact = outputs[0]
    return found


def check_parts(
    build: ImageBuild,
    service: FargateService | Ec2Service | None,
    deployed: DeployedImage | None,
    *,
    approval: bool,
    topic: sns.ITopic | None,
) -> None:
    """Check that the parts of a pipeline fit together.

    Raises:
        InvalidInputError: If they don't.
    """
    if not isinstance(build, ImageBuild):
        raise InvalidInputError(
            "build is no ImageBuild",
            got=type(build).__name__,
            allowed="an ImageBuild",
            fix="write build=ImageBuild(stack, 'Build', repository=...)",
        )
    if not all(isinstance(project, codebuild.PipelineProject) for project in build.projects.values()):
        raise InvalidInputError(
            "The build has a source of its own",
            got=build.node.path,
            allowed="a build whose source is the pipeline's",
            fix="leave source out of the ImageBuild",
        )
    if service is not None and not isinstance(service, FargateService | Ec2Service):
        raise InvalidInputError(
            "The pipeline can't deploy to this",
            got=type(service).__name__,
            allowed="a FargateService or an Ec2Service",
            fix="leave service out, and let what runs the image take build.image(digest=...)",
        )
    if (service is None) != (deployed is None):
        raise InvalidInputError(
            "service and deployed must be set together",
            got={"service": service and service.node.path, "deployed": deployed and deployed.node.path},
            allowed="both or neither",
            fix="make a DeployedImage beside the repository, and give the service deployed.image_for(stack)",
        )
    if topic is not None and (service is None or not approval):
        raise InvalidInputError(
            "approval_topic is set, but there is no approval",
            got=topic.node.path,
            allowed="a topic with a service and approval=True",
            fix="leave approval_topic out",
        )


def check_environments(
    scope: Construct,
    build: ImageBuild,
    service: FargateService | Ec2Service | None,
    deployed: DeployedImage | None,
) -> None:
    """Check the parts' account and Region, and that the service reads the deployed image.

    Raises:
        InvalidInputError: If there is one.
    """
    here = cdk.Stack.of(scope)
    parts: list[IConstruct] = [part for part in (build, service, deployed) if part is not None]
    for part in parts:
        there = cdk.Stack.of(part)
        for what, mine, theirs in (
            ("account", here.account, there.account),
            ("Region", here.region, there.region),
        ):
            if known_to_differ(mine, theirs):
                raise InvalidInputError(
                    f"{part.node.path} is in another {what} than the pipeline",
                    got=theirs,
                    allowed=mine,
                    fix="replicate the image to where it runs, and deliver it with a pipeline there",
                )
    if service is not None and deployed is not None and not deployed.is_read_in(service):
        raise InvalidInputError(
            "The service's template doesn't read which image runs: its next update would set it back",
            got=service.node.path,
            allowed=f"a service whose image is {deployed.node.path}'s",
            fix="write image=deployed.image_for(stack) on the service",
        )
