"""A Lambda function from an image: who may fetch it, what its role may do, and what is refused."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from registry_constructs import Image, ImageFunction, PullThroughCache, Repository, Upstream
from registry_constructs.ecr.errors import InvalidInputError
from tests.consumers.network.variants_access import DIGEST, OTHER_ACCOUNT, isolated_vpc, plain
from tests.synthesis import new_app, new_stack, properties, raw_template, resources, warnings

FUNCTION = "AWS::Lambda::Function"
FETCH = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def own(stack: cdk.Stack, **keywords: Any) -> Image:
    return Image.of(Repository(stack, "Repository"), digest=DIGEST, **keywords)


def function(stack: cdk.Stack, image: Image | None = None, **keywords: Any) -> ImageFunction:
    return ImageFunction(stack, "Resize", image=image or own(stack), **keywords)


def repository_policy(stack: cdk.Stack) -> list[dict[str, Any]]:
    return properties(stack)["RepositoryPolicyText"]["Statement"]


def role_policy(stack: cdk.Stack) -> list[dict[str, Any]]:
    return properties(stack, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]


def refusal(stack: cdk.Stack, image: Image, **keywords: Any) -> str:
    with pytest.raises(InvalidInputError) as raised:
        function(stack, image, **keywords)
    assert str(raised.value).startswith("Stack/Resize: ")
    return str(raised.value)


# Who may fetch the image --------------------------------------------------------------------------------


def fetched_by(stack: cdk.Stack) -> list[str]:
    """The functions that the only statement of the repository's policy is for."""
    [statement] = repository_policy(stack)
    assert statement["Action"] == FETCH
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    found: list[str] = statement["Condition"]["ArnLike"]["aws:SourceArn"]
    return found


def test_a_generated_name_is_known_but_for_its_end() -> None:
    stack = new_stack()
    function(stack)
    [name] = resources(stack, FUNCTION)
    assert fetched_by(stack) == [f"arn:aws:lambda:eu-west-1:111122223333:function:Stack-{name}-*"]
    assert warnings(stack) == []


def test_an_id_that_is_overridden_later_is_known() -> None:
    stack = new_stack()
    resource: Any = function(stack).node.default_child
    resource.override_logical_id("Crop")
    assert fetched_by(stack) == ["arn:aws:lambda:eu-west-1:111122223333:function:Stack-Crop-*"]


def test_a_name_of_its_own_is_known() -> None:
    stack = new_stack()
    function(stack, function_name="resize")
    assert fetched_by(stack) == ["arn:aws:lambda:eu-west-1:111122223333:function:resize"]


@pytest.mark.parametrize(
    ("stack_name", "function_name"),
    [("A" * 60, None), ("Stack", cdk.Fn.import_value("Name"))],
    ids=["a long stack name", "a token"],
)
def test_a_name_that_is_not_known_stands_for_the_accounts_functions(
    stack_name: str, function_name: str | None
) -> None:
    stack = new_stack(stack_name)
    function(stack, function_name=function_name)
    assert fetched_by(stack) == ["arn:aws:lambda:eu-west-1:111122223333:function:*"]


def test_a_plain_repository_is_narrowed_as_well() -> None:
    stack = new_stack()
    function(stack, Image.of(plain(stack), digest=DIGEST), function_name="resize")
    assert fetched_by(stack) == ["arn:aws:lambda:eu-west-1:111122223333:function:resize"]


def test_each_function_of_a_repository_has_its_statement() -> None:
    stack = new_stack()
    image = own(stack)
    for name in ("resize", "crop"):
        ImageFunction(stack, name, image=image, function_name=name)
    assert [
        statement["Condition"]["ArnLike"]["aws:SourceArn"][0].rpartition(":")[2]
        for statement in repository_policy(stack)
    ] == ["resize", "crop"]


def test_the_repository_of_another_stack_does_not_depend_on_the_function() -> None:
    app = new_app()
    images = new_stack("Images", app=app)
    image = own(images)
    stack = new_stack("Functions", app=app)
    function(stack, image)
    assert fetched_by(images)[0].startswith("arn:aws:lambda:eu-west-1:111122223333:function:Functions-Resize")
    assert images.dependencies == []
    assert [other.node.id for other in stack.dependencies] == ["Images"]


def test_a_repository_of_this_app_in_another_account_lets_account_and_service_in() -> None:
    app = new_app()
    images = new_stack("Images", env=cdk.Environment(account="222233334444", region="eu-west-1"), app=app)
    image = Image.of(Repository(images, "Repository", repository_name="shop/resize"), digest=DIGEST)
    function(new_stack("Functions", app=app), image, function_name="resize")
    service, account = repository_policy(images)
    assert service["Condition"]["ArnLike"]["aws:SourceArn"][0].endswith(
        ":lambda:eu-west-1:111122223333:function:resize"
    )
    assert ":iam::111122223333:root" in str(account["Principal"])
    assert service["Action"] == account["Action"] == FETCH


def test_an_imported_repository_of_another_account_is_told_both_statements() -> None:
    stack = new_stack()
    text = refusal(
        stack, Image.of(Repository.from_repository_arn(stack, "There", OTHER_ACCOUNT), digest=DIGEST)
    )
    assert "Lambda can't fetch images from this repository" in text
    assert '"Service": "lambda.amazonaws.com"' in text
    assert "arn:aws:lambda:eu-west-1:111122223333:function:Stack-Resize" in text
    assert ":iam::111122223333:root" in text
    assert "policy_managed_elsewhere=True" in text


def test_an_imported_repository_of_the_account_is_told_one_statement() -> None:
    stack = new_stack()
    there = Repository.from_repository_name(stack, "There", "shop/resize")
    text = refusal(stack, Image.of(there, digest=DIGEST))
    assert '"Service": "lambda.amazonaws.com"' in text
    assert ":root" not in text


def test_an_owner_who_has_seen_to_it_is_believed() -> None:
    stack = new_stack()
    there = Repository.from_repository_arn(stack, "There", OTHER_ACCOUNT, policy_managed_elsewhere=True)
    function(stack, Image.of(there, digest=DIGEST))
    assert warnings(stack) == []


def test_a_repository_that_the_cdk_imported_is_a_warning() -> None:
    stack = new_stack()
    there = ecr.Repository.from_repository_name(stack, "There", "shop/resize")
    function(stack, Image.of(there, digest=DIGEST))
    [warning] = warnings(stack)
    assert "registry-constructs:lambda-needs-the-repositorys-policy" in warning
    assert '"Service": "lambda.amazonaws.com"' in warning


def test_it_works_where_nothing_is_known_of_the_environment() -> None:
    stack = new_stack(env=None)
    function(stack)
    [statement] = repository_policy(stack)
    [arn] = statement["Condition"]["ArnLike"]["aws:SourceArn"]
    assert {"Ref": "AWS::AccountId"} in arn["Fn::Join"][1]
    assert arn["Fn::Join"][1][-1].startswith(":function:Stack-Resize")


# The function -------------------------------------------------------------------------------------------


def test_the_defaults() -> None:
    stack = new_stack()
    function(stack)
    found = properties(stack, FUNCTION)
    assert found["PackageType"] == "Image"
    assert found["MemorySize"] == 512
    assert found["Timeout"] == 30
    assert found["Architectures"] == ["x86_64"]
    assert found.keys() == {
        "Architectures",
        "Code",
        "LoggingConfig",
        "MemorySize",
        "PackageType",
        "Role",
        "Timeout",
    }
    assert str(found["Code"]["ImageUri"]).count(DIGEST) == 1


def test_its_role_writes_to_its_logs_and_nothing_else() -> None:
    stack = new_stack()
    function(stack)
    [log] = resources(stack, "AWS::Logs::LogGroup")
    assert properties(stack, FUNCTION)["LoggingConfig"] == {"LogGroup": {"Ref": log}}
    assert role_policy(stack) == [
        {
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Effect": "Allow",
            "Resource": {"Fn::GetAtt": [log, "Arn"]},
        }
    ]
    assert "ManagedPolicyArns" not in properties(stack, "AWS::IAM::Role")
    [policy] = resources(stack, "AWS::IAM::Policy")
    [body] = resources(stack, FUNCTION).values()
    assert body["DependsOn"] == [policy]


def test_command_and_entry_point_replace_the_images() -> None:
    stack = new_stack()
    function(stack, cmd=["app.handler"], entrypoint=["/lambda-entrypoint.sh"])
    assert properties(stack, FUNCTION)["ImageConfig"] == {
        "Command": ["app.handler"],
        "EntryPoint": ["/lambda-entrypoint.sh"],
    }


def test_a_function_in_a_vpc_has_the_interfaces_and_its_code_has_not() -> None:
    stack = new_stack()
    function(stack, vpc=isolated_vpc(stack))
    allowed, denied = role_policy(stack)[1:]
    assert (allowed["Effect"], denied["Effect"]) == ("Allow", "Deny")
    assert allowed["Action"] == denied["Action"]
    assert "ec2:CreateNetworkInterface" in allowed["Action"]
    assert denied["Condition"] == {
        "ArnLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:*"}
    }
    assert len(properties(stack, FUNCTION)["VpcConfig"]["SubnetIds"]) == 2


def test_the_security_groups_of_ones_own() -> None:
    stack = new_stack()
    vpc = isolated_vpc(stack)
    group = ec2.SecurityGroup(stack, "Group", vpc=vpc)
    function(stack, vpc=vpc, security_groups=[group])
    assert properties(stack, FUNCTION)["VpcConfig"]["SecurityGroupIds"] == [
        stack.resolve(group.security_group_id)
    ]


def test_failures_are_kept_in_an_encrypted_queue_if_asked_for() -> None:
    stack = new_stack()
    function(stack, dead_letter_queue_enabled=True)
    queue = properties(stack, "AWS::SQS::Queue")
    assert queue == {"MessageRetentionPeriod": 14 * 24 * 3600, "SqsManagedSseEnabled": True}
    [name] = resources(stack, "AWS::SQS::Queue")
    assert properties(stack, FUNCTION)["DeadLetterConfig"] == {"TargetArn": {"Fn::GetAtt": [name, "Arn"]}}
    [deny] = properties(stack, "AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_queue_of_ones_own_takes_failures() -> None:
    stack = new_stack()
    function(stack, dead_letter_queue=sqs.Queue(stack, "Mine"))
    [name] = resources(stack, "AWS::SQS::Queue")
    assert name.startswith("Mine")
    assert role_policy(stack)[1]["Resource"] == {"Fn::GetAtt": [name, "Arn"]}


@pytest.mark.parametrize(
    ("tracing", "mode"),
    [
        (None, None),
        (lambda_.Tracing.DISABLED, None),
        (lambda_.Tracing.ACTIVE, "Active"),
        (lambda_.Tracing.PASS_THROUGH, "PassThrough"),
    ],
)
def test_tracing_is_off_unless_asked_for(tracing: lambda_.Tracing | None, mode: str | None) -> None:
    stack = new_stack()
    function(stack, tracing=tracing)
    assert properties(stack, FUNCTION).get("TracingConfig", {}).get("Mode") == mode
    assert ("xray:PutTraceSegments" in str(role_policy(stack))) == (mode is not None)


def test_a_key_for_the_environment_may_be_read_with() -> None:
    stack = new_stack()
    key = kms.Key(stack, "Key")
    function(stack, environment={"LOG_LEVEL": "info"}, environment_encryption=key)
    arn = stack.resolve(key.key_arn)
    assert properties(stack, FUNCTION)["KmsKeyArn"] == arn
    assert {"Action": "kms:Decrypt", "Effect": "Allow", "Resource": arn} in role_policy(stack)


def test_it_goes_wherever_a_function_does() -> None:
    stack = new_stack()
    made = function(stack)
    assert isinstance(made, lambda_.Function)
    events.Rule(
        stack,
        "Daily",
        schedule=events.Schedule.rate(cdk.Duration.days(1)),
        targets=[targets.LambdaFunction(made)],
    )
    s3.Bucket(stack, "Bucket").grant_read(made)
    made.add_alias("live")
    raw_template(stack)
    assert len(role_policy(stack)) == 2


# Its size, and where it runs ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"memory_size": 127}, "Memory is out of Lambda's range"),
        ({"memory_size": 10_241}, "Memory is out of Lambda's range"),
        ({"timeout": cdk.Duration.minutes(16)}, "run it as a FargateTask"),
        ({"timeout": cdk.Duration.seconds(0)}, "Timeout is out of Lambda's range"),
    ],
)
def test_what_no_function_has_is_refused(keywords: dict[str, Any], text: str) -> None:
    stack = new_stack()
    assert text in refusal(stack, own(stack), **keywords)


def test_the_limits_and_tokens_pass() -> None:
    stack = new_stack()
    late = cdk.CfnParameter(stack, "Memory", type="Number").value_as_number
    image = own(stack)
    limits: list[tuple[str, Any, cdk.Duration]] = [
        ("Least", 128, cdk.Duration.seconds(1)),
        ("Most", 10_240, cdk.Duration.minutes(15)),
        ("Late", late, cdk.Duration.seconds(late)),
    ]
    for name, size, timeout in limits:
        ImageFunction(stack, name, image=image, memory_size=size, timeout=timeout)
    sizes = [body["Properties"]["MemorySize"] for body in resources(stack, FUNCTION).values()]
    assert sizes == [128, 10_240, {"Ref": "Memory"}]


@pytest.mark.parametrize(
    ("selection", "text"),
    [
        (ec2.SubnetSelection(subnet_group_name="nowhere"), "The VPC has no such subnets"),
        (ec2.SubnetSelection(availability_zones=["eu-west-1z"]), "The VPC has no such subnets"),
        (ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC), "Consumers can't run in public subnets"),
    ],
)
def test_subnets_that_it_cant_run_in_are_refused(selection: ec2.SubnetSelection, text: str) -> None:
    stack = new_stack()
    assert text in refusal(stack, own(stack), vpc=ec2.Vpc(stack, "Vpc"), vpc_subnets=selection)


# Architectures ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("built_for", "given", "expected"),
    [
        (None, None, "x86_64"),
        (["amd64"], None, "x86_64"),
        (["arm64"], None, "arm64"),
        (None, lambda_.Architecture.ARM_64, "arm64"),
        (["arm64"], lambda_.Architecture.ARM_64, "arm64"),
    ],
)
def test_it_runs_on_what_its_image_was_built_for(
    built_for: Any, given: lambda_.Architecture | None, expected: str
) -> None:
    stack = new_stack()
    function(stack, own(stack, architectures=built_for), architecture=given)
    assert properties(stack, FUNCTION)["Architectures"] == [expected]


def test_another_architecture_is_refused() -> None:
    stack = new_stack()
    text = refusal(stack, own(stack, architectures=["amd64"]), architecture=lambda_.Architecture.ARM_64)
    assert "The image was not built for this architecture" in text


def test_an_index_of_two_architectures_is_refused() -> None:
    stack = new_stack()
    assert "Lambda doesn't support an index" in refusal(stack, own(stack, architectures=["amd64", "arm64"]))


# What Lambda can't run ----------------------------------------------------------------------------------


def test_a_cached_image_is_refused() -> None:
    stack = new_stack()
    cache = PullThroughCache(stack, "Cache", upstream=Upstream.ecr_public(), prefix="public")
    image = Image.cached(cache, "public.ecr.aws/lambda/python:3.13")
    assert "Lambda can't pull through a cache" in refusal(stack, image)


def test_an_image_of_another_region_is_refused() -> None:
    stack = new_stack()
    there = Repository.from_repository_arn(
        stack,
        "There",
        "arn:aws:ecr:us-east-1:111122223333:repository/shop/resize",
        policy_managed_elsewhere=True,
    )
    text = refusal(stack, Image.of(there, digest=DIGEST))
    assert "only from its own Region" in text
    assert "shop/resize in us-east-1" in text


@pytest.mark.parametrize("name", ["DB_PASSWORD", "API_TOKEN", "AWS_SECRET_ACCESS_KEY", "GithubToken"])
def test_secrets_in_the_environment_are_refused(name: str) -> None:
    stack = new_stack()
    text = refusal(stack, own(stack), environment={name: "hunter2"})
    assert name in text
    assert "hunter2" not in text
    assert "DB_PASSWORD_ARN" in text


def test_a_tag_that_moves_is_a_warning() -> None:
    stack = new_stack()
    repository = Repository(stack, "Repository", image_tag_mutability=ecr.TagMutability.MUTABLE)
    function(stack, Image.of(repository, tag="latest"))
    [warning] = warnings(stack)
    assert "registry-constructs:image-tag-moves" in warning
