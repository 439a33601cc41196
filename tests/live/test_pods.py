"""What `kubectl get pods` prints, and clusters that a kubeconfig leads to; kubectl has a stand-in."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.live import kubectl
from registry_constructs.live.kubectl import Kubeconfig, KubeContext, KubectlError
from registry_constructs.live.pods import PodImage, parse_pods, read_pods

DIGEST = "sha256:" + "ab" * 32


def pod(name: str = "web-1", *, spec: dict[str, Any], phase: str = "Running", **more: Any) -> dict[str, Any]:
    status = {"phase": phase} | more.pop("status", {})
    metadata = {"namespace": "shop", "name": name} | more
    return {"kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def printed(*pods: dict[str, Any], **more: Any) -> str:
    return json.dumps({"kind": "List", "items": pods, **more})


def containers(*images: str) -> list[dict[str, str]]:
    return [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]


def test_every_kind_of_container_and_what_nodes_have_pulled() -> None:
    spec = {
        "containers": containers("web:v1"),
        "initContainers": containers("init:v1"),
        "ephemeralContainers": containers("debug:v1"),
    }
    status = {
        "containerStatuses": [{"imageID": f"web@{DIGEST}"}],
        "initContainerStatuses": [{"imageID": DIGEST}, {"imageID": ""}, {}],
    }
    owner: dict[str, Any] = {"ownerReferences": [{"kind": "ReplicaSet", "name": "web-7d9f"}]}
    found = parse_pods(printed(pod(spec=spec, status=status, **owner)), "file")
    assert set(found) == {
        PodImage(image, "replicaset shop/web-7d9f")
        for image in ("web:v1", "init:v1", "debug:v1", f"web@{DIGEST}")
    }


def test_pods_of_one_owner_count_once_and_those_that_have_ended_do_not() -> None:
    spec = {"containers": containers("web:v1")}
    owner: dict[str, Any] = {"ownerReferences": [{"kind": "ReplicaSet", "name": "web"}]}
    text = printed(
        pod("web-1", spec=spec, **owner),
        pod("web-2", spec=spec, phase="Pending", **owner),
        pod("job-1", spec={"containers": containers("job:v1")}, phase="Succeeded"),
        pod("job-2", spec={"containers": containers("job:v1")}, phase="Failed"),
        pod("alone", spec={"containers": containers("alone:v1")}),
    )
    assert parse_pods(text, "file") == [
        PodImage("web:v1", "replicaset shop/web"),
        PodImage("alone:v1", "pod shop/alone"),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "This is not JSON"),
        ("[]", "This is no list of pods"),
        ("{}", "This is no list of pods"),
        ('{"items": {}}', "This is no list of pods"),
        (printed(metadata={"continue": "x"}), "only a part of the pods"),
        (printed({"kind": "Node", "metadata": {}, "spec": {}}), "kind Node instead of Pod"),
        (printed({"metadata": {}, "spec": {}}), "A pod can't be read"),
        (printed(pod(spec={"containers": [{}]})), "A pod can't be read"),
        ('{"items": ["pod"]}', "A pod can't be read"),
        ('{"items": [null]}', "A pod can't be read"),
    ],
)
def test_what_is_not_all_of_the_pods_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "pods.json").write_text(text)
    with pytest.raises(InvalidInputError, match=r"pods\.json") as caught:
        read_pods(tmp_path / "pods.json")
    assert problem in str(caught.value)
    assert "kubectl get pods --all-namespaces" in caught.value.fix


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pods.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInputError, match="The file can't be read"):
        read_pods(tmp_path / "pods.json")


class Stand:
    """A stand-in for kubectl in PATH: it prints what it is told to for a context, or fails."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.config = folder / "config"
        self.config.write_text("apiVersion: v1\n")
        script = folder / "kubectl"
        script.write_text(
            f"""#!{sys.executable}
import pathlib, sys
assert sys.argv[1:3] == ["--kubeconfig", {str(self.config)!r}], sys.argv
name = "config" if "config" in sys.argv[5:] else sys.argv[-1]
answer = pathlib.Path({str(folder)!r}, f"{{name}}.json")
if answer.exists():
    print(answer.read_text())
else:
    sys.exit("Unauthorized:\\n  sign in")
"""
        )
        script.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=":")

    def says(self, name: str, text: str) -> None:
        (self.folder / f"{name}.json").write_text(text)

    def knows(self, *contexts: tuple[str, str, str], current: str = "") -> None:
        """Contexts, each with its cluster and that one's address."""
        config = {
            "current-context": current,
            "clusters": [{"name": name, "cluster": {"server": server}} for _, name, server in contexts],
            "contexts": [{"name": name, "context": {"cluster": cluster}} for name, cluster, _ in contexts],
        }
        self.says("config", json.dumps(config))


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    return Stand(tmp_path, monkeypatch)


@pytest.mark.deploy
def test_one_context_for_each_cluster_the_current_one_first(stand: Stand) -> None:
    stand.knows(
        ("admin@blue", "blue", "https://blue"),
        ("dev@green", "green", "https://green"),
        ("dev@blue", "blue", "https://blue"),
        current="dev@blue",
    )
    assert list(Kubeconfig(stand.config).contexts()) == [
        KubeContext("dev@blue", "https://blue"),
        KubeContext("dev@green", "https://green"),
    ]


@pytest.mark.deploy
def test_pods_of_a_cluster(stand: Stand) -> None:
    stand.says("blue", printed(pod(spec={"containers": containers("web:v1")})))
    assert Kubeconfig(stand.config).pods(KubeContext("blue", "")) == [PodImage("web:v1", "pod shop/web-1")]


@pytest.mark.deploy
def test_a_cluster_that_cant_be_read_is_told_in_one_line(stand: Stand) -> None:
    with pytest.raises(KubectlError, match=r"^Unauthorized: sign in$"):
        Kubeconfig(stand.config).pods(KubeContext("blue", ""))
    stand.says("blue", printed(metadata={"continue": "x"}))
    with pytest.raises(KubectlError, match="only a part of the pods"):
        Kubeconfig(stand.config).pods(KubeContext("blue", ""))


@pytest.mark.deploy
def test_a_cluster_that_does_not_answer_is_given_up(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    (stand.folder / "kubectl").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(kubectl, "_SECONDS", 0.2)
    with pytest.raises(KubectlError, match="no answer"):
        Kubeconfig(stand.config).pods(KubeContext("blue", ""))


@pytest.mark.deploy
def test_a_kubeconfig_that_cant_be_read_is_refused(stand: Stand) -> None:
    with pytest.raises(InvalidInputError, match="kubectl can't read the kubeconfig"):
        list(Kubeconfig(stand.config).contexts())
    with pytest.raises(InvalidInputError, match="There is no such kubeconfig"):
        Kubeconfig(stand.folder / "nowhere")


def test_without_kubectl_the_way_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidInputError, match="needs kubectl") as caught:
        Kubeconfig(tmp_path / "config")
    assert "--pods" in caught.value.fix
