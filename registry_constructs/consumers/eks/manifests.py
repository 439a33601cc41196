"""Kubernetes manifests of a workload as JSON-like data, built from its description."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from registry_constructs.consumers.eks.kubernetes_names import check_name
from registry_constructs.consumers.eks.workload_description import Workload, check_namespace
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token
from registry_constructs.installation import naming_the_extra

Manifest = dict[str, Any]

MANAGED_BY = {"app.kubernetes.io/managed-by": "registry-constructs"}
_PORT_NAME = "http"


def manifests(workload: Workload) -> list[Manifest]:
    """All objects of a workload except its namespace, in the order in which they are applied."""
    found = [service_account(workload), deployment(workload), disruption_budget(workload)]
    if workload.port is not None:
        found.append(service(workload))
    if workload.autoscaling is not None:
        found.append(autoscaler(workload))
    if workload.allow_from is not None:
        found.append(network_policy(workload))
    return found


def namespace(name: str) -> Manifest:
    """A namespace that enforces the Pod Security Standard `restricted`.

    Args:
        name: Up to 63 lower-case letters, digits and `-`.

    Raises:
        InvalidInputError: If it is no name, or is one that every cluster has.
    """
    check_name("namespace", name)
    check_namespace(name)
    if name == "default":
        raise InvalidInputError(
            "Every cluster has this namespace, and other people's pods are in it",
            got=name,
            allowed="a namespace of one's own",
            fix="name another one, or write create_namespace=False",
        )
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("audit", "enforce", "warn")}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": MANAGED_BY | levels},
    }


def service_account(workload: Workload) -> Manifest:
    """The ServiceAccount of the pods, without a mounted Kubernetes API token."""
    found = _object("v1", "ServiceAccount", workload)
    if workload.service_account_annotations:
        found["metadata"]["annotations"] = dict(workload.service_account_annotations)
    return found | {"automountServiceAccountToken": False}


def deployment(workload: Workload) -> Manifest:
    """The Deployment; a rolling update starts a new pod before it stops an old one."""
    spec: dict[str, Any] = {
        "selector": {"matchLabels": _selector(workload)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {"metadata": {"labels": _labels(workload)}, "spec": _pod(workload)},
    }
    if workload.autoscaling is None:  # otherwise each deployment would set the number back
        spec["replicas"] = workload.replicas
    return _object("apps/v1", "Deployment", workload) | {"spec": spec}


def service(workload: Workload) -> Manifest:
    """The Service of type ClusterIP, reachable only within the cluster."""
    port = {
        "name": _PORT_NAME,
        "port": workload.service_port,
        "protocol": "TCP",
        "targetPort": _PORT_NAME,
    }
    spec = {"type": "ClusterIP", "selector": _selector(workload), "ports": [port]}
    return _object("v1", "Service", workload) | {"spec": spec}


def disruption_budget(workload: Workload) -> Manifest:
    """The PodDisruptionBudget: evicts one pod at a time, and unhealthy pods always."""
    spec = {
        "maxUnavailable": 1,
        "selector": {"matchLabels": _selector(workload)},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    return _object("policy/v1", "PodDisruptionBudget", workload) | {"spec": spec}


def autoscaler(workload: Workload) -> Manifest:
    """The HorizontalPodAutoscaler, which scales by CPU utilization."""
    autoscaling = workload.autoscaling
    assert autoscaling is not None  # noqa: S101 - checked by the caller
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": autoscaling.cpu_percent}}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": workload.name},
        "minReplicas": autoscaling.min_replicas,
        "maxReplicas": autoscaling.max_replicas,
        "metrics": [{"type": "Resource", "resource": cpu}],
    }
    return _object("autoscaling/v2", "HorizontalPodAutoscaler", workload) | {"spec": spec}


def network_policy(workload: Workload) -> Manifest:
    """The NetworkPolicy for ingress; egress is not restricted."""
    peers = [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
        for name in workload.allow_from or ()
    ]
    rule = {"from": peers, "ports": [{"port": workload.port, "protocol": "TCP"}]}
    spec = {
        "podSelector": {"matchLabels": _selector(workload)},
        "policyTypes": ["Ingress"],
        "ingress": [rule] if peers else [],
    }
    return _object("networking.k8s.io/v1", "NetworkPolicy", workload) | {"spec": spec}


def to_yaml(documents: Iterable[Manifest]) -> str:
    """Manifests as one YAML text, for a GitOps repository.

    Raises:
        InvalidInputError: If a value is known only at deployment.
    """
    with naming_the_extra():
        import yaml  # noqa: PLC0415 - only who writes YAML needs it

    found = list(documents)
    late = next((value for value in _texts(found) if is_token(value)), None)
    if late is not None:
        raise InvalidInputError(
            "A value is known only at deployment, and a file can't wait for it",
            got=late,
            allowed="values that are written out",
            fix="give the stack an account and a Region, and the repository a name",
        )

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the same label is no reference
            return True

    return str(yaml.dump_all(found, Dumper=Dumper, explicit_start=True, sort_keys=False, width=120))


def _texts(value: Any) -> Iterable[Any]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)
    else:
        yield value


def _selector(workload: Workload) -> dict[str, str]:
    """The label selector of the workload's pods; a Deployment's selector is immutable."""
    return {"app.kubernetes.io/name": workload.name, "app.kubernetes.io/instance": workload.name}


def _labels(workload: Workload) -> dict[str, str]:
    return _selector(workload) | MANAGED_BY


def _object(version: str, kind: str, workload: Workload) -> Manifest:
    metadata = {"name": workload.name, "namespace": workload.namespace, "labels": _labels(workload)}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _pod(workload: Workload) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "serviceAccountName": workload.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": workload.termination_seconds,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": workload.user_id,
            "runAsGroup": workload.user_id,
            "fsGroup": workload.user_id,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(workload)],
    }
    if workload.writable_paths:
        spec["volumes"] = [
            {"name": name, "emptyDir": {"sizeLimit": most}} for name, _, most in _volumes(workload)
        ]
    if workload.architecture is not None:
        spec["nodeSelector"] = {"kubernetes.io/arch": workload.architecture}
    if not workload.fargate:
        spec["topologySpreadConstraints"] = [
            _spread(workload, "topology.kubernetes.io/zone"),
            _spread(workload, "kubernetes.io/hostname"),
        ]
    return spec


def _spread(workload: Workload, key: str) -> dict[str, Any]:
    return {
        "topologyKey": key,
        "maxSkew": 1,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": _selector(workload)},
        "matchLabelKeys": ["pod-template-hash"],  # the pods that are being replaced don't count
    }


def _container(workload: Workload) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": workload.name,
        "image": workload.image,
        "imagePullPolicy": "IfNotPresent" if "@" in workload.image else "Always",
        "resources": {
            "requests": {"cpu": workload.cpu, "memory": workload.memory},
            "limits": {
                "cpu": workload.cpu_limit or workload.cpu,
                "memory": workload.memory_limit or workload.memory,
            },
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
            "readOnlyRootFilesystem": True,
        },
    }
    if workload.command is not None:
        found["command"] = list(workload.command)
    if workload.arguments is not None:
        found["args"] = list(workload.arguments)
    variables = _variables(workload)
    if variables:
        found["env"] = variables
    if workload.writable_paths:
        found["volumeMounts"] = [{"name": name, "mountPath": path} for name, path, _ in _volumes(workload)]
    if workload.port is not None:
        found["ports"] = [{"name": _PORT_NAME, "containerPort": workload.port, "protocol": "TCP"}]
        found |= _probes(workload)
    return found


def _variables(workload: Workload) -> list[dict[str, Any]]:
    plain = [{"name": name, "value": value} for name, value in workload.environment.items()]
    secret = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": value.secret, "key": value.key}}}
        for name, value in workload.secret_environment.items()
    ]
    return [*plain, *secret]


def _volumes(workload: Workload) -> list[tuple[str, str, str]]:
    """Name, path and size of each writable directory."""
    return [
        (f"writable-{number}", path, most)
        for number, (path, most) in enumerate(workload.writable_paths.items())
    ]


def _probes(workload: Workload) -> dict[str, Any]:
    health = workload.health
    every = 5
    times = max(1, -(-health.startup_seconds // every))
    return {
        "startupProbe": _probe(health.live_path) | {"periodSeconds": every, "failureThreshold": times},
        "readinessProbe": _probe(health.ready_path) | {"periodSeconds": 10, "failureThreshold": 3},
        "livenessProbe": _probe(health.live_path) | {"periodSeconds": 10, "failureThreshold": 3},
    }


def _probe(path: str | None) -> dict[str, Any]:
    action = (
        {"tcpSocket": {"port": _PORT_NAME}}
        if path is None
        else {"httpGet": {"path": path, "port": _PORT_NAME}}
    )
    return action | {"timeoutSeconds": 3}
