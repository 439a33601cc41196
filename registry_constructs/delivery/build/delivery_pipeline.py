"""A pipeline from a commit to an ECS service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs._cdk.logs import encrypted_log_group
from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.consumers.ecs.ec2_service import Ec2Service
from registry_constructs.consumers.ecs.fargate_service import FargateService
from registry_constructs.delivery.build.artifacts import ArtifactBucket
from registry_constructs.delivery.build.buildspec import record_buildspec
from registry_constructs.delivery.build.deploy_role import deploy_role
from registry_constructs.delivery.build.deployed_image import DeployedImage
from registry_constructs.delivery.build.image_build import ImageBuild
from registry_constructs.delivery.build.pipeline_checks import (
    check_environments,
    check_parts,
    source_artifact,
)
from registry_constructs.delivery.build.project import build_project, build_role

ARTIFACTS_REASON: Final = "The pipeline's artifacts have names that CodePipeline makes up."
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on who reads or writes artifacts."""

_NAMESPACE: Final = "Image"


class DeliveryPipeline(Construct):
    """A pipeline that builds an image per commit, checks it, waits for approval and deploys it by digest.

    The stages are Source, Build, Check (if there are checks), Approve, and Deploy, which replaces the
    service's tasks, waits until they are steady, and then records the digest in the `DeployedImage`, so that
    CloudFormation doesn't set the service back to an older image. Without a service the pipeline ends with
    the image in ECR.

    Args:
        scope: A construct in the service's stack; without a service, any.
        id: The construct's id, unique in `scope`.
        source: A source action of the CDK with one output, such as
            `codepipeline_actions.CodeStarConnectionsSourceAction`.
        build: What builds the image; it was given no source of its own.
        checks: Actions on the image before it is approved: a gate on the scan's findings, tests. They find it
            by `IMAGE_URI`, `IMAGE_DIGEST` and `IMAGE_TAG` of this class. Default: none.
        service: Where it is deployed; its image is `deployed.image_for(...)`. Default: nowhere.
        deployed: The record of the deployed image. Required with `service`.
        approval: Whether the deployment needs a manual approval.
        approval_topic: The topic that is notified of a waiting approval. Default: none.

    Attributes:
        pipeline: The pipeline.
        build: The build.
        artifact_bucket: The bucket of the actions' artifacts.
        role: The role of the pipeline.
        deploy_role: The role of the deployment; None without a service.

    Raises:
        InvalidInputError: For parts that don't fit together.
    """

    IMAGE_DIGEST: Final = f"#{{{_NAMESPACE}.IMAGE_DIGEST}}"
    """In the configuration of a later action: the image's digest."""

    IMAGE_TAG: Final = f"#{{{_NAMESPACE}.IMAGE_TAG}}"
    """In the configuration of a later action: the commit that it was built from."""

    IMAGE_URI: Final = f"#{{{_NAMESPACE}.IMAGE_URI}}"
    """In the configuration of a later action: the image by its digest."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        source: codepipeline.IAction,
        build: ImageBuild,
        checks: Sequence[codepipeline.IAction] = (),
        service: FargateService | Ec2Service | None = None,
        deployed: DeployedImage | None = None,
        approval: bool = True,
        approval_topic: sns.ITopic | None = None,
    ) -> None:
        super().__init__(scope, id)
        with located(self):
            artifact = source_artifact(source)
            check_parts(build, service, deployed, approval=approval, topic=approval_topic)
            check_environments(self, build, service, deployed)
        self.build = build
        key = build.encryption_key
        self.artifact_bucket = ArtifactBucket(self, "Artifacts", key=key)
        self.artifact_bucket.allow_role(build.role)
        self.role = iam.Role(
            self,
            "Role",
            description="Runs the actions of one pipeline",
            assumed_by=iam.ServicePrincipal("codepipeline.amazonaws.com"),
        )
        self.pipeline = codepipeline.Pipeline(
            self,
            "Pipeline",
            artifact_bucket=self.artifact_bucket,
            pipeline_type=codepipeline.PipelineType.V2,
            role=self.role,
            use_pipeline_role_for_actions=True,
        )
        self.pipeline.add_stage(stage_name="Source", actions=[source])
        image = codepipeline.Artifact("Image")
        self.pipeline.add_stage(stage_name="Build", actions=_build_actions(build, artifact, image, service))
        if checks:
            self.pipeline.add_stage(stage_name="Check", actions=list(checks))
        if service is not None and approval:
            approve = actions.ManualApprovalAction(
                action_name="Approve",
                notification_topic=approval_topic,
                additional_information=f"Deploys {self.IMAGE_URI} to {service.node.path}",
            )
            self.pipeline.add_stage(stage_name="Approve", actions=[approve])
        objects = [self.artifact_bucket.arn_for_objects("*")]
        acknowledge_wildcards(self.role, objects, ARTIFACTS_REASON)
        self.deploy_role: iam.Role | None = None
        if service is not None and deployed is not None:
            self.deploy_role = deploy_role(self, service, self.role, self.artifact_bucket)
            acknowledge_wildcards(self.deploy_role, objects, ARTIFACTS_REASON)
            deploy = actions.EcsDeployAction(
                action_name="Deploy",
                service=service.service,
                input=image,
                run_order=1,
                # The CDK would add every task definition, task and role of the account.
                role=self.deploy_role.without_policy_updates(),
            )
            record = self._record(deployed, image, key)
            self.pipeline.add_stage(stage_name="Deploy", actions=[deploy, record])

    def _record(
        self, deployed: DeployedImage, image: codepipeline.Artifact, key: kms.IKey
    ) -> codepipeline.IAction:
        log_group = encrypted_log_group(self, "RecordLogs")
        role = build_role(self, "RecordRole", "Records which image runs", log_group=log_group, key=key)
        deployed.grant_record(role)
        self.artifact_bucket.allow_role(role)
        project = build_project(
            self,
            "Record",
            role=role,
            log_group=log_group,
            key=key,
            description="Records which image runs",
            build_spec=record_buildspec(),
            variables={"PARAMETER": deployed.parameter.parameter_name},
        )
        return actions.CodeBuildAction(
            action_name="Record",
            project=project,
            input=image,
            run_order=2,
            environment_variables=_variables({"IMAGE_DIGEST": self.IMAGE_DIGEST}),
        )


def _variables(values: dict[str, str]) -> dict[str, Any]:
    return {name: {"value": value} for name, value in values.items()}


def _build_actions(
    build: ImageBuild,
    source: codepipeline.Artifact,
    image: codepipeline.Artifact,
    service: FargateService | Ec2Service | None,
) -> list[codepipeline.IAction]:
    container = {} if service is None else {"CONTAINER_NAME": service.container.container_name}
    if build.index_project is None:
        [project] = build.projects.values()
        return [
            actions.CodeBuildAction(
                action_name="Build",
                project=project,
                input=source,
                outputs=[image],
                variables_namespace=_NAMESPACE,
                environment_variables=_variables(container),
            )
        ]
    parts = [
        actions.CodeBuildAction(
            action_name=architecture.capitalize(),
            project=project,
            input=source,
            variables_namespace=architecture.capitalize(),
            run_order=1,
        )
        for architecture, project in build.projects.items()
    ]
    digests = {
        f"{architecture.upper()}_DIGEST": f"#{{{architecture.capitalize()}.IMAGE_DIGEST}}"
        for architecture in build.projects
    }
    index = actions.CodeBuildAction(
        action_name="Index",
        project=build.index_project,
        input=source,
        outputs=[image],
        variables_namespace=_NAMESPACE,
        run_order=2,
        environment_variables=_variables(container | digests),
    )
    return [*parts, index]
