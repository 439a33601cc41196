"""A task that ends: run when asked, or by a schedule."""

from __future__ import annotations

import json
import shlex
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from registry_constructs import FargateTask, InvalidInputError
from tests.consumers.ecs import variants_ecs
from tests.consumers.ecs.variants_ecs import named, secrets, task, vpc
from tests.consumers.reading import container, statements
from tests.synthesis import new_stack, properties, raw_template, resources, warnings

NIGHTLY = scheduler.ScheduleExpression.cron(hour="3", minute="0")


def one(stack: cdk.Stack, resource_type: str, beginning: str = "") -> str:
    [only] = [name for name in resources(stack, resource_type) if name.startswith(beginning)]
    return only


def may_run(stack: cdk.Stack) -> list[Any]:
    """What a role that may run the task is allowed, as statements."""
    cluster = {"Fn::GetAtt": [one(stack, "AWS::ECS::Cluster"), "Arn"]}
    roles = [
        {"Fn::GetAtt": [one(stack, "AWS::IAM::Role", name), "Arn"]}
        for name in ("MigrationExecutionRole", "MigrationTaskRole")
    ]
    return [
        (
            ("ecs:RunTask",),
            {"Ref": one(stack, "AWS::ECS::TaskDefinition")},
            {"ArnEquals": {"ecs:cluster": cluster}},
        ),
        (
            ("iam:PassRole",),
            roles,
            {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
    ]


def test_its_container_is_that_of_a_service() -> None:
    first, second = new_stack("First"), new_stack("Second")
    variants_ecs.service(first)
    task(second)
    of_service, of_task = container(first), container(second)
    assert of_service.pop("LogConfiguration")["LogDriver"] == "awslogs"
    assert of_task.pop("LogConfiguration")["LogDriver"] == "awslogs"
    assert of_service == of_task
    assert warnings(second) == []


def test_nothing_starts_it_by_itself() -> None:
    stack = new_stack()
    given = task(stack)
    assert (given.schedule, given.dead_letter_queue) == (None, None)
    types = {body["Type"] for body in raw_template(stack)["Resources"].values()}
    assert not types & {"AWS::ECS::Service", "AWS::Scheduler::Schedule", "AWS::SQS::Queue"}
    assert statements(stack, "MigrationTaskRole") == []


def test_who_is_granted_may_run_exactly_this_task_in_its_cluster() -> None:
    stack = new_stack()
    given = task(stack)
    pipeline = iam.Role(stack, "Pipeline", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    grant = given.grant_run(pipeline)
    assert grant.success is True
    assert statements(stack, "Pipeline") == may_run(stack)


def test_the_command_runs_it_where_it_belongs() -> None:
    stack = new_stack()
    given = task(stack)
    cdk.CfnOutput(stack, "Run", value=given.run_command)
    names = {
        "Cluster": one(stack, "AWS::ECS::Cluster"),
        "Definition": one(stack, "AWS::ECS::TaskDefinition"),
        "Group": one(stack, "AWS::EC2::SecurityGroup"),
    }
    parts = raw_template(stack)["Outputs"]["Run"]["Value"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else json.dumps(part).replace(" ", "") for part in parts)
    for name, logical_id in names.items():
        assert logical_id in text
        text = text.replace(f'{{"Ref":"{logical_id}"}}', name)
        text = text.replace(f'{{"Fn::GetAtt":["{logical_id}","GroupId"]}}', name)
    assert shlex.split(text) == [
        *("aws", "ecs", "run-task", "--region", "eu-west-1", "--cluster", "Cluster"),
        *("--task-definition", "Definition", "--launch-type", "FARGATE", "--network-configuration"),
        "awsvpcConfiguration={subnets=[subnet-0b000000000000000,subnet-0b000000000000001],"
        "securityGroups=[Group],assignPublicIp=DISABLED}",
    ]


def test_a_schedule_starts_it_and_nothing_else() -> None:
    stack = new_stack()
    given = task(stack, schedule=NIGHTLY)
    assert given.schedule is not None
    actual = properties(stack, "AWS::Scheduler::Schedule")
    assert (actual["ScheduleExpression"], actual["State"]) == ("cron(0 3 * * ? *)", "ENABLED")
    target = actual["Target"]
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10}
    parameters = target["EcsParameters"]
    assert parameters["LaunchType"] == "FARGATE"
    assert parameters["PlatformVersion"] == "LATEST"
    assert parameters["TaskDefinitionArn"] == {"Ref": one(stack, "AWS::ECS::TaskDefinition")}
    network = parameters["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert network["Subnets"] == ["subnet-0b000000000000000", "subnet-0b000000000000001"]
    queue = {"Fn::GetAtt": [one(stack, "AWS::SQS::Queue"), "Arn"]}
    assert statements(stack, "MigrationScheduleRole") == [
        *may_run(stack),
        (("sqs:SendMessage",), queue, None),
    ]
    assert target["DeadLetterConfig"] == {"Arn": queue}


def test_only_this_accounts_schedules_start_it() -> None:
    stack = new_stack()
    task(stack, schedule=NIGHTLY)
    role = resources(stack, "AWS::IAM::Role")[one(stack, "AWS::IAM::Role", "MigrationScheduleRole")]
    [trust] = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {
            "aws:SourceAccount": "111122223333",
            "aws:SourceArn": "arn:aws:scheduler:eu-west-1:111122223333:schedule-group/default",
        }
    }


def test_no_start_is_tried_before_its_rights_are_there() -> None:
    stack = new_stack()
    task(stack, schedule=NIGHTLY)
    [body] = resources(stack, "AWS::Scheduler::Schedule").values()
    needed = ("MigrationExecutionRoleDefaultPolicy", "MigrationScheduleRoleDefaultPolicy")
    for name in needed:
        assert any(other.startswith(name) for other in body["DependsOn"])


def test_starts_that_failed_are_kept_encrypted() -> None:
    stack = new_stack()
    given = task(stack, schedule=NIGHTLY)
    assert given.dead_letter_queue is not None
    actual = properties(stack, "AWS::SQS::Queue")
    assert actual == {"MessageRetentionPeriod": 1_209_600, "SqsManagedSseEnabled": True}
    [statement] = properties(stack, "AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_it_shares_a_cluster_and_reads_secrets() -> None:
    stack = new_stack()
    cluster = ecs.Cluster(stack, "Cluster", vpc=vpc(stack))
    given = FargateTask(
        stack,
        "Migration",
        image=named(stack),
        cluster=cluster,
        cpu=512,
        memory_limit_mib=1024,
        architecture="arm64",
        environment={"LOG_LEVEL": "info"},
        secrets=secrets(stack),
        command=["migrate"],
        entry_point=["/checkout"],
        user="1000",
        writable_paths={"/work": 512},
    )
    assert given.cluster.node.path == "Stack/Cluster"
    actual = container(stack)
    assert (actual["Command"], actual["EntryPoint"], actual["User"]) == (["migrate"], ["/checkout"], "1000")
    assert {one["Name"] for one in actual["Secrets"]} == {"DATABASE", "DATABASE_PASSWORD", "API_KEY"}
    definition = properties(stack, "AWS::ECS::TaskDefinition")
    assert (definition["Cpu"], definition["Memory"]) == ("512", "1024")
    assert definition["RuntimePlatform"]["CpuArchitecture"] == "ARM64"


def test_it_may_be_let_into_a_database() -> None:
    stack = new_stack()
    given = task(stack)
    database = ec2.SecurityGroup.from_security_group_id(stack, "Database", "sg-0123456789abcdef0")
    database.connections.allow_from(given, ec2.Port.tcp(5432))
    rule = properties(stack, "AWS::EC2::SecurityGroupIngress")
    assert (rule["GroupId"], rule["FromPort"]) == ("sg-0123456789abcdef0", 5432)


@pytest.mark.parametrize(
    ("keywords", "reason"),
    [
        ({"cpu": 100}, "Fargate doesn't support this CPU value"),
        ({"memory_limit_mib": 513}, "Fargate doesn't support this memory with 256 CPU units"),
        ({"environment": {"SECRET": "hunter2"}}, "SECRET looks like a secret"),
        ({"command": "migrate"}, "command is text"),
        ({"vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)}, "in public subnets"),
        ({"vpc": None}, "Tasks run in an existing cluster"),
    ],
)
def test_bad_input_is_refused(keywords: dict[str, Any], reason: str) -> None:
    stack = new_stack()
    given = {"image": named(stack), "vpc": vpc(stack), **keywords}
    with pytest.raises(InvalidInputError, match=f"Stack/Migration: .*{reason}"):
        FargateTask(stack, "Migration", **given)
