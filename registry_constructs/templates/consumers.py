"""The images that the resources of a template run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

# Where each type names images; `*` means every entry of a list.
_PATHS: Final = {
    "AWS::AppRunner::Service": ("SourceConfiguration.ImageRepository.ImageIdentifier",),
    "AWS::Batch::JobDefinition": ("ContainerProperties.Image",),
    "AWS::CodeBuild::Project": ("Environment.Image",),
    "AWS::ECS::TaskDefinition": ("ContainerDefinitions.*.Image",),
    "AWS::Lambda::Function": ("Code.ImageUri",),
    "AWS::SageMaker::Model": ("PrimaryContainer.Image", "Containers.*.Image"),
    "Custom::AWSCDK-EKS-KubernetesResource": (),
}
_MANIFEST: Final = "Custom::AWSCDK-EKS-KubernetesResource"


def images_of(kind: str, properties: Mapping[str, Any]) -> list[str] | None:
    """The references of the images that a resource runs; None for a type that runs none.

    Args:
        kind: The resource's type.
        properties: Its properties, their functions resolved.
    """
    if kind not in _PATHS:
        return None
    found = [str(image) for path in _PATHS[kind] for image in _at(properties, path.split("."))]
    if kind == _MANIFEST:
        found += _of_manifest(properties.get("Manifest"))
    return found


def _at(value: Any, path: list[str]) -> Iterator[Any]:  # noqa: ANN401 - whatever is in a template
    if not path:
        if value:
            yield value
        return
    name, *rest = path
    if name == "*":
        for one in value if isinstance(value, list) else ():
            yield from _at(one, rest)
    elif isinstance(value, Mapping):
        yield from _at(value.get(name), rest)


def _of_manifest(manifest: object) -> list[str]:
    try:
        found = json.loads(str(manifest))
    except ValueError:
        return []
    return list(_in_pods(found))


def _in_pods(value: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, list):
        for one in value:
            yield from _in_pods(one)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if key in ("containers", "initContainers", "ephemeralContainers") and isinstance(one, list):
                yield from (str(container["image"]) for container in one if container.get("image"))
            else:
                yield from _in_pods(one)
