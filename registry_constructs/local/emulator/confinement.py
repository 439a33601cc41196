"""What runs in the local AWS reaches this AWS, and no host but this machine.

Each child process of the emulator, whatever code starts it, gets the endpoint and made-up credentials in each
variable and file that AWS SDKs read, and a proxy that refuses every other host: the emulator itself. What a
template or a job sets under these names is not passed on. Some clients take no proxy: `node_guard.cjs` and
`python_guard/` check the connections of Node and Python processes, and of the emulator itself.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from ministack.core import lambda_runtime
from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc, sts

from registry_constructs.local.connection import HOST, SECRET_KEY
from registry_constructs.local.emulator.python_guard import sitecustomize

_NODE_GUARD: Final = Path(__file__).with_name("node_guard.cjs")
_PYTHON_GUARD: Final = Path(sitecustomize.__file__).parent

# AWS SDKs and Tools Reference Guide, "Environment variables list", and what old SDKs, botocore and the Docker
# CLI read beside it: all that names an endpoint, credentials, a file of them, or a proxy.
_LEADS_ELSEWHERE: Final = re.compile(
    r"AWS_(?:ENDPOINT|ENABLE_ENDPOINT|IGNORE_CONFIGURED_ENDPOINT|EC2_METADATA|CONTAINER_CREDENTIALS"
    r"|CONTAINER_AUTHORIZATION|BEARER_TOKEN|CSM)(?:_.*)?"
    r"|AWS_USE_(?:FIPS|DUALSTACK)_ENDPOINT|AWS_CA_BUNDLE|AWS_DATA_PATH|AWS_LOGIN_CACHE_DIRECTORY"
    r"|AWS_(?:DEFAULT_)?PROFILE|AWS_CONFIG_FILE|AWS_(?:SHARED_)?CREDENTIALS?_FILE|AWS_CREDENTIAL_EXPIRATION"
    r"|AWS_WEB_IDENTITY_TOKEN_FILE|AWS_ROLE_(?:ARN|SESSION_NAME)"
    r"|AWS_ACCESS_KEY(?:_ID)?|AWS_SECRET_(?:ACCESS_)?KEY|AWS_(?:SESSION|SECURITY)_TOKEN"
    r"|BOTO_CONFIG|BOTO_PATH|DOCKER_(?:HOST|CONTEXT)|(?:HTTP|HTTPS|ALL|NO|FTP)_PROXY",
    re.IGNORECASE,
)


def leads_elsewhere(name: str) -> bool:
    """Whether a variable decides which AWS an SDK calls, and as whom."""
    return _LEADS_ELSEWHERE.fullmatch(name) is not None


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child process: its own, except for what leads to an AWS."""
    kept = {name: value for name, value in own.items() if not leads_elsewhere(name)}
    region = kept.get("AWS_REGION") or kept.get("AWS_DEFAULT_REGION") or get_region()
    return {
        **kept,
        **_variables(),
        **_credentials(own),
        **_guards(kept),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }


def install() -> None:
    """Confine the emulator and all that it starts."""
    _write_files()
    for module in (lambda_runtime, lambda_svc):
        # Workers of Python and Node set a function's variables again after they have started.
        module._RESERVED_RUNTIME_ENV_VARS = _Reserved(module._RESERVED_RUNTIME_ENV_VARS)
    lambda_svc._execute_function_local = _refuse_runtime
    lambda_runtime.Worker.__init__ = _guarded(lambda_runtime.Worker.__init__)
    subprocess.Popen.__init__ = _confined(subprocess.Popen.__init__)  # type: ignore[method-assign]
    sys.addaudithook(sitecustomize.check)


@cache
def _variables() -> dict[str, str]:
    endpoint, files = _endpoint(), _files()
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), endpoint)
    proxies["NO_PROXY"] = f"{HOST},localhost,.localhost,::1,[::1]"
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": str(files["config"]),
        "AWS_SHARED_CREDENTIALS_FILE": str(files["credentials"]),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EC2_METADATA_V1_DISABLED": "true",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint,
        "DOCKER_HOST": os.environ["DOCKER_HOST"],
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
    }


def _endpoint() -> str:
    return f"http://{HOST}:{os.environ['GATEWAY_PORT']}"


def _files() -> dict[str, Path]:
    """The files of the emulator's own home, which SDKs also read without a variable that names them."""
    return {name: Path.home() / ".aws" / name for name in ("config", "credentials")}


def _write_files() -> None:
    region, account = os.environ["MINISTACK_REGION"], os.environ["MINISTACK_ACCOUNT_ID"]
    contents = {
        "config": f"[default]\nregion = {region}\nendpoint_url = {_endpoint()}\n",
        "credentials": f"[default]\naws_access_key_id = {account}\naws_secret_access_key = {SECRET_KEY}\n",
    }
    for name, path in _files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(contents[name])


def _guards(own: Mapping[str, str]) -> dict[str, str]:
    """What has Node and Python load their guards first, before what is the process's own."""
    path, options = own.get("PYTHONPATH", ""), own.get("NODE_OPTIONS", "")
    guard = f"--require={_quoted(str(_NODE_GUARD))}"
    return {
        "PYTHONPATH": path
        if str(_PYTHON_GUARD) in path
        else f"{_PYTHON_GUARD}{os.pathsep}{path}".rstrip(os.pathsep),
        "NODE_OPTIONS": options if guard in options else f"{guard} {options}".rstrip(),
    }


def _credentials(own: Mapping[str, str]) -> dict[str, str]:
    """Credentials that this AWS made up: a session of a function's role, or an account's number.

    Where a process has none of its own, the account is that of the request that starts it.
    """
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    key, secret, token = (own.get(name, "") for name in names)
    session = sts._sessions.get(key, {})
    if session.get("SecretAccessKey") == secret and session.get("SessionToken") == token:
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}
    account = key if re.fullmatch("[0-9]{12}", key) else get_account_id()
    return {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_SESSION_TOKEN": ""}


class _Reserved(set[str]):
    """Names that a function can't set, as on AWS, and those that would lead it elsewhere."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or leads_elsewhere(str(name))


def _confined(own: Callable[..., None]) -> Callable[..., None]:
    def start(  # in the place of Popen.__init__
        process: subprocess.Popen[Any],
        *arguments: object,
        env: Mapping[str, str] | None = None,
        **options: object,
    ) -> None:
        own(process, *arguments, env=environment(os.environ if env is None else env), **options)

    return start


def _guarded(own: Callable[..., None]) -> Callable[..., None]:
    """A worker that keeps the guards for its child processes where its function sets the same variables."""

    def start(worker: lambda_runtime.Worker, name: str, config: dict[str, Any], code: bytes) -> None:
        variables = (config.get("Environment") or {}).get("Variables") or {}
        if changed := {key: value for key, value in _guards(variables).items() if key in variables}:
            config = config | {"Environment": config["Environment"] | {"Variables": variables | changed}}
        own(worker, name, config, code)

    return start


def _refuse_runtime(function: dict[str, Any], _event: object, _request_id: str) -> dict[str, Any]:
    """What ministack answers with a made-up success."""
    runtime = (function.get("config") or function).get("Runtime")
    message = (
        f"The local AWS does not run functions of the runtime {runtime}, which need a container. "
        f"It runs those of the python, nodejs and provided runtimes."
    )
    return {"body": {"errorMessage": message, "errorType": "Runtime.NotSupported"}, "error": True}


def _quoted(path: str) -> str:
    """A path as an argument in NODE_OPTIONS."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
