"""Clusters that a kubeconfig leads to, read with kubectl, which knows every way to sign in."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.live.pods import PodImage, parse_pods

_SECONDS: Final = 300


class KubectlError(RuntimeError):
    """kubectl failed; the message is its output."""


class KubeContext(NamedTuple):
    """A way into a cluster.

    Attributes:
        name: The context's name.
        server: The address of the cluster's API.
    """

    name: str
    server: str


class Kubeconfig:
    """A kubeconfig file.

    Args:
        path: The file.

    Raises:
        InvalidInputError: kubectl is not installed, or there is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if shutil.which("kubectl") is None:
            raise InvalidInputError(
                "Reading a cluster needs kubectl",
                got="no kubectl in PATH",
                allowed="kubectl, signed in to the clusters",
                fix="install it, or give a file that kubectl get pods -A -o json wrote with --pods",
                where="--kubeconfig",
            )
        if not path.is_file():
            raise InvalidInputError(
                "There is no such kubeconfig",
                got=str(path),
                allowed="a file",
                fix="check the path; aws eks update-kubeconfig --kubeconfig FILE writes one",
                where="--kubeconfig",
            )

    def contexts(self) -> Iterator[KubeContext]:
        """One context for each cluster of the file, the current one before others.

        Raises:
            InvalidInputError: kubectl can't read the file.
        """
        try:
            found = _contexts(json.loads(self._run("config", "view", "--output", "json")))
        except (KubectlError, ValueError, AttributeError, KeyError, TypeError) as error:
            raise InvalidInputError(
                "kubectl can't read the kubeconfig",
                got=str(error) if isinstance(error, KubectlError) else f"{type(error).__name__}: {error}",
                allowed="a kubeconfig",
                fix="try it: kubectl config view",
                where=str(self._path),
            ) from None
        yield from found

    def pods(self, context: KubeContext) -> list[PodImage]:
        """The images of all pods of a cluster.

        Raises:
            KubectlError: They can't be read.
        """
        text = self._run("get", "pods", "--all-namespaces", "--output", "json", "--context", context.name)
        try:
            return parse_pods(text, f"context {context.name}")
        except InvalidInputError as error:
            raise KubectlError(f"{error.problem}: {error.got}") from None

    def _run(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                ["kubectl", "--kubeconfig", str(self._path), "--request-timeout", "60s", *arguments],
                capture_output=True,
                text=True,
                check=False,
                stdin=subprocess.DEVNULL,
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise KubectlError(f"no answer in {_SECONDS} seconds") from None
        if done.returncode:
            raise KubectlError(" ".join(done.stderr.split()) or f"status {done.returncode}")
        return done.stdout


def _contexts(config: dict[str, Any]) -> list[KubeContext]:
    """One context for each cluster of a kubeconfig, the current one before others."""
    servers = {
        cluster["name"]: str(cluster["cluster"].get("server", "")) for cluster in config.get("clusters") or ()
    }
    found: dict[str, KubeContext] = {}
    contexts = config.get("contexts") or ()
    for entry in sorted(contexts, key=lambda entry: entry["name"] != config.get("current-context")):
        cluster = entry["context"].get("cluster", "")
        found.setdefault(cluster, KubeContext(str(entry["name"]), servers.get(cluster, "")))
    return list(found.values())
