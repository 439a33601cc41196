"""What IAM is asked in the local AWS that ministack alone would not ask, or would ask about another thing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from registry_constructs.local import LocalAws
from tests.consumers.network.permitted_calls import assume

pytestmark = pytest.mark.deploy


ACCOUNT, OTHER, REGION = "111122223333", "222233334444", "eu-west-1"
PULL = ["ecr:BatchGetImage"]
NOTHING = [{"imageTag": "none"}]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)

Client = Callable[..., Any]
_numbers = itertools.count()


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(account=ACCOUNT, region=REGION, auth=True) as running:
        yield running


@pytest.fixture
def client(aws: LocalAws) -> Client:
    """A client of a new user, who may do what the statements allow."""

    def make(
        service: str, *statements: tuple[list[str], str] | tuple[list[str], str, Any], arn: str = ""
    ) -> Any:
        name, iam = f"user-{next(_numbers)}", aws.client("iam")
        iam.create_user(UserName=name)
        allowed = [
            {"Effect": "Allow", "Action": actions, "Resource": resource, "Condition": dict(*condition)}
            for actions, resource, *condition in statements
        ]
        policy = {"Version": "2012-10-17", "Statement": allowed}
        if allowed:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        if arn:
            iam.attach_user_policy(UserName=name, PolicyArn=arn)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=REGION,
            endpoint_url=aws.endpoint_url,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

    return make


def denied(action: str) -> Any:
    return pytest.raises(ClientError, match=rf"AccessDenied.*{action}")


def test_the_managed_policy_that_pulls(aws: LocalAws, client: Client) -> None:
    aws.client("ecr").create_repository(repositoryName="managed")
    ecr = client("ecr", arn="arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly")
    assert ecr.get_authorization_token()["authorizationData"]
    assert ecr.batch_get_image(repositoryName="managed", imageIds=NOTHING)["failures"]
    with denied("ecr:InitiateLayerUpload"):
        ecr.initiate_layer_upload(repositoryName="managed")


def test_a_repository_of_another_account_needs_both_policies(aws: LocalAws, client: Client) -> None:
    theirs = aws.client("ecr", account=OTHER)
    theirs.create_repository(repositoryName="base")
    place = {"registryId": OTHER, "repositoryName": "base", "imageIds": NOTHING}
    mine = client("ecr", (PULL, f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/base"))
    pulling = client("ecr", (PULL, f"arn:aws:ecr:{REGION}:{OTHER}:repository/base"))
    with denied("ecr:BatchGetImage"):  # theirs doesn't let anybody in
        pulling.batch_get_image(**place)
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": PULL}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    theirs.set_repository_policy(repositoryName="base", policyText=policy)
    assert pulling.batch_get_image(**place)["failures"]
    with denied("ecr:BatchGetImage"):  # a right on the name in the own account is none in theirs
        mine.batch_get_image(**place)


def test_a_condition_sees_the_role_behind_a_session(aws: LocalAws) -> None:
    theirs = aws.client("ecr", account=OTHER)
    theirs.create_repository(repositoryName="for-one-role")
    arn = f"arn:aws:ecr:{REGION}:{OTHER}:repository/for-one-role"
    allowed = {"Effect": "Allow", "Action": PULL}
    to_one = allowed | {
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/ci/one"}},
    }
    theirs.set_repository_policy(
        repositoryName="for-one-role",
        policyText=json.dumps({"Version": "2012-10-17", "Statement": [to_one]}),
    )

    def pull(path: str, name: str) -> Any:
        iam = aws.client("iam")
        own = {"Version": "2012-10-17", "Statement": [allowed | {"Resource": arn}]}
        role = iam.create_role(Path=path, RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(own))
        credentials = assume(aws, role)
        ecr: Any = boto3.client(
            "ecr",
            region_name=REGION,
            endpoint_url=aws.endpoint_url,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )
        return ecr.batch_get_image(registryId=OTHER, repositoryName="for-one-role", imageIds=NOTHING)

    assert pull("/ci/", "one")["failures"]
    with denied("ecr:BatchGetImage"):
        pull("/", "two")


def test_a_stream_is_not_its_group(aws: LocalAws, client: Client) -> None:
    aws.client("logs").create_log_group(logGroupName="shop")
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:shop"
    write, one = ["logs:CreateLogStream"], {"logGroupName": "shop", "logStreamName": "task/1"}
    client("logs", (write, f"{group}:*")).create_log_stream(**one)
    client("logs", (write, f"{group}:log-stream:task/*")).create_log_stream(
        **one | {"logStreamName": "task/2"}
    )
    for resource in (group, f"{group}:log-stream:other/*"):
        with denied("logs:CreateLogStream"):
            client("logs", (write, resource)).create_log_stream(**one)


def test_the_tags_of_a_streams_group_count(aws: LocalAws, client: Client) -> None:
    for name, owner in (("of-shop", "shop"), ("of-bank", "bank")):
        aws.client("logs").create_log_group(logGroupName=name, tags={"owner": owner})
    tagged = {"StringEquals": {"aws:ResourceTag/owner": "shop"}}
    logs = client("logs", (["logs:CreateLogStream"], "*", tagged))
    logs.create_log_stream(logGroupName="of-shop", logStreamName="task/1")
    with denied("logs:CreateLogStream"):
        logs.create_log_stream(logGroupName="of-bank", logStreamName="task/1")


def test_each_parameter_of_a_list_is_asked_for(aws: LocalAws, client: Client) -> None:
    for name in ("/shop/one", "/shop/two"):
        aws.client("ssm").put_parameter(Name=name, Value="-", Type="String")
    ssm = client("ssm", (["ssm:GetParameters"], f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop/one"))
    assert ssm.get_parameters(Names=["/shop/one"])["Parameters"]
    with denied("ssm:GetParameters"):
        ssm.get_parameters(Names=["/shop/one", "/shop/two"])


def test_a_customers_key_decrypts_secrets_and_parameters_for_whoever_may_use_it(
    aws: LocalAws, client: Client
) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    secret = aws.client("secretsmanager").create_secret(Name="shop", SecretString="-", KmsKeyId=key)["ARN"]
    aws.client("ssm").put_parameter(Name="/shop/key", Value="-", Type="SecureString", KeyId=key)
    parameter = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop/key"
    cases: list[tuple[str, str, str, str, Callable[[Any], Any]]] = [
        (
            "secretsmanager",
            "GetSecretValue",
            "SecretARN",
            secret,
            lambda it: it.get_secret_value(SecretId=secret),
        ),
        (
            "ssm",
            "GetParameter",
            "PARAMETER_ARN",
            parameter,
            lambda it: it.get_parameter(Name="/shop/key", WithDecryption=True),
        ),
        (
            "ssm",
            "GetParameters",
            "PARAMETER_ARN",
            parameter,
            lambda it: it.get_parameters(Names=["/shop/key"], WithDecryption=True),
        ),
    ]
    for service, operation, named, resource, call in cases:
        reads = ([f"{service}:{operation}"], resource)
        with denied("kms:Decrypt"):
            call(client(service, reads))
        right = {
            "kms:ViaService": f"{service}.{REGION}.amazonaws.com",
            f"kms:EncryptionContext:{named}": resource,
        }
        assert call(client(service, reads, (["kms:Decrypt"], key, {"StringEquals": right})))
        for wrong in (
            {"kms:ViaService": f"s3.{REGION}.amazonaws.com"},
            {f"kms:EncryptionContext:{named}": "-"},
        ):
            with denied("kms:Decrypt"):
                call(client(service, reads, (["kms:Decrypt"], key, {"StringEquals": right | wrong})))


def test_a_key_named_by_its_id_is_asked_for_by_its_arn(aws: LocalAws, client: Client) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]
    secret = aws.client("secretsmanager").create_secret(
        Name="by-id", SecretString="-", KmsKeyId=key["KeyId"]
    )["ARN"]
    reads = (["secretsmanager:GetSecretValue"], secret)
    reader = client("secretsmanager", reads, (["kms:Decrypt"], key["Arn"]))
    assert reader.get_secret_value(SecretId=secret)["SecretString"] == "-"
    with denied("kms:Decrypt"):
        client("secretsmanager", reads).get_secret_value(SecretId=secret)


@pytest.mark.parametrize("key", [{}, {"KmsKeyId": "alias/aws/secretsmanager"}])
def test_aws_own_keys_serve_the_whole_account(aws: LocalAws, client: Client, key: dict[str, str]) -> None:
    secret = aws.client("secretsmanager").create_secret(Name=f"plain{len(key)}", SecretString="-", **key)[
        "ARN"
    ]
    reader = client("secretsmanager", (["secretsmanager:GetSecretValue"], secret))
    assert reader.get_secret_value(SecretId=secret)["SecretString"] == "-"


def test_a_task_is_run_where_and_with_what_roles_it_may_be(aws: LocalAws, client: Client) -> None:
    roles = [
        aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        for name in ("task", "other", "execution")
    ]
    ecs = aws.client("ecs")
    for name in ("shop", "bank"):
        ecs.create_cluster(clusterName=name)
    container = {"name": "app", "image": "app", "memory": 64}
    definition = ecs.register_task_definition(
        family="clean-up", containerDefinitions=[container], taskRoleArn=roles[0], executionRoleArn=roles[2]
    )["taskDefinition"]["taskDefinitionArn"]
    in_shop = {"ArnEquals": {"ecs:cluster": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop"}}
    run, to_ecs = (
        (["ecs:RunTask"], definition, in_shop),
        {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
    )
    passing = client("ecs", run, *((["iam:PassRole"], role, to_ecs) for role in (roles[0], roles[2])))
    assert passing.run_task(cluster="shop", taskDefinition="clean-up")["tasks"]
    with denied("ecs:RunTask"):
        passing.run_task(cluster="bank", taskDefinition="clean-up")
    with denied("iam:PassRole"):
        passing.run_task(cluster="shop", taskDefinition="clean-up", overrides={"taskRoleArn": roles[1]})
    for passed in roles[0], roles[2]:
        with denied("iam:PassRole"):  # both roles of the task are passed
            one = client("ecs", run, (["iam:PassRole"], passed, to_ecs))
            one.run_task(cluster="shop", taskDefinition="clean-up")
