"""`python -m registry_constructs.local.emulator FD [DIRECTORY]`: serve AWS on an open, listening socket.

With a DIRECTORY the process ends when its standard input closes, that is when whoever started it has gone,
even killed; nobody else is left then to remove the directory.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as ministack
from ministack.services import cloudformation, ecr

from registry_constructs.local.connection import ABOUT_PATH, IMAGE_ANSWERS_PATH
from registry_constructs.local.emulator import (
    authorization,
    aws_events,
    confinement,
    consumers_ecs,
    consumers_eks,
    hosts,
    identity_provider,
    image_answers,
    network,
    public_repository,
    referrers,
    registry_api,
    registry_entries,
    registry_settings,
    registry_types,
    repositories,
    secret_arns,
    signing_profiles,
    tables,
)

Send = Callable[[dict[str, Any]], Awaitable[None]]

# Whoever reaches this AWS can run a Lambda as the machine's user, and ministack lets every web page in
# (`Access-Control-Allow-Origin: *`). Browsers send one of these with every request, AWS's tools neither.
_BROWSER_HEADERS = {b"origin", b"sec-fetch-site"}


async def app(scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
    """The ASGI app of ministack, and one page about this process beside it."""
    if scope["type"] in {"http", "websocket"}:
        refusal = hosts.refusal(scope["headers"], scope["raw_path"], scope["server"][1])
        if _BROWSER_HEADERS & {name for name, _ in scope["headers"]}:
            refusal = "The local AWS does not answer browsers."
        if refusal:
            await answer(send, 403, refusal, websocket=scope["type"] == "websocket")
            return
    if scope["type"] == "http":
        if scope["path"] == ABOUT_PATH:
            await answer(send, 200, json.dumps(about()))
            return
        if scope["path"] == IMAGE_ANSWERS_PATH:
            image_answers.set_answer(json.loads(await body(receive)))
            await answer(send, 200, "{}")
            return
        # Policies deny what isn't aws:SecureTransport, the CDK's bootstrap bucket among them.
        scope = {**scope, "scheme": "https"}
    await ministack.app(scope, receive, send)


async def body(receive: Callable[[], Awaitable[dict[str, Any]]]) -> bytes:
    """All of a request's content."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def answer(send: Send, status: int, body: str, *, websocket: bool = False) -> None:
    """Answer a request here; one for a WebSocket is refused with it."""
    kind = "websocket.http.response" if websocket else "http.response"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body.encode()})


def about() -> dict[str, Any]:
    """The process id, the environments with a stack, a repository or a setting of ECR, and what EKS keeps."""
    stores = (cloudformation._stacks, ecr._repositories, *registry_settings.STORES, *registry_entries.STORES)
    return {
        "pid": os.getpid(),
        "environments": sorted({key[:2] for store in stores for key, _ in store.all_items()}),
        "manifests": consumers_eks.kept(),
    }


def end_with_parent(directory: str) -> None:
    """Wait until standard input closes, then remove the directory and end the process group."""
    sys.stdin.buffer.read()
    shutil.rmtree(directory, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


async def forever() -> None:
    """A shutdown that never comes; by default hypercorn would drain connections when it is asked to end."""
    await asyncio.Event().wait()


def main() -> None:
    """Serve until the process is ended."""
    fd, *directory = sys.argv[1:]
    if directory:
        threading.Thread(target=end_with_parent, args=directory, daemon=True).start()
    for resource in (
        identity_provider.RESOURCE_TYPE,
        public_repository.RESOURCE_TYPE,
        *registry_types.RESOURCE_TYPES,
    ):
        tables.install(resource)
    for api in (public_repository.API, registry_api.API):
        tables.install_api(api)
    tables.explain_unknown_types()
    for taught in (
        confinement,
        hosts,
        secret_arns,
        signing_profiles,
        network,
        consumers_ecs,
        consumers_eks,
        authorization,
        aws_events,
        referrers,
        repositories,
    ):
        taught.install()
    config = Config()
    config.bind = [f"fd://{fd}"]
    config.keep_alive_timeout = 75  # ministack's own: AWS clients keep idle connections for 60 seconds
    asyncio.run(serve(app, config, shutdown_trigger=forever))  # type: ignore[arg-type]


main()
