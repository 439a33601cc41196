"""Pipelines: their stages, what each role may do, and what doesn't fit together."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_sns as sns

from registry_constructs import DeliveryPipeline, DeployedImage, FargateService, InvalidInputError
from tests.consumers.ecs.variants_ecs import DIGEST, named, vpc
from tests.consumers.reading import container, listed, statements
from tests.delivery.build.variants_build import build, delivery, deployed, images_of, repository, source
from tests.synthesis import new_app, new_stack, properties, raw_template, resources, warnings

# Networks, clusters and pipelines: whole stacks, which take long to synthesize.
pytestmark = pytest.mark.deploy

PIPELINE = "AWS::CodePipeline::Pipeline"


def stages(stack: cdk.Stack) -> dict[str, list[dict[str, Any]]]:
    return {stage["Name"]: stage["Actions"] for stage in properties(stack, PIPELINE)["Stages"]}


def refused(stack: cdk.Stack, **keywords: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        DeliveryPipeline(stack, "Delivery", **{"source": source()} | keywords)
    assert caught.value.where == "Stack/Delivery"
    return caught.value


def test_from_a_commit_to_a_service() -> None:
    stack = new_stack()
    delivery(stack)
    found = stages(stack)
    assert {stage: [action["Name"] for action in actions] for stage, actions in found.items()} == {
        "Source": ["Source"],
        "Build": ["Build"],
        "Approve": ["Approve"],
        "Deploy": ["Deploy", "Record"],
    }
    assert properties(stack, PIPELINE)["PipelineType"] == "V2"
    [approval] = found["Approve"]
    assert approval["Configuration"]["CustomData"] == "Deploys #{Image.IMAGE_URI} to Stack/Checkout"
    deploy, record = found["Deploy"]
    [built] = found["Build"]
    assert deploy["InputArtifacts"] == built["OutputArtifacts"]
    assert (deploy["RunOrder"], record["RunOrder"]) == (1, 2)
    assert json.loads(record["Configuration"]["EnvironmentVariables"]) == [
        {"name": "IMAGE_DIGEST", "type": "PLAINTEXT", "value": "#{Image.IMAGE_DIGEST}"}
    ]


def test_the_images_come_before_their_index() -> None:
    stack = new_stack()
    delivery(stack, architectures=["amd64", "arm64"])
    amd64, arm64, index = stages(stack)["Build"]
    assert (amd64["RunOrder"], arm64["RunOrder"], index["RunOrder"]) == (1, 1, 2)
    assert "OutputArtifacts" not in amd64
    actual = {one["name"]: one["value"] for one in json.loads(index["Configuration"]["EnvironmentVariables"])}
    assert actual == {
        "AMD64_DIGEST": "#{Amd64.IMAGE_DIGEST}",
        "ARM64_DIGEST": "#{Arm64.IMAGE_DIGEST}",
        "CONTAINER_NAME": "Container",
    }
    assert [action["Namespace"] for action in (amd64, arm64, index)] == ["Amd64", "Arm64", "Image"]


def test_checks_stand_between_the_build_and_the_approval() -> None:
    stack = new_stack()
    made, remembered = images_of(stack)
    check = actions.ManualApprovalAction(
        action_name="Look", additional_information=DeliveryPipeline.IMAGE_DIGEST
    )
    DeliveryPipeline(
        stack,
        "Delivery",
        source=source(),
        build=made,
        checks=[check],
        service=FargateService(stack, "Checkout", image=remembered.image_for(stack), vpc=vpc(stack)),
        deployed=remembered,
    )
    assert list(stages(stack)) == ["Source", "Build", "Check", "Approve", "Deploy"]
    assert stages(stack)["Check"][0]["Configuration"] == {"CustomData": "#{Image.IMAGE_DIGEST}"}


def test_without_a_service_it_ends_with_the_image() -> None:
    stack = new_stack()
    made = DeliveryPipeline(stack, "Delivery", source=source(), build=build(stack))
    assert list(stages(stack)) == ["Source", "Build"]
    assert made.deploy_role is None


def test_an_approval_can_be_left_out_or_told_of() -> None:
    stack = new_stack()
    made, remembered = images_of(stack)
    service = FargateService(stack, "Checkout", image=remembered.image_for(stack), vpc=vpc(stack))
    parts: dict[str, Any] = {"build": made, "service": service, "deployed": remembered}
    DeliveryPipeline(stack, "Delivery", source=source(), approval=False, **parts)
    assert list(stages(stack)) == ["Source", "Build", "Deploy"]

    told = new_stack()
    made, remembered = images_of(told)
    topic = sns.Topic.from_topic_arn(told, "Topic", "arn:aws:sns:eu-west-1:111122223333:approvals")
    service = FargateService(told, "Checkout", image=remembered.image_for(told), vpc=vpc(told))
    parts = {"build": made, "service": service, "deployed": remembered}
    DeliveryPipeline(told, "Delivery", source=source(), approval_topic=topic, **parts)
    [approval] = stages(told)["Approve"]
    assert approval["Configuration"]["NotificationArn"] == topic.topic_arn


def test_who_deploys_may_change_this_service_and_pass_its_roles() -> None:
    stack = new_stack()
    delivery(stack)
    found = {
        actions: (resource, condition)
        for actions, resource, condition in statements(stack, "DeliveryDeployRole")
    }
    service, _ = found["ecs:DescribeServices", "ecs:UpdateService"]
    assert service["Ref"].startswith("CheckoutService")
    roles, condition = found["iam:PassRole",]
    assert [role["Fn::GetAtt"][0][:14] for role in roles] == ["CheckoutExecut", "CheckoutTaskRo"]
    assert condition == {
        "StringEquals": {"iam:PassedToService": ["ecs.amazonaws.com", "ecs-tasks.amazonaws.com"]}
    }
    revisions, condition = found["ecs:TagResource",]
    assert revisions.startswith(
        "arn:aws:ecs:eu-west-1:111122223333:task-definition/StackCheckoutTaskDefinition"
    )
    assert revisions.endswith(":*")
    assert condition == {"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}}
    assert found["ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition"] == ("*", None)


def test_the_pipeline_itself_can_change_no_service() -> None:
    stack = new_stack()
    delivery(stack)
    allowed = {action for actions, _, _ in statements(stack, "DeliveryRole") for action in actions}
    assert {action.partition(":")[0] for action in allowed} == {
        "codebuild",
        "codestar-connections",
        "kms",
        "s3",
        "sts",
    }


def test_who_records_may_write_this_parameter() -> None:
    stack = new_stack()
    delivery(stack)
    [resource] = [
        resource
        for actions, resource, _ in statements(stack, "DeliveryRecordRole")
        if actions == ("ssm:PutParameter",)
    ]
    assert "parameter" in json.dumps(resource)
    assert "*" not in json.dumps(resource)


def test_artifacts_are_encrypted_private_and_kept() -> None:
    stack = new_stack()
    delivery(stack)
    [bucket] = resources(stack, "AWS::S3::Bucket").values()
    actual = bucket["Properties"]
    [rule] = actual["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert set(actual["PublicAccessBlockConfiguration"].values()) == {True}
    assert actual["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["DeletionPolicy"] == "Retain"
    [denied, *allowed] = properties(stack, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert [listed(one["Action"]) for one in allowed] == [
        ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
        ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
    ]


def test_the_build_does_not_wait_for_the_pipeline() -> None:
    stack = new_stack()
    delivery(stack)
    [images] = [
        child
        for child in stack.node.root.node.children
        if isinstance(child, cdk.Stack) and child is not stack
    ]
    assert images.node.path == "Stack-images"
    assert stack.dependencies == [images]
    assert images.dependencies == []


def test_the_template_reads_which_image_runs() -> None:
    stack = new_stack()
    delivery(stack)
    [(name, parameter)] = raw_template(stack)["Parameters"].items()
    assert parameter == {
        "Type": "AWS::SSM::Parameter::Value<String>",
        "Default": "/deployed-images/Stack-images/Deployed",
    }
    assert container(stack)["Image"]["Fn::Join"][1][-2:] == ["/shop/checkout@", {"Ref": name}]
    assert warnings(stack) == []


def test_the_parameter_takes_nothing_but_digests() -> None:
    stack = new_stack()
    deployed(stack, repository(stack))
    assert properties(stack, "AWS::SSM::Parameter") == {
        "AllowedPattern": "^sha256:[0-9a-f]{64}$",
        "Description": "The digest of the image that runs",
        "Name": "/deployed-images/Stack/Deployed",
        "Type": "String",
        "Value": DIGEST,
    }


def test_an_image_that_runs_has_known_architectures() -> None:
    app = new_app()
    images, stack = new_stack("Images", app=app), new_stack(app=app)
    remembered = DeployedImage(
        images, "Deployed", repository=repository(images), first_digest=DIGEST, architectures=["arm64"]
    )
    with pytest.raises(InvalidInputError, match="not built for this architecture"):
        FargateService(stack, "Checkout", image=remembered.image_for(stack), vpc=vpc(stack))


def test_a_first_digest_is_a_digest() -> None:
    stack = new_stack()
    with pytest.raises(InvalidInputError, match=r"Stack/Deployed: Not an image digest"):
        DeployedImage(stack, "Deployed", repository=repository(stack), first_digest="latest")


def test_the_parameter_is_read_from_another_stack() -> None:
    stack = new_stack()
    remembered = deployed(stack, repository(stack))
    with pytest.raises(InvalidInputError, match="before it makes what is in the stack"):
        remembered.image_for(stack)


@pytest.mark.parametrize(
    ("environment", "what"),
    [
        (cdk.Environment(account="111122223333", region="us-east-1"), "Region"),
        (cdk.Environment(account="222233334444", region="eu-west-1"), "account"),
    ],
)
def test_the_parameter_is_read_where_it_stands(environment: cdk.Environment, what: str) -> None:
    app = new_app()
    images = new_stack("Images", app=app)
    with pytest.raises(InvalidInputError, match=f"in another {what} than the consumer"):
        deployed(images, repository(images)).image_for(new_stack(env=environment, app=app))


def test_a_source_is_a_source_action() -> None:
    approval = actions.ManualApprovalAction(action_name="Approve")
    for wrong in (approval, "main", codepipeline.Artifact()):
        stack = new_stack()
        assert "Not a source action" in refused(stack, build=build(stack), source=wrong).problem


def test_a_build_is_an_image_build() -> None:
    assert refused(new_stack(), build="build").problem == "build is no ImageBuild"


def test_a_build_with_a_source_needs_no_pipeline() -> None:
    stack = new_stack()
    made = build(stack, source=codebuild.Source.git_hub(owner="shop", repo="checkout"))
    assert refused(stack, build=made).problem == "The build has a source of its own"


def test_a_service_goes_with_what_remembers_its_image() -> None:
    stack = new_stack()
    made, _ = images_of(stack)
    service = FargateService(stack, "Checkout", image=named(stack), vpc=vpc(stack))
    error = refused(stack, build=made, service=service)
    assert error.problem == "service and deployed must be set together"
    assert error.got == {"service": "Stack/Checkout", "deployed": None}


def test_a_service_reads_which_image_runs() -> None:
    stack = new_stack()
    made, remembered = images_of(stack)
    service = FargateService(stack, "Checkout", image=named(stack), vpc=vpc(stack))
    error = refused(stack, build=made, service=service, deployed=remembered)
    assert "would set it back" in error.problem


@pytest.mark.parametrize(
    ("environment", "what"),
    [
        (cdk.Environment(account="111122223333", region="us-east-1"), "Region"),
        (cdk.Environment(account="222233334444", region="eu-west-1"), "account"),
    ],
)
def test_everything_is_in_one_place(environment: cdk.Environment, what: str) -> None:
    app = new_app()
    made = build(new_stack("Images", env=environment, app=app))
    error = refused(new_stack(app=app), build=made)
    assert error.problem == f"Images/Build is in another {what} than the pipeline"


def test_only_services_of_ecs_are_deployed_to() -> None:
    stack = new_stack()
    made, remembered = images_of(stack)
    service = ecs.FargateTaskDefinition(stack, "Task")
    assert "can't deploy to this" in refused(stack, build=made, service=service, deployed=remembered).problem


def test_a_topic_goes_with_an_approval() -> None:
    stack = new_stack()
    made, _ = images_of(stack)
    assert (
        "there is no approval" in refused(stack, build=made, approval_topic=sns.Topic(stack, "Topic")).problem
    )
