"""The local registry lists what refers to an image."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from registry_constructs.local import LocalAws
from registry_constructs.local.images import MANIFEST, Artifact, image
from registry_constructs.local.registry import push


def referrers(aws: LocalAws, account: str, name: str, digest: str) -> list[dict[str, Any]]:
    host = f"{account}.dkr.ecr.{aws.region}.amazonaws.com"
    url = f"{aws.endpoint_url}/v2/{name}/referrers/{digest}"
    request = urllib.request.Request(url, headers={"Host": host})  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        found: list[dict[str, Any]] = json.loads(answer.read())["manifests"]
        return found


def test_a_signature_is_listed_for_its_image_alone(local_aws: LocalAws, account: str) -> None:
    local_aws.client("ecr", account=account).create_repository(repositoryName="shop/web")
    plain, signed = image({"signature": b"-"}), image({"app": b"-"})
    subject = {"mediaType": MANIFEST, "digest": signed.digest, "size": len(signed.manifest)}
    body = json.loads(plain.manifest) | {"artifactType": "application/test", "subject": subject}
    signature = Artifact(MANIFEST, json.dumps(body).encode(), plain.blobs)
    push(local_aws, "shop/web", signed, tag="v1", account=account)
    assert referrers(local_aws, account, "shop/web", signed.digest) == []
    push(local_aws, "shop/web", signature, tag="signature", account=account)
    assert referrers(local_aws, account, "shop/web", signed.digest) == [
        {
            "mediaType": MANIFEST,
            "digest": signature.digest,
            "size": len(signature.manifest),
            "artifactType": "application/test",
        }
    ]
    assert referrers(local_aws, account, "shop/web", signature.digest) == []
    with pytest.raises(urllib.error.HTTPError, match="404"):
        referrers(local_aws, account, "shop/other", signed.digest)
