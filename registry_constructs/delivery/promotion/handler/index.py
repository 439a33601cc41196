"""Promotes an image from one repository to another; runs in Lambda.

It is called for events of pushes, at least once each and in any order, and by hand. It reads what a tag
refers to now instead of trusting the event, and pushes only what is missing, so that it can be called again.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

import boto3
from botocore.config import Config

from .copying import SUFFIXES, Copy, CopyError, OutOfTimeError
from .manifest import DIGEST
from .registry import RemoteRepository

_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_ATTACHED = re.compile(rf"sha256-([0-9a-f]{{64}})({'|'.join(map(re.escape, SUFFIXES))})")
_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 5})


class RequestError(Exception):
    """The function was called with something that it doesn't know."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own class
    """Promote what the event is about, and return what was done. Errors are raised, so that Lambda retries.

    With `AWS_ENDPOINT_URL` in the environment, which boto3 knows, the registries are asked there as well:
    that is how a local AWS is reached.
    """
    copy = Copy(
        _repository("SOURCE"),
        _repository("DESTINATION"),
        lambda: context.get_remaining_time_in_millis() / 1000,
    )
    try:
        result = promote(event, copy)
    except OutOfTimeError:
        if not copy.pushed:
            raise CopyError("A single layer takes longer than one invocation may run") from None
        boto3.client("lambda", config=_CONFIG).invoke(
            FunctionName=context.invoked_function_arn, InvocationType="Event", Payload=json.dumps(event)
        )
        result = "There is more than one invocation can copy: another one goes on"
    print(result)
    return {"result": result, "pushed": copy.pushed}


def promote(event: dict[str, Any], copy: Copy) -> str:
    """Copy what an event or a request names, and return in words what was done.

    Raises:
        RequestError: If it is neither.
        CopyError: If the image can't be copied.
    """
    if isinstance(event, dict) and len(event) == 1:
        return _promote_requested(event, copy)
    tag, digest = _pushed(event, copy.source)
    attached = _ATTACHED.fullmatch(tag or "")
    if tag is not None and attached is None:
        return _promoted(tag, copy) or f"Nothing done: {tag} is no longer in {copy.source}"
    subject = f"sha256:{attached[1]}" if attached else _subject(digest, copy)
    if subject is None:
        return f"Nothing done: {digest} refers to no image; a platform of an index comes with the index"
    if copy.destination.digest_of(subject) is None:
        return f"Nothing done: {subject}, which {tag or digest} is about, is not in {copy.destination}"
    if tag is not None:
        return _promoted(tag, copy) or f"Nothing done: {tag} is no longer in {copy.source}"
    copy.image(digest)
    return f"{copy.destination} has {digest}, which is about {subject}"


def _promote_requested(request: dict[str, Any], copy: Copy) -> str:
    [(kind, wanted)] = request.items()
    if kind == "tag" and isinstance(wanted, str) and _TAG.fullmatch(wanted):
        result = _promoted(wanted, copy)
        if result is None:
            raise CopyError(f"{wanted} is not in {copy.source}")
        return result
    if kind == "digest" and isinstance(wanted, str) and DIGEST.fullmatch(wanted):
        copy.image(wanted)
        return f"{copy.destination} has {wanted}"
    raise RequestError(f'Neither {{"tag": ...}} nor {{"digest": "sha256:..."}}: {request!r:.500}')


def _promoted(tag: str, copy: Copy) -> str | None:
    digest = copy.tag(tag)
    return None if digest is None else f"{copy.destination} has {tag}, {digest}"


def _pushed(event: dict[str, Any], source: RemoteRepository) -> tuple[str | None, str]:
    """The tag, if there was one, and the digest that were pushed."""
    detail = event.get("detail") if isinstance(event, dict) else None
    detail = detail if isinstance(detail, dict) else {}
    expected = {"action-type": "PUSH", "result": "SUCCESS", "repository-name": source.name}
    tag, digest = detail.get("image-tag") or None, detail.get("image-digest")
    if (
        any(detail.get(name) != value for name, value in expected.items())
        or not (tag is None or (isinstance(tag, str) and _TAG.fullmatch(tag)))
        or not (isinstance(digest, str) and DIGEST.fullmatch(digest))
    ):
        raise RequestError(f"Not an event of a push to {source}: {event!r:.500}")
    return tag, digest


def _subject(digest: str, copy: Copy) -> str | None:
    manifest = copy.source.manifest(digest)
    return None if manifest is None else manifest.subject


def _repository(which: str) -> RemoteRepository:
    host, _, name = os.environ[which].partition("/")
    client = boto3.client("ecr", region_name=os.environ[f"{which}_REGION"], config=_CONFIG)
    # A token opens every registry of its Region that the role has rights in.
    [authorization] = client.get_authorization_token()["authorizationData"]
    return RemoteRepository(
        host=host,
        name=name,
        token=authorization["authorizationToken"],
        address=os.environ.get("AWS_ENDPOINT_URL"),
    )
