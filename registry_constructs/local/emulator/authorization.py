"""What IAM is asked on AWS, and ministack doesn't ask or asks about another resource.

It is about repositories of other registries, streams of logs, lists of parameters, task definitions, passed
roles, the role behind a session, keys that Secrets Manager and Systems Manager decrypt with, and a managed
policy that is missing.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Final

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.core.router import extract_access_key_id
from ministack.services import ecr, ecs, iam, secretsmanager, ssm

from registry_constructs.local.emulator.service_model import json_object

Json = dict[str, Any]
Check = tuple[str, str, dict[str, str]]
"""An action, the resource that it is about, and what conditions can see of the request."""

_MANAGED_POLICIES: Final = {
    # AWS Managed Policy Reference, AmazonEC2ContainerRegistryPullOnly, version v1 of 2024-10-04.
    "AmazonEC2ContainerRegistryPullOnly": [
        "ecr:GetAuthorizationToken",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchImportUpstreamImage",
    ],
}

_OF_STREAMS: Final = {"CreateLogStream", "DescribeLogStreams", "GetLogEvents", "PutLogEvents"}
_STREAM: Final = ":log-stream:"


def install() -> None:
    """Correct ministack's questions, and ask those that are missing."""
    for name, actions in _MANAGED_POLICIES.items():
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        record = iam._make_aws_managed_record(name, document)
        iam._aws_managed_policies[record["Arn"]] = record
    iam_actions.extract_resource_arn = _with_resources(iam_actions.extract_resource_arn)
    iam_actions.request_tag_context = _with_cluster(iam_actions.request_tag_context)
    iam_actions.logs_service_context = _by_group(iam_actions.logs_service_context)
    iam_evaluator._resolve_condition_key = _with_roles(iam_evaluator._resolve_condition_key)
    ecr.repository_policy_for_arn = _repository_policy
    for service, find in _MORE_CHECKS.items():
        app.SERVICE_HANDLERS[service] = _checking(app.SERVICE_HANDLERS[service], find)
    app.SERVICE_HANDLERS["ecr"] = _in_registry(app.SERVICE_HANDLERS["ecr"])


# What a request is about --------------------------------------------------------------------------------


def _with_resources(ministacks_own: Callable[..., str]) -> Callable[..., str]:
    def resource(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: object,
        region: str,
        account: str,
    ) -> str:
        own = ministacks_own(service, method, path, headers, body, query, region, account)
        if service not in {"ecr", "ecs", "logs", "ssm"}:
            return own
        operation, request = _operation(headers), json_object(body.decode())
        if service == "ecr" and "repositoryName" in request:
            registry = request.get("registryId") or account
            return f"arn:aws:ecr:{region}:{registry}:repository/{request['repositoryName']}"
        if service == "logs" and operation in _OF_STREAMS and own != "*":
            return f"{own}{_STREAM}{request.get('logStreamName', '')}"
        if service == "ssm" and operation == "GetParameters":
            return next(_parameters(request), own)
        if service == "ecs" and operation == "RunTask":
            key = ecs._resolve_td_key(request.get("taskDefinition", ""))
            return f"arn:aws:ecs:{region}:{account}:task-definition/{key}"
        if service == "ecs" and operation in {"DescribeServices", "UpdateService"}:
            cluster = ecs._resolve_cluster_name(request.get("cluster", "default"))
            named = request.get("service") or next(iter(request.get("services", [])), "")
            return f"arn:aws:ecs:{region}:{account}:service/{cluster}/{named.rpartition('/')[2]}"
        if service == "ecs" and operation in {"DescribeTaskDefinition", "RegisterTaskDefinition"}:
            return "*"
        return own

    return resource


def _with_cluster(ministacks_own: Callable[..., Json]) -> Callable[..., Json]:
    def context(service: str, action: str, body: bytes, parameters: object) -> Json:
        found = ministacks_own(service, action, body, parameters)
        if action == "ecs:RunTask":
            name = json_object(body.decode()).get("cluster", "default").rpartition("/")[2]
            found = found | {"ecs:cluster": f"arn:aws:ecs:{get_region()}:{get_account_id()}:cluster/{name}"}
        return found

    return context


def _by_group(ministacks_own: Callable[..., Json]) -> Callable[..., Json]:
    """The tags of a stream's group are what conditions see."""

    def context(action: str, body: bytes, resource: str, *place: str) -> Json:
        return ministacks_own(action, body, resource.partition(_STREAM)[0], *place)

    return context


def _with_roles(ministacks_own: Callable[..., Any]) -> Callable[..., Any]:
    """`aws:PrincipalArn` is the role's, not the session's (IAM User Guide, global condition context keys)."""

    def value(key: str, context: Any) -> Any:  # noqa: ANN401
        found = ministacks_own(key, context)
        if key.lower() == "aws:principalarn" and ":assumed-role/" in found:
            account, name = found.split(":")[4], found.split("/")[1]
            role = iam._roles.get_scoped(account, None, name)
            return role["Arn"] if role else found
        return found

    return value


# Other registries ---------------------------------------------------------------------------------------


def _repository_policy(arn: str) -> tuple[str, str] | None:
    """A repository's policy and account; another account's denies even where there is none."""
    _, _, _, region, account, resource = arn.split(":", 5)
    name = resource.removeprefix("repository/")
    if account == get_account_id() and name not in ecr._repositories:
        return None
    return ecr._repo_policies.get_scoped(account, region, name) or "", account


def _in_registry(handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """ECR's API, which does in the registry that a request names what it asks of a repository."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: object) -> Any:  # noqa: ANN401
        request = json_object(body.decode())
        if "repositoryName" not in request:
            return await handler(method, path, headers, body, query)
        with request_scope(request.get("registryId") or get_account_id(), get_region()):
            return await handler(method, path, headers, body, query)

    return handle


# More than one question ---------------------------------------------------------------------------------


def _checking(
    handler: Callable[..., Awaitable[Any]], find: Callable[[str, Json], Iterable[Check]]
) -> Callable[..., Awaitable[Any]]:
    """An API that asks IAM for more than the operation that it is called for."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: object) -> Any:  # noqa: ANN401
        if app.AUTH:
            for action, resource, context in find(_operation(headers), json_object(body.decode())):
                service = action.partition(":")[0]
                denied = iam_evaluator.enforce(
                    extract_access_key_id(headers, query),
                    action,
                    service,
                    get_region(),
                    resource_arn=resource,
                    service_context=context,
                )
                if denied:
                    # As Systems Manager words it; credentials were checked before.
                    return iam_actions.access_denied_response(
                        "ssm", action, denied.principal_arn, "", resource_arn=resource
                    )
        return await handler(method, path, headers, body, query)

    return handle


def _of_secrets(operation: str, request: Json) -> Iterator[Check]:
    if operation == "GetSecretValue":
        _, secret = secretsmanager._resolve(request.get("SecretId"))
        if secret:
            yield from _decryption("secretsmanager", secret.get("KmsKeyId"), "SecretARN", secret["ARN"])


def _of_parameters(operation: str, request: Json) -> Iterator[Check]:
    if operation not in {"GetParameter", "GetParameters"}:
        return
    for arn in _parameters(request):
        yield "ssm:GetParameters", arn, {}
    names = request.get("Names") or [request.get("Name", "")]
    for name in names if request.get("WithDecryption") else []:
        parameter, _ = ssm._select_parameter(name)
        if parameter and parameter["Type"] == "SecureString":
            yield from _decryption("ssm", parameter.get("KeyId"), "PARAMETER_ARN", parameter["ARN"])


def _decryption(service: str, key: str | None, named: str, arn: str) -> Iterator[Check]:
    """A service decrypts with a customer's key in its caller's name; its own keys serve the whole account."""
    if key and not key.startswith("alias/aws/"):
        if not key.startswith("arn:"):
            kind = "" if key.startswith("alias/") else "key/"
            key = f"arn:aws:kms:{get_region()}:{get_account_id()}:{kind}{key}"
        via = f"{service}.{get_region()}.amazonaws.com"
        yield "kms:Decrypt", key, {"kms:ViaService": via, f"kms:EncryptionContext:{named}": arn}


def _of_tasks(operation: str, request: Json) -> Iterator[Check]:
    if operation == "RegisterTaskDefinition":
        definition, overrides = request, {}
        if request.get("tags"):
            arn = f"arn:aws:ecs:{get_region()}:{get_account_id()}:task-definition/{request.get('family')}:1"
            yield "ecs:TagResource", arn, {"ecs:CreateAction": operation}
    elif operation == "RunTask":
        definition = ecs._task_defs.get(ecs._resolve_td_key(request.get("taskDefinition", ""))) or {}
        overrides = request.get("overrides", {})
    else:
        return
    for which in ("taskRoleArn", "executionRoleArn"):
        if role := overrides.get(which) or definition.get(which):
            yield "iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"}


_MORE_CHECKS: Final = {"secretsmanager": _of_secrets, "ssm": _of_parameters, "ecs": _of_tasks}


def _parameters(request: Json) -> Iterator[str]:
    for name in request.get("Names", []):
        place = f"arn:aws:ssm:{get_region()}:{get_account_id()}:parameter/"
        yield name if name.startswith("arn:") else place + name.lstrip("/")


def _operation(headers: dict[str, str]) -> str:
    return headers.get("x-amz-target", "").rpartition(".")[2]
