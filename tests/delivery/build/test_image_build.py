"""Image builds: what is deployed, which settings are allowed, and which are refused."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager

from registry_constructs import (
    ImageBuild,
    InvalidInputError,
    ManagedSigning,
    Registry,
    Repository,
)
from registry_constructs.delivery.build.project import KEY_ACTIONS
from registry_constructs.ecr.actions import PULL_ACTIONS, PUSH_ACTIONS
from registry_constructs.images.image import Image
from tests.consumers.ecs.variants_ecs import DIGEST, vpc
from tests.consumers.reading import statements
from tests.delivery.build.variants_build import OTHER_ACCOUNT, build, cache, repository
from tests.synthesis import new_stack, properties, resources, warnings

PROJECT = "AWS::CodeBuild::Project"
PUSH_AND_PULL = tuple(sorted({*PULL_ACTIONS, *PUSH_ACTIONS}))


def environment(stack: cdk.Stack) -> dict[str, Any]:
    found: dict[str, Any] = properties(stack, PROJECT)["Environment"]
    return found


def variables(stack: cdk.Stack) -> dict[str, Any]:
    return {one["Name"]: one["Value"] for one in environment(stack)["EnvironmentVariables"]}


def refused(**keywords: Any) -> InvalidInputError:
    stack = new_stack()
    with pytest.raises(InvalidInputError) as caught:
        build(stack, **keywords)
    assert caught.value.where == "Stack/Build"
    assert stack.node.find_child("Build").node.children == []
    return caught.value


def test_nothing_is_privileged_unless_it_is_said() -> None:
    stack = new_stack()
    build(stack)
    assert environment(stack)["PrivilegedMode"] is False
    assert environment(stack)["DockerServer"] == {"ComputeType": "BUILD_GENERAL1_SMALL"}

    stack = new_stack()
    build(stack, privileged=True)
    assert environment(stack)["PrivilegedMode"] is True
    assert "DockerServer" not in environment(stack)


def test_the_role_may_push_to_this_repository_and_write_its_logs() -> None:
    stack = new_stack()
    build(stack)
    found = statements(stack, "BuildRole")
    assert [actions for actions, _, _ in found] == [
        ("logs:CreateLogStream", "logs:PutLogEvents"),
        KEY_ACTIONS,
        PUSH_AND_PULL,
        ("ecr:GetAuthorizationToken",),
    ]
    assert found[2][1] == "arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout"


def test_only_this_accounts_projects_get_the_role() -> None:
    stack = new_stack()
    build(stack)
    [statement] = properties(stack, "AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "codebuild.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def test_a_cache_can_be_read_and_written() -> None:
    stack = new_stack()
    made = cache(stack)
    build(stack, cache_repository=made)
    [arn] = [resource for actions, resource, _ in statements(stack, "BuildRole") if actions == PUSH_AND_PULL]
    assert stack.resolve(made.repository_arn) in arn
    assert "CACHE" in variables(stack)
    assert "--cache-to" in properties(stack, PROJECT)["Source"]["BuildSpec"]


def test_who_pushes_where_ecr_signs_may_sign() -> None:
    stack = new_stack()
    Registry(stack, "Registry")
    build(stack, signing=ManagedSigning(stack, "Signing"))
    assert [actions for actions, _, _ in statements(stack, "BuildRole")][-1] == ("signer:SignPayload",)


def test_buildkit_can_come_from_ecr() -> None:
    stack = new_stack()
    there = Repository.from_repository_arn(stack, "BuildKit", OTHER_ACCOUNT, policy_managed_elsewhere=True)
    build(stack, buildkit=Image.of(there, digest=DIGEST))
    actual = variables(stack)
    assert f"/shop/checkout@{DIGEST}" in json.dumps(actual["BUILDKIT"])
    assert "222233334444.dkr" in json.dumps(actual["REGISTRIES"])
    assert "111122223333.dkr" in json.dumps(actual["REGISTRIES"])


def test_two_architectures_are_three_projects() -> None:
    stack = new_stack()
    made = build(stack, architectures=["amd64", "arm64"])
    found = {
        name.removeprefix("Build")[:5]: body["Properties"]["Environment"]
        for name, body in resources(stack, PROJECT).items()
    }
    assert {name: body["Type"] for name, body in found.items()} == {
        "Amd64": "LINUX_CONTAINER",
        "Arm64": "ARM_CONTAINER",
        "Index": "LINUX_CONTAINER",
    }
    assert "DockerServer" not in found["Index"]
    assert list(made.projects) == ["amd64", "arm64"]
    assert made.index_project is not None


def test_an_architecture_that_is_said_twice_is_built_once() -> None:
    made = build(new_stack(), architectures=["arm64", "arm64"])
    assert made.architectures == ("arm64",)
    assert made.index_project is None


def test_artifacts_have_a_key_of_their_own_or_the_given_one() -> None:
    stack = new_stack()
    build(stack)
    [key] = [body for name, body in resources(stack, "AWS::KMS::Key").items() if name.startswith("BuildKey")]
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["DeletionPolicy"] == "Retain"

    stack = new_stack()
    key_of_ones_own = kms.Key(stack, "Key")
    assert build(stack, encryption_key=key_of_ones_own).encryption_key is key_of_ones_own
    assert not any(name.startswith("BuildKey") for name in resources(stack, "AWS::KMS::Key"))


def test_logs_are_encrypted_and_kept() -> None:
    stack = new_stack()
    build(stack)
    group = properties(stack, "AWS::Logs::LogGroup")
    assert group["RetentionInDays"] == 365
    assert "KmsKeyId" in group
    assert properties(stack, PROJECT)["LogsConfig"]["CloudWatchLogs"]["Status"] == "ENABLED"


def test_build_arguments_are_variables() -> None:
    stack = new_stack()
    build(stack, build_args={"BASE": "python:3.14", "LATER": cdk.Fn.import_value("later")})
    actual = variables(stack)
    assert actual["BUILD_ARG_BASE"] == "python:3.14"
    assert actual["BUILD_ARG_LATER"] == {"Fn::ImportValue": "later"}


def test_in_a_vpc_only_the_builds_reach_their_docker_server() -> None:
    stack = new_stack()
    build(stack, vpc=vpc(stack))
    rule = properties(stack, "AWS::EC2::SecurityGroupIngress")
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (9876, 9876, "tcp")
    assert rule["SourceSecurityGroupId"]["Fn::GetAtt"][0].startswith("BuildSecurityGroup")
    server = environment(stack)["DockerServer"]["SecurityGroupIds"]
    assert server == [rule["GroupId"]]
    [(_, interfaces, condition)] = [
        one for one in statements(stack, "BuildRole") if one[0] == ("ec2:CreateNetworkInterfacePermission",)
    ]
    assert interfaces.endswith(":network-interface/*")
    assert condition["StringEquals"]["ec2:AuthorizedService"] == "codebuild.amazonaws.com"
    assert len(condition["StringEquals"]["ec2:Subnet"]) == 2


def test_a_cache_of_base_images_is_granted_to_the_build() -> None:
    stack = new_stack()
    made = build(stack)
    base = Repository(stack, "Base")
    base.grant_pull(made)
    granted = [one for one in statements(stack, "BuildRole") if one[0] == tuple(sorted(PULL_ACTIONS))]
    assert [resource for _, resource, _ in granted] == [stack.resolve(base.repository_arn)]


def test_what_is_built_knows_its_architectures() -> None:
    stack = new_stack()
    made = build(stack, repository=Repository(stack, "Own"), architectures=["arm64"])
    image = made.image(digest=DIGEST)
    assert image.architectures == ("arm64",)
    with pytest.raises(InvalidInputError, match="not built for this architecture"):
        image.check_architecture("amd64")
    with pytest.raises(InvalidInputError, match=r"Stack/Build: Not an image digest"):
        made.image(digest="latest")


def test_a_source_of_ones_own_starts_builds_without_a_pipeline() -> None:
    stack = new_stack()
    build(stack, source=codebuild.Source.git_hub(owner="shop", repo="checkout"))
    actual = properties(stack, PROJECT)
    assert actual["Source"]["Type"] == "GITHUB"
    assert actual["Artifacts"] == {"Type": "NO_ARTIFACTS"}


def test_builds_of_anybodys_pull_request_are_a_warning() -> None:
    stack = new_stack()
    build(stack, source=codebuild.Source.git_hub(owner="shop", repo="checkout", webhook=True))
    [warning] = warnings(stack)
    assert "a pull request from anybody's fork too" in warning

    stack = new_stack()
    on_main = codebuild.FilterGroup.in_event_of(codebuild.EventAction.PUSH).and_branch_is("main")
    build(stack, source=codebuild.Source.git_hub(owner="shop", repo="checkout", webhook_filters=[on_main]))
    assert properties(stack, PROJECT)["Triggers"]["Webhook"] is True
    assert warnings(stack) == []


def test_tags_that_move_are_a_warning() -> None:
    stack = new_stack()
    build(
        stack,
        repository=Repository(stack, "Moving", image_tag_mutability=ecr.TagMutability.MUTABLE),
    )
    [warning] = warnings(stack)
    assert "The tags of Stack/Moving can be moved" in warning

    stack = new_stack()
    build(stack, repository=Repository(stack, "Fixed", immutable_except=["latest"]))
    assert warnings(stack) == []


@pytest.mark.parametrize("path", ["/etc", "../elsewhere", "a/../../b", "", None, "--push"])
@pytest.mark.parametrize("name", ["dockerfile", "context"])
def test_paths_are_in_the_source(name: str, path: Any) -> None:
    assert refused(**{name: path}).problem == f"{name} is not in the source"


@pytest.mark.parametrize("architectures", ["amd64", [], ["x86_64"]])
def test_architectures_are_known(architectures: Any) -> None:
    assert "architectures is not a list" in refused(architectures=architectures).problem


@pytest.mark.parametrize("name", ["A-B", "A.B", "1A", "A B"])
def test_build_arguments_have_names(name: str) -> None:
    assert "Not the name" in refused(build_args={name: "1"}).problem


def test_a_secret_is_no_build_argument() -> None:
    error = refused(build_args={"NPM_TOKEN": "npm_0123456789"})
    assert "looks like a secret" in error.problem
    assert "npm_0123456789" not in str(error)


def test_secrets_are_read_from_secrets_manager() -> None:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:111122223333:key/1")
    arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:npm-AbCdEf"
    secret = secretsmanager.Secret.from_secret_attributes(
        stack, "Npm", secret_complete_arn=arn, encryption_key=key
    )
    build(stack, secrets={"NPM_TOKEN": secret})
    [variable] = [one for one in environment(stack)["EnvironmentVariables"] if "SECRET" in one["Name"]]
    assert variable == {"Name": "BUILD_SECRET_NPM_TOKEN", "Type": "SECRETS_MANAGER", "Value": arn}
    found = {
        actions: (resource, condition) for actions, resource, condition in statements(stack, "BuildRole")
    }
    assert found["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"] == (arn, None)
    resource, condition = found["kms:Decrypt",]
    assert resource == key.key_arn
    assert condition == {"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}}


def test_what_is_no_secret_is_refused() -> None:
    assert refused(secrets={"NPM_TOKEN": "npm-token"}).problem == "The value of NPM_TOKEN is not a secret"
    assert "Not the name" in refused(secrets={"npm-token": "npm-token"}).problem
    both = refused(secrets={"NPM": "npm"}, build_args={"NPM": "1"})
    assert both.problem == "A variable is in both environment and secrets"


def test_what_is_no_repository_is_refused() -> None:
    assert refused(repository="shop/checkout").problem == "repository is no repository"
    assert refused(cache_repository="cache").problem == "cache_repository is no repository"
    assert refused(buildkit="moby/buildkit").problem == "buildkit is not an image"


def test_a_repository_of_another_region_is_refused() -> None:
    stack = new_stack()
    arn = "arn:aws:ecr:us-east-1:111122223333:repository/shop/checkout"
    with pytest.raises(InvalidInputError, match="in another Region than the build"):
        build(stack, repository=Repository.from_repository_arn(stack, "Repository", arn))


def test_a_cache_that_cant_be_written_again_is_refused() -> None:
    stack = new_stack()
    with pytest.raises(InvalidInputError, match="under the same tag each time") as caught:
        build(stack, cache_repository=Repository(stack, "Cache"))
    assert caught.value.got == "immutable amd64 in Stack/Cache"
    excepted = new_stack()
    build(excepted, cache_repository=Repository(excepted, "Cache", immutable_except=["amd*"]))


def test_the_images_are_no_cache() -> None:
    stack = new_stack()
    there = repository(stack)
    with pytest.raises(InvalidInputError, match="is the repository of the images"):
        ImageBuild(stack, "Build", repository=there, cache_repository=there)


def test_a_source_that_needs_rights_is_the_pipelines() -> None:
    stack = new_stack()
    bucket = s3.Bucket(stack, "Bucket")
    with pytest.raises(InvalidInputError, match="not a Git host's repository") as caught:
        build(stack, source=codebuild.Source.s3(bucket=bucket, path="source.zip"))
    assert caught.value.got == "S3"


def test_an_index_needs_a_pipeline() -> None:
    source = codebuild.Source.git_hub(owner="shop", repo="checkout")
    error = refused(source=source, architectures=["amd64", "arm64"])
    assert "DeliveryPipeline" in error.fix


def test_privileged_or_a_docker_server() -> None:
    size = codebuild.DockerServerComputeType.LARGE
    assert "no Docker server" in refused(privileged=True, docker_server_compute_type=size).problem


def test_a_stack_without_an_account_is_built_in_too() -> None:
    stack = new_stack(env=None)
    build(stack, repository=Repository(stack, "Own"))
    assert variables(stack)["REGISTRY_ID"] == {"Ref": "AWS::AccountId"}
