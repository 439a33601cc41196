"""Accepted findings of cdk-nag and Checkov about builds and pipelines, with the reason."""

from __future__ import annotations

from registry_constructs.consumers.ecs.container import ENVIRONMENT_REASON, PULL_REASON
from registry_constructs.consumers.ecs.ec2_capacity import AGENT_REASON, NOTIFICATION_REASON
from registry_constructs.delivery.build.artifacts import ARTIFACT_LOGS_REASON
from registry_constructs.delivery.build.delivery_pipeline import ARTIFACTS_REASON
from registry_constructs.delivery.build.image_build import TOKEN_REASON
from registry_constructs.delivery.build.network import VPC_REASON
from registry_constructs.delivery.build.project import PRIVILEGED_REASON
from registry_constructs.delivery.ecs_rollout import ANY_DEFINITION_REASON
from registry_constructs.images.origins import CACHE_REASON

_PACKS = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")
_FARGATE, _EVERYTHING, _VPC = "delivery-to-fargate", "delivery-with-everything", "build-with-everything"

_ONE = (
    "build-defaults",
    "build-from-git",
    "build-privileged",
    "build-to-another-account",
    _VPC,
    f"{_FARGATE}-images",
)
_SEVERAL = ("build-both-architectures", "delivery-of-an-image", f"{_EVERYTHING}-images")
_PIPELINES = ("delivery-of-an-image", _FARGATE, _EVERYTHING)
_DEPLOYMENTS = {
    _FARGATE: "deliverytofargateCheckoutTaskDefinitionC2E3B5C2",
    _EVERYTHING: "deliverywitheverythingCheckoutTaskDefinition50FE4AA0",
}
_PROJECTS = (
    *(f"{stack}/Build/Project" for stack in _ONE),
    *(f"{stack}/Build/{project}" for stack in _SEVERAL for project in ("Amd64", "Arm64", "Index")),
    *(f"{stack}/Delivery/Record" for stack in _DEPLOYMENTS),
)
_ROLES = (
    *(f"{stack}/Build/Role" for stack in (*_ONE, *_SEVERAL)),
    *(f"{stack}/Delivery/Role" for stack in _PIPELINES),
    *(f"{stack}/Delivery/{role}" for stack in _DEPLOYMENTS for role in ("DeployRole", "RecordRole")),
    *(f"{stack}/Checkout/ExecutionRole" for stack in _DEPLOYMENTS),
    f"{_EVERYTHING}/Capacity/InstanceRole",
)

_BUCKET = "what the bucket holds can be made again from the source; the pipeline's executions are its record"

CHECKOV: dict[tuple[str, str], str] = {("CKV_AWS_18", stack): _BUCKET for stack in _PIPELINES}
CHECKOV["CKV_AWS_51", _VPC] = "a build cache is written under the same tag each time"
CHECKOV["CKV_AWS_111", _VPC] = (
    "CodeBuild makes and deletes the network interfaces of its builds with the role"
)
"""Check and template."""

CDK_NAG: dict[tuple[str, str], str] = {
    (f"{pack}-IAMNoInlinePolicy", f"{role}/DefaultPolicy/Resource"): (
        "the CDK writes a role's grants into a policy of its own"
    )
    for pack in _PACKS
    for role in _ROLES
}
CDK_NAG |= {
    (f"{pack}-CodeBuildProjectSourceRepoUrl", f"{project}/Resource"): (
        "the source is the pipeline's, or public; the rule takes whatever names no OAuth for a password"
    )
    for pack in _PACKS
    if pack != "NIST.800.53.R5"
    for project in _PROJECTS
}
CDK_NAG |= {
    (f"{pack}-{rule}", f"{stack}/Delivery/Artifacts/Resource"): _BUCKET
    for pack in _PACKS
    for rule in ("S3BucketLoggingEnabled", "S3BucketReplicationEnabled")
    for stack in _PIPELINES
}
CDK_NAG |= {
    ("NIST.800.53.R4-S3BucketDefaultLockEnabled", f"{stack}/Delivery/Artifacts/Resource"): _BUCKET
    for stack in _PIPELINES
}
"""Rule and construct."""

_ANY = "AwsSolutions-IAM5[Resource::*]"
_OBJECTS = "AwsSolutions-IAM5[Resource::<DeliveryArtifactsAC79D864.Arn>/*]"
_INTERFACES = "AwsSolutions-IAM5[Resource::arn:aws:ec2:eu-west-1:666677778888:network-interface/*]"
_CACHED = "AwsSolutions-IAM5[Resource::arn:aws:ecr:eu-west-1:666677778888:repository/quay/*]"

CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
    (_ANY, f"{stack}/Build/Role"): TOKEN_REASON for stack in (*_ONE, *_SEVERAL)
}
CDK_NAG_ACKNOWLEDGED |= {
    (_ANY, f"{_VPC}/Build/Role"): f"{TOKEN_REASON} {VPC_REASON}",
    (_INTERFACES, f"{_VPC}/Build/Role"): VPC_REASON,
    (_CACHED, f"{_VPC}/Build/Role"): CACHE_REASON,
    ("registry-constructs:signing-cached-images", f"{_VPC}/Quay"): "Nothing verifies signatures of tools.",
    ("AwsSolutions-CB3", "build-privileged/Build/Project"): PRIVILEGED_REASON,
    (_ANY, f"{_EVERYTHING}/Capacity/InstanceRole"): AGENT_REASON,
    (
        "AwsSolutions-IAM5[Resource::arn:aws:ecs:eu-west-1:111122223333:container-instance/"
        "<CapacityClusterDB0BCD31>/*]",
        f"{_EVERYTHING}/Capacity/InstanceRole",
    ): AGENT_REASON,
    ("AwsSolutions-AS3", f"{_EVERYTHING}/Capacity/Instances"): NOTIFICATION_REASON,
    ("AwsSolutions-ECS2", f"{_EVERYTHING}/Checkout/TaskDefinition"): ENVIRONMENT_REASON,
}
for _stack in _PIPELINES:
    CDK_NAG_ACKNOWLEDGED[_OBJECTS, f"{_stack}/Delivery/Role"] = ARTIFACTS_REASON
    CDK_NAG_ACKNOWLEDGED["AwsSolutions-S1", f"{_stack}/Delivery/Artifacts"] = ARTIFACT_LOGS_REASON
for _stack, _family in _DEPLOYMENTS.items():
    _revisions = (
        f"AwsSolutions-IAM5[Resource::arn:aws:ecs:eu-west-1:111122223333:task-definition/{_family}:*]"
    )
    CDK_NAG_ACKNOWLEDGED[_ANY, f"{_stack}/Checkout/ExecutionRole"] = PULL_REASON
    CDK_NAG_ACKNOWLEDGED[_ANY, f"{_stack}/Delivery/DeployRole"] = ANY_DEFINITION_REASON
    CDK_NAG_ACKNOWLEDGED[_revisions, f"{_stack}/Delivery/DeployRole"] = ANY_DEFINITION_REASON
    CDK_NAG_ACKNOWLEDGED[_OBJECTS, f"{_stack}/Delivery/DeployRole"] = ARTIFACTS_REASON
"""Rule and construct."""
