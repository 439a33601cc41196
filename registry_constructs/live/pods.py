"""The images of pods, from what `kubectl get pods -A -o json` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from registry_constructs.ecr.errors import InvalidInputError

_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")
_STATUSES: Final = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_ENDED: Final = ("Succeeded", "Failed")


class PodImage(NamedTuple):
    """An image that a pod runs.

    Attributes:
        image: The reference, by tag as the pod has it, or by digest as the node has pulled it.
        owner: What made the pod, such as `replicaset shop/checkout-7d9f6c`; the pod itself if nothing did.
    """

    image: str
    owner: str


def read_pods(path: Path) -> list[PodImage]:
    """The images of the pods of a file.

    Raises:
        InvalidInputError: It can't be read, or is not what `kubectl get pods -A -o json` prints.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _refusal("The file can't be read", str(error), str(path)) from None
    return parse_pods(text, str(path))


def parse_pods(text: str, where: str) -> list[PodImage]:
    """The images of the pods of a text.

    Args:
        text: The JSON.
        where: What errors call it.

    Raises:
        InvalidInputError: It is not what `kubectl get pods -A -o json` prints.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _refusal("This is not JSON", str(error), where) from None
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise _refusal("This is no list of pods", text[:60], where)
    metadata = document.get("metadata")
    if isinstance(metadata, dict) and metadata.get("continue"):
        raise _refusal("The file has only a part of the pods", "metadata.continue", where)
    try:
        return list(dict.fromkeys(image for pod in document["items"] for image in _of_pod(pod)))
    except (AttributeError, KeyError, TypeError) as error:
        raise _refusal("A pod can't be read", f"{type(error).__name__}: {error}", where) from None


def _of_pod(pod: dict[str, Any]) -> Iterator[PodImage]:
    if pod["kind"] != "Pod":
        raise KeyError(f"kind {pod['kind']} instead of Pod")
    status = pod.get("status", {})
    if status.get("phase") in _ENDED:
        return
    metadata = pod["metadata"]
    owners = metadata.get("ownerReferences") or [{"kind": "Pod", "name": metadata["name"]}]
    owner = f"{owners[0]['kind'].lower()} {metadata['namespace']}/{owners[0]['name']}"
    for key in _CONTAINERS:
        for container in pod["spec"].get(key) or ():
            yield PodImage(container["image"], owner)
    for key in _STATUSES:
        for container in status.get(key) or ():
            # Empty while it is being pulled; without a repository where a node names it by its own id.
            if "@" in container.get("imageID", ""):
                yield PodImage(container["imageID"], owner)


def _refusal(problem: str, got: str, where: str) -> InvalidInputError:
    return InvalidInputError(
        problem,
        got=got,
        allowed="all that kubectl get pods -A -o json prints",
        fix="write the file anew: kubectl get pods --all-namespaces --output json > FILE",
        where=where,
    )
