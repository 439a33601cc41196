"""What is tried with the roles of permitted_stacks.py: calls of every kind, on right and wrong things."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import ClientError

from registry_constructs.local import LocalAws, images
from tests.consumers.network.permitted_stacks import (
    ACCOUNT,
    CACHED,
    CACHED_NAME,
    FARGATE,
    FUNCTION,
    INSTANCES,
    NODES,
    OF_ANOTHER,
    ON_INSTANCES,
    OTHER_ACCOUNT,
    OTHER_PARAMETER,
    PARAMETER,
    POD,
    PODS,
    REGION,
    SCHEDULE,
    TAG,
)

NOBODY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Deny", "Principal": {"AWS": OTHER_ACCOUNT}, "Action": "ecr:DeleteRepository"}
        ],
    }
)
MANIFEST = images.image({"app": b"another"}).manifest.decode()
_REFUSALS = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


Outputs = dict[str, str]


class Caller:
    """Somebody with a role's credentials; `out` is what the stack put out."""

    def __init__(self, aws: LocalAws, role: str, out: Outputs, layer: str, ciphertext: bytes) -> None:
        self._aws = aws
        self._role = role
        self._credentials = assume(aws, role)
        self.out = out
        self.layer = layer
        self.ciphertext = ciphertext

    def client(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=REGION,
            endpoint_url=self._aws.endpoint_url,
            aws_access_key_id=self._credentials["AccessKeyId"],
            aws_secret_access_key=self._credentials["SecretAccessKey"],
            aws_session_token=self._credentials["SessionToken"],
        )

    def simulate(self, action: str, resource: str) -> None:
        """Ask IAM's policy simulator, for an action that no API operation has the name of."""
        [result] = self._aws.client("iam").simulate_principal_policy(
            PolicySourceArn=self._role, ActionNames=[action], ResourceArns=[resource]
        )["EvaluationResults"]
        if result["EvalDecision"] != "allowed":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": result["EvalDecision"]}}, action)


def assume(aws: LocalAws, role: str) -> dict[str, Any]:
    """A role's credentials.

    On AWS a service gets them; here the account's root is let in as well, once the role is deployed.
    """
    name = role.rpartition("/")[2]
    iam = aws.client("iam")
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    assert all(set(one["Principal"]) == {"Service"} for one in trust["Statement"])
    us = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    iam.update_assume_role_policy(
        RoleName=name, PolicyDocument=json.dumps(trust | {"Statement": [*trust["Statement"], us]})
    )
    return dict(aws.client("sts").assume_role(RoleArn=role, RoleSessionName="tried")["Credentials"])


Make = Callable[[Caller], object]


class Call(NamedTuple):
    """A row of the table: what is tried, how, and the roles that need it."""

    label: str
    make: Make
    by: Sequence[str] = ()


def allowed(call: Call, caller: Caller) -> bool:
    """Whether the call was let through; anything but success and a refusal by IAM is an error."""
    try:
        call.make(caller)
    except ClientError as error:
        if error.response["Error"]["Code"] in _REFUSALS:
            return False
        raise
    return True


def _pull(name: str, account: str = ACCOUNT) -> Make:
    def make(caller: Caller) -> None:
        ecr, place = caller.client("ecr"), {"registryId": account, "repositoryName": name}
        # In the order in which a client asks.
        assert ecr.batch_get_image(**place, imageIds=[{"imageTag": TAG}])["images"]
        ecr.get_download_url_for_layer(**place, layerDigest=caller.layer)

    return make


def _layer(name: str) -> Make:
    """The second half of a pull alone: who may do only this must not look like who may do neither."""
    return lambda caller: caller.client("ecr").get_download_url_for_layer(
        repositoryName=name, layerDigest=caller.layer
    )


def _ecr(operation: str, repository: str = "", **request: Any) -> Make:
    named = {"repositoryName": repository} if repository else {}
    return lambda caller: getattr(caller.client("ecr"), operation)(**named, **request)


def _put(repository: str) -> Make:
    return lambda caller: caller.client("ecr").put_image(
        repositoryName=repository, imageManifest=MANIFEST, imageTag=str(uuid.uuid4())
    )


def _create(repository: str) -> Make:
    return lambda caller: caller.client("ecr").create_repository(
        repositoryName=f"{repository}-{uuid.uuid4()}"
    )


def _import(repository: str) -> Make:
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"
    return lambda caller: caller.simulate("ecr:BatchImportUpstreamImage", arn)


def _secret_value(output: str) -> Make:
    return lambda caller: caller.client("secretsmanager").get_secret_value(SecretId=caller.out[output])


def _parameter(name: str) -> Make:
    return lambda caller: caller.client("ssm").get_parameters(Names=[name], WithDecryption=True)


def _decrypt(caller: Caller) -> None:
    caller.client("kms").decrypt(CiphertextBlob=caller.ciphertext, KeyId=caller.out["SecretsKey"])


def _logs(output: str) -> Make:
    def make(caller: Caller) -> None:
        logs, stream = caller.client("logs"), {"logGroupName": caller.out[output], "logStreamName": "task/1"}
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(**stream)
        logs.put_log_events(**stream, logEvents=[{"timestamp": 1, "message": "hello"}])

    return make


def _delete_logs(caller: Caller) -> None:
    caller.client("logs").delete_log_group(logGroupName=caller.out["TaskLogs"])


def _run(definition: str, *, cluster: str = "Cluster", role: str = "") -> Make:
    def make(caller: Caller) -> None:
        overrides = {"overrides": {"taskRoleArn": caller.out[role]}} if role else {}
        caller.client("ecs").run_task(
            cluster=caller.out[cluster], taskDefinition=caller.out[definition], **overrides
        )

    return make


def _send(caller: Caller) -> None:
    caller.client("sqs").send_message(QueueUrl=caller.out["DeadLetters"], MessageBody="failed")


def _report(cluster: str) -> Make:
    return lambda caller: caller.client("ecs").submit_task_state_change(
        cluster=caller.out[cluster], task="1", status="STOPPED"
    )


def _get_item(table: str) -> Make:
    return lambda caller: caller.client("dynamodb").get_item(TableName=table, Key={"id": {"S": "1"}})


CALLS = [
    Call(
        "get a token for the registry",
        _ecr("get_authorization_token"),
        [FARGATE, CACHED, OF_ANOTHER, ON_INSTANCES, NODES, PODS],
    ),
    Call("pull `shop/checkout`", _pull("shop/checkout"), [FARGATE, ON_INSTANCES, NODES, PODS]),
    Call(
        "download a layer of `shop/checkout`",
        _layer("shop/checkout"),
        [FARGATE, ON_INSTANCES, NODES, PODS],
    ),
    Call("download a layer of `shop/other`", _layer("shop/other"), [NODES]),
    Call("pull `shop/thumbnails`", _pull("shop/thumbnails"), [NODES]),
    Call("pull `shop/other`", _pull("shop/other"), [NODES]),
    Call("pull `platform/base` of 222233334444", _pull("platform/base", OTHER_ACCOUNT), [OF_ANOTHER, NODES]),
    Call("pull `platform/other` of 222233334444", _pull("platform/other", OTHER_ACCOUNT), [NODES]),
    Call("pull `quay/prometheus/prometheus`", _pull(CACHED_NAME), [CACHED, NODES]),
    Call("have it fetched from quay.io (*)", _import(CACHED_NAME), [CACHED, NODES]),
    Call("have `shop/checkout` fetched (*)", _import("shop/checkout"), [NODES]),
    Call(
        "make the repository `quay/prometheus/new`",
        _create("quay/prometheus/new"),
        [CACHED],
    ),
    Call("make the repository `shop/new`", _create("shop/new")),
    Call("push a layer to `shop/checkout`", _ecr("initiate_layer_upload", "shop/checkout")),
    Call("push a layer to `shop/other`", _ecr("initiate_layer_upload", "shop/other")),
    Call("push an image to `shop/checkout`", _put("shop/checkout")),
    Call("push an image to `shop/other`", _put("shop/other")),
    Call(
        "delete an image of `shop/checkout`",
        _ecr("batch_delete_image", "shop/checkout", imageIds=[{"imageTag": "none"}]),
    ),
    Call("write its policy", _ecr("set_repository_policy", "shop/checkout", policyText=NOBODY)),
    Call("delete it", _ecr("delete_repository", "shop/checkout", force=True)),
    Call("read the service's secret", _secret_value("Secret"), [FARGATE]),
    Call("read another secret with the same key", _secret_value("OtherSecret")),
    Call("read the service's parameter", _parameter(PARAMETER), [FARGATE]),
    Call("read another parameter", _parameter(OTHER_PARAMETER)),
    Call("decrypt with the secrets' key, not through the secret", _decrypt),
    Call("write the service's logs", _logs("TaskLogs"), [FARGATE]),
    Call("write the function's logs", _logs("FunctionLogs"), [FUNCTION]),
    Call("delete the service's logs", _delete_logs),
    Call("start the scheduled task", _run("Definition"), [SCHEDULE]),
    Call("start it in another cluster", _run("Definition", cluster="InstancesCluster")),
    Call("start it with another task's role", _run("Definition", role="Role3")),
    Call("start another task", _run("OtherDefinition")),
    Call("put a failed start into its queue", _send, [SCHEDULE]),
    Call("report a task of the instances' cluster", _report("InstancesCluster"), [INSTANCES]),
    Call("report a task of another cluster", _report("Cluster")),
    Call("describe EC2's instances", lambda caller: caller.client("ec2").describe_instances(), [NODES]),
    Call("read the table `orders`", _get_item("orders"), [POD]),
    Call("read the table `customers`", _get_item("customers")),
    Call("list IAM's roles", lambda caller: caller.client("iam").list_roles()),
]
"""What is tried with every role, in this order."""
