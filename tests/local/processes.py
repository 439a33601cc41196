"""What a process of each kind would call: programs that report it, and the functions that carry them."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from registry_constructs.local import LocalAws

# What a template may set, and what would lead a process to another AWS if it were passed on.
FOREIGN = {
    "ALL_PROXY": "http://192.0.2.1:3128",
    "AWS_CONFIG_FILE": "/home/developer/.aws/config",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/credentials",
    "AWS_DEFAULT_PROFILE": "production",
    "AWS_EC2_METADATA_DISABLED": "false",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://169.254.169.254",
    "AWS_ENDPOINT_URL": "https://ecr.us-east-1.amazonaws.com",
    "AWS_ENDPOINT_URL_ECR": "https://api.ecr.us-east-1.amazonaws.com",
    "AWS_ENDPOINT_URL_S3": "https://s3.us-east-1.amazonaws.com",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_PROFILE": "production",
    "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/production",
    "AWS_SHARED_CREDENTIALS_FILE": "/home/developer/.aws/credentials",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
    "HTTPS_PROXY": "http://192.0.2.1:3128",
    "NO_PROXY": "amazonaws.com",
    "https_proxy": "http://192.0.2.1:3128",
    "no_proxy": "*",
}

# As a module, the handler of a function; as a program, it prints its answer.
REPORT = """
import configparser, json, os, socket, urllib.request

def failure(call):
    try:
        call()
    except Exception as error:
        return repr(error)
    return "it got through"

def send(address):
    socket.socket(type=socket.SOCK_DGRAM).sendto(b"-", address)

def report():
    import boto3
    from botocore.config import Config
    session, files = boto3.Session(), configparser.ConfigParser()
    files.read([os.environ["AWS_CONFIG_FILE"], os.environ["AWS_SHARED_CREDENTIALS_FILE"]])
    found, quick = session.get_credentials(), Config(retries={"total_max_attempts": 1}, connect_timeout=5)
    old = session.client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com", config=quick)
    return {
        "variables": dict(os.environ),
        "endpoints": {name: session.client(name).meta.endpoint_url for name in ("ecr", "s3", "sts", "iam")},
        "credentials": [found.access_key, found.secret_key, found.token or ""],
        "account": session.client("sts").get_caller_identity()["Account"],
        "profiles": session.available_profiles,
        "files": dict(files["default"]) if "default" in files else {},
        "outside": {
            "an SDK that knows no endpoint": failure(old.get_caller_identity),
            "HTTPS": failure(lambda: urllib.request.urlopen("https://example.com", timeout=5)),
            "HTTP": failure(lambda: urllib.request.urlopen("http://example.com", timeout=5)),
            "metadata": failure(lambda: urllib.request.urlopen("http://169.254.169.254", timeout=5)),
            "no proxy": failure(lambda: socket.create_connection(("192.0.2.1", 443), timeout=5)),
            "datagram": failure(lambda: send(("192.0.2.1", 53))),
        },
    }

def handler(event, context):
    return report()
"""
MAIN = "\nif __name__ == '__main__':\n    print(json.dumps(report()))\n"

# A child of a function that starts it with the variables that it has itself.
PARENT = """
import json, subprocess

def handler(event, context):
    return json.loads(subprocess.run(["python3", "report.py"], capture_output=True, check=True).stdout)
"""

NODE_REPORT = """
const fs = require("node:fs"), http = require("node:http"), http2 = require("node:http2");
const https = require("node:https"), net = require("node:net"), tls = require("node:tls");

const failure = (emitter) => new Promise((resolve) => {
  emitter.on("error", (error) => resolve(String(error)));
  for (const event of ["connect", "response"]) emitter.on(event, () => resolve("it got through"));
});
const valuesOf = (variable) =>
  [...fs.readFileSync(process.env[variable], "utf8").matchAll(/^(\\w+) = (.*)$/gm)].map((m) => m.slice(1));
const agent = () => ({ agent: new https.Agent({ keepAlive: true }) });

exports.handler = async () => ({
  variables: { ...process.env },
  files: Object.fromEntries(["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"].flatMap(valuesOf)),
  local: await fetch(`${process.env.AWS_ENDPOINT_URL}/_registry_constructs`).then((answer) => answer.status),
  outside: {
    fetch: await fetch("https://example.com").then(() => "it got through", (error) => String(error.cause)),
    http: await failure(http.get("http://example.com")),
    https: await failure(https.get("https://example.com")),
    "an agent of its own": await failure(https.get("https://example.com", agent())),
    metadata: await failure(http.get("http://169.254.169.254")),
    http2: await failure(http2.connect("https://example.com")),
    tls: await failure(tls.connect(443, "example.com")),
    "tls with options": await failure(tls.connect({ host: "192.0.2.1", port: 443 })),
    socket: await failure(net.connect(443, "192.0.2.1")),
    "a name like a local one": await failure(net.connect({ host: "localhost.example.com", port: 443 })),
  },
});
"""

# A custom runtime is any program; ministack runs it as it is.
BOOTSTRAP = """#!/usr/bin/env python3
import json, os, urllib.request
import report

runtime = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{runtime}/next") as invocation:
        request = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        invocation.read()
    answer = json.dumps(report.report()).encode()
    urllib.request.urlopen(f"{runtime}/{request}/response", answer).read()
"""

CUSTOM_RESOURCE = """
import json, urllib.request
import report

def handler(event, context):
    answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "SUCCESS", "PhysicalResourceId": "report"}
    if event["RequestType"] == "Create":
        answer["Data"] = {"Report": json.dumps(report.report())}
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, method="PUT")).read()
"""


def package(files: dict[str, str]) -> bytes:
    """The archive of a function; every file of it can be executed."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, text in files.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = 0o755 << 16
            target.writestr(member, text)
    return archive.getvalue()


@contextlib.contextmanager
def function(
    aws: LocalAws,
    account: str,
    runtime: str,
    files: dict[str, str],
    *,
    handler: str = "report.handler",
    variables: dict[str, str] = FOREIGN,
    **options: Any,
) -> Iterator[Any]:
    """The answer of a function with variables that lead elsewhere, which is deleted after the block."""
    client = aws.client("lambda", account=account)
    client.create_function(
        FunctionName="function",
        Role=f"arn:aws:iam::{account}:role/function",
        Runtime=runtime,
        Handler=handler,
        Code={"ZipFile": package(files)},
        Environment={"Variables": variables},
        Timeout=60,
        **options,
    )
    try:
        yield json.loads(client.invoke(FunctionName="function", Qualifier="$LATEST")["Payload"].read())
    finally:
        client.delete_function(FunctionName="function")


def run_function(aws: LocalAws, account: str, runtime: str, files: dict[str, str], **options: Any) -> Any:
    """The answer of a function that is gone afterwards."""
    with function(aws, account, runtime, files, **options) as answer:
        return answer


def children(pid: int) -> dict[int, dict[str, str]]:
    """The child processes of a process, and the environment that each was started with."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid
            ):
                pairs = (entry / "environ").read_text().split("\0")
                found[int(entry.name)] = dict(pair.partition("=")[::2] for pair in pairs if pair)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
