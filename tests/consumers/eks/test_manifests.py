"""Kubernetes manifests: what each object says, what is refused, and that Kubernetes would take them all."""

from __future__ import annotations

import copy
import dataclasses
import subprocess
import sys
from typing import Any

import hypothesis
import kubernetes_validate
import pytest
import yaml
from hypothesis import strategies as st

from registry_constructs import Autoscaling, HealthChecks, InvalidInputError, SecretKey
from registry_constructs.consumers.eks import manifests
from registry_constructs.consumers.eks.workload_description import Workload
from tests.drawing import examples

DIGEST = "sha256:" + "0123456789abcdef" * 4
REPOSITORY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout"
IMAGE = f"{REPOSITORY}@{DIGEST}"
VERSION = "1.36"
TOKEN = "${Token[TOKEN.12]}"


def workload(**keywords: Any) -> Workload:
    return Workload(**({"name": "checkout", "namespace": "shop", "image": IMAGE} | keywords))


def by_kind(**keywords: Any) -> dict[str, Any]:
    return {one["kind"]: one for one in manifests.manifests(workload(**keywords))}


def pod(**keywords: Any) -> Any:
    return by_kind(**keywords)["Deployment"]["spec"]["template"]["spec"]


def container(**keywords: Any) -> Any:
    [found] = pod(**keywords)["containers"]
    return found


def check_schema(documents: list[Any]) -> None:
    """Kubernetes' own schemas, strict: a field that they don't know is an error."""
    for document in documents:
        assert kubernetes_validate.validate(document, VERSION, strict=True) == VERSION


def test_a_workload_is_four_objects() -> None:
    assert [one["kind"] for one in manifests.manifests(workload())] == [
        "ServiceAccount",
        "Deployment",
        "PodDisruptionBudget",
        "Service",
    ]


def test_every_object_has_the_standard_labels_and_the_namespace() -> None:
    found = by_kind(autoscaling=Autoscaling(max_replicas=3), allow_from=["web"])
    assert len(found) == 6
    for one in found.values():
        assert one["metadata"] == {
            "name": "checkout",
            "namespace": "shop",
            "labels": {
                "app.kubernetes.io/name": "checkout",
                "app.kubernetes.io/instance": "checkout",
                "app.kubernetes.io/managed-by": "registry-constructs",
            },
        }


def test_the_container_keeps_to_the_restricted_standard() -> None:
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
    }
    assert pod()["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "fsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert pod(user_id=1000)["securityContext"]["runAsGroup"] == 1000


def test_no_token_of_the_kubernetes_api_is_in_the_pod() -> None:
    assert by_kind()["ServiceAccount"]["automountServiceAccountToken"] is False
    assert pod()["automountServiceAccountToken"] is False
    assert pod()["serviceAccountName"] == "checkout"
    assert pod()["enableServiceLinks"] is False


def test_a_digest_is_pulled_once_and_a_tag_at_every_start() -> None:
    assert container()["imagePullPolicy"] == "IfNotPresent"
    assert container(image=f"{REPOSITORY}:v1.2")["imagePullPolicy"] == "Always"
    assert container(image=f"{REPOSITORY}:v1.2@{DIGEST}")["imagePullPolicy"] == "IfNotPresent"


def test_limits_are_the_requests_unless_said() -> None:
    assert container()["resources"] == {
        "requests": {"cpu": "250m", "memory": "256Mi"},
        "limits": {"cpu": "250m", "memory": "256Mi"},
    }
    actual = container(cpu="500m", cpu_limit="2", memory="1Gi", memory_limit="1536Mi")["resources"]
    assert actual["limits"] == {"cpu": "2", "memory": "1536Mi"}
    assert actual["requests"] == {"cpu": "500m", "memory": "1Gi"}


def test_only_what_is_named_can_be_written() -> None:
    assert pod()["volumes"] == [{"name": "writable-0", "emptyDir": {"sizeLimit": "128Mi"}}]
    assert container()["volumeMounts"] == [{"name": "writable-0", "mountPath": "/tmp"}]  # noqa: S108
    two = {"/run/app": "1Mi", "/var/cache": "2Gi"}
    assert [one["mountPath"] for one in container(writable_paths=two)["volumeMounts"]] == list(two)
    assert [one["emptyDir"]["sizeLimit"] for one in pod(writable_paths=two)["volumes"]] == ["1Mi", "2Gi"]
    assert "volumes" not in pod(writable_paths={})
    assert "volumeMounts" not in container(writable_paths={})


def test_a_new_pod_is_ready_before_an_old_one_ends() -> None:
    spec = by_kind()["Deployment"]["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert spec["replicas"] == 2
    assert by_kind()["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1


def test_without_paths_a_connection_tells_the_health() -> None:
    found = container()
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert found[probe]["tcpSocket"] == {"port": "http"}


def test_paths_are_asked_by_http() -> None:
    found = container(health=HealthChecks(ready_path="/readyz", live_path="/livez", startup_seconds=61))
    assert found["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert found["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
    assert found["startupProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
    # 12 times 5 seconds would end a second early.
    assert (found["startupProbe"]["periodSeconds"], found["startupProbe"]["failureThreshold"]) == (5, 13)


def test_a_worker_has_no_port_no_service_and_no_probes() -> None:
    assert "Service" not in by_kind(port=None)
    assert not {"ports", "livenessProbe", "readinessProbe", "startupProbe"} & container(port=None).keys()


def test_a_service_is_reached_within_the_cluster_only() -> None:
    spec = by_kind(port=8443, service_port=443)["Service"]["spec"]
    assert spec["type"] == "ClusterIP"
    assert spec["ports"] == [{"name": "http", "port": 443, "protocol": "TCP", "targetPort": "http"}]
    assert container(port=8443)["ports"] == [{"name": "http", "containerPort": 8443, "protocol": "TCP"}]


def test_pods_are_spread_over_zones_and_nodes() -> None:
    spread = pod()["topologySpreadConstraints"]
    assert [one["topologyKey"] for one in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert {one["whenUnsatisfiable"] for one in spread} == {"ScheduleAnyway"}


def test_fargate_knows_no_zones() -> None:
    assert "topologySpreadConstraints" not in pod(fargate=True)


def test_an_architecture_selects_nodes() -> None:
    assert pod(architecture="arm64")["nodeSelector"] == {"kubernetes.io/arch": "arm64"}
    assert "nodeSelector" not in pod()


def test_an_autoscaler_says_the_number_of_pods() -> None:
    found = by_kind(autoscaling=Autoscaling(min_replicas=3, max_replicas=9, cpu_percent=50))
    spec = found["HorizontalPodAutoscaler"]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 9)
    assert spec["metrics"][0]["resource"]["target"]["averageUtilization"] == 50
    assert spec["scaleTargetRef"]["name"] == "checkout"
    assert "replicas" not in found["Deployment"]["spec"]


def test_only_named_namespaces_may_connect() -> None:
    spec = by_kind(allow_from=["ingress", "monitoring"])["NetworkPolicy"]["spec"]
    [rule] = spec["ingress"]
    assert [one["namespaceSelector"]["matchLabels"] for one in rule["from"]] == [
        {"kubernetes.io/metadata.name": "ingress"},
        {"kubernetes.io/metadata.name": "monitoring"},
    ]
    assert rule["ports"] == [{"port": 8080, "protocol": "TCP"}]
    assert spec["policyTypes"] == ["Ingress"]


def test_an_empty_list_lets_nobody_in() -> None:
    # A rule without `from` would let everybody in.
    assert by_kind(allow_from=[])["NetworkPolicy"]["spec"]["ingress"] == []
    assert by_kind(allow_from=[], port=None)["NetworkPolicy"]["spec"]["ingress"] == []
    assert "NetworkPolicy" not in by_kind()


def test_variables_are_plain_or_from_secrets() -> None:
    found = container(
        environment={"LOG_LEVEL": "info"},
        secret_environment={"DB_PASSWORD": SecretKey(secret="database", key="password")},
    )
    assert found["env"] == [
        {"name": "LOG_LEVEL", "value": "info"},
        {
            "name": "DB_PASSWORD",
            "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}},
        },
    ]
    assert "env" not in container()


def test_command_and_arguments_replace_the_images() -> None:
    found = container(command=["/app"], arguments=["--verbose"])
    assert (found["command"], found["args"]) == (["/app"], ["--verbose"])
    assert not {"command", "args"} & container().keys()


def test_annotations_of_the_service_account() -> None:
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/checkout"}
    found = by_kind(service_account_annotations=role)["ServiceAccount"]
    assert found["metadata"]["annotations"] == role


def test_a_namespace_refuses_pods_that_are_not_restricted() -> None:
    found = manifests.namespace("shop")
    check_schema([found])
    levels = {
        key: value for key, value in found["metadata"]["labels"].items() if key.startswith("pod-security")
    }
    assert levels == {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/audit": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
    }


def test_the_text_is_the_same_data_without_references() -> None:
    documents = [manifests.namespace("shop"), *manifests.manifests(workload())]
    text = manifests.to_yaml(documents)
    assert list(yaml.safe_load_all(text)) == documents
    assert "&id" not in text
    assert text.startswith("---\n")


def test_a_text_can_not_wait_for_a_deployment() -> None:
    late = manifests.manifests(workload(image=f"{TOKEN}@{DIGEST}"))
    with pytest.raises(InvalidInputError, match="known only at deployment") as caught:
        manifests.to_yaml(late)
    assert caught.value.got == f"{TOKEN}@{DIGEST}"


def test_tokens_pass() -> None:
    found = container(image=f"{TOKEN}@{DIGEST}", cpu=TOKEN, memory=TOKEN, environment={"KEY": TOKEN})
    assert found["resources"]["limits"] == {"cpu": TOKEN, "memory": TOKEN}
    assert found["imagePullPolicy"] == "IfNotPresent"


def test_the_schemas_would_find_something() -> None:
    document = manifests.deployment(workload())
    check_schema([document])
    for broken in ("tow", {"replicas": 2}):
        spoilt = copy.deepcopy(document)
        spoilt["spec"]["replicas"] = broken
        with pytest.raises(kubernetes_validate.ValidationError):
            check_schema([spoilt])
    misspelt = copy.deepcopy(document)
    misspelt["spec"]["template"]["spec"]["containers"][0]["imagePolicy"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError, match="imagePolicy"):
        check_schema([misspelt])


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "upper case in the name": ({"name": "Checkout"}, "name is not a name"),
    "digit first in the name": ({"name": "1checkout"}, "name is not a name"),
    "long name": ({"name": "a" * 64}, "name is not a name"),
    "name that ends with a dash": ({"name": "shop-"}, "name is not a name"),
    "name with a line break": ({"name": "shop\n"}, "name is not a name"),
    "no name": ({"name": ""}, "name is not a name"),
    "dots in the namespace": ({"namespace": "a.b"}, "namespace is not a name"),
    "a namespace of Kubernetes": ({"namespace": "kube-system"}, "belongs to Kubernetes"),
    "image without tag": ({"image": REPOSITORY}, "Not an image with a digest or a tag"),
    "image of a port without tag": ({"image": "localhost:5000/app"}, "Not an image with a digest"),
    "upper case in the image": ({"image": "repo/App:v1"}, "Not an image with a digest"),
    "short digest": ({"image": f"{REPOSITORY}@sha256:abc"}, "Not an image digest"),
    "upper case in the digest": ({"image": f"{REPOSITORY}@sha256:{'A' * 64}"}, "Not an image digest"),
    "bad tag": ({"image": f"{REPOSITORY}:v 1"}, "Not an image with a digest"),
    "no text as image": ({"image": None}, "Not an image with a digest"),
    "port 0": ({"port": 0}, "port is out of bounds"),
    "port too high": ({"port": 65_536}, "port is out of bounds"),
    "text as port": ({"port": "http"}, "port is out of bounds"),
    "truth as port": ({"port": True}, "port is out of bounds"),
    "service port 0": ({"service_port": 0}, "service_port is out of bounds"),
    "fewer than no pods": ({"replicas": -1}, "replicas is out of bounds"),
    "root": ({"user_id": 0}, "user_id is out of bounds"),
    "no time to end": ({"termination_seconds": 0}, "termination_seconds is out of bounds"),
    "no processor": ({"cpu": "0m"}, "cpu is not an amount of processor time"),
    "memory as processor": ({"cpu": "256Mi"}, "cpu is not an amount of processor time"),
    "number as processor": ({"cpu": 1}, "cpu is not an amount of processor time"),
    "minus": ({"cpu": "-1"}, "cpu is not an amount of processor time"),
    "thousandths of a byte": ({"memory": "256m"}, "memory is not an amount of memory"),
    "bytes": ({"memory": "256"}, "memory is not an amount of memory"),
    "MB": ({"memory": "256MB"}, "memory is not an amount of memory"),
    "limit below the request of cpu": ({"cpu": "1", "cpu_limit": "999m"}, "limit of cpu is below"),
    "limit below the request of memory": (
        {"memory": "1Gi", "memory_limit": "1G"},
        "limit of memory is below",
    ),
    "odd limit": ({"cpu_limit": "much"}, "cpu_limit is not an amount"),
    "odd memory limit": ({"memory_limit": "much"}, "memory_limit is not an amount"),
    "variable with a space": ({"environment": {"A B": "1"}}, "Not the name of an environment variable"),
    "number as value": ({"environment": {"WORKERS": 2}}, "The value of WORKERS is not text"),
    "password": ({"environment": {"DB_PASSWORD": "hunter2"}}, "DB_PASSWORD looks like a secret"),
    "password in a URL": ({"environment": {"DB": "postgres://a:b@host/db"}}, "DB looks like a secret"),
    "no SecretKey": ({"secret_environment": {"TOKEN": "value"}}, "The value of TOKEN names no Secret"),
    "secret variable with a space": (
        {"secret_environment": {"A B": SecretKey(secret="a", key="b")}},
        "Not the name of an environment variable",
    ),
    "both": (
        {"environment": {"MODE": "a"}, "secret_environment": {"MODE": SecretKey(secret="a", key="b")}},
        "A variable is given twice",
    ),
    "a command of one text": ({"command": "serve --port=1"}, "command is not a list of arguments"),
    "empty arguments": ({"arguments": []}, "arguments is not a list of arguments"),
    "relative path": ({"writable_paths": {"tmp": "1Mi"}}, "Not a directory"),
    "root as path": ({"writable_paths": {"/": "1Mi"}}, "Not a directory"),
    "upwards": ({"writable_paths": {"/run/../etc": "1Mi"}}, "Not a directory"),
    "odd size of a path": ({"writable_paths": {"/run": "big"}}, "size of a writable path"),
    "architecture": ({"architecture": "x86_64"}, "Not an architecture"),
    "allow_from as text": ({"allow_from": "web"}, "allow_from is not a list"),
    "allow_from of no name": ({"allow_from": ["Web"]}, "allow_from is not a name"),
    "policy on Fargate": ({"allow_from": ["web"], "fargate": True}, "no effect on Fargate"),
    "policy without a port": (
        {"allow_from": ["web"], "port": None},
        "no port to connect to",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_kubernetes_would_refuse_is_refused(case: str) -> None:
    keywords, problem = BAD[case]
    with pytest.raises(InvalidInputError, match=problem) as caught:
        workload(**keywords)
    assert caught.value.fix
    assert caught.value.allowed


def test_a_secret_is_not_repeated_in_the_error() -> None:
    with pytest.raises(InvalidInputError) as caught:
        workload(environment={"API_KEY": "hunter2"})
    assert "hunter2" not in str(caught.value)
    assert "secret_environment" in caught.value.fix


@pytest.mark.parametrize("name", ["TOKEN_URL", "SECRET_NAME", "PASSWORD_FILE", "MAX_TOKENS", "KEYBOARD"])
def test_what_is_said_about_a_secret_is_none(name: str) -> None:
    assert container(environment={name: "something"})["env"] == [{"name": name, "value": "something"}]


def test_parts_are_checked_too() -> None:
    for make, problem in (
        (lambda: HealthChecks(ready_path="readyz"), "ready_path is not a path"),
        (lambda: HealthChecks(live_path="/a b"), "live_path is not a path"),
        (lambda: HealthChecks(startup_seconds=0), "startup_seconds is out of bounds"),
        (lambda: Autoscaling(max_replicas=1), "max_replicas is out of bounds"),
        (lambda: Autoscaling(max_replicas=3, min_replicas=0), "min_replicas is out of bounds"),
        (lambda: Autoscaling(max_replicas=3, cpu_percent=0), "cpu_percent is out of bounds"),
        (lambda: SecretKey(secret="Data Base", key="password"), "Not the name of a Secret"),
        (lambda: SecretKey(secret="database", key="pass word"), "Not a key in a Secret"),
    ):
        with pytest.raises(InvalidInputError, match=problem):
            make()


@pytest.mark.parametrize("name", ["default", "kube-public", "Shop"])
def test_a_namespace_that_is_not_ones_own_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        manifests.namespace(name)


@pytest.mark.deploy
def test_manifests_need_no_cdk() -> None:
    code = "import sys, registry_constructs.consumers.eks.manifests; print('aws_cdk' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "False\n"


# Whatever is accepted is taken by Kubernetes' schemas -----------------------------------------------------

labels = st.from_regex(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
namespaces = labels.filter(lambda name: not name.startswith("kube-"))
variables = st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
cpus = st.integers(1, 4000).map(lambda number: f"{number}m") | st.integers(1, 64).map(str)
memories = st.tuples(st.integers(1, 64), st.sampled_from(["Mi", "Gi", "G"])).map(lambda of: f"{of[0]}{of[1]}")
images = st.sampled_from([IMAGE, f"{REPOSITORY}:v1", f"{REPOSITORY}:v1@{DIGEST}", "quay.io/a/b:1"])
paths = st.from_regex(r"(/[a-z0-9]{1,8}){1,3}", fullmatch=True)
optional_paths = st.none() | paths
secret_keys = st.builds(SecretKey, secret=labels, key=st.from_regex(r"[a-z._-]{1,20}", fullmatch=True))
workloads = st.builds(
    Workload,
    name=labels,
    namespace=namespaces,
    image=images,
    port=st.none() | st.integers(1, 65_535),
    service_port=st.integers(1, 65_535),
    replicas=st.integers(0, 50),
    cpu=cpus,
    memory=memories,
    environment=st.dictionaries(variables.map(lambda name: f"{name}_X"), texts, max_size=3),
    secret_environment=st.dictionaries(variables.map(lambda name: f"{name}_Y"), secret_keys, max_size=3),
    command=st.none() | st.lists(texts, min_size=1, max_size=3),
    arguments=st.none() | st.lists(texts, min_size=1, max_size=3),
    writable_paths=st.dictionaries(paths, memories, max_size=3),
    health=st.builds(
        HealthChecks,
        ready_path=optional_paths,
        live_path=optional_paths,
        startup_seconds=st.integers(1, 3600),
    ),
    architecture=st.sampled_from([None, "amd64", "arm64"]),
    autoscaling=st.none() | st.builds(Autoscaling, max_replicas=st.integers(2, 99)),
    user_id=st.integers(1, 2**31 - 1),
    termination_seconds=st.integers(1, 3600),
    fargate=st.booleans(),
)


@pytest.mark.deploy
@hypothesis.settings(max_examples=examples(60))
@hypothesis.given(found=workloads, allow_from=st.none() | st.lists(labels, max_size=3))
def test_whatever_is_accepted_is_taken_by_kubernetes(found: Workload, allow_from: list[str] | None) -> None:
    if found.fargate or (found.port is None and allow_from):
        allow_from = None
    found = dataclasses.replace(found, allow_from=allow_from)
    documents = manifests.manifests(found)
    check_schema(documents)
    assert list(yaml.safe_load_all(manifests.to_yaml(documents))) == documents


@hypothesis.settings(max_examples=examples(80))
@hypothesis.given(name=st.text(max_size=70), memory=st.text(max_size=8), cpu=st.text(max_size=8))
def test_odd_text_is_taken_as_it_is_or_refused_with_a_reason(name: str, memory: str, cpu: str) -> None:
    try:
        found = workload(name=name, memory=memory, cpu=cpu)
    except InvalidInputError as error:
        assert error.fix
    else:
        check_schema(manifests.manifests(found))
