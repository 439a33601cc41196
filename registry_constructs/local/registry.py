"""Push and pull with a real OCI client (oras), the way a build machine or a cluster node does."""

from __future__ import annotations

import base64
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from oras.layout import Layout
from oras.provider import Registry

from registry_constructs.local.connection import HOST, Connection
from registry_constructs.local.errors import LocalAwsError
from registry_constructs.local.images import Artifact, read_layout, write_layout


def push(
    aws: Connection,
    repository: str,
    artifact: Artifact,
    *,
    tag: str,
    account: str | None = None,
    region: str | None = None,
) -> str:
    """Push an artifact and return the digest that the registry gave it.

    Args:
        aws: The AWS that holds the repository.
        repository: The repository's name.
        artifact: What to push, with all it refers to.
        tag: The tag to give it.
        account: The registry's account; the connection's by default.
        region: The registry's Region; the connection's by default.

    Raises:
        LocalAwsError: The registry refused: there is no such repository, or the tag is immutable.
    """
    with tempfile.TemporaryDirectory() as directory, _refusals(f"pushing {repository}:{tag}"):
        layout = Path(directory) / "layout"
        write_layout(artifact, layout, tag=tag)
        response = Layout(str(layout)).push_to_registry(
            _client(aws, account, region), f"{HOST}:{aws.port}/{repository}:{tag}", tag
        )
    return str(response.headers["Docker-Content-Digest"])


def pull(
    aws: Connection, repository: str, *, tag: str, account: str | None = None, region: str | None = None
) -> Artifact:
    """Pull an artifact with all it refers to, every digest checked.

    Raises:
        LocalAwsError: There is no such repository or tag, or a digest is wrong.
    """
    with tempfile.TemporaryDirectory() as directory, _refusals(f"pulling {repository}:{tag}"):
        Layout(directory, validate=False).pull_from_registry(
            _client(aws, account, region), f"{HOST}:{aws.port}/{repository}:{tag}", tag
        )
        return read_layout(Path(directory))


def check_round_trip(
    aws: Connection,
    repository: str,
    artifact: Artifact,
    *,
    tag: str,
    account: str | None = None,
    region: str | None = None,
) -> str:
    """Push an artifact, ask ECR for it, pull it, and return its digest when all three agree to the byte.

    Raises:
        LocalAwsError: They don't, or the registry refused.
    """
    pushed = push(aws, repository, artifact, tag=tag, account=account, region=region)
    ecr = aws.client("ecr", account=account, region=region)
    (image,) = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])["imageDetails"]
    pulled = pull(aws, repository, tag=tag, account=account, region=region)
    if not artifact.digest == pushed == image["imageDigest"] == pulled.digest or pulled != artifact:
        raise LocalAwsError(
            f"{repository}:{tag} did not come back as it was pushed. Digest made: {artifact.digest}, "
            f"given when pushed: {pushed}, described: {image['imageDigest']}, pulled: {pulled.digest}"
        )
    return pushed


def _client(aws: Connection, account: str | None, region: str | None) -> Registry:
    """An oras client that is logged in to one account's registry in one Region."""
    ecr = aws.client("ecr", account=account, region=region)
    (authorization,) = ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(authorization["authorizationToken"]).decode().partition(":")
    client = Registry(f"{HOST}:{aws.port}", insecure=True)
    client.session.trust_env = False  # no proxy and no ~/.netrc on the way to 127.0.0.1
    client.session.auth = (user, password)
    # The registry's own name, which the emulator knows account and Region by; only the address is local.
    client.session.headers["Host"] = authorization["proxyEndpoint"].removeprefix("https://")
    return client


@contextlib.contextmanager
def _refusals(doing: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:  # what oras raises for any status that isn't a success
        raise LocalAwsError(f"The registry refused {doing}: {error}") from error
