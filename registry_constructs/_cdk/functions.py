"""The library's own Lambda functions: code, log group and rights to write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

_PACKAGE = Path(__file__).parents[1]


def function_logs(scope: Construct) -> logs.LogGroup:
    """The log group of a function, kept for a year and deleted with the stack."""
    return logs.LogGroup(
        scope, "Logs", retention=logs.RetentionDays.ONE_YEAR, removal_policy=cdk.RemovalPolicy.DESTROY
    )


def write_logs(group: logs.LogGroup) -> iam.PolicyStatement:
    """What a function needs to write to its log group."""
    return iam.PolicyStatement(
        actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[group.log_group_arn]
    )


def function_role(
    scope: Construct,
    *,
    description: str,
    policies: Mapping[str, iam.PolicyDocument] | None = None,
    role_name: str | None = None,
) -> iam.Role:
    """The role of a function; its policies are part of it, so they are there whenever the function is."""
    return iam.Role(
        scope,
        "Role",
        role_name=role_name,
        description=description,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies=policies,
    )


def handler_function(
    scope: Construct,
    handler: Path,
    *,
    description: str,
    role: iam.IRole,
    log_group: logs.ILogGroup,
    timeout: cdk.Duration,
    memory_size: int = 256,
    shared: Sequence[str] = (),
    files: Mapping[str, str] | None = None,
    inline: bool = False,
    environment: Mapping[str, str] | None = None,
    dead_letter_queue: sqs.IQueue | None = None,
    reserved_concurrent_executions: int | None = None,
) -> lambda_.Function:
    """A Lambda function in Python on ARM64, with the code of a `handler` folder.

    A folder of `index.py` alone becomes the top of the code, as `index.handler`. Modules that import each
    other stay a package, as `handler.index.handler`.

    Args:
        scope: The construct that the function is made in, as `Function`.
        handler: The folder with `index.py`.
        description: What it does.
        role: Its role.
        log_group: Its log group.
        timeout: How long it may run.
        memory_size: In MiB.
        shared: Modules of this library that the code imports, such as `ecr/regions.py`.
        files: Further files of the folder, by name.
        inline: Whether the code is a part of the template, for accounts that can't read this one's assets.
            `index.py` and the shared modules are joined.
        environment: Its variables.
        dead_letter_queue: Where events go that it could not act on.
        reserved_concurrent_executions: How many may run at a time.
    """
    modules = {path.name: _text(path) for path in sorted(handler.glob("*.py"))}
    flat = modules.keys() <= {"__init__.py", "index.py"}
    common = {name: _text(_PACKAGE / name) for name in shared}
    if inline:
        code: lambda_.Code = lambda_.Code.from_inline(_joined(modules["index.py"], [*common.values()]))
    else:
        own = {"index.py": modules["index.py"]} if flat else modules
        folder = "" if flat else "handler/"
        contents = {f"{folder}{name}": text for name, text in {**own, **(files or {})}.items()}
        for name, text in common.items():
            contents[f"registry_constructs/{name}"] = text
            for parent in Path("registry_constructs", name).parents[:-1]:
                contents[f"{parent}/__init__.py"] = ""
        code = lambda_.Code.from_asset(str(_written(scope, contents)))
    return lambda_.Function(
        scope,
        "Function",
        description=description,
        code=code,
        handler="index.handler" if flat else "handler.index.handler",
        runtime=lambda_.Runtime.PYTHON_3_14,
        architecture=lambda_.Architecture.ARM_64,
        memory_size=memory_size,
        timeout=timeout,
        role=role,
        log_group=log_group,
        environment=environment,
        dead_letter_queue=dead_letter_queue,
        reserved_concurrent_executions=reserved_concurrent_executions,
    )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _written(scope: Construct, contents: Mapping[str, str]) -> Path:
    """A folder of the cloud assembly with these files, which the CDK makes the asset of."""
    digest = sha256(repr(sorted(contents.items())).encode()).hexdigest()
    stage = cdk.Stage.of(scope)
    assert stage is not None  # noqa: S101 - every stack is in an app
    folder = Path(stage.outdir, f"handler.{digest[:32]}")
    for name, text in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # As bytes: line ends of Windows would make another asset of it.
        path.write_bytes(text.encode())
    return folder


def _joined(index: str, shared: Sequence[str]) -> str:
    """A module and those that it imports as one; they are used when it is called, so they may follow it."""
    own = [line for line in index.splitlines() if not line.startswith("from registry_constructs.")]
    others = [line for one in shared for line in one.splitlines() if not line.startswith("from __future__ ")]
    return "\n".join([*own, "", "", *others, ""])
