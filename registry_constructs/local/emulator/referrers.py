"""`/v2/<name>/referrers/<digest>`: what refers to an image, which ministack's registry does not list."""

from __future__ import annotations

import json
import re
from typing import Any

from ministack import app
from ministack.services import ecr

_PATH = re.compile(r"/v2/(?P<name>.+)/referrers/(?P<digest>sha256:[0-9a-f]{64})")
_INDEX = "application/vnd.oci.image.index.v1+json"


def install() -> None:
    """Have the registry answer (OCI Distribution Specification, listing referrers), on one page."""
    is_registrys, handle = app._is_ecr_registry_path, ecr.handle_registry_request

    async def handle_with_referrers(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Any:  # noqa: ANN401
        match = _PATH.fullmatch(path)
        if match is None or method != "GET":
            return await handle(method, path, headers, body, query)
        ecr._select_registry_request_scope(match["name"], headers, query)
        listing = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": _referring(**match.groupdict())}
        missing = ecr._ensure_repo_exists(match["name"])
        return missing or ecr._registry_ok(200, {"Content-Type": _INDEX}, json.dumps(listing).encode())

    app._is_ecr_registry_path = lambda path: bool(_PATH.fullmatch(path)) or is_registrys(path)
    ecr.handle_registry_request = handle_with_referrers


def _referring(name: str, digest: str) -> list[dict[str, Any]]:
    found = []
    for referrer in ecr._manifest_blobs.get(name, {}):
        _, body, media_type = ecr._resolve_manifest(name, referrer)
        manifest = json.loads(body)
        if manifest.get("subject", {}).get("digest") == digest:
            kind = manifest.get("artifactType") or manifest.get("config", {}).get("mediaType")
            found.append(
                {"mediaType": media_type, "digest": referrer, "size": len(body), "artifactType": kind}
            )
    return found
