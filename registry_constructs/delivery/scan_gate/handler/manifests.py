"""Manifests: what in an index can run."""

from __future__ import annotations

from typing import Any

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_SIGNED_MANIFEST = "application/vnd.docker.distribution.manifest.v1+prettyjws"
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    _SIGNED_MANIFEST,
)
_IMAGE_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
    # What registries and builders once wrote instead: Docker runs these too (moby, distribution/registry.go).
    "application/octet-stream",
    "application/json",
    "text/html",
    "",
    None,
)


def runs_nowhere(child: dict[str, Any]) -> bool:
    """Whether no machine runs a descriptor's platform: builders give attestations unknown/unknown."""
    platform = child.get("platform") or {}
    return platform.get("os") == "unknown" and platform.get("architecture") == "unknown"


def kind_of(manifest: dict[str, Any] | None, descriptor: dict[str, Any]) -> str:
    """What a child of an index is: "index", "image", "other", or nothing if that is unknown."""
    if manifest is None:
        return "image" if descriptor.get("mediaType") in MANIFESTS else ""
    media_type = manifest.get("mediaType") or descriptor.get("mediaType")
    if media_type in INDEXES or ("manifests" in manifest and "config" not in manifest):
        return "index"
    if media_type == _SIGNED_MANIFEST or manifest.get("schemaVersion") == 1:
        return "image"
    config = manifest.get("config")
    if not isinstance(config, dict):
        return "other" if "artifactType" in manifest else "image"
    return "image" if config.get("mediaType") in _IMAGE_CONFIGS else "other"
