"""Plain-Python description of a Kubernetes workload, validated at creation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from registry_constructs.consumers.eks import kubernetes_names, quantities
from registry_constructs.consumers.variable_names import check_variable_name
from registry_constructs.ecr.errors import InvalidInputError

LEAST_SECONDS: Final = 1
MOST_SECONDS: Final = 3600
DEFAULT_WRITABLE: Final[Mapping[str, str]] = MappingProxyType({"/tmp": "128Mi"})  # noqa: S108 - in a container
SYSTEM_NAMESPACES: Final = frozenset({"kube-node-lease", "kube-public", "kube-system"})


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """A reference to one key of a Kubernetes Secret, which must exist in the namespace.

    Attributes:
        secret: The Secret's name.
        key: The key in it.
    """

    secret: str
    key: str

    def __post_init__(self) -> None:
        kubernetes_names.check_secret_key(self.secret, self.key)


@dataclass(frozen=True, kw_only=True)
class HealthChecks:
    """Startup, readiness and liveness probes of a container.

    An HTTP probe requests a path on the workload's port and expects a status from 200 to 399. Without a path,
    the probe only opens a connection to the port.

    Attributes:
        ready_path: Path of the readiness probe, requested every 10 seconds. Default: a connection.
        live_path: Path of the liveness probe; three failures in 30 seconds restart the container. It should
            not depend on anything outside the container. Default: a connection.
        startup_seconds: How long the start may take, 1 to 3600; the other checks begin after it.
            Default: 60.
    """

    ready_path: str | None = None
    live_path: str | None = None
    startup_seconds: int = 60

    def __post_init__(self) -> None:
        for what, path in (("ready_path", self.ready_path), ("live_path", self.live_path)):
            if path is not None:
                kubernetes_names.check_path(what, path)
        kubernetes_names.check_number("startup_seconds", self.startup_seconds, LEAST_SECONDS, MOST_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Autoscaling:
    """A HorizontalPodAutoscaler; the cluster needs the Kubernetes Metrics Server for it.

    Attributes:
        max_replicas: The most pods.
        min_replicas: The fewest. Default: 2.
        cpu_percent: The mean use of the requested processor time that it keeps to. Default: 70.
    """

    max_replicas: int
    min_replicas: int = 2
    cpu_percent: int = 70

    def __post_init__(self) -> None:
        kubernetes_names.check_number("min_replicas", self.min_replicas, 1, 10_000)
        kubernetes_names.check_number("max_replicas", self.max_replicas, self.min_replicas, 10_000)
        kubernetes_names.check_number("cpu_percent", self.cpu_percent, 1, 1_000)


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A stateless workload on Kubernetes: pods with one container and a number of replicas.

    Attributes:
        name: The name of its objects and the label `app.kubernetes.io/name`: up to 63 lower-case letters,
            digits and `-`, a letter first. It can't be changed in place.
        namespace: The namespace: the same, or a digit first.
        image: `<registry>/<repository>@sha256:...`, or with `:<tag>`; a tag is resolved at every start.
        port: Where it listens, 1 to 65535; None for a worker, which gets no Service and no health checks.
            Not every container runtime lets a user without rights listen below 1024. Default: 8080.
        service_port: The Service's port. Default: 80.
        replicas: Number of pods; `autoscaling` overrides it. Default: 2.
        cpu: The processor time that is set aside. Default: `250m`.
        memory: The memory that is set aside. Default: `256Mi`.
        cpu_limit: The most processor time. Default: `cpu`.
        memory_limit: The most memory; a container that wants more is killed. Default: `memory`.
        environment: Plain variables. They can be read by everybody who sees the manifest, so names such as
            `DB_PASSWORD` are refused. Default: none.
        secret_environment: Variables whose values are in Kubernetes Secrets. Default: none.
        command: The command, instead of the image's entry point.
        arguments: Its arguments, instead of the image's.
        writable_paths: Directories on the node's disk that may be written, each with the most it may take;
            the rest of the image's file system can't. A pod that takes more is evicted. Default: `/tmp`, of
            `128Mi`.
        health: Its probes. Default: whether the port accepts a connection.
        architecture: `amd64` or `arm64`, the nodes that it may run on. Default: any.
        autoscaling: Pods by their use of processor time. Default: none.
        allow_from: The only namespaces whose pods can connect to the port; `[]` for none. It needs a network
            plugin that enforces policies. Default: no policy, every pod can connect.
        user_id: The user and group that it runs as, not 0. Default: 65532, `nonroot` of distroless images.
        termination_seconds: How long it may take to end, 1 to 3600. Default: 30.
        fargate: Whether it runs on Fargate, which knows no zones to spread over. Default: False.
        service_account_annotations: Such as the role of IAM roles for service accounts. Default: none.

    Raises:
        InvalidInputError: For what Kubernetes would refuse or take for something else.
    """

    name: str
    namespace: str
    image: str
    port: int | None = 8080
    service_port: int = 80
    replicas: int = 2
    cpu: str = "250m"
    memory: str = "256Mi"
    cpu_limit: str | None = None
    memory_limit: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    secret_environment: Mapping[str, SecretKey] = field(default_factory=dict)
    command: Sequence[str] | None = None
    arguments: Sequence[str] | None = None
    writable_paths: Mapping[str, str] = field(default_factory=lambda: DEFAULT_WRITABLE)
    health: HealthChecks = HealthChecks()
    architecture: Literal["amd64", "arm64"] | None = None
    autoscaling: Autoscaling | None = None
    allow_from: Sequence[str] | None = None
    user_id: int = 65532
    termination_seconds: int = 30
    fargate: bool = False
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kubernetes_names.check_name("name", self.name, kubernetes_names.SERVICE_NAME)
        check_namespace(self.namespace)
        kubernetes_names.check_image(self.image)
        if self.port is not None:
            kubernetes_names.check_number("port", self.port, 1, 65_535)
        kubernetes_names.check_number("service_port", self.service_port, 1, 65_535)
        kubernetes_names.check_number("replicas", self.replicas, 0, 10_000)
        kubernetes_names.check_number("user_id", self.user_id, 1, 2**31 - 1)
        kubernetes_names.check_number(
            "termination_seconds", self.termination_seconds, LEAST_SECONDS, MOST_SECONDS
        )
        self._check_resources()
        kubernetes_names.check_arguments("command", self.command)
        kubernetes_names.check_arguments("arguments", self.arguments)
        self._check_environment()
        for path, most in self.writable_paths.items():
            kubernetes_names.check_directory(path)
            quantities.check_memory("the size of a writable path", most)
        if self.architecture not in (None, "amd64", "arm64"):
            raise InvalidInputError(
                "Not an architecture",
                got=self.architecture,
                allowed="'amd64' or 'arm64'",
                fix="write architecture='arm64', or leave it out",
            )
        self._check_network_policy()

    def _check_resources(self) -> None:
        quantities.check_cpu("cpu", self.cpu)
        quantities.check_memory("memory", self.memory)
        if self.cpu_limit is not None:
            quantities.check_cpu("cpu_limit", self.cpu_limit)
            quantities.check_order("cpu", self.cpu, self.cpu_limit)
        if self.memory_limit is not None:
            quantities.check_memory("memory_limit", self.memory_limit)
            quantities.check_order("memory", self.memory, self.memory_limit)

    def _check_environment(self) -> None:
        kubernetes_names.check_environment(self.environment)
        for name, value in self.secret_environment.items():
            check_variable_name(name)
            if not isinstance(value, SecretKey):
                raise InvalidInputError(
                    f"The value of {name} names no Secret",
                    got=type(value).__name__,
                    allowed="a SecretKey",
                    fix=f"write {name!r}: SecretKey(secret='database', key='password')",
                )
        both = sorted(self.environment.keys() & self.secret_environment.keys())
        if both:
            raise InvalidInputError(
                "A variable is given twice",
                got=", ".join(both),
                allowed="each in environment or in secret_environment",
                fix="leave one of them out",
            )

    def _check_network_policy(self) -> None:
        if self.allow_from is None:
            return
        if isinstance(self.allow_from, str):
            raise InvalidInputError(
                "allow_from is not a list of namespaces",
                got=self.allow_from,
                allowed="a list of names; an empty list allows no connections",
                fix=f"write allow_from=[{self.allow_from!r}]",
            )
        for namespace in self.allow_from:
            kubernetes_names.check_name("allow_from", namespace)
        if self.fargate:
            raise InvalidInputError(
                "Network policies have no effect on Fargate",
                got=list(self.allow_from),
                allowed="allow_from on nodes",
                fix="leave it out and use security groups for pods, or run it on nodes",
            )
        if self.port is None and self.allow_from:
            raise InvalidInputError(
                "There is no port to connect to",
                got=list(self.allow_from),
                allowed="allow_from=[] for a workload without a port, or a port",
                fix="set the port, or write allow_from=[]",
            )


def check_namespace(namespace: str) -> None:
    """Check a namespace's name, and that it is not a namespace of Kubernetes itself.

    Raises:
        InvalidInputError: If it is one of these.
    """
    kubernetes_names.check_name("namespace", namespace)
    if namespace in SYSTEM_NAMESPACES:
        raise InvalidInputError(
            "This namespace belongs to Kubernetes",
            got=namespace,
            allowed=f"any namespace but {', '.join(sorted(SYSTEM_NAMESPACES))}",
            fix="give the workload a namespace of its own",
        )
