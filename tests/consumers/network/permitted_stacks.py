"""A stack of every consumer, whose roles are tried: see permitted_calls.py."""

from __future__ import annotations

from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

from registry_constructs import (
    Ec2Capacity,
    Ec2Service,
    EksCluster,
    FargateService,
    FargateTask,
    Image,
    ImageFunction,
    KubernetesWorkload,
    PullThroughCache,
    Repository,
    RepositorySettings,
    Upstream,
)
from tests.consumers.ecs import variants_ecs
from tests.consumers.eks import variants_eks
from tests.synthesis import new_app, new_stack

ACCOUNT, OTHER_ACCOUNT, REGION = "111122223333", "222233334444", "eu-west-1"
TAG = "v1.4.2"
REPOSITORIES = {
    ACCOUNT: ("shop/checkout", "shop/thumbnails", "shop/other", "quay/prometheus/prometheus"),
    OTHER_ACCOUNT: ("platform/base", "platform/other"),
}
PARAMETER, OTHER_PARAMETER = "/shop/api-key", "/shop/other"
ORDERS = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
CACHED_NAME = REPOSITORIES[ACCOUNT][-1]

FARGATE = "Fargate, execution role"
CACHED = "Fargate, execution role, cached image"
OF_ANOTHER = "Fargate, execution role, image of another account"
TASK, SCHEDULE = "Fargate, task role", "Schedule of a task"
INSTANCES, ON_INSTANCES = "EC2, instances", "EC2, execution role"
NODES, PODS, POD = "EKS, nodes", "EKS on Fargate, execution role", "EKS, role of a pod"
FUNCTION = "Lambda, function"
ADMINISTRATOR = "administrator"

Roles = dict[str, iam.IRole]


def build() -> tuple[cdk.Stack, cdk.Stack, Roles]:
    """A stack with every consumer, one of another account with an image for them, and the roles to try."""
    app = new_app()
    other = new_stack("Platform", env=cdk.Environment(account=OTHER_ACCOUNT, region=REGION), app=app)
    for name in REPOSITORIES[OTHER_ACCOUNT]:
        Repository(other, name.replace("/", ""), repository_name=name).grant_pull_to_accounts(ACCOUNT)

    stack = new_stack("Shop", env=cdk.Environment(account=ACCOUNT, region=REGION), app=app)
    checkout, thumbnails, _ = (
        Repository(stack, name.replace("/", ""), repository_name=name) for name in REPOSITORIES[ACCOUNT][:3]
    )
    settings = RepositorySettings(encryption_key=kms.Key(stack, "CacheKey", enable_key_rotation=True))
    quay = PullThroughCache(stack, "Quay", upstream=Upstream.quay(), prefix="quay", settings=settings)
    base = Repository.from_repository_arn(
        stack,
        "Base",
        f"arn:aws:ecr:{REGION}:{OTHER_ACCOUNT}:repository/platform/base",
        policy_managed_elsewhere=True,
    )
    image, vpc = Image.of(checkout, tag=TAG), variants_ecs.vpc(stack)

    key = kms.Key(stack, "SecretsKey", enable_key_rotation=True)
    on_fargate = FargateService(stack, "Checkout", image=image, vpc=vpc, secrets=_secrets(stack, key))
    cached = Image.cached(quay, f"quay.io/prometheus/prometheus:{TAG}")
    monitoring = FargateService(stack, "Prometheus", image=cached, cluster=on_fargate.cluster)
    elsewhere = FargateService(stack, "Old", image=Image.of(base, tag=TAG), cluster=on_fargate.cluster)
    clean_up = FargateTask(
        stack,
        "CleanUp",
        image=image,
        cluster=on_fargate.cluster,
        schedule=scheduler.ScheduleExpression.cron(hour="3", minute="0"),
    )
    capacity = Ec2Capacity(stack, "Capacity", vpc=vpc)
    on_instances = Ec2Service(stack, "OnInstances", image=image, capacity=capacity)
    function = ImageFunction(stack, "Thumbnails", image=Image.of(thumbnails, tag=TAG))
    cluster = EksCluster(
        stack, "Cluster", vpc=vpc, version=variants_eks.VERSION, fargate_namespaces=["batch"]
    )
    workload = KubernetesWorkload(stack, "OnKubernetes", cluster=cluster, image=image, apply=False)
    KubernetesWorkload(
        stack, "Batch", cluster=cluster, image=image, namespace="batch", apply=False, port=None
    )
    cast("iam.Role", workload.pod_role).add_to_policy(
        iam.PolicyStatement(actions=["dynamodb:GetItem"], resources=[ORDERS])
    )
    schedule_role = clean_up.node.find_child("ScheduleRole")
    assert isinstance(schedule_role, iam.Role)
    assert cluster.node_role
    assert cluster.pod_execution_role
    assert function.role
    roles: Roles = {
        FARGATE: on_fargate.execution_role,
        CACHED: monitoring.execution_role,
        OF_ANOTHER: elsewhere.execution_role,
        TASK: on_fargate.task_role,
        SCHEDULE: schedule_role,
        INSTANCES: capacity.instance_role,
        ON_INSTANCES: on_instances.execution_role,
        NODES: cluster.node_role,
        PODS: cluster.pod_execution_role,
        POD: workload.pod_role,
        FUNCTION: function.role,
    }
    administrator = iam.Role(stack, "Administrator", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    administrator.add_to_policy(iam.PolicyStatement(actions=["*"], resources=["*"]))
    roles[ADMINISTRATOR] = administrator
    shown = {f"Role{number}": role.role_arn for number, role in enumerate(roles.values())} | {
        "Cluster": on_fargate.cluster.cluster_name,
        "InstancesCluster": capacity.cluster.cluster_name,
        "Definition": clean_up.task_definition.task_definition_arn,
        "OtherDefinition": on_fargate.task_definition.task_definition_arn,
        "DeadLetters": clean_up.dead_letter_queue.queue_url if clean_up.dead_letter_queue else "",
        "TaskLogs": on_fargate.log_group.log_group_name,
        "FunctionLogs": function.log_group.log_group_name,
        "Secret": _secret(stack, "Database").secret_arn,
        "OtherSecret": _secret(stack, "Payments").secret_arn,
        "SecretsKey": key.key_id,
    }
    for name, value in shown.items():
        cdk.CfnOutput(stack, f"Out{name}", value=value)
    return stack, other, roles


def _secrets(stack: cdk.Stack, key: kms.IKey) -> dict[str, Any]:
    for name in ("Database", "Payments"):
        secretsmanager.Secret(stack, name, encryption_key=key)
    parameter = ssm.StringParameter.from_secure_string_parameter_attributes(
        stack, "ApiKey", parameter_name=PARAMETER
    )
    return {"DATABASE": _secret(stack, "Database"), "API_KEY": parameter}


def _secret(stack: cdk.Stack, name: str) -> secretsmanager.Secret:
    found = stack.node.find_child(name)
    assert isinstance(found, secretsmanager.Secret)
    return found
