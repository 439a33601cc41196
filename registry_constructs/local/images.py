"""Small OCI artifacts made in memory: an image, an image index of several platforms, a Helm chart."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry_constructs.local.errors import LocalAwsError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True)
class Artifact:
    """An image, an index or any other OCI artifact; two are equal when every byte is.

    Attributes:
        media_type: Of the manifest.
        manifest: Its exact bytes; the artifact's digest is theirs.
        blobs: All that the manifest refers to, directly or through another manifest, by digest.
    """

    media_type: str
    manifest: bytes
    blobs: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """`sha256:` and 64 hexadecimal digits."""
        return digest_of(self.manifest)

    def layers(self) -> list[bytes]:
        """The layers' contents as they travel, usually gzip; none for an index."""
        return [self.blobs[layer["digest"]] for layer in json.loads(self.manifest).get("layers", [])]


def image(files: Mapping[str, bytes], *, architecture: str = "amd64", os: str = "linux") -> Artifact:
    """A container image with one layer; the same files make the same digest.

    Args:
        files: Contents by path in the image.
        architecture: Such as `"arm64"`.
        os: Such as `"linux"`.
    """
    archive = _tar(files)
    config = {
        "architecture": architecture,
        "os": os,
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(archive)]},
    }
    return _artifact(
        ("application/vnd.oci.image.config.v1+json", _json(config)),
        ("application/vnd.oci.image.layer.v1.tar+gzip", gzip.compress(archive, mtime=0)),
    )


def index(*images: Artifact) -> Artifact:
    """An image index: one name for images of several platforms."""
    entries = []
    blobs: dict[str, bytes] = {}
    for child in images:
        config = json.loads(child.blobs[json.loads(child.manifest)["config"]["digest"]])
        platform = {"architecture": config["architecture"], "os": config["os"]}
        entries.append(_descriptor(MANIFEST, child.manifest) | {"platform": platform})
        blobs |= {child.digest: child.manifest, **child.blobs}
    return Artifact(INDEX, _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}), blobs)


def chart(name: str, version: str, templates: Mapping[str, bytes]) -> Artifact:
    """A Helm chart, as `helm push` would make it.

    Args:
        name: The chart's name; Helm expects the repository's last part to be the same.
        version: A semantic version.
        templates: Contents by file name in the chart's `templates` folder.
    """
    about = {"apiVersion": "v2", "name": name, "version": version}
    files = {f"{name}/Chart.yaml": "".join(f"{key}: {value}\n" for key, value in about.items()).encode()}
    files |= {f"{name}/templates/{path}": content for path, content in templates.items()}
    return _artifact(
        ("application/vnd.cncf.helm.config.v1+json", _json(about)),
        ("application/vnd.cncf.helm.chart.content.v1.tar+gzip", gzip.compress(_tar(files), mtime=0)),
    )


def write_layout(artifact: Artifact, directory: Path, *, tag: str) -> None:
    """Write an OCI image layout, the folder that skopeo, crane, oras and buildah read and write."""
    blobs = directory / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for content in [artifact.manifest, *artifact.blobs.values()]:
        (blobs / digest_of(content).removeprefix("sha256:")).write_bytes(content)
    entry = _descriptor(artifact.media_type, artifact.manifest)
    entry["annotations"] = {"org.opencontainers.image.ref.name": tag}
    (directory / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
    (directory / "index.json").write_bytes(
        _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})
    )


def read_layout(directory: Path) -> Artifact:
    """Read the only artifact of an OCI image layout.

    Raises:
        LocalAwsError: A file's content is not what its digest says.
    """
    blobs = {}
    for file in (directory / "blobs" / "sha256").iterdir():
        content = file.read_bytes()
        if digest_of(content) != f"sha256:{file.name}":
            raise LocalAwsError(f"{file} holds {digest_of(content)}")
        blobs[digest_of(content)] = content
    (entry,) = json.loads((directory / "index.json").read_bytes())["manifests"]
    return Artifact(entry["mediaType"], blobs.pop(entry["digest"]), blobs)


def digest_of(content: bytes) -> str:
    """What names content in a registry."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _artifact(config: tuple[str, bytes], *layers: tuple[str, bytes]) -> Artifact:
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _descriptor(*config),
        "layers": [_descriptor(*layer) for layer in layers],
    }
    return Artifact(
        MANIFEST, _json(manifest), {digest_of(content): content for _, content in [config, *layers]}
    )


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _tar(files: Mapping[str, bytes]) -> bytes:
    """An archive without times or owners, which would change its digest."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
